import { createHash } from 'node:crypto';
import { AppError, attempt } from '../errors.js';
import type { Binding, ControlBinding } from '../inference/protocol.js';
import type { InputPlace } from '../inputs/contract.js';
import { INPUTS } from '../inputs/index.js';
import { REGIONS, rowFor } from '../regions/index.js';
import type { Manifest } from '../registry/manifest.js';
import type { OutputSpec } from '../registry/version.js';
import { bindControl, type Candidate } from './bind-control.js';
import { UnfillableError } from './fillable.js';
import { LabelMismatchError, type LeftOut, toldLeftOut } from './fit-labels.js';
import { isAmong, Lacking } from './no-control.js';
import type { LabelConfig } from './parse.js';
import { placesOf } from './places.js';
import { outputsTogether } from './shapes.js';

/** A model bound to a project's config: where it reads and which controls it fills. */
export interface BoundModel {
  place: InputPlace;
  binding: Binding;
  /** What of the model's labels or of the config's is left out, in sentences. */
  leftOut: readonly string[];
  /** Whether, in a control, each side has labels that the other lacks, and no `partial` says that this is enough. */
  isPartial: boolean;
  /** By control the config's labels that the model never answers. */
  unanswered: ReadonlyMap<string, readonly string[]>;
}

/** Which controls a model may fill, where it is not the only one. */
export interface Controls {
  /** Absent: all. Outputs for controls that are left to others are left out. */
  among?: ReadonlySet<string> | undefined;
  /** Those of them that it fills before any other. */
  first?: ReadonlySet<string> | undefined;
}

/** What of a model is bound: a version's outputs, or null for a recipe, whose labels will be the project's. */
export interface Bindable extends Controls {
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

/** Labels that differ, and a tag that cannot be filled, tell more than a control that is not there: the least tells most. */
function rankOf(reason: AppError): number {
  if (reason instanceof LabelMismatchError) return reason.nearness === 'none' ? 2 : 0;
  return reason instanceof UnfillableError ? 1 : 3;
}

/** The candidates of each object, those first that are wished for, then those of the outputs' names. */
function groupsOf(
  { manifest: { outputs }, among, first }: Pick<Bindable, 'manifest' | 'among' | 'first'>,
  all: readonly Candidate[],
  objectTags: readonly string[],
): Candidate[][] {
  if (objectTags.length === 0 || all.length === 0) return [[...all]];
  const names = new Set(outputs.map(({ name }) => name));
  const groups = new Map<string, { candidates: Candidate[]; wished: number; namesakes: number }>();
  for (const candidate of all) {
    const { object } = candidate.place;
    const group = groups.get(object) ?? { candidates: [], wished: 0, namesakes: 0 };
    groups.set(object, group);
    const { name } = candidate.control;
    group.candidates.push(candidate);
    if (first?.has(name)) group.wished++;
    if (isAmong(among, name) && names.has(name)) group.namesakes++;
  }
  return [...groups.values()]
    .sort((a, b) => b.wished - a.wished || b.namesakes - a.namesakes)
    .map(({ candidates }) => candidates);
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
  const lacking = new Lacking(model, config, objectTags);
  let best: AppError | undefined;
  for (const candidates of groupsOf(model, all, objectTags)) {
    const filled = attempt(() => fill(model, candidates, config, lacking));
    if (!(filled instanceof AppError)) return filled;
    if (best === undefined || rankOf(filled) < rankOf(best)) best = filled;
  }
  throw best!;
}

/** Finds the outputs' controls among some candidates. */
function fill(
  { name, manifest, outputs, trained = false, extraParams = {}, among, first }: Bindable,
  candidates: readonly Candidate[],
  config: LabelConfig,
  lacking: Lacking,
): BoundModel {
  const bound: (Candidate & { binding: ControlBinding })[] = [];
  const isFree = ({ control }: Candidate) =>
    isAmong(among, control.name) && !bound.some(each => each?.control.name === control.name);
  const reasons: AppError[] = [];
  const leftOut: LeftOut[][] = [];
  const missed: LabelMismatchError[] = [];
  const bind = (index: number, candidate: Candidate, own: LeftOut[]) => {
    const entry = { model: name, manifest, index, output: outputs?.[index] ?? null, trained, extraParams };
    return bindControl(entry, candidate, config, own);
  };
  const tryToFill = (index: number, candidate: Candidate) => {
    const own: LeftOut[] = [];
    const binding = attempt(() => bind(index, candidate, own));
    if (binding instanceof AppError) reasons[index] ??= binding;
    else if (!bound[index] || lostOf(own) < lostOf(leftOut[index]!)) {
      bound[index] = { ...candidate, binding };
      leftOut[index] = own;
    }
  };

  const fitting = manifest.outputs.map(({ control: tag }) =>
    candidates.filter(
      ({ control, place }) => control.tag === tag && rowFor(control, place.tag) !== undefined,
    ),
  );
  /** Whether only a control that the model may not fill is missing: others are answered without it. */
  const isElsewhere = (index: number) =>
    fitting[index]!.some(
      candidate =>
        !isAmong(among, candidate.control.name) &&
        !(attempt(() => bind(index, candidate, [])) instanceof AppError),
    );
  for (const index of manifest.outputs.keys()) {
    const wished = fitting[index]!.find(each => (first?.has(each.control.name) ?? false) && isFree(each));
    if (wished) tryToFill(index, wished);
  }
  // Controls of the outputs' own names first, so that no other output takes them away.
  for (const [index, output] of manifest.outputs.entries()) {
    const own = fitting[index]!.find(({ control }) => control.name === output.name);
    if (own && bound[index] === undefined && isFree(own)) tryToFill(index, own);
  }
  for (const [index, { control: tag, optional }] of manifest.outputs.entries()) {
    if (bound[index]) continue;
    for (const candidate of fitting[index]!) {
      if (isFree(candidate)) tryToFill(index, candidate);
      if (bound[index] && lostOf(leftOut[index]!) === 0) break;
    }
    if (bound[index]) continue;
    const isLast = index === manifest.outputs.length - 1;
    const mayBeLeftOut = !(isLast && bound.every(each => each === undefined));
    if (mayBeLeftOut && among !== undefined && isElsewhere(index)) continue;
    const reason = reasons[index];
    if (reason instanceof LabelMismatchError) {
      if (!trained || !mayBeLeftOut) throw reason.of(name);
      missed.push(reason);
      continue;
    }
    if (reason instanceof UnfillableError) throw reason.of(name);
    if (reason) throw new AppError(reason.code, `the model '${name}' ${reason.message}`);
    if (optional === true && mayBeLeftOut) continue;
    throw lacking.of(tag);
  }
  // What is said of regions is shown nowhere without them, and those may be another model's.
  if (among !== undefined && Object.values(bound).every(({ binding }) => REGIONS[binding.row]!.perRegion))
    throw lacking.regionsFor(Object.values(bound)[0]!);
  const taken = together(bound, { name, manifest, outputs });
  const controls = taken.map(({ binding }) => binding);
  const id = createHash('sha1').update(JSON.stringify(controls)).digest('hex');
  const all = Object.values(leftOut).flat();
  return {
    place: taken[0]!.place,
    binding: { id, controls },
    leftOut: [...missed.map(({ message }) => message), ...all.flatMap(toldLeftOut)].map(
      told => `the model '${name}' ${told}`,
    ),
    isPartial: missed.length > 0 || all.some(({ isPartly }) => isPartly),
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

/** @throws AppError `no_model_fits` when a result would have no shape */
function together(
  bound: readonly (Candidate & { binding: ControlBinding })[],
  { name, manifest, outputs }: Bindable,
): (Candidate & { binding: ControlBinding })[] {
  const filled = manifest.outputs.map((_, index) => {
    const each = bound[index];
    return each && { row: REGIONS[each.binding.row]!, control: each.control.name, toName: each.place.object };
  });
  const kept = attempt(() => outputsTogether(filled, manifest, outputs));
  if (kept instanceof AppError) throw new AppError(kept.code, `the model '${name}' ${kept.message}`);
  return Object.values(bound).filter(({ binding }) => kept.has(binding.output));
}
