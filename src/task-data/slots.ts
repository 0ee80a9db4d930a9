import { abortable } from '../abortable.js';

/** Lets so much be done at once; what is beyond that waits, in the order in which it came. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * @param signal ends the waiting; the work itself sees to it how it ends
   * @throws the signal's reason, or what the work throws
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    let begin!: () => void;
    const turn = new Promise<void>(resolve => {
      begin = resolve;
    });
    this.#waiting.push(begin);
    try {
      await abortable(turn, signal);
    } catch (error) {
      const place = this.#waiting.indexOf(begin);
      // It may have been its turn in the moment of the abort.
      if (place < 0) this.#leave();
      else this.#waiting.splice(place, 1);
      throw error;
    }
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
