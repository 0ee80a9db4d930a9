import { createHash } from 'node:crypto';
import { AppError } from '../errors.js';
import type { ControlBinding } from '../inference/protocol.js';
import type { InputPlace } from '../inputs/contract.js';
import { INPUTS } from '../inputs/index.js';
import type { BindTarget, RegionKind } from '../regions/contract.js';
import { rowFor } from '../regions/index.js';
import { overridden } from '../regions/overrides.js';
import type { Manifest } from '../registry/manifest.js';
import type { OutputSpec } from '../registry/version.js';
import { attribute } from './attribute.js';
import { checkFillable, checkPages, checkRegions } from './fillable.js';
import type { LeftOut } from './fit-labels.js';
import { oncePerConfig } from './once.js';
import type { LabelConfig, TagInfo } from './parse.js';

/** The Labels by the objects that they are for. */
const labelsOn = oncePerConfig(({ controls, parsed }) => {
  const found = new Map<string, TagInfo[]>();
  for (const control of controls.values()) {
    if (control.tag !== 'Labels') continue;
    for (const object of new Set(parsed[control.name]!.to_name)) {
      const there = found.get(object);
      if (there) there.push(control);
      else found.set(object, [control]);
    }
  }
  return found;
});

/** A control of the config as region kinds see it, with the object that its results name. */
export function targetOf(config: LabelConfig, control: string, toName: string): BindTarget {
  const object = config.objects.get(toName);
  const beside = labelsOn(config)
    .get(toName)
    ?.find(({ name }) => name !== control);
  return {
    ...config.controls.get(control)!,
    toName,
    object,
    parsed: config.parsed[control]!,
    others: config.others,
    ...(beside && { labelsBeside: { name: beside.name, parsed: config.parsed[beside.name]! } }),
  };
}

/** A control with the object that a result of it would name. */
export interface Candidate {
  control: TagInfo;
  place: InputPlace;
}

/** An entry of the manifest's `outputs`, to be bound. */
export interface Entry {
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
 * Binds an entry to a control.
 * @param leftOut gets what is left out
 * @throws AppError of the region kind when the control cannot be filled by the output
 */
export function bindControl(
  { model, manifest, index, output, trained, extraParams }: Entry,
  { control, place }: Candidate,
  config: LabelConfig,
  leftOut: LeftOut[],
): ControlBinding {
  const { name: _, control: tag, optional: __, ...own } = manifest.outputs[index]!;
  const region = rowFor(control, place.tag)!;
  const target = {
    ...targetOf(config, control.name, place.object),
    ...(place.pages && { pages: true as const }),
  };
  checkInput(region, manifest.input.kind);
  checkFillable(control, place, config, INPUTS[manifest.input.kind]!.objectTags);
  if (place.pages) checkPages(region, target);
  const options = overridden(region, own, target, extraParams);
  region.check(target, options);
  if (output !== null && !Object.hasOwn(region.outputKinds, output.kind)) {
    throw new AppError(
      'no_model_fits',
      `gives a ${output.kind} output for '${output.name}'; the config's ${tag} '${target.name}' needs ` +
        `${Object.keys(region.outputKinds).join(' or ')}`,
    );
  }
  checkRegions(region, output, target);
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
    ...(region.perRegion && regionsOf(target)),
    idPrefix: `${hash.slice(0, 10)}-`,
    data: output === null ? null : region.bind(target, output, options, rules),
  };
}

/**
 * Which regions a control of regions is for: of others, the editor shows nothing of it and submits nothing.
 *
 * @see `perRegionVisible`, `isVisible` and `canBeSubmitted` in
 *   https://github.com/HumanSignal/label-studio/blob/develop/web/libs/editor/src/mixins/PerRegion.js, `Visibility.js` beside it and
 *   `../regions/Result.js`
 */
function regionsOf({ attributes }: Pick<TagInfo, 'attributes'>): Pick<ControlBinding, 'regions'> {
  const label = attribute(attributes, 'whenLabelValue');
  const isWhenSelected = attribute(attributes, 'visibleWhen') === 'region-selected';
  const control = isWhenSelected ? attribute(attributes, 'whenTagName') : undefined;
  if (!label && !control) return {};
  return { regions: { ...(label && { label }), ...(control && { control }) } };
}
