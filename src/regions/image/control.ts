import type { ImageMeta } from '../../inputs/image/contract.js';
import { fitNames, type LabelRules } from '../../label-config/fit-labels.js';
import type { OutputSpec } from '../../registry/version.js';
import type { BindTarget, EncodedRow, RegionBody, RegionOptions, RowOutputs } from '../contract.js';
import { PARTIAL, THRESHOLD } from '../output-kinds.js';
import { type Detection, detect } from './detections.js';
import { frameOf } from './geometry.js';

/** The options of a control of what a detector finds. */
export const DETECTION_OPTIONS = {
  optionsSchema: {
    properties: {
      model_score_threshold: {
        ...THRESHOLD,
        description: 'what is shown scores more than this (default 0.5)',
      },
      iou_threshold: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        description:
          'how much two of a label may overlap, intersection over union (default: 0.7 for yolo; others are all kept)',
      },
      top_k: {
        type: 'integer',
        minimum: 1,
        description: 'the most that is shown, the surest first (default 100)',
      },
      partial: PARTIAL,
    },
    required: [],
  },
  overridable: ['model_score_threshold', 'iou_threshold', 'top_k', 'partial'],
} as const;

const SCORE = 0.5;
/** Ultralytics' own default: https://docs.ultralytics.com/modes/predict/#inference-arguments */
const YOLO_OVERLAP = 0.7;
const MOST = 100;

export interface SelectionBinding {
  threshold: number;
  overlap: number | null;
  most: number;
}

export interface DetectionBinding extends SelectionBinding {
  /** The config's label of each of the model's, null for one that it lacks; null: the control has no labels. */
  labels: readonly (string | null)[] | null;
}

/** What of the options says which detections are taken. */
export function selectionOf({ kind }: OutputSpec, options: RegionOptions): SelectionBinding {
  const { model_score_threshold, iou_threshold, top_k } = options as Record<string, number | undefined>;
  return {
    threshold: model_score_threshold ?? SCORE,
    overlap: iou_threshold ?? (kind === 'yolo' ? YOLO_OVERLAP : null),
    most: top_k ?? MOST,
  };
}

/**
 * The config's label of each of a model's. Detectors know more kinds of things than a project asks for: those that it
 * does not have are not shown.
 *
 * @param labels the model's, null for one that is no answer
 * @throws AppError `label_mismatch`, see `fitLabels`
 */
export function configLabels(
  target: Pick<BindTarget, 'tag' | 'name' | 'parsed'>,
  labels: readonly (string | null)[],
  rules: LabelRules,
): (string | null)[] {
  return fitNames(target, labels, { scope: 'regions', verb: 'finds' }, rules);
}

/** The key of the `value` that holds the labels of a control tag; null: it has none. */
export function labelsKey(tag: string): string | null {
  return tag.endsWith('Labels') ? tag.toLowerCase() : null;
}

/** @throws AppError `label_mismatch` */
export function bindDetections(
  target: BindTarget,
  output: OutputSpec,
  options: RegionOptions,
  rules: LabelRules = {},
): DetectionBinding {
  const known = output.labels!.map(name => (name === output.background ? null : name));
  const labels = labelsKey(target.tag) === null ? null : configLabels(target, known, rules);
  return { labels, ...selectionOf(output, options) };
}

/** What names the object of an index in a prediction. */
export function keyOf({ index }: Pick<Detection, 'index'>): string {
  return `box ${index}`;
}

/**
 * What a detector found, as results. A prediction is as certain as the least certain of those that are shown.
 *
 * @param key where the labels are in a result's value
 * @param shapeOf where a detection is, in the words of the control; undefined: not in the image
 */
export function encodeDetections(
  answer: RowOutputs,
  output: OutputSpec,
  binding: DetectionBinding,
  key: string | null,
  shapeOf: (detection: Detection, meta: ImageMeta) => Record<string, unknown> | undefined,
): EncodedRow {
  const meta = answer.metas[0] as ImageMeta;
  const { labels } = binding;
  const found = detect(answer, output, {
    ...binding,
    wants: label => labels === null || labels[label] !== null,
  });
  const results = found.flatMap((each): RegionBody[] => {
    const shape = shapeOf(each, meta);
    if (shape === undefined) return [];
    const value = key === null ? shape : { ...shape, [key]: [labels![each.label]!] };
    return [{ value, score: each.score, key: each.key, order: each.index, ...frameOf(meta) }];
  });
  return { results, score: leastScore(results) };
}

/** The least of the results' scores; null when none has one. */
export function leastScore(results: readonly RegionBody[]): number | null {
  const scores = results.flatMap(({ score }) => score ?? []);
  return scores.length === 0 ? null : Math.min(...scores);
}
