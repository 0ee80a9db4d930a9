import { AppError } from './errors.js';
import type { GroupSource, GroupText } from './inference/job.js';
import type { ValueGroup } from './inference/protocol.js';
import type { TaskFailure, TaskValue } from './inputs/contract.js';
import {
  digestOf,
  failureOf,
  type RawTask,
  type ReadValue,
  readValue,
  type ValueReader,
} from './inputs/values.js';
import type { Slots } from './task-data/slots.js';

/** Values of one group that are fetched: as many requests go out at once. */
const FETCHED_TOGETHER = 8;
/** Values of one group that are read from the disk, in bytes together: a child answers a group in one run. */
const READ_TOGETHER = 2 ** 20;

/** What a task's value points to: at hand, and not in memory yet. */
export interface OpenedValue {
  /**
   * What takes the place of the value.
   * @throws AppError that is this task's failure
   */
  read(): TaskValue | Promise<TaskValue>;
  /** The bytes that this brings into memory; absent: none, as a child reads them itself. */
  bytes?: number;
  /** Called when it is not needed any more. */
  release?: () => void;
}

/** How the values of tasks that point to something are read. */
export interface ValueOpener {
  /**
   * Reads the value of one task, and fetches what it points to.
   * @param signal aborted when nobody waits for it any more
   * @throws AppError that is this task's failure
   */
  open(task: RawTask, reader: ValueReader, signal: AbortSignal): Promise<OpenedValue>;
  /** The bytes that all that is read may take in memory together. */
  memory: Slots;
}

/** The tasks of a request, wherever they lie. */
export interface TaskBatch {
  readonly count: number;
  /** The tasks themselves, for models that are code. */
  all(): Promise<readonly RawTask[]>;
  /** For each task what names its value in the result cache; undefined for one that has none. */
  digests(reader: ValueReader): Promise<(string | undefined)[]>;
  /**
   * The values of some tasks, for a model in the pool.
   * @param indices which tasks, in ascending order; null: all
   */
  groups(reader: ValueReader, indices: readonly number[] | null): GroupSource;
  /** The same tasks for several models, each of which reads them once; this batch is then only released. */
  share(count: number): readonly TaskBatch[];
  /** Called when the request is answered. */
  release(): void;
}

/** The text of a group of values. */
export function groupText(binding: string, reads: readonly ReadValue[]): GroupText {
  const group: ValueGroup & { failures?: Record<number, TaskFailure> } = {
    binding,
    values: reads.map(read => ('value' in read ? read.value : null)),
  };
  reads.forEach((read, index) => {
    if ('failure' in read) {
      group.failures ??= {};
      group.failures[index] = read.failure;
    }
  });
  return { count: reads.length, text: JSON.stringify(group) };
}

/** Cuts tasks into groups, one after the other. */
export function cutGroups(
  tasks: readonly RawTask[],
  indices: readonly number[] | null,
): (most: number) => RawTask[] {
  const count = indices?.length ?? tasks.length;
  let next = 0;
  return most => {
    const first = next;
    next = Math.min(first + most, count);
    return indices === null
      ? tasks.slice(first, next)
      : indices.slice(first, next).map(index => tasks[index]!);
  };
}

/** Tasks as objects of this thread. */
export class TaskList implements TaskBatch {
  readonly #tasks: readonly RawTask[];
  readonly #opener: ValueOpener | undefined;

  /** @param opener given when the values are addresses of what is meant */
  constructor(tasks: readonly RawTask[], opener?: ValueOpener) {
    this.#tasks = tasks;
    this.#opener = opener;
  }

  get count(): number {
    return this.#tasks.length;
  }

  async all(): Promise<readonly RawTask[]> {
    return this.#tasks;
  }

  async digests(reader: ValueReader): Promise<(string | undefined)[]> {
    return this.#tasks.map(task => digestOf(readValue(task, reader)));
  }

  groups(reader: ValueReader, indices: readonly number[] | null): GroupSource {
    const count = indices?.length ?? this.count;
    const cut = cutGroups(this.#tasks, indices);
    if (this.#opener) {
      const opened = new OpenedTasks(cut, reader, this.#opener);
      return { count, next: most => opened.next(most), close: () => opened.close() };
    }
    return {
      count,
      next(most) {
        const tasks = cut(most);
        if (tasks.length === 0) return null;
        const reads = tasks.map(task => readValue(task, reader));
        return groupText(reader.binding, reads);
      },
    };
  }

  share(count: number): readonly TaskBatch[] {
    return new Array(count).fill(this);
  }

  release(): void {}
}

/** What a task's value points to, or why it cannot be had. */
type Opened = OpenedValue | { failure: TaskFailure; bytes?: never; release?: never };

/** Tasks that are fetched some at once, and read as many as there is memory for. */
class OpenedTasks {
  readonly #cut: (most: number) => RawTask[];
  readonly #reader: ValueReader;
  readonly #opener: ValueOpener;
  readonly #over = new AbortController();
  /** Fetched, and in no group yet. */
  #ready: Opened[] = [];

  constructor(cut: (most: number) => RawTask[], reader: ValueReader, opener: ValueOpener) {
    this.#cut = cut;
    this.#reader = reader;
    this.#opener = opener;
  }

  async next(most: number): Promise<GroupText | null> {
    if (this.#ready.length === 0) {
      const tasks = this.#cut(Math.min(most, FETCHED_TOGETHER));
      this.#ready = (await openedTogether(tasks.map(task => this.#open(task)))).all;
      if (this.#over.signal.aborted) this.close();
    }
    if (this.#ready.length === 0) return null;
    const group = this.#ready.splice(0, this.#fitting());
    const release = () => {
      for (const each of group) each.release?.();
    };
    try {
      const leave = await this.#opener.memory.take(sum(group), this.#over.signal);
      try {
        const text = groupText(this.#reader.binding, await Promise.all(group.map(read)));
        const all = () => {
          leave();
          release();
        };
        return { ...text, release: all };
      } catch (error) {
        leave();
        throw error;
      }
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends what is fetched or waits; what is in groups stays. There is no group after it. */
  close(): void {
    this.#over.abort(new AppError('client_gone', 'nobody waits for it any more'));
    for (const each of this.#ready.splice(0)) each.release?.();
  }

  /** How many of those that are ready go together: one at least. */
  #fitting(): number {
    let count = 1;
    while (count < this.#ready.length && sum(this.#ready.slice(0, count + 1)) <= READ_TOGETHER) count++;
    return count;
  }

  async #open(task: RawTask): Promise<Opened> {
    try {
      return await this.#opener.open(task, this.#reader, this.#over.signal);
    } catch (error) {
      return { failure: failureOf(error) };
    }
  }
}

function sum(values: readonly { bytes?: number }[]): number {
  return values.reduce((bytes, each) => bytes + (each.bytes ?? 0), 0);
}

async function read(opened: Opened): Promise<ReadValue> {
  if ('failure' in opened) return opened;
  try {
    return { value: await opened.read() };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

/**
 * Waits for all of what is opened at once.
 *
 * @returns what was opened, and what releases all of it
 * @throws the first error, when all have ended; then the others are released
 */
export async function openedTogether<T extends { release?: () => void }>(
  opening: readonly Promise<T>[],
): Promise<{ all: T[]; release(): void }> {
  const ended = await Promise.allSettled(opening);
  const all = ended.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []));
  const release = () => {
    for (const each of all) each.release?.();
  };
  const broken = ended.find(each => each.status === 'rejected');
  if (!broken) return { all, release };
  release();
  throw broken.reason;
}
