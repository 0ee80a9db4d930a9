import { AppError } from '../errors.js';
import type { InputPlace } from '../inputs/contract.js';
import type { BindTarget, RegionKind } from '../regions/contract.js';
import { attribute } from './attribute.js';
import type { LabelConfig, TagInfo } from './parse.js';

const ENCODINGS: readonly string[] = ['none', 'base64', 'base64unicode'];

/** The tags whose answers are among the labels that they list. */
const LISTS_LABELS = /^(?:Choices|Taxonomy|\w*Labels)$/;

/** The tags whose value is no text: they find it in the task, and nowhere else. */
const HOLDS_DATA: readonly string[] = ['Paragraphs', 'List', 'Table'];

/**
 * Checks that what a control is about can be known before there is a task, and can be read in one: what cannot would fail with
 * each task.
 *
 * @param objectTags the tags that the model's input reads; another object is only what its results name
 * @throws AppError `no_model_fits`, saying which tag it is and what to use instead; it goes on from "the model '<name>' "
 */
export function checkFillable(
  control: TagInfo,
  { object, tag }: InputPlace,
  config: LabelConfig,
  objectTags: readonly string[],
): void {
  const shown = config.objects.get(object)!;
  const isRead = tag === 'Table' || objectTags.includes(tag);
  const reason =
    reasonOfRepeater(control, shown) ??
    reasonOfLabels(control, config) ??
    (isRead ? reasonOfObject(shown) : undefined);
  if (reason !== undefined) throw new AppError('no_model_fits', reason);
}

/** @throws AppError `no_model_fits` when the control has one answer for all pages of an object, which models do not give */
export function checkPages(
  { perItem, objectTags }: RegionKind,
  { tag, name, toName, attributes }: BindTarget,
): void {
  if (perItem ? attribute(attributes, 'perItem') === 'true' : objectTags?.includes('Image')) return;
  const remedy = perItem ? ': give it perItem="true"' : '';
  throw new AppError(
    'no_model_fits',
    `answers for each page of the Image '${toName}', and the ${tag} '${name}' has one answer for all of them${remedy}`,
  );
}

function reasonOfRepeater(control: TagInfo, object: TagInfo): string | undefined {
  const repeated = [control, object].find(({ isRepeated }) => isRepeated);
  return (
    repeated &&
    `cannot fill the ${repeated.tag} '${repeated.name}', which stands in a Repeater: take it out of there, and import each ` +
      "of the Repeater's items as a task"
  );
}

/** Labels that come with each task, or from an address. */
function reasonOfLabels({ name, tag, attributes }: TagInfo, { parsed }: LabelConfig): string | undefined {
  if (!LISTS_LABELS.test(tag) || parsed[name]!.labels.length > 0) return undefined;
  const source = ['value', 'apiUrl'].find(each => attribute(attributes, each));
  if (source === undefined) return undefined;
  const child = tag.endsWith('Labels') ? 'Label' : 'Choice';
  return (
    `needs labels that stand in the config; those of the ${tag} '${name}' come from ${source}="${attribute(attributes, source)}": ` +
    `write a <${child} value="..."/> for each in it`
  );
}

function reasonOfObject({ name, tag, attributes }: TagInfo): string | undefined {
  const has = (each: string) => attribute(attributes, each);
  const value = has('value');
  if (!value && tag !== 'Image')
    return `cannot read the ${tag} '${name}': it has no value; an Image alone has a valueList`;
  if (HOLDS_DATA.includes(tag) && !value!.includes('$'))
    return `cannot read the ${tag} '${name}': its value="${value}" names nothing of the task; put a $ before the key`;
  if (tag === 'Table' && /\b(?:csv|url)\b/.test(has('valueType') ?? ''))
    return `reads a Table of JSON that is in the task; '${name}' has valueType="${has('valueType')}"`;
  if (tag !== 'Text' && tag !== 'HyperText') return undefined;
  const resolver = has('resolver');
  if (resolver)
    return `cannot follow resolver="${resolver}" of the ${tag} '${name}': import the texts themselves, or use valueType="url"`;
  const encoding = has('encoding') ?? 'none';
  if (!ENCODINGS.includes(encoding))
    return `cannot decode encoding="${encoding}" of the ${tag} '${name}': the editor knows ${ENCODINGS.join(', ')}`;
  return undefined;
}
