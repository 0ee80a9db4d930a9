import { AppError } from '../errors.js';
import { isRecord } from '../is-record.js';
import { attribute } from '../label-config/attribute.js';
import type { InputPlace } from './contract.js';
import { shownValue, whereShown } from './shown/value.js';

/** What `tokens` reads of a Paragraphs tag: its utterances. */
export interface UtterancesValue {
  utterances: readonly string[];
}

/** What stands between two utterances where they are one text. */
export const UTTERANCE_BREAK = '\n';

/**
 * The utterances that a Paragraphs tag shows: of each entry of the list the text under its `textKey`. An entry without one is
 * empty, as the editor shows it, so that the others keep their numbers.
 *
 * @throws AppError `task_invalid` when the value is no such list, or none of its entries has a text
 */
export function readUtterances(
  data: Readonly<Record<string, unknown>>,
  { shown, attributes }: Pick<InputPlace, 'shown' | 'attributes'>,
): UtterancesValue {
  const textKey = attribute(attributes, 'textKey') || 'text';
  const list = shownValue(data, shown);
  const where = whereShown(shown);
  if (!Array.isArray(list))
    throw new AppError('task_invalid', `the task's data needs a list of utterances ${where}, and has none`);
  const texts = list.map(each => (isRecord(each) ? textOf(each[textKey]) : null));
  if (list.length > 0 && texts.every(text => text === null))
    throw new AppError(
      'task_invalid',
      `none of the ${list.length} utterances ${where} has a text under '${textKey}'`,
    );
  return { utterances: texts.map(text => text ?? '') };
}

/** As React writes what is no element: numbers as texts, lists as one, and nothing of the rest. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return Array.isArray(value)
    ? value.map(each => (typeof each === 'object' ? null : textOf(each)) ?? '').join('')
    : null;
}
