import type { Window } from '../../inputs/windows.js';
import type { LabelRules } from '../../label-config/fit-labels.js';
import type { OutputSpec } from '../../registry/version.js';
import type { BindTarget, RegionOptions, RowOutputs } from '../contract.js';
import { configLabels } from '../image/control.js';
import { ACTIVATION, LABELS, type OutputKinds, PARTIAL, TENSOR, THRESHOLD } from '../output-kinds.js';
import { withFrames } from '../video/parts.js';
import { frameScores } from './scores.js';

/**
 * The outputs of models that say something of each moment.
 *
 * - `frames`: scores of labels [rows, frames, labels], with `transposed` [rows, labels, frames], for one label also [rows,
 *   frames]. Each frame has one label, the likeliest; with `independent` any number of them. The label named by `background`
 *   is none.
 * - `peaks`: the same, of labels that are moments: each is where a score is largest.
 *
 * Frames may be fewer than what the row holds: each then stands for as many steps, samples or images. Where a graph leaves
 * out what does not fill a frame, `hop` says how far frames lie apart, and `first` where the first one begins, in the same.
 */
export const FRAMES: OutputKinds = {
  frames: {
    properties: {
      tensor: TENSOR,
      labels: LABELS,
      activation: ACTIVATION,
      transposed: { type: 'boolean' },
      independent: { type: 'boolean' },
      hop: { type: 'number', exclusiveMinimum: 0 },
      first: { type: 'number', minimum: 0 },
      background: { type: 'string' },
    },
    required: ['tensor', 'labels'],
    check: checkFrames,
  },
};

export const PEAKS: OutputKinds = {
  peaks: {
    properties: { tensor: TENSOR, labels: LABELS, activation: ACTIVATION, transposed: { type: 'boolean' } },
    required: ['tensor', 'labels'],
    check: checkFrames,
  },
};

const LENGTH = { type: 'number', minimum: 0 } as const;

/** The options of a control of parts of something long; lengths are in the unit of the control. */
export const FRAME_OPTIONS = {
  optionsSchema: {
    properties: {
      model_score_threshold: {
        ...THRESHOLD,
        description:
          'the least score: of a frame where labels are independent (default 0.5), else of a part on average (default 0)',
      },
      offset_threshold: {
        ...THRESHOLD,
        description:
          'where labels are independent: the score down to which a part goes on (default: the same)',
      },
      min_length: { ...LENGTH, description: 'the least length of a part (default 0)' },
      merge_gap: {
        ...LENGTH,
        description: 'the longest gap in a part (default 0); of moments, their least distance',
      },
      partial: PARTIAL,
    },
    required: [],
  },
  overridable: ['model_score_threshold', 'offset_threshold', 'min_length', 'merge_gap', 'partial'],
} as const;

export interface FramesBinding {
  /** The config's label of each of the model's; null for one that is not shown. */
  labels: readonly (string | null)[];
  threshold: number;
  offset: number;
  minLength: number;
  mergeGap: number;
}

/** Checks the scores of frames when a version is loaded. @throws AppError `model_failed` */
function checkFrames(answer: RowOutputs, output: OutputSpec): void {
  const { size } = answer.metas[0] as Window;
  const isFrame = answer.outputs[output.tensor!]!.dims.length === 2 && size === 1;
  frameScores(isFrame ? withFrames(answer, output.tensor!, output.transposed) : answer, output);
}

/** Whether a frame may have several labels, or none. */
export function isIndependent({ kind, independent, labels }: OutputSpec): boolean {
  return kind === 'peaks' || (kind === 'frames' && (independent === true || labels!.length === 1));
}

/** @throws AppError `label_mismatch` */
export function bindFrames(
  target: BindTarget,
  output: OutputSpec,
  options: RegionOptions,
  rules: LabelRules = {},
): FramesBinding {
  const { model_score_threshold, offset_threshold, min_length, merge_gap } = options as Record<
    string,
    number | undefined
  >;
  const threshold = model_score_threshold ?? (isIndependent(output) ? 0.5 : 0);
  return {
    labels: configLabels(
      target,
      output.labels!.map(name => (name === output.background ? null : name)),
      rules,
    ),
    threshold,
    offset: Math.min(offset_threshold ?? threshold, threshold),
    minLength: min_length ?? 0,
    mergeGap: merge_gap ?? 0,
  };
}
