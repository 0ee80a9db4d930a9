import type { ImageMeta } from '../../inputs/image/contract.js';
import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { failed } from '../failed.js';
import { LABELS, type OutputKinds, TENSOR } from '../output-kinds.js';
import { keyOf, type SelectionBinding } from './control.js';
import { DETECTIONS, detect, UNIT } from './detections.js';
import { inOriginal, type Point } from './geometry.js';

/**
 * The outputs of models that find key points, `labels` being the points' names.
 *
 * - `keypoints`: `points` [rows, points, 2] or, of several objects, [rows, n, points, 2], with a score as third number
 *   where the graph has one; and `scores` [rows, n] of the objects.
 * - `heatmaps`: a tensor [rows, points, height, width], in each of which the largest number is the point and its score.
 * - `yolo`: as for detections, with `points`.
 */
export const KEY_POINTS: OutputKinds = {
  keypoints: {
    properties: {
      tensors: {
        type: 'object',
        properties: { points: TENSOR, scores: TENSOR },
        required: ['points'],
        additionalProperties: false,
      },
      labels: LABELS,
      unit: UNIT,
    },
    required: ['tensors', 'labels'],
  },
  heatmaps: { properties: { tensor: TENSOR, labels: LABELS }, required: ['tensor', 'labels'] },
  yolo: DETECTIONS.yolo!,
};

export interface KeyPoint {
  /** Which of the names. */
  label: number;
  /** In pixels of the original. */
  place: Point;
  score: number | null;
  /** The key of the object that it belongs to. */
  parentKey?: string;
}

/**
 * The key points that a model found, object by object.
 *
 * @throws AppError `model_failed` when one is no number
 */
export function keyPoints(answer: RowOutputs, output: OutputSpec, selection: SelectionBinding): KeyPoint[] {
  const found = { keypoints: listed, heatmaps: highest, yolo: ofDetections }[output.kind]!(
    answer,
    output,
    selection,
  );
  for (const { place, score } of found) {
    if (!place.every(Number.isFinite) || Number.isNaN(score))
      throw failed(output, 'a key point that is no number');
  }
  return found.filter(({ score }) => score === null || score >= selection.threshold);
}

function ofDetections(answer: RowOutputs, output: OutputSpec, selection: SelectionBinding): KeyPoint[] {
  return detect(answer, output, { ...selection, wants: () => true }).flatMap(detection =>
    detection.points.map((point, label) => ({ label, ...point, parentKey: keyOf(detection) })),
  );
}

function listed(
  { outputs, row, metas }: RowOutputs,
  output: OutputSpec,
  selection: SelectionBinding,
): KeyPoint[] {
  const meta = metas[0] as ImageMeta;
  const { data, dims } = outputs[output.tensors!.points!]!;
  const scores = output.tensors!.scores === undefined ? undefined : outputs[output.tensors!.scores]!;
  const objects = dims.length === 4 ? dims[1]! : 1;
  const names = output.labels!.length;
  const numbers = dims.at(-1)!;
  if (dims.at(-2) !== names || (numbers !== 2 && numbers !== 3))
    throw failed(output, `a tensor of [${dims.join(', ')}], and not [rows, n, ${names}, 2 or 3],`);
  const [width, height] = output.unit === 'relative' ? [meta.tensorWidth, meta.tensorHeight] : [1, 1];
  const sure = Array.from({ length: objects }, (_, object) => ({
    object,
    score: scores === undefined ? null : Number(scores.data[row * objects + object]),
  }))
    .filter(({ score }) => score === null || !(score < selection.threshold))
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0))
    .slice(0, selection.most);
  return sure.flatMap(({ object, score }) =>
    output.labels!.map((_, label): KeyPoint => {
      const at = ((row * objects + object) * names + label) * numbers;
      const place: Point = [Number(data[at]) * width, Number(data[at + 1]) * height];
      return {
        label,
        place: inOriginal(meta, place),
        score: numbers === 3 ? Number(data[at + 2]) : score,
        ...(dims.length === 4 && { parentKey: keyOf({ index: object }) }),
      };
    }),
  );
}

function highest({ outputs, row, metas }: RowOutputs, output: OutputSpec): KeyPoint[] {
  const meta = metas[0] as ImageMeta;
  const { data, dims } = outputs[output.tensor!]!;
  const names = output.labels!.length;
  const [, count, height = 0, width = 0] = dims;
  if (count !== names) throw failed(output, `heat maps of ${count} points, and not of ${names},`);
  return output.labels!.map((_, label) => {
    const first = (row * names + label) * height * width;
    let best = 0;
    for (let at = 1; at < height * width; at++) if (data[first + at]! > data[first + best]!) best = at;
    const middle: Point = [
      (((best % width) + 0.5) * meta.tensorWidth) / width,
      ((Math.floor(best / width) + 0.5) * meta.tensorHeight) / height,
    ];
    return { label, place: inOriginal(meta, middle), score: Number(data[first + best]) };
  });
}
