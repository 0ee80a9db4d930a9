import { AppError, clip } from '../../errors.js';
import { type DataPath, parsePath, valueAt } from './path.js';

/** What a tag shows of a task's data: read once from its attribute. Plain JSON: it may cross to another thread. */
export interface Shown {
  /** The attribute as the labeling config has it. */
  source: string;
  /** What it is without a `$` in front: the key that is meant where the data have it, whatever its characters. */
  key?: string;
  /** Paths, and the texts that stand between them. One path alone gives the value itself, all others a text. */
  parts: readonly (string | DataPath)[];
  /** Whether it is what the config's first object shows: that of a text which was imported before there was a config. */
  isFirst?: true;
}

/** What is shown whatever a task has, as what was fetched for it. */
export interface FixedValue {
  /** What it stands for, in the labeling config. */
  source: string;
  fixed: unknown;
}

/** Where Label Studio puts a text that is imported before there is a labeling config. */
const UNDEFINED = '$undefined$';

/** Paths in one text: tasks are made larger by as much when all of them show the same. */
export const MAX_PATHS = 100;

/** Characters of a text that is made of a task. */
const MAX_MADE = 16_000_000;

/** Characters of a `value` in a message. */
const SOURCE_LENGTH = 200;

/** The characters that the editor takes for a path; others end it. */
const VARIABLE = /\$([\w[\].{}]+)/g;

/**
 * Reads the `value` of an object tag: `$key`, a path as `$a.b` or `$a[0].b`, a text with such in it as `$title: $body`, or a
 * text without.
 *
 * @example
 * shownValue({ review: { body: 'Good' } }, parseShown('$review.body')); // 'Good'
 * shownValue({ a: 1, b: 'x' }, parseShown('$a: $b')); // '1: x'
 * @see `parseValue` in https://github.com/HumanSignal/label-studio/blob/develop/web/libs/editor/src/utils/data.js
 */
export function parseShown(source: string): Shown {
  const parts: (string | DataPath)[] = [];
  let end = 0;
  for (const { 0: variable, 1: path, index } of source.matchAll(VARIABLE)) {
    if (index > end) parts.push(source.slice(end, index));
    parts.push(parsePath(path!));
    end = index + variable.length;
  }
  if (end < source.length) parts.push(source.slice(end));
  return { source, ...(/^\$./s.test(source) && { key: source.slice(1) }), parts };
}

/**
 * The value that the editor shows for a task: a key of the data first, so that `$Review Text` and `$技术支持` find theirs.
 * Of a text with paths in it, what is missing is the word `undefined`, as in the editor.
 *
 * @returns undefined when there is nothing at the one path that is meant
 * @throws AppError `task_invalid` as `written`, for what stands at a path in a text; and for a text of more paths or
 *   characters than are made into one
 */
export function shownValue(data: Readonly<Record<string, unknown>>, shown: Shown | FixedValue): unknown {
  if ('fixed' in shown) return shown.fixed;
  const { key, parts, isFirst } = shown;
  if (key !== undefined && Object.hasOwn(data, key)) return data[key];
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'object') {
    const value = valueAt(data, only);
    return value === undefined && isFirst && Object.hasOwn(data, UNDEFINED) ? data[UNDEFINED] : value;
  }
  return filled(data, shown);
}

/** The paths in what is shown. */
export function pathsOf({ parts }: Pick<Shown, 'parts'>): DataPath[] {
  return parts.filter(part => typeof part !== 'string');
}

/** The text with what stands at its paths. A few bytes of a config and a few of a task make any size of it. */
function filled(data: Readonly<Record<string, unknown>>, shown: Shown): string {
  const tooLarge = (what: string) =>
    new AppError(
      'task_invalid',
      `the text ${whereShown(shown)} has ${what}: shorten the value="..." of the tag`,
    );
  if (pathsOf(shown).length > MAX_PATHS) throw tooLarge(`more than ${MAX_PATHS} places of the task's data`);
  let length = 0;
  const texts = shown.parts.map(part => {
    const text =
      typeof part === 'string' ? part : written(valueAt(data, part), { source: `$${part.key}` }, shown);
    length += text.length;
    if (length > MAX_MADE) throw tooLarge(`more than ${MAX_MADE} characters of this task`);
    return text;
  });
  return texts.join('');
}

/**
 * What messages call the place of a value: `under 'a.b'`, or `for '$title: $body'`. Of a long one its beginning: each task may
 * have such a message.
 */
export function whereShown({ source }: Pick<Shown, 'source'>): string {
  const told = clip(source, SOURCE_LENGTH);
  return /^\$[^$]+$/.test(told) ? `under '${told.slice(1)}'` : `for '${told}'`;
}

/**
 * A value as the editor writes it: `5`, `a,b`.
 *
 * @param around the text that it is a part of, where it is one
 * @throws AppError `task_invalid` for what JavaScript cannot write: lists too deep in one another, and objects with a
 *   "toString" of their own; and for objects, of which the editor makes a text that nobody means to label
 */
export function written(
  value: unknown,
  shown: Pick<Shown, 'source'>,
  around?: Pick<Shown, 'source'>,
): string {
  const place = () =>
    `${whereShown(shown)}${around ? ` (which '${clip(around.source, SOURCE_LENGTH)}' shows)` : ''}`;
  let text: string;
  try {
    text = String(value);
  } catch (error) {
    throw new AppError('task_invalid', `what the task's data have ${place()} cannot be written as a text`, {
      cause: error,
    });
  }
  if (typeof value === 'object' && text.includes('[object Object]')) {
    const has = Array.isArray(value) ? 'a list of objects' : 'an object';
    throw new AppError('task_invalid', `the task's data needs a text ${place()}, and has ${has} there`);
  }
  return text;
}
