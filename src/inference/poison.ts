import { createHash } from 'node:crypto';
import type { TaskFailure, TaskValue } from '../inputs/contract.js';
import type { GroupText } from './job.js';
import type { ValueGroup } from './protocol.js';

/** What a poisonous task is answered with. */
export const POISONOUS: TaskFailure = {
  code: 'task_poisonous',
  message:
    'this task ended the inference process each time it was tried; it is not tried again with this version',
};

/** What a task is answered with that takes longer than it may. */
export function tooSlow(runLimit: number): TaskFailure {
  return {
    code: 'task_poisonous',
    message: `this task took longer than RUN_TIMEOUT, ${runLimit / 1000} s, in an inference process; it is not tried again with this version. If it may take that long, set RUN_TIMEOUT`,
  };
}

const REMEMBERED = 1_000;

function digest(value: TaskValue): string {
  return createHash('sha1').update(JSON.stringify(value)).digest('base64');
}

/** The group's text as data; it was made by the server itself. */
export function parseGroup({ text }: GroupText): ValueGroup {
  return JSON.parse(text.toString()) as ValueGroup;
}

/** The groups of one task each that make up a group. */
export function splitGroup(group: GroupText): GroupText[] {
  const { binding, values, failures } = parseGroup(group);
  return values.map((value, index) => {
    const failure = failures?.[index];
    return {
      count: 1,
      text: JSON.stringify({ binding, values: [value], ...(failure ? { failures: { 0: failure } } : {}) }),
    };
  });
}

/** Remembers the values that end a child, or hold one up, by version, so that they are not sent to one again. */
export class Poison {
  readonly #known = new Map<string, Map<string, TaskFailure>>();

  /** Keeps the value of a group of one task, and what it is answered with. */
  remember(key: string, group: GroupText, failure: TaskFailure): void {
    const known = this.#known.get(key) ?? new Map<string, TaskFailure>();
    this.#known.set(key, known);
    if (known.size < REMEMBERED) known.set(digest(parseGroup(group).values[0]), failure);
  }

  forget(key: string): void {
    this.#known.delete(key);
  }

  /** The group with a failure in the place of each value that is known to be poisonous. */
  strip(key: string, group: GroupText): GroupText {
    const known = this.#known.get(key);
    if (!known) return group;
    const parsed = parseGroup(group);
    const failures: Record<number, TaskFailure> = { ...parsed.failures };
    const values = parsed.values.map((value, index) => {
      const failure = known.get(digest(value));
      if (failure === undefined) return value;
      failures[index] = failure;
      return null;
    });
    return { count: group.count, text: JSON.stringify({ ...parsed, values, failures } satisfies ValueGroup) };
  }
}
