import { createHash } from 'node:crypto';
import { AppError, clip } from '../errors.js';
import { isRecord } from '../is-record.js';
import type { Context } from '../model.js';
import type { InputPlace, TaskFailure, TaskValue } from './contract.js';
import { INPUTS } from './index.js';
import { errorOfPage, type PagesValue, pagesOf } from './shown/pages.js';

/** How a bound model reads its values out of tasks. Plain JSON: it may cross to another thread. */
export interface ValueReader {
  /** The id of the binding. */
  binding: string;
  place: InputPlace;
  /** The manifest's `input`. */
  input: Readonly<{ kind: string; [option: string]: unknown }>;
  /** What the annotator just did, in an interactive request; otherwise null. */
  context: Context | null;
}

/** There may be as many of them as tasks, and they may name what the labeling config says. */
const MESSAGE_LENGTH = 500;

export type ReadValue = { value: TaskValue } | { failure: TaskFailure };

/** A task as it came: nothing of it has been checked but that it is an object. */
export type RawTask = Readonly<Record<string, unknown>>;

/** Takes a model's value out of a task, or tells why there is none. */
export function readValue(task: RawTask, reader: ValueReader): ReadValue {
  try {
    return { value: takeValue(task, reader) };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

/** @throws AppError that is the task's own failure when it has no such value */
export function takeValue(task: RawTask, { place, input, context }: Omit<ValueReader, 'binding'>): TaskValue {
  const { read } = INPUTS[input.kind]!;
  const data = dataOf(task);
  if (!place.pages) return read(data, place, input, context);
  const pages = pagesOf(data, place, context).map(page => {
    try {
      return { item: page.item, value: read(data, page.place, input, page.context) };
    } catch (error) {
      throw errorOfPage(page.item, error);
    }
  });
  return { pages } satisfies PagesValue;
}

/** @throws AppError `task_invalid` when a task has no data */
export function dataOf(task: RawTask): Record<string, unknown> {
  const { data } = task;
  if (isRecord(data)) return data as Record<string, unknown>;
  const { id } = task;
  const name = typeof id === 'string' || typeof id === 'number' ? `task ${id}` : 'a task';
  throw new AppError('task_invalid', `${name}: its 'data' is not an object`);
}

/** An error of the table as a task's failure; any other is thrown on. */
export function failureOf(error: unknown): TaskFailure {
  if (error instanceof AppError) return { code: error.code, message: clip(error.message, MESSAGE_LENGTH) };
  throw error;
}

/** What names a value in the result cache; undefined for a task that has none. */
export function digestOf(read: ReadValue): string | undefined {
  return 'failure' in read
    ? undefined
    : createHash('sha1').update(JSON.stringify(read.value)).digest('base64');
}
