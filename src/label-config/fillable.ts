import { AppError } from '../errors.js';
import type { InputPlace } from '../inputs/contract.js';
import { MAX_PATHS, parseShown, pathsOf } from '../inputs/shown/value.js';
import type { BindTarget, RegionKind } from '../regions/contract.js';
import type { OutputSpec } from '../registry/version.js';
import { attribute } from './attribute.js';
import { grouped, oncePerConfig } from './once.js';
import type { LabelConfig, TagInfo } from './parse.js';

const ENCODINGS: readonly string[] = ['none', 'base64', 'base64unicode'];

/** The tags whose answers are among the labels that they list. */
const LISTS_LABELS = /^(?:Choices|Taxonomy|\w*Labels)$/;

const LABELS: readonly string[] = ['Label', 'Choice'];

/** The tags whose value is no text: they find it in the task, and nowhere else. */
const HOLDS_DATA: readonly string[] = ['Paragraphs', 'List', 'Table'];

/** A tag of the labeling config cannot be read or filled, whichever model is to do it. */
export class UnfillableError extends AppError {
  /** What is wrong and what to do; it goes on from "the model '<name>' " or "this server ". */
  readonly reason: string;

  constructor(reason: string, model?: string) {
    super('no_model_fits', model === undefined ? reason : `the model '${model}' ${reason}`);
    this.reason = reason;
  }

  /** The same of a model that is named. */
  of(model: string): UnfillableError {
    return new UnfillableError(this.reason, model);
  }
}

/**
 * Checks that what a control is about can be known before there is a task, and can be read in one: what cannot would fail with
 * each task.
 *
 * @param objectTags the tags that the model's input reads; another object is only what its results name
 * @throws UnfillableError saying which tag it is and what to use instead
 */
export function checkFillable(
  control: TagInfo,
  place: InputPlace,
  config: LabelConfig,
  objectTags: readonly string[],
): void {
  const { object, tag } = place;
  const shown = config.objects.get(object)!;
  const isRead = tag === 'Table' || objectTags.includes(tag);
  const reason =
    reasonOfRepeater(control, shown) ??
    reasonOfLabels(control, config) ??
    reasonOfLabel(control, config) ??
    (isRead ? (reasonOfObject(shown) ?? reasonOfPaths(shown, place)) : undefined);
  if (reason !== undefined) throw new UnfillableError(reason);
}

/**
 * Why a control has no object: its `toName` names a tag without a value, or none at all.
 * @returns undefined when all of its objects are there
 */
export function reasonOfTarget({ name, tag }: TagInfo, config: LabelConfig): string | undefined {
  const missing = config.parsed[name]!.to_name.find(each => !config.objects.has(each));
  if (missing === undefined) return undefined;
  const start = `cannot fill the ${tag} '${name}': `;
  const shown = config.others.find(({ attributes }) => attributes.name === missing);
  if (shown === undefined) return `${start}its toName="${missing}" names no tag of the labeling config`;
  const example = shown.tag === 'HyperText' ? ', also where its text stands between its tags' : '';
  return `${start}the ${shown.tag} '${missing}' has no value: give it one, such as value="$${missing}"${example}`;
}

/** @throws UnfillableError when the control has one answer for all pages of an object, which models do not give */
export function checkPages(
  { perItem, objectTags }: RegionKind,
  { tag, name, toName, attributes }: BindTarget,
): void {
  if (perItem ? attribute(attributes, 'perItem') === 'true' : objectTags?.includes('Image')) return;
  const remedy = perItem ? ': give it perItem="true"' : '';
  throw new UnfillableError(
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

/** By control the labels that the server does not see, as their value is written in another case. */
const unseenLabels = oncePerConfig(({ others }) =>
  grouped(
    others.filter(({ tag }) => LABELS.includes(tag)),
    ({ control }) => control,
  ),
);

/** What is known of controls' labels: they may be asked for once for each object of each model. */
const reasonsOfLabels = oncePerConfig(() => new Map<string, string | undefined>());

function reasonOfLabel(control: TagInfo, config: LabelConfig): string | undefined {
  const known = reasonsOfLabels(config);
  if (!known.has(control.name)) known.set(control.name, findReasonOfLabel(control, config));
  return known.get(control.name);
}

/** A label of which what annotators store is not known before there is a task, or which Label Studio's server calls otherwise. */
function findReasonOfLabel({ name, tag }: TagInfo, config: LabelConfig): string | undefined {
  if (!LISTS_LABELS.test(tag)) return undefined;
  const { parsed } = config;
  const unseen = unseenLabels(config).get(name) ?? [];
  const all = [...Object.values(parsed[name]!.labels_attrs), ...unseen.map(each => each.attributes)];
  for (const own of all) {
    const label = `cannot answer '${attribute(own, 'value') ?? ''}' of the ${tag} '${name}'`;
    const odd = ['value', 'alias'].find(each => attribute(own, each) !== own[each]);
    if (odd !== undefined)
      return `${label}: Label Studio's server reads ${odd}="..." in lower case alone, and its editor in any; write it so, and once`;
    // Of other tags the editor stores what the config has, whatever it shows.
    const isFilled = tag === 'Choices' && !own.alias && pathsOf(parseShown(own.value ?? '')).length > 0;
    if (isFilled)
      return `${label}, which the editor fills from each task: write the choice itself, or give it an alias="..."`;
  }
  return undefined;
}

function reasonOfObject({ name, tag, attributes }: TagInfo): string | undefined {
  const has = (each: string) => attribute(attributes, each);
  const value = has('value');
  if (!value && tag !== 'Image')
    return `cannot read the ${tag} '${name}': it has no value; an Image alone has a valueList`;
  if (HOLDS_DATA.includes(tag) && !value!.includes('$'))
    return `cannot read the ${tag} '${name}': its value="${value}" names nothing of the task; put a $ before the key`;
  if (tag === 'Table' && /\b(?:csv|url)\b/.test(has('valueType') ?? ''))
    return `reads a Table of JSON that is in the task, and '${name}' has valueType="${has('valueType')}": import its rows as JSON`;
  if (tag !== 'Text' && tag !== 'HyperText') return undefined;
  const resolver = has('resolver');
  if (resolver)
    return `cannot follow resolver="${resolver}" of the ${tag} '${name}': import the texts themselves, or use valueType="url"`;
  const encoding = has('encoding') ?? 'none';
  if (!ENCODINGS.includes(encoding))
    return `cannot decode encoding="${encoding}" of the ${tag} '${name}': the editor knows ${ENCODINGS.join(', ')}`;
  return undefined;
}

/** A text of more places than are put into one: each task would fail. */
function reasonOfPaths({ name, tag }: TagInfo, { shown }: InputPlace): string | undefined {
  const count = 'parts' in shown ? pathsOf(shown).length : 0;
  if (count <= MAX_PATHS) return undefined;
  return `cannot read the ${tag} '${name}': its value names ${count} places of the task, and at most ${MAX_PATHS} are put into a text; shorten it`;
}

/**
 * @param output null: a recipe's
 * @throws AppError `no_model_fits` when classes of regions would fill a control of the whole task, or the reverse
 */
export function checkRegions(
  { perRegion }: RegionKind,
  output: OutputSpec | null,
  { tag, name }: Pick<TagInfo, 'tag' | 'name'>,
): void {
  if (output?.ofRegions === undefined || output.ofRegions === (perRegion === true)) return;
  const [gives, has, remedy] = output.ofRegions
    ? ['each region', 'no perRegion', 'add it']
    : ['the whole task', 'perRegion', 'take it out'];
  throw new AppError(
    'no_model_fits',
    `gives classes of ${gives} for '${output.name}'; the config's ${tag} '${name}' has ${has}="true": ${remedy}`,
  );
}
