import { AppError } from './errors.js';

/**
 * When a request is answered at the latest, however long its work takes: `REQUEST_DEADLINE` after it came.
 * @example
 * const deadline = new Deadline(config.REQUEST_DEADLINE);
 * await deadline.wait(model.predict(tasks, null), "predict() of the model 'spam'");
 */
export class Deadline {
  readonly #milliseconds: number;
  readonly #begin = performance.now();

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /**
   * Waits for work, which goes on when the time is over: nothing can end what a class does.
   * @param what it is, for people
   * @param part of the whole time, for what is to leave some of it to others
   * @throws AppError `deadline_exceeded` when the time is over
   */
  async wait<T>(work: Promise<T>, what: string, part = 1): Promise<T> {
    const end = this.#begin + part * this.#milliseconds;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const within = `within ${(part * this.#milliseconds) / 1000} s (REQUEST_DEADLINE)`;
        reject(new AppError('deadline_exceeded', `${what} did not end ${within}; ask for it again`));
      }, end - performance.now());
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
