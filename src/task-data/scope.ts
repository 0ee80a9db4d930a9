import { AsyncLocalStorage } from 'node:async_hooks';
import type { Deadline } from '../deadline.js';
import { AppError } from '../errors.js';

/** A request that a model which is code is at. */
interface Scope {
  signal: AbortSignal;
  /** Called when the model has answered. */
  leaves: (() => void)[];
}

const scopes = new AsyncLocalStorage<Scope>();

/**
 * Has a model that is code answer a request: what it reads meanwhile is given up when nobody waits for the answer any more, and
 * weighs until it has answered or its time is over.
 * @param gone resolves when nobody waits for the answer any more
 * @param limit when it is given up, and what it is called then; absent: never
 * @throws AppError `deadline_exceeded`
 */
export async function withinRequest<T>(
  gone: Promise<unknown> | undefined,
  work: () => T | Promise<T>,
  limit?: { deadline: Deadline; what: string },
): Promise<T> {
  const over = new AbortController();
  const scope: Scope = { signal: over.signal, leaves: [] };
  void gone?.then(() => over.abort(new AppError('client_gone', 'the client hung up')));
  try {
    const answer = scopes.run(scope, async () => work());
    return await (limit ? limit.deadline.wait(answer, limit.what) : answer);
  } catch (error) {
    if (error instanceof AppError && error.code === 'deadline_exceeded') over.abort(error);
    throw error;
  } finally {
    for (const leave of scope.leaves) leave();
  }
}

/** Aborted when nobody waits for what is done now; undefined: that is not known. */
export function requestSignal(): AbortSignal | undefined {
  return scopes.getStore()?.signal;
}

/** Texts that models which are code hold in memory: when they let one go is not known before they have answered. */
export class HeldTexts {
  readonly #most: number;
  #bytes = 0;

  /** @param most bytes of all requests together */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Counts a text until the end of the request that it is read for, if it is read for one.
   * @throws AppError `overloaded` when there is no room for it: waiting for it could take for ever
   */
  hold(bytes: number): void {
    const scope = scopes.getStore();
    if (!scope) return;
    if (this.#bytes + bytes > this.#most) {
      throw new AppError(
        'overloaded',
        `the texts that the tasks of the requests in flight point to have more than ${this.#most} bytes together; send fewer at once`,
      );
    }
    this.#bytes += bytes;
    scope.leaves.push(() => {
      this.#bytes -= bytes;
    });
  }
}
