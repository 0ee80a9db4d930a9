import { waitForTurn } from '../turn.js';

/** Lets so much be done, or held, at once; what is beyond that waits, in the order in which it came. */
export class Slots {
  /** How many there are. */
  readonly count: number;
  #free: number;
  readonly #waiting: { weight: number; begin(): void }[] = [];

  constructor(count: number) {
    this.count = count;
    this.#free = count;
  }

  /**
   * Does something that takes one slot.
   * @param signal ends the waiting; the work itself sees to it how it ends
   * @throws the signal's reason, or what the work throws
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const leave = await this.take(1, signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /**
   * Takes several slots at once. What needs more than there are waits until it has all of them.
   * @param signal ends the waiting
   * @returns gives them back; a second time does nothing
   * @throws the signal's reason
   */
  async take(slots: number, signal: AbortSignal | undefined): Promise<() => void> {
    signal?.throwIfAborted();
    const weight = Math.min(slots, this.count);
    await this.#enter(weight, signal);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#leave(weight);
    };
  }

  async #enter(weight: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.length === 0 && this.#free >= weight) {
      this.#free -= weight;
      return;
    }
    const enter = (begin: () => void) => {
      const entry = { weight, begin };
      this.#waiting.push(entry);
      return () => {
        const place = this.#waiting.indexOf(entry);
        if (place < 0) return false;
        this.#waiting.splice(place, 1);
        // Others may fit where this one did not.
        this.#admit();
        return true;
      };
    };
    await waitForTurn(enter, () => this.#leave(weight), signal);
  }

  #leave(weight: number): void {
    this.#free += weight;
    this.#admit();
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || next.weight > this.#free) return;
      this.#waiting.shift();
      this.#free -= next.weight;
      next.begin();
    }
  }
}
