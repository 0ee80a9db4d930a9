import { abortable } from '../abortable.js';

interface Waiting {
  size: number;
  begin(): void;
}

/** Lets so many work at once; of those that wait, the smallest is next. */
export class Turns {
  #free: number;
  readonly #waiting = new Set<Waiting>();

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Waits for a turn.
   * @param size of the work, in any unit
   * @param signal ends the waiting
   * @returns gives the turn back; a second time does nothing
   * @throws the signal's reason
   */
  async take(size: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(size, signal);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#leave();
    };
  }

  async #wait(size: number, signal: AbortSignal): Promise<void> {
    let begin!: () => void;
    const turn = new Promise<void>(resolve => {
      begin = resolve;
    });
    const entry = { size, begin };
    this.#waiting.add(entry);
    try {
      await abortable(turn, signal);
    } catch (error) {
      // It may have been its turn in the moment of the abort.
      if (!this.#waiting.delete(entry)) this.#leave();
      throw error;
    }
  }

  #leave(): void {
    let next: Waiting | undefined;
    for (const each of this.#waiting) if (!next || each.size < next.size) next = each;
    if (!next) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next.begin();
  }
}
