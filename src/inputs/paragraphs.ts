import { AppError } from '../errors.js';
import type { InputPlace } from './contract.js';

/** What `tokens` reads of a Paragraphs tag: its utterances. */
export interface UtterancesValue {
  utterances: readonly string[];
}

/** What stands between two utterances where they are one text. */
export const UTTERANCE_BREAK = '\n';

/**
 * The utterances that a Paragraphs tag shows: of each entry of the list the text under its `textKey`.
 * @throws AppError `task_invalid` when the value is no such list
 */
export function readUtterances(
  data: Readonly<Record<string, unknown>>,
  { key, attributes }: Pick<InputPlace, 'key' | 'attributes'>,
): UtterancesValue {
  const textKey = attributes.textKey || attributes.textkey || 'text';
  const list = data[key];
  if (!Array.isArray(list))
    throw new AppError(
      'task_invalid',
      `the task's data needs a list of utterances under '${key}', and has none`,
    );
  const utterances = list.map((each, index) => {
    const text =
      typeof each === 'object' && each !== null ? (each as Record<string, unknown>)[textKey] : undefined;
    if (typeof text === 'string') return text;
    throw new AppError(
      'task_invalid',
      `the utterance ${index} under '${key}' has no text under '${textKey}'`,
    );
  });
  return { utterances };
}
