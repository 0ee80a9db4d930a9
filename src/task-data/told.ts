import { AppError } from '../errors.js';
import { type LabelStudio, unreachableSentence } from '../label-studio/source.js';
import { reasonOf, Unreadable } from './reasons.js';
import { describeValue } from './resolve.js';

/** Why a text that stands in the task itself cannot be read. */
export function noAddress(): Unreadable {
  return new Unreadable('it is not the address of a file (a URL, an upload, a local file or a cloud URI)');
}

/** The error of a Label Studio that gives no answer; what a caller gave up for a reason of its own stays that. */
export function unreachable(labelStudio: LabelStudio, error: unknown): unknown {
  return error instanceof AppError
    ? error
    : new Unreadable(unreachableSentence(labelStudio, reasonOf(error)));
}

/** @throws Unreadable when a task has no id */
export function known(taskId: string | number | null): string | number {
  if (taskId === null) throw new Unreadable("it is read through its task's id, and the task has none");
  return taskId;
}

/** Turns whatever goes wrong while a value is read into what is told about it. */
export async function told<T>(
  value: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError && error.code === 'shutting_down') throw error;
    if (error instanceof Unreadable || !signal?.aborted) throw unreadable(value, reasonOf(error), error);
    if (signal.reason instanceof AppError) throw signal.reason;
    throw unreadable(value, 'the request was given up', error);
  }
}

/** The error of a value that cannot be read. */
export function unreadable(value: string, reason: string, cause?: unknown): AppError {
  return new AppError('task_unreadable', `cannot read '${describeValue(value)}': ${reason}`, { cause });
}
