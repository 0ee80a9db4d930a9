import type { ErrorLog } from './background.js';
import { report } from './background.js';
import { shownError } from './shown-error.js';

/** Different errors that are told apart; more of them count as one. */
const KINDS = 100;
const KEY_LENGTH = 500;
const OTHERS = '';

/**
 * Keeps this process alive when an error reaches nobody: a timer of a class that throws, a promise that is rejected and that
 * nobody waits for. Such an error is told when it comes for the first, tenth, hundredth time, and so on.
 *
 * Node advises to end a process after `uncaughtException`, as what threw may have left something half done. The server goes on all
 * the same. Its own work is of requests, jobs and runs of children, each of which answers for its errors; what is kept on the disk
 * is written in transactions. What is left is the code of users' classes, and one class must not end the work of all.
 *
 * @returns undoes it
 */
export function surviveUncaught(process: NodeJS.Process, log: ErrorLog): () => void {
  const times = new Map<string, number>();
  const survive = (what: string) => (error: unknown) => {
    const { stack } = shownError(error);
    const own = `${what} ${stack.slice(0, KEY_LENGTH)}`;
    const key = times.has(own) || times.size < KINDS ? own : OTHERS;
    const count = (times.get(key) ?? 0) + 1;
    times.set(key, count);
    if (isPowerOfTen(count)) report(log, `${what}; the server goes on`, error, { times: count });
  };
  const thrown = survive('an error was thrown where nothing catches it');
  const rejected = survive('a promise was rejected that nothing waits for');
  process.on('uncaughtException', thrown);
  process.on('unhandledRejection', rejected);
  return () => {
    process.off('uncaughtException', thrown);
    process.off('unhandledRejection', rejected);
  };
}

function isPowerOfTen(count: number): boolean {
  return /^10*$/.test(String(count));
}
