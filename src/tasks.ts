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

/** Values of one group that are fetched: as many requests go out at once. */
const FETCHED_TOGETHER = 8;

/** What takes the place of a value that points to something. */
export interface Resolved {
  value: TaskValue;
  /** Called when it is not needed any more. */
  release?: () => void;
}

/**
 * Reads the value of one task, and fetches what it points to.
 * @throws AppError that is this task's failure
 */
export type OpenValue = (task: RawTask, reader: ValueReader) => Promise<Resolved>;

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
  readonly #open: OpenValue | undefined;

  /** @param open given when the values are addresses of what is meant */
  constructor(tasks: readonly RawTask[], open?: OpenValue) {
    this.#tasks = tasks;
    this.#open = open;
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
    const cut = cutGroups(this.#tasks, indices);
    const open = this.#open;
    return {
      count: indices?.length ?? this.count,
      next(most) {
        const tasks = cut(open ? Math.min(most, FETCHED_TOGETHER) : most);
        if (tasks.length === 0) return null;
        if (open) return fetched(tasks, reader, open);
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

/** The text of a group whose values are fetched all at once. */
async function fetched(tasks: readonly RawTask[], reader: ValueReader, open: OpenValue): Promise<GroupText> {
  const { all, release } = await openedTogether(tasks.map(task => opened(task, reader, open)));
  return { ...groupText(reader.binding, all), release };
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

async function opened(
  task: RawTask,
  reader: ValueReader,
  open: OpenValue,
): Promise<Resolved | { failure: TaskFailure; release?: never }> {
  try {
    return await open(task, reader);
  } catch (error) {
    return { failure: failureOf(error) };
  }
}
