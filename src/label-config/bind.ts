import { createHash } from 'node:crypto';
import { AppError } from '../errors.js';
import type { Binding, ControlBinding } from '../inference/protocol.js';
import type { InputPlace } from '../inputs/contract.js';
import { INPUTS } from '../inputs/index.js';
import type { BindTarget, RegionKind } from '../regions/contract.js';
import { REGIONS, rowFor, rowsOf } from '../regions/index.js';
import { overridden } from '../regions/overrides.js';
import type { Manifest } from '../registry/manifest.js';
import type { OutputSpec } from '../registry/version.js';
import type { LabelConfig, TagInfo } from './parse.js';
import { outputsTogether } from './shapes.js';

/** A labeling config has no control of the tag, or none on such an object. */
export class NoControlError extends AppError {
  /** What the model fills, and what the config has. */
  readonly model: string;
  readonly has: string;

  constructor(model: string, has: string) {
    super('no_model_fits', `${model}; the labeling config has ${has}`);
    this.model = model;
    this.has = has;
  }
}

/** A model bound to a project's config: where it reads and which controls it fills. */
export interface BoundModel {
  place: InputPlace;
  binding: Binding;
}

/** What of a model is bound: a version's outputs, or null for a recipe, whose labels will be the project's. */
export interface Bindable {
  name: string;
  manifest: Manifest;
  outputs: readonly OutputSpec[] | null;
  /** What the user typed as extra params in Label Studio. */
  extraParams?: Readonly<Record<string, unknown>>;
}

/** The key of `task.data` that an object tag shows. */
function keyOf({ attributes }: TagInfo): string {
  return (attributes.value || attributes.valueList || '').replace(/^\$+/, '');
}

/** Where the object tags that a control points at find their values, in the order of its `toName`. */
function placesOf(config: LabelConfig, control: string, objectTags: readonly string[]): InputPlace[] {
  return config.parsed[control]!.to_name.flatMap(name => {
    const object = config.objects.get(name);
    if (!object || (objectTags.length > 0 && !objectTags.includes(object.tag))) return [];
    const columns = config.others
      .filter(each => each.tag === 'Channel' && each.object === name && each.attributes.column)
      .map(({ attributes }) => attributes.column!);
    return {
      object: name,
      tag: object.tag,
      attributes: object.attributes,
      key: keyOf(object),
      isUrl: object.attributes.valueType === 'url',
      ...(columns.length > 0 && { columns: [...new Set(columns)] }),
    };
  });
}

/**
 * Where the first of the object tags that a control points at finds its value.
 *
 * @param control the control's name
 * @param objectTags the tags that will do; empty: any
 */
export function placeOf(
  config: LabelConfig,
  control: string,
  objectTags: readonly string[],
): InputPlace | undefined {
  return placesOf(config, control, objectTags)[0];
}

/** A control of the config as region kinds see it, with the object that its results name. */
export function targetOf(config: LabelConfig, control: string, toName: string): BindTarget {
  const object = config.objects.get(toName);
  const beside = [...config.controls.values()].find(
    ({ name, tag }) => tag === 'Labels' && name !== control && config.parsed[name]!.to_name.includes(toName),
  );
  return {
    ...config.controls.get(control)!,
    toName,
    object,
    parsed: config.parsed[control]!,
    others: config.others,
    ...(beside && { labelsBeside: { name: beside.name, parsed: config.parsed[beside.name]! } }),
  };
}

/** What the config offers, for an error's message. */
function summary(config: LabelConfig): string {
  const controls = [...config.controls.values()].map(({ name, tag }) => {
    const objects = config.parsed[name]!.to_name.map(object => config.objects.get(object)?.tag ?? object);
    return `${tag} '${name}' on ${objects.join(', ')}`;
  });
  return controls.length === 0 ? 'no control tag' : controls.join('; ');
}

/** A control with the object that a result of it would name. */
interface Candidate {
  control: TagInfo;
  place: InputPlace;
}

/**
 * Finds for each output of a model the control that it fills: the one of the output's name, else the first that fits.
 *
 * All of them point at the one object that the model reads; a model that reads no object but the task's columns fills
 * any. An entry with `optional` fills none where the config has none of its tag.
 *
 * @param objectTags the object tags that the controls may point at; empty: any
 * @throws AppError `no_model_fits` when the config has no such control, `label_mismatch` when it has one with labels
 *   that the model's do not map to; the message begins with the model
 */
export function bindModel(
  model: Bindable,
  config: LabelConfig,
  objectTags = INPUTS[model.manifest.input.kind]!.objectTags,
): BoundModel {
  const all = [...config.controls.values()].flatMap(control =>
    placesOf(config, control.name, objectTags).map(place => ({ control, place })),
  );
  const objects = [...new Set(all.map(({ place }) => place.object))];
  const groups =
    objectTags.length === 0 || objects.length === 0
      ? [all]
      : objects.map(object => all.filter(({ place }) => place.object === object));
  const { outputs } = model.manifest;
  const namesakes = (group: readonly Candidate[]) =>
    group.filter(({ control }) => outputs.some(({ name }) => name === control.name)).length;
  groups.sort((a, b) => namesakes(b) - namesakes(a));
  const reasons: AppError[] = [];
  for (const candidates of groups) {
    try {
      return fill(model, candidates, config, objectTags);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      reasons.push(error);
    }
  }
  // Labels that differ tell more than a control that is not there.
  throw reasons.find(({ code }) => code === 'label_mismatch') ?? reasons[0]!;
}

/** Finds the outputs' controls among some candidates. */
function fill(
  { name, manifest, outputs, extraParams = {} }: Bindable,
  candidates: readonly Candidate[],
  config: LabelConfig,
  objectTags: readonly string[],
): BoundModel {
  const bound: (Candidate & { binding: ControlBinding })[] = [];
  const isFree = ({ control }: Candidate) => !bound.some(each => each?.control.name === control.name);
  const reasons: AppError[] = [];
  const tryToFill = (index: number, candidate: Candidate) => {
    try {
      const entry = { model: name, manifest, index, output: outputs?.[index] ?? null, extraParams };
      bound[index] = { ...candidate, binding: bindControl(entry, candidate, config) };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      reasons[index] ??= error;
    }
  };

  const fitting = manifest.outputs.map(({ control: tag }) =>
    candidates.filter(
      ({ control, place }) => control.tag === tag && rowFor(control, place.tag) !== undefined,
    ),
  );
  // Controls of the outputs' own names first, so that no other output takes them away.
  for (const [index, output] of manifest.outputs.entries()) {
    const own = fitting[index]!.find(({ control }) => control.name === output.name);
    if (own && isFree(own)) tryToFill(index, own);
  }
  for (const [index, { control: tag, optional }] of manifest.outputs.entries()) {
    for (const candidate of fitting[index]!) {
      if (bound[index]) break;
      if (isFree(candidate)) tryToFill(index, candidate);
    }
    if (bound[index]) continue;
    const reason = reasons[index];
    if (reason) throw new AppError(reason.code, `the model '${name}' ${reason.message}`);
    const isLast = index === manifest.outputs.length - 1;
    if (optional === true && !(isLast && bound.every(each => each === undefined))) continue;
    const filled = rowsOf(tag).flatMap(row => row.objectTags ?? objectTags);
    const tags = filled.filter(each => objectTags.length === 0 || objectTags.includes(each));
    const objects = tags.length === 0 ? '' : ` on ${tags.join(' or ')}`;
    throw new NoControlError(`the model '${name}' fills ${tag}${objects}`, summary(config));
  }
  const taken = together(bound, { name, manifest, outputs });
  const controls = taken.map(({ binding }) => binding);
  const id = createHash('sha1').update(JSON.stringify(controls)).digest('hex');
  return { place: taken[0]!.place, binding: { id, controls } };
}

/** @throws AppError `no_model_fits` when a result would have no shape */
function together(
  bound: readonly (Candidate & { binding: ControlBinding })[],
  { name, manifest, outputs }: Bindable,
): (Candidate & { binding: ControlBinding })[] {
  const filled = manifest.outputs.map((_, index) => {
    const each = bound[index];
    return each && { row: REGIONS[each.binding.row]!, control: each.control.name, toName: each.place.object };
  });
  try {
    const kept = outputsTogether(filled, manifest, outputs);
    return Object.values(bound).filter(({ binding }) => kept.has(binding.output));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, `the model '${name}' ${error.message}`);
  }
}

/** An entry of the manifest's `outputs`, to be bound. */
interface Entry {
  model: string;
  manifest: Manifest;
  index: number;
  /** Null: a recipe's. */
  output: OutputSpec | null;
  extraParams: Readonly<Record<string, unknown>>;
}

/** @throws AppError `no_model_fits` when the region kind needs what such an input does not know */
function checkInput({ tag, needs }: RegionKind, kind: string): void {
  const { meta } = INPUTS[kind]!;
  if (needs === undefined || (meta !== undefined && needs.includes(meta))) return;
  const able = Object.values(INPUTS).filter(input => input.meta !== undefined && needs.includes(input.meta));
  throw new AppError(
    'no_model_fits',
    `fills ${tag} from an input '${kind}', which does not tell where something is; ` +
      `${tag} needs an input ${able.map(input => `'${input.kind}'`).join(' or ')}`,
  );
}

/** @throws AppError of the region kind when the control cannot be filled by the output */
function bindControl(
  { model, manifest, index, output, extraParams }: Entry,
  { control, place }: Candidate,
  config: LabelConfig,
): ControlBinding {
  const { name: _, control: tag, optional: __, ...own } = manifest.outputs[index]!;
  const region = rowFor(control, place.tag)!;
  const target = targetOf(config, control.name, place.object);
  checkInput(region, manifest.input.kind);
  const options = overridden(region, own, target, extraParams);
  region.check(target, options);
  if (output !== null && !Object.hasOwn(region.outputKinds, output.kind)) {
    throw new AppError(
      'no_model_fits',
      `gives a ${output.kind} output for '${output.name}'; the config's ${tag} '${target.name}' needs ` +
        `${Object.keys(region.outputKinds).join(' or ')}`,
    );
  }
  const hash = createHash('sha1')
    .update(JSON.stringify([model, control.name, place.object]))
    .digest('hex');
  return {
    control: control.name,
    row: region.name ?? tag,
    toName: place.object,
    output: index,
    idPrefix: `${hash.slice(0, 10)}-`,
    data: output === null ? null : region.bind(target, output, options),
  };
}
