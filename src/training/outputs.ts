import type { Binding } from '../inference/protocol.js';
import { targetOf } from '../label-config/bind-control.js';
import type { LabelConfig } from '../label-config/parse.js';
import type { AnswerReader, Target } from '../regions/contract.js';
import { REGIONS } from '../regions/index.js';
import type { Manifest } from '../registry/manifest.js';

/** An output as trainers read it in `context.json`: the manifest's entry, the control that it fills, and its labels. */
export interface TrainingOutput {
  name: string;
  control: string;
  from_name: string;
  to_name: string;
  /** The labels that targets are made of, in the order of the config; absent: targets are numbers. */
  labels?: readonly string[];
  [option: string]: unknown;
}

/** An output, and how annotations of its control are read. */
export interface LearntOutput {
  output: TrainingOutput;
  /** `type` of the control's results. */
  type: string;
  /** Labels that annotations must use, where targets are made of labels. */
  leastLabels: number;
  read: AnswerReader['read'];
  /** Where the regions of a target are in the value that the model reads, see `AnswerReader.place`. */
  place: NonNullable<AnswerReader['place']>;
}

/**
 * What a model's outputs learn from, in a project.
 *
 * @param binding what `bindModel` made of the model and the config
 * @example
 * const { binding } = bindModel({ name, manifest, outputs: null }, config);
 * learntOutputs(manifest, binding, config)[0].output; // { name: 'label', control: 'Choices', from_name: 'site', ... }
 */
export function learntOutputs(manifest: Manifest, binding: Binding, config: LabelConfig): LearntOutput[] {
  return binding.controls.map(({ control, toName, row, output: index }) => {
    const entry = manifest.outputs[index]!;
    const { name: _, control: _tag, optional: __, ...options } = entry;
    const region = REGIONS[row]!;
    const {
      labels,
      areRegions,
      read,
      place = asRead,
    } = region.reader(targetOf(config, control, toName), options);
    const output = { ...entry, from_name: control, to_name: toName, ...(labels === null ? {} : { labels }) };
    return { output, type: region.type, leastLabels: areRegions ? 1 : 2, read, place };
  });
}

function asRead(target: Target): Target {
  return target;
}
