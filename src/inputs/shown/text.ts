import { AppError } from '../../errors.js';
import { attribute } from '../../label-config/attribute.js';
import type { InputPlace } from '../contract.js';
import { type HtmlValue, readHtml } from '../html/text.js';
import { shownValue, whereShown, written } from './value.js';

/** What a Text tag shows, or the document of a HyperText: it is parsed in the child. */
export type Content = string | HtmlValue;

/**
 * The text that a tag shows, decoded as its `encoding` says. Label Studio takes numbers, true and false, and lists for one;
 * the editor shows them as JavaScript writes them: `5`, `a,b`.
 *
 * @throws AppError `task_invalid` when there is none, or it cannot be decoded
 */
export function readText(
  data: Readonly<Record<string, unknown>>,
  place: Pick<InputPlace, 'shown' | 'attributes'>,
): string {
  const value = shownValue(data, place.shown);
  if (value === undefined || value === null) {
    throw new AppError(
      'task_invalid',
      `the task's data needs a text ${whereShown(place.shown)}, and has ${value === null ? 'null' : 'nothing'} there`,
    );
  }
  return decoded(written(value, place.shown), place);
}

/**
 * What a Text or a HyperText shows.
 * @throws AppError `task_invalid` as `readText`
 */
export function readContent(data: Readonly<Record<string, unknown>>, place: InputPlace): Content {
  const text = readText(data, place);
  return place.tag === 'HyperText'
    ? { html: text, inline: attribute(place.attributes, 'inline') === 'true' }
    : text;
}

/**
 * The words of a content: of a document those that it shows.
 * @throws AppError `task_invalid` when it is a document with too much nested in it
 */
export function textOfContent(content: unknown): string {
  const value = content as Content;
  return typeof value === 'string' ? value : readHtml(value.html, value.inline).text;
}

/** @throws AppError `task_invalid` */
function decoded(text: string, { attributes, shown }: Pick<InputPlace, 'attributes' | 'shown'>): string {
  const encoding = attribute(attributes, 'encoding') ?? 'none';
  if (encoding === 'none') return text;
  try {
    const bytes = atob(text);
    if (encoding === 'base64') return bytes;
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));
  } catch (error) {
    throw new AppError(
      'task_invalid',
      `what the task's data have ${whereShown(shown)} is not encoded as the tag says (encoding="${encoding}")`,
      { cause: error },
    );
  }
}
