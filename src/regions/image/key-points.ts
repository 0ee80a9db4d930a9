import type { ImageMeta } from '../../inputs/image/contract.js';
import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { failed, probability } from '../failed.js';
import { sigmoid } from '../scores.js';
import { keyOf, type SelectionBinding } from './control.js';
import { estimate } from './detections/activation.js';
import { partOf, placeOf } from './detections/place.js';
import { detect } from './detections.js';
import { inOriginal, type Point } from './geometry.js';

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
 * @throws AppError `model_failed` when the tensors do not fit what the output declares, or a number is NaN or a score not
 *   0 to 1
 */
export function keyPoints(answer: RowOutputs, output: OutputSpec, selection: SelectionBinding): KeyPoint[] {
  const found = { keypoints: listed, heatmaps: highest, detections: ofDetections, yolo: ofDetections }[
    output.kind
  ]!(answer, output, selection);
  for (const { place } of found)
    if (!place.every(Number.isFinite)) throw failed(output, 'a key point that is no number');
  return found.filter(({ score }) => score === null || score > selection.threshold);
}

/** @param check `probability` or, for numbers that only come near, `estimate` */
function scoreOf(output: OutputSpec, number: number, check = probability): number {
  return check(output, output.activation === 'sigmoid' ? sigmoid(number) : number);
}

/** A point without a score of its own has that of its object. */
function ofDetections(answer: RowOutputs, output: OutputSpec, selection: SelectionBinding): KeyPoint[] {
  return detect(answer, output, { ...selection, wants: () => true }).flatMap(({ key, points, score }) =>
    points.map((point, label) => ({
      label,
      place: point.place,
      score: point.score ?? score,
      parentKey: key,
    })),
  );
}

function listed(
  { outputs, metas, ...place }: RowOutputs,
  output: OutputSpec,
  selection: SelectionBinding,
): KeyPoint[] {
  const meta = metas[0] as ImageMeta;
  const points = partOf(outputs, output, 'points')!;
  const scores = partOf(outputs, output, 'scores');
  const { data, dims } = points;
  const names = output.labels!.length;
  const numbers = dims.at(-1)!;
  if (dims.at(-2) !== names || (numbers !== 2 && numbers !== 3))
    throw failed(output, `a tensor of [${dims.join(', ')}], and not [rows, n, ${names}, 2 or 3],`);
  // A graph that lists objects has an axis of them, and with scores it does so even without one of images.
  const isList = dims.length === 4 || (dims.length === 3 && scores?.dims.length === 1);
  const objects = isList ? dims.at(-3)! : 1;
  const own = isList ? [objects, names, numbers] : [names, numbers];
  const first = placeOf(output, 'points', points, place, own);
  const one = isList ? [[objects], [objects, 1]] : [[], [1]];
  const firstScore = scores && placeOf(output, 'scores of objects', scores, place, ...one);
  const [width, height] = output.unit === 'relative' ? [meta.tensorWidth, meta.tensorHeight] : [1, 1];
  const sure = Array.from({ length: objects }, (_, object) => ({
    object,
    score: scores === undefined ? null : scoreOf(output, Number(scores.data[firstScore! + object])),
  }))
    .filter(({ score }) => score === null || score > selection.threshold)
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0))
    .slice(0, selection.most);
  return sure.flatMap(({ object, score }) =>
    output.labels!.map((_, label): KeyPoint => {
      const at = first + (object * names + label) * numbers;
      const place: Point = [Number(data[at]) * width, Number(data[at + 1]) * height];
      return {
        label,
        place: inOriginal(meta, place),
        score: numbers === 3 ? scoreOf(output, Number(data[at + 2])) : score,
        ...(isList && { parentKey: keyOf({ index: object }) }),
      };
    }),
  );
}

function highest({ outputs, metas, ...place }: RowOutputs, output: OutputSpec): KeyPoint[] {
  const meta = metas[0] as ImageMeta;
  const tensor = outputs[output.tensor!]!;
  const { data, dims } = tensor;
  const names = output.labels!.length;
  const [count, height = 0, width = 0] = dims.slice(-3);
  if (count !== names) {
    const maps = `heat maps of ${count ?? 'no'} points`;
    throw failed(output, `a tensor of [${dims.join(', ')}], ${maps} and not of ${names},`);
  }
  const begin = placeOf(output, 'heat maps', tensor, place, [names, height, width]);
  return output.labels!.map((_, label) => {
    const first = begin + label * height * width;
    let best = 0;
    for (let at = 0; at < height * width; at++) {
      if (Number.isNaN(Number(data[first + at]))) throw failed(output, 'NaN in a heat map');
      if (data[first + at]! > data[first + best]!) best = at;
    }
    const middle: Point = [
      (((best % width) + 0.5) * meta.tensorWidth) / width,
      ((Math.floor(best / width) + 0.5) * meta.tensorHeight) / height,
    ];
    const score = scoreOf(output, Number(data[first + best]), estimate);
    return { label, place: inOriginal(meta, middle), score };
  });
}
