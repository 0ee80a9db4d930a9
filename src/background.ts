import type { Logger } from 'pino';

/** Where failures are told. */
export type ErrorLog = Pick<Logger, 'error'>;

/**
 * Lets work run that nobody waits for. What it fails with is told in the log, and nothing else comes of it: a promise that is
 * rejected and that nobody looks at ends a Node process.
 *
 * @param what the sentence of the log for when it fails
 * @example
 * inBackground(log, 'a version could not be unloaded', pool.unload(key));
 */
export function inBackground(log: ErrorLog, what: string, work: PromiseLike<unknown>): void {
  work.then(undefined, error => report(log, what, error));
}

/** Tells a failure that nobody waits for. It never throws: a log may fail, too. */
export function report(log: ErrorLog, what: string, error: unknown, fields: object = {}): void {
  try {
    log.error({ err: error ?? String(error), ...fields }, what);
  } catch {
    // Nobody is left to be told.
  }
}
