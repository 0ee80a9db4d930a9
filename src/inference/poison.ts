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

/** Remembers the values that end a child, by version, so that they are not sent to one again. */
export class Poison {
  readonly #known = new Map<string, Set<string>>();

  /** Keeps the value of a group of one task. */
  remember(key: string, group: GroupText): void {
    const known = this.#known.get(key) ?? new Set();
    this.#known.set(key, known);
    if (known.size < REMEMBERED) known.add(digest(parseGroup(group).values[0]));
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
      if (!known.has(digest(value))) return value;
      failures[index] = POISONOUS;
      return null;
    });
    return { count: group.count, text: JSON.stringify({ ...parsed, values, failures } satisfies ValueGroup) };
  }
}
