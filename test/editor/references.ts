import { pick, type Random } from '../support/random.js';

/** Keys of a task's data that any reader of `$key` finds. */
const KEYS = ['text', 'title', 'body', 'a', 'url', 'id', 'Text', '_x', 'a1', 'items', 'page_2', 'value'];
/** Keys with characters that the editor does not take into a reference. */
const FOREIGN = ['Review Text', '技术支持', 'Größe', 'first-name', 'clé', 'текст', 'a b c', '名前'];

/** Puts a value under a key, or under one of other letters. @returns the path of its reference */
type Put = (task: TaskBuilder, value: unknown, key: string, foreign: string) => string;

const FOUND: readonly Put[] = [
  (task, value, key) => task.set(key, value, key),
  (task, value, key) => task.set(key, value, key),
  (task, value, key) => task.set(key, value, key),
  (task, value, key) => task.set(key, { b: value, c: 'not this' }, `${key}.b`),
  (task, value, key) => task.set(key, { b: { c: value } }, `${key}.b.c`),
  (task, value, key) => task.set(key, [{ b: value }, { b: 'not this' }], `${key}[0].b`),
  (task, value, key) => task.set(key, { list: ['not this', value] }, `${key}.list[1]`),
  (task, value, key) => task.set(key, [value, 'not this'], `${key}[0]`),
  (task, value, key) => task.set(key, [[value]], `${key}[0][0]`),
  (task, value, key) => task.set(key, [{ b: value }], `${key}.0.b`),
  (task, value, key) => task.set(`${key}.b`, value, `${key}.b`),
  (task, value, key) => {
    task.set(key, { b: 'not this' }, key);
    return task.set(`${key}.b`, value, `${key}.b`);
  },
];

/** What no reader may guess at: paths with faults, keys of other letters, and what is not there. */
const ODD: readonly Put[] = [
  (task, value, key) => task.set(key, { b: value }, `${key}..b`),
  (task, value, key) => task.set(key, { b: value }, `${key}.b.`),
  (task, value, key) => task.set(key, { b: value }, `${key}[b]`),
  (task, value, key) => task.set(key, [{ b: value }], `${key}[0]b`),
  (task, value, key) => task.set(key, { b: value }, `.${key}.b`),
  (task, value, key) => task.set(key, value, `{${key}}`),
  (task, value, key) => task.set(key, value, `$${key}`),
  (task, value, key) => task.set(key, { length: value }, `${key}.length`),
  (task, value, _, foreign) => task.set(foreign, value, foreign),
  (task, value, _, foreign) => task.set(foreign, value, foreign),
  (task, value, _, foreign) => task.set(foreign, { b: value }, `${foreign}.b`),
  (task, value, key) => task.set(`other_${key}`, value, key),
  (task, value, key) => task.set(key, [value], `${key}[5]`),
  (task, value, key) => task.set(key, { b: value }, `${key}.c.b`),
  (task, _, key) => task.set(key, null, `${key}.b`),
  (task, _, key) => task.set(key, 'words', `${key}.b`),
];

/** Texts around references, which stand for `@`. */
const TEMPLATES = [
  '@: @',
  'Title: @',
  '@ @',
  '@, @!',
  '(@)',
  '@/@',
  '@.',
  'x@',
  '100 $ for @',
  '@-@',
  '"@"',
  ' @',
  '@ ',
  '@@',
  '@$',
  'Q: @&#10;A: @',
];

/** A task's data while it is made, and the references of a labeling config to it. */
export class TaskBuilder {
  readonly data: Record<string, unknown> = {};
  readonly random: Random;
  readonly #keys: string[];

  constructor(random: Random) {
    this.random = random;
    this.#keys = KEYS.map(key => ({ key, order: random() }))
      .sort((a, b) => a.order - b.order)
      .map(({ key }) => key);
  }

  /** Puts a value under a key. @returns the path, as it came */
  set(key: string, value: unknown, path: string): string {
    this.data[key] = value;
    return path;
  }

  /** A reference that shows a value. */
  found(value: unknown): string {
    return this.#put(FOUND, value);
  }

  /** A reference of which only the editor can tell what it shows. */
  odd(value: unknown): string {
    return this.#put(ODD, value);
  }

  /** A reference, mostly one that shows the value. */
  reference(value: unknown): string {
    return this.random() < 0.8 ? this.found(value) : this.odd(value);
  }

  /** A text with references to some of the values. */
  template(values: readonly unknown[]): string {
    return pick(this.random, TEMPLATES).replaceAll('@', () => this.reference(pick(this.random, values)));
  }

  #put(puts: readonly Put[], value: unknown): string {
    const key = this.#keys.pop() ?? `key${Object.keys(this.data).length}`;
    return `$${pick(this.random, puts)(this, value, key, pick(this.random, FOREIGN))}`;
  }
}
