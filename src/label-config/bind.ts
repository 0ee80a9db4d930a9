import { createHash } from 'node:crypto';
import { AppError } from '../errors.js';
import type { Binding, ControlBinding } from '../inference/protocol.js';
import type { InputPlace } from '../inputs/contract.js';
import { INPUTS } from '../inputs/index.js';
import type { BindTarget, RegionKind } from '../regions/contract.js';
import { rowFor, rowsOf } from '../regions/index.js';
import { overridden } from '../regions/overrides.js';
import type { Manifest } from '../registry/manifest.js';
import type { OutputSpec } from '../registry/version.js';
import { LabelMismatchError, type LeftOut, toldLeftOut } from './fit-labels.js';
import type { LabelConfig, TagInfo } from './parse.js';

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
  /** What of the model's labels or of the config's is left out, in sentences. */
  leftOut: readonly string[];
  /** Whether, in a control, each side has labels that the other lacks. */
  isPartial: boolean;
  /** By control the config's labels that the model never answers. */
  unanswered: ReadonlyMap<string, readonly string[]>;
}

/** What of a model is bound: a version's outputs, or null for a recipe, whose labels will be the project's. */
export interface Bindable {
  name: string;
  manifest: Manifest;
  outputs: readonly OutputSpec[] | null;
  /**
   * Whether they are those of a version that was trained for the project. It is not refused for labels that differ, as they
   * may have changed since: what still fits is bound, as long as one label of an output does.
   */
  trained?: boolean;
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
 * Finds for each output of a model the control that it fills: the one of the output's name, else the first of those that have
 * the most of its labels.
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
  { name, manifest, outputs, trained = false, extraParams = {} }: Bindable,
  candidates: readonly Candidate[],
  config: LabelConfig,
  objectTags: readonly string[],
): BoundModel {
  const bound: (Candidate & { binding: ControlBinding })[] = [];
  const isFree = ({ control }: Candidate) => !bound.some(each => each?.control.name === control.name);
  const reasons: AppError[] = [];
  const leftOut: LeftOut[][] = [];
  const tryToFill = (index: number, candidate: Candidate) => {
    try {
      const entry = { model: name, manifest, index, output: outputs?.[index] ?? null, trained, extraParams };
      const own: LeftOut[] = [];
      const binding = bindControl(entry, candidate, config, own);
      if (bound[index] && lostOf(own) >= lostOf(leftOut[index]!)) return;
      bound[index] = { ...candidate, binding };
      leftOut[index] = own;
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
    if (bound[index]) continue;
    for (const candidate of fitting[index]!) {
      if (isFree(candidate)) tryToFill(index, candidate);
      if (bound[index] && lostOf(leftOut[index]!) === 0) break;
    }
    if (bound[index]) continue;
    const reason = reasons[index];
    const isLast = index === manifest.outputs.length - 1;
    const isEmpty = isLast && bound.every(each => each === undefined);
    if (reason instanceof LabelMismatchError) {
      if (trained && !isEmpty) continue;
      throw reason.of(name);
    }
    if (reason) throw new AppError(reason.code, `the model '${name}' ${reason.message}`);
    if (optional === true && !isEmpty) continue;
    const filled = rowsOf(tag).flatMap(row => row.objectTags ?? objectTags);
    const tags = filled.filter(each => objectTags.length === 0 || objectTags.includes(each));
    const objects = tags.length === 0 ? '' : ` on ${tags.join(' or ')}`;
    throw new NoControlError(`the model '${name}' fills ${tag}${objects}`, summary(config));
  }
  const taken = Object.values(bound);
  const controls = taken.map(({ binding }) => binding);
  const id = createHash('sha1').update(JSON.stringify(controls)).digest('hex');
  const all = Object.values(leftOut).flat();
  const missed = reasons.filter((_, index) => bound[index] === undefined);
  return {
    place: taken[0]!.place,
    binding: { id, controls },
    leftOut: [...missed.map(({ message }) => message), ...all.flatMap(toldLeftOut)].map(
      told => `the model '${name}' ${told}`,
    ),
    isPartial: missed.length > 0 || all.some(({ model, config }) => model.length > 0 && config.length > 0),
    unanswered: new Map(
      taken.map(({ control, binding }) => [
        control.name,
        leftOut[binding.output]!.flatMap(({ config: labels }) => labels),
      ]),
    ),
  };
}

/** How many of the model's labels a control lacks. */
function lostOf(leftOut: readonly LeftOut[]): number {
  return leftOut.reduce((sum, { model }) => sum + model.length, 0);
}

/** An entry of the manifest's `outputs`, to be bound. */
interface Entry {
  model: string;
  manifest: Manifest;
  index: number;
  /** Null: a recipe's. */
  output: OutputSpec | null;
  trained: boolean;
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

/**
 * @param leftOut gets what is left out
 * @throws AppError of the region kind when the control cannot be filled by the output
 */
function bindControl(
  { model, manifest, index, output, trained, extraParams }: Entry,
  { control, place }: Candidate,
  config: LabelConfig,
  leftOut: LeftOut[],
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
  const rules = {
    partial: options.partial === true,
    trained,
    leaveOut: (labels: LeftOut) => void leftOut.push(labels),
  };
  const hash = createHash('sha1')
    .update(JSON.stringify([model, control.name, place.object]))
    .digest('hex');
  return {
    control: control.name,
    row: region.name ?? tag,
    toName: place.object,
    output: index,
    idPrefix: `${hash.slice(0, 10)}-`,
    data: output === null ? null : region.bind(target, output, options, rules),
  };
}
