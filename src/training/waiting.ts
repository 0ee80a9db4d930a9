import { AppError } from '../errors.js';
import type { JobInput } from './job.js';

/** Jobs that have not ended, at most, and the characters of what they are done with, which lies on the disk. */
const JOBS = 1_000;
const CHARACTERS = 2 ** 28;

/** What jobs that have not ended are done with, weighed: whoever may send events could otherwise fill the disk. */
export class WaitingInputs {
  readonly #weights = new Map<string, number>();
  #sum = 0;

  /**
   * Makes room for the input of a job, in the place of an earlier one.
   * @returns takes it, to be called when it is kept
   * @throws AppError `overloaded` when there is no room for it, `request_invalid` when it is nested too deeply to be kept
   */
  make(id: string, input: JobInput): () => void {
    if (!this.#weights.has(id) && this.#weights.size >= JOBS) {
      throw new AppError(
        'overloaded',
        `${JOBS} jobs wait already, which is as many as this server keeps; send it again later`,
      );
    }
    const weight = weigh(input);
    const sum = this.#sum + weight - this.#of(id);
    if (sum > CHARACTERS) {
      throw new AppError(
        'overloaded',
        `the events that wait for their jobs would have ${sum} characters, and this server keeps at most ${CHARACTERS}; send it again later`,
      );
    }
    return () => {
      this.#sum += weight - this.#of(id);
      this.#weights.set(id, weight);
    };
  }

  /** Forgets that of a job, which has ended. */
  delete(id: string): void {
    this.#sum -= this.#of(id);
    this.#weights.delete(id);
  }

  #of(id: string): number {
    return this.#weights.get(id) ?? 0;
  }
}

/** The characters of an input as it is kept. */
function weigh(input: JobInput): number {
  try {
    return JSON.stringify(input).length;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AppError('request_invalid', 'the body is nested too deeply');
  }
}
