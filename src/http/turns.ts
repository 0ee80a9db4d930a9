import { waitForTurn } from '../turn.js';

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
    const enter = (begin: () => void) => {
      const entry = { size, begin };
      this.#waiting.add(entry);
      return () => this.#waiting.delete(entry);
    };
    await waitForTurn(enter, () => this.#leave(), signal);
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
