import { setTimeout } from 'node:timers/promises';

/** One that had started is not worth a long wait: what ended it was a task, or somebody from outside. */
const MILLISECONDS = {
  first: 100,
  most: 30_000,
  mostAfterStart: 1_000,
  mostWithoutProcess: 2_000,
  forgottenAfter: 10_000,
};

/** How long to wait before a child is started in the place of one that ended. */
export class BackOff {
  #next = 0;

  /**
   * A child has ended.
   * @param since when it was ready, by the clock of `performance`
   */
  ended(since: number): void {
    const forgotten = performance.now() - since > MILLISECONDS.forgottenAfter;
    this.#next = forgotten ? 0 : Math.min(this.#next, MILLISECONDS.mostAfterStart);
  }

  /** A child could not be started. */
  failed(error: unknown): void {
    // No work is lost by a try that the system refuses, and what it lacks may be there in a moment.
    if ((error as NodeJS.ErrnoException).syscall?.startsWith('spawn'))
      this.#next = Math.min(this.#next, MILLISECONDS.mostWithoutProcess);
  }

  /** Waits; the next time for longer. @throws when the signal ends it */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.#next > 0) await setTimeout(this.#next, undefined, { signal });
    this.#next = Math.min(Math.max(this.#next * 2, MILLISECONDS.first), MILLISECONDS.most);
  }
}
