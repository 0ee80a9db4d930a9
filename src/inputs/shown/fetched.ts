import { AppError } from '../../errors.js';
import type { InputKind, InputPlace } from '../contract.js';
import { readAddress } from '../file.js';

/** Whether what a kind reads of an object is behind an address that stands in the task. */
export function isFetched(
  { objectTags }: Pick<InputKind, 'objectTags'>,
  { tag, isUrl }: InputPlace,
): boolean {
  return isUrl && objectTags.includes(tag);
}

/**
 * The place of a value that is behind an address, with that value in it.
 *
 * @param textAt gives the text behind an address
 * @throws AppError `task_invalid` when the task has no address, `task_unreadable` when it is none or cannot be read
 */
export async function fetchedPlace(
  data: Readonly<Record<string, unknown>>,
  place: InputPlace,
  textAt: (address: string) => Promise<string>,
): Promise<InputPlace> {
  const text = await textAt(readAddress(data, place));
  const fixed = place.tag === 'Paragraphs' ? parsed(text) : text;
  return fixedPlace(place, fixed);
}

/** A place that shows a value, whatever the task has. */
export function fixedPlace(place: InputPlace, fixed: unknown): InputPlace {
  const { pages: _, ...own } = place;
  return { ...own, isUrl: false, shown: { source: place.shown.source, fixed } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('task_unreadable', 'the file with the utterances is not JSON', { cause: error });
  }
}
