import { AppError } from '../../errors.js';
import { isRecord } from '../../is-record.js';
import type { Context } from '../../model.js';
import type { InputPlace, TaskValue } from '../contract.js';
import { fixedPlace } from './fetched.js';
import { shownValue, whereShown } from './value.js';

/** The value of a task that shows several pages. */
export interface PagesValue {
  pages: readonly { item: number; value: TaskValue }[];
}

export function isPages(value: TaskValue): value is PagesValue {
  return isRecord(value) && Array.isArray(value.pages);
}

/**
 * The error of a page as that of its task.
 * @param item the page's number, from 0
 * @param error anything thrown
 */
export function errorOfPage(item: number, error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  return new AppError(error.code, `page ${item + 1}: ${error.message}`, { cause: error.cause });
}

/** Pages of a task, at most. */
const MOST = 10_000;

/** A page of a task. */
interface Page {
  /** Its number, from 0, which results of it carry as `item_index`. */
  item: number;
  place: InputPlace;
  /** What the annotator did on it. */
  context: Context | null;
}

/**
 * The pages that an Image with `valueList` shows. When an annotator has just drawn something, those are meant on which it is.
 *
 * @throws AppError `task_invalid` when there are none, or not the one that something was drawn on
 */
export function pagesOf(
  data: Readonly<Record<string, unknown>>,
  place: InputPlace,
  context: Context | null,
): Page[] {
  const value = shownValue(data, place.shown);
  // The editor shows one address as a list of one.
  const list: unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string' && value !== ''
      ? [value]
      : [];
  if (list.length === 0)
    throw new AppError(
      'task_invalid',
      `the task's data needs a list of images ${whereShown(place.shown)}, and has none`,
    );
  if (list.length > MOST)
    throw new AppError(
      'task_invalid',
      `the task has ${list.length} pages ${whereShown(place.shown)}, and may have ${MOST}: split it`,
    );
  const results = resultsOf(context, place.object);
  const astray = results.map(itemOf).find(item => typeof item !== 'number' || !(item in list));
  if (astray !== undefined)
    throw new AppError(
      'task_invalid',
      `what was drawn is on the page item_index=${JSON.stringify(astray)} of '${place.object}', and the task has ` +
        `the pages 0 to ${list.length - 1} ${whereShown(place.shown)}`,
    );
  const byPage = new Map<unknown, Record<string, unknown>[]>();
  for (const result of results) {
    const item = itemOf(result);
    const own = byPage.get(item);
    if (own) own.push(result);
    else byPage.set(item, [result]);
  }
  return list
    .map((each, item) => ({ item, place: fixedPlace(place, each), own: byPage.get(item) ?? [] }))
    .filter(({ own }) => results.length === 0 || own.length > 0)
    .map(({ item, place: page, own }) => ({
      item,
      place: page,
      context: context && { ...context, result: own as NonNullable<Context['result']> },
    }));
}

/** What is in a context for an object. Requests come from anywhere. */
function resultsOf(context: Context | null, object: string): Record<string, unknown>[] {
  const all: unknown = context?.result;
  return Array.isArray(all) ? all.filter(each => isRecord(each) && each.to_name === object) : [];
}

/** To the editor, null is the first page as well. */
function itemOf({ item_index }: Record<string, unknown>): unknown {
  return item_index ?? 0;
}
