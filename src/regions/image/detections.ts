import type { PlainTensor } from '../../inputs/contract.js';
import type { ImageMeta } from '../../inputs/image/contract.js';
import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { failed } from '../failed.js';
import { LABELS, type OutputKinds, TENSOR } from '../output-kinds.js';
import { type Box, inOriginal, type Point } from './geometry.js';
import { suppress } from './overlap.js';

/** What numbers of classes are turned into first. */
export const ACTIVATION = { enum: ['none', 'sigmoid', 'softmax'] } as const;
/** Whether places are in pixels of the tensor, or in parts of its sides, 0..1. */
export const UNIT = { enum: ['pixels', 'relative'] } as const;

/**
 * The outputs of detectors.
 *
 * - `boxes`: tensors `boxes` [rows, n, 4], `scores` [rows, n] with `labels` [rows, n], or `scores` [rows, n, labels], and
 *   `angles` [rows, n] for turned ones (radians, clockwise), as SSD, DETR and torchvision give them; without the first
 *   axis where a graph takes one image. The label that is named by `background` is none.
 * - `detections`: one tensor [rows, n, 6] of corners, score and class, as graphs give that suppress overlaps themselves.
 * - `yolo`: the raw head [rows, 4 + labels, n] or transposed: middle and sides in pixels, with `objectness` an own score
 *   before the labels, then x, y and score of each of the `points`, with `angle` the angle (radians), with `prototypes`
 *   [rows, k, height, width] k coefficients of them at last; see
 *   https://docs.ultralytics.com/modes/export/
 */
export const DETECTIONS: OutputKinds = {
  boxes: {
    properties: {
      tensors: {
        type: 'object',
        properties: { boxes: TENSOR, scores: TENSOR, labels: TENSOR, angles: TENSOR },
        required: ['boxes', 'scores'],
        additionalProperties: false,
      },
      labels: LABELS,
      format: { enum: ['xyxy', 'xywh', 'cxcywh'] },
      unit: UNIT,
      activation: ACTIVATION,
      background: { type: 'string' },
    },
    required: ['tensors', 'labels'],
  },
  detections: {
    properties: { tensor: TENSOR, labels: LABELS, unit: UNIT },
    required: ['tensor', 'labels'],
  },
  yolo: {
    properties: {
      tensor: TENSOR,
      labels: LABELS,
      objectness: { type: 'boolean' },
      angle: { type: 'boolean' },
      points: LABELS,
      tensors: {
        type: 'object',
        properties: { prototypes: TENSOR },
        required: ['prototypes'],
        additionalProperties: false,
      },
    },
    required: ['tensor', 'labels'],
  },
};

/** Which detections are taken. */
export interface Selection {
  /** The least score. */
  threshold: number;
  /** How much two of a class may overlap (intersection over union); null: the graph has seen to that. */
  overlap: number | null;
  /** How many, at most. */
  most: number;
  /** Whether a label is wanted. */
  wants(label: number): boolean;
}

export interface Detection {
  /** Which one of the graph's it is. */
  index: number;
  label: number;
  score: number;
  box: Box;
  /** Its key points, in pixels of the original. */
  points: { place: Point; score: number }[];
  /** What its mask is made of: the coefficients of the prototypes. */
  coefficients: readonly number[];
}

/** One candidate of a graph, in its own numbers. */
interface Candidate {
  /** Middle, sides and angle, in the unit of the output. */
  box: Box;
  points?: readonly { place: Point; score: number }[];
  coefficients?: readonly number[];
}

/** The candidates of one image. */
interface Candidates {
  count: number;
  /** The label that is likeliest, and its score; a negative label: none. */
  best(index: number): { label: number; score: number };
  at(index: number): Candidate;
}

/**
 * The objects that a detector found, the surest first.
 *
 * @throws AppError `model_failed` when a score or a box is no number, or a label is none of the output's
 */
export function detect(answer: RowOutputs, output: OutputSpec, selection: Selection): Detection[] {
  const meta = answer.metas[0] as ImageMeta;
  const { count, best, at } = { boxes: listed, detections: endToEnd, yolo: raw }[output.kind]!(
    answer,
    output,
  );
  const found: { index: number; label: number; score: number }[] = [];
  for (let index = 0; index < count; index++) {
    const { label, score } = best(index);
    if (Number.isNaN(score)) throw failed(output, 'NaN as a score');
    if (label < 0 || score < selection.threshold) continue;
    if (!(Number.isInteger(label) && label < output.labels!.length))
      throw failed(output, `the label ${label} of ${output.labels!.length}`);
    if (selection.wants(label)) found.push({ index, label, score: Math.min(Math.max(score, 0), 1) });
  }
  found.sort((a, b) => b.score - a.score);
  const boxes = found.map(each => {
    const { box, points = [], coefficients = [] } = at(each.index);
    if (!Object.values(box).every(Number.isFinite)) throw failed(output, 'a box that is no number');
    const relative = output.unit === 'relative';
    const scale: Point = relative ? [meta.tensorWidth, meta.tensorHeight] : [1, 1];
    const inTensor = ([x, y]: Point): Point => [x * scale[0], y * scale[1]];
    return {
      ...each,
      coefficients,
      box: boxInOriginal(meta, box, scale),
      points: points.map(({ place, score }) => ({ place: inOriginal(meta, inTensor(place)), score })),
    };
  });
  const apart = selection.overlap === null ? boxes : suppress(boxes, selection.overlap);
  return apart.slice(0, selection.most);
}

/** The two axes of the tensor may be scaled by different factors, which turns a turned box a little. */
function boxInOriginal(meta: ImageMeta, { x, y, width, height, angle }: Box, scale: Point): Box {
  const [middleX, middleY] = inOriginal(meta, [x * scale[0], y * scale[1]]);
  const [toX, toY] = [scale[0] / meta.scaleX, scale[1] / meta.scaleY];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return {
    x: middleX,
    y: middleY,
    width: Math.hypot(width * cos * toX, width * sin * toY),
    height: Math.hypot(height * sin * toX, height * cos * toY),
    angle: angle === 0 ? 0 : Math.atan2(sin * toY, cos * toX),
  };
}

function listed({ outputs, row }: RowOutputs, output: OutputSpec): Candidates {
  const part = (name: string) => {
    const tensor = output.tensors![name];
    return tensor === undefined ? undefined : outputs[tensor]!;
  };
  const [boxes, scores, labels, angles] = ['boxes', 'scores', 'labels', 'angles'].map(part);
  // A graph for one image may leave the axis of images out.
  const hasRows = boxes!.dims.length === 3;
  const count = boxes!.dims.at(-2) ?? 0;
  const first = hasRows ? row * count : 0;
  const perClass = scores!.dims.length - Number(hasRows) === 2;
  const classes = perClass ? scores!.dims.at(-1)! : 1;
  const format = (output.format as string | undefined) ?? 'xyxy';
  return {
    count,
    best: scorer(output, scores!, perClass ? undefined : labels, classes, first),
    at(index) {
      const [a, b, c, d] = [0, 1, 2, 3].map(each => Number(boxes!.data[(first + index) * 4 + each]));
      const angle = angles === undefined ? 0 : Number(angles.data[first + index]);
      return { box: boxOf(format, a!, b!, c!, d!, angle) };
    },
  };
}

/**
 * What says the likeliest label of each object and its score; a negative label: none.
 *
 * @param labels the number of each object's label; undefined: the scores tell it, `classes` of each object
 * @param first where the image's objects begin
 */
export function scorer(
  output: OutputSpec,
  { data }: PlainTensor,
  labels: PlainTensor | undefined,
  classes: number,
  first: number,
): (index: number) => { label: number; score: number } {
  const background = output.labels!.indexOf(output.background as string);
  return index => {
    if (labels === undefined) return likeliest(output, data, (first + index) * classes, classes, background);
    const label = Number(labels.data[first + index]);
    const score = Number(data[first + index]);
    return {
      label: label === background ? -1 : label,
      score: output.activation === 'sigmoid' ? sigmoid(score) : score,
    };
  };
}

function endToEnd({ outputs, row }: RowOutputs, output: OutputSpec): Candidates {
  const { data, dims } = outputs[output.tensor!]!;
  const count = dims.at(-2) ?? 0;
  const columns = dims.at(-1)!;
  const number = (index: number, column: number) => {
    const first = dims.length === 3 ? row * count : 0;
    return Number(data[(first + index) * columns + column]);
  };
  return {
    count,
    best: index => ({ label: number(index, 5), score: number(index, 4) }),
    at: index => {
      const [a, b, c, d] = [0, 1, 2, 3].map(each => number(index, each));
      return { box: boxOf('xyxy', a!, b!, c!, d!, 0) };
    },
  };
}

function raw({ outputs, row }: RowOutputs, output: OutputSpec): Candidates {
  const { data, dims } = outputs[output.tensor!]!;
  const classes = output.labels!.length;
  const points = (output.points as readonly string[] | undefined) ?? [];
  const before = output.objectness === true ? 5 : 4;
  const { prototypes } = output.tensors ?? {};
  const masks = prototypes === undefined ? 0 : outputs[prototypes]!.dims[1]!;
  const channels = before + classes + 3 * points.length + Number(output.angle === true) + masks;
  const [, a = 0, b = 0] = dims;
  if (dims.length !== 3 || (a !== channels && b !== channels))
    throw failed(output, `a tensor of [${dims.join(', ')}], in which no axis has ${channels} channels,`);
  const transposed = a !== channels;
  const count = transposed ? a : b;
  const number = (index: number, channel: number) =>
    Number(data[row * a * b + (transposed ? index * channels + channel : channel * count + index)]);
  return {
    count,
    best(index) {
      let label = 0;
      let score = number(index, before);
      for (let each = 1; each < classes; each++) {
        const other = number(index, before + each);
        if (other > score || Number.isNaN(other)) [label, score] = [each, other];
      }
      return { label, score: before === 5 ? score * number(index, 4) : score };
    },
    at(index) {
      const [x, y, width, height] = [0, 1, 2, 3].map(each => number(index, each));
      const angle = output.angle === true ? number(index, channels - masks - 1) : 0;
      return {
        box: boxOf('cxcywh', x!, y!, width!, height!, angle),
        coefficients: Array.from({ length: masks }, (_, each) => number(index, channels - masks + each)),
        points: points.map((_, each) => {
          const channel = before + classes + 3 * each;
          return {
            place: [number(index, channel), number(index, channel + 1)],
            score: number(index, channel + 2),
          };
        }),
      };
    },
  };
}

function boxOf(format: string, a: number, b: number, c: number, d: number, angle: number): Box {
  if (format === 'cxcywh') return { x: a, y: b, width: c, height: d, angle };
  const [width, height] = format === 'xyxy' ? [c - a, d - b] : [c, d];
  return { x: a + width / 2, y: b + height / 2, width, height, angle };
}

/** The likeliest of some classes. */
function likeliest(
  { activation }: OutputSpec,
  data: PlainTensor['data'],
  first: number,
  classes: number,
  background: number,
): { label: number; score: number } {
  let label = 0;
  let most = Number(data[first]);
  for (let each = 1; each < classes; each++) {
    const other = Number(data[first + each]);
    if (other > most || Number.isNaN(other)) [label, most] = [each, other];
  }
  let score = most;
  if (activation === 'sigmoid') score = sigmoid(most);
  if (activation === 'softmax') {
    let sum = 0;
    for (let each = 0; each < classes; each++) sum += Math.exp(Number(data[first + each]) - most);
    score = 1 / sum;
  }
  return { label: label === background ? -1 : label, score };
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
