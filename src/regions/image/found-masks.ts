import type { ImageMeta } from '../../inputs/image/contract.js';
import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { failed } from '../failed.js';
import { LABELS, type OutputKinds, TENSOR } from '../output-kinds.js';
import { ACTIVATION, DETECTIONS, detect, type Selection, scorer, sigmoid } from './detections.js';
import { type Area, type Mask, maskOf, tensorArea } from './mask.js';
import { segments } from './segmentation.js';

/**
 * The outputs of models that find the pixels of things.
 *
 * - `segmentation`: scores of labels for each pixel [rows, labels, height, width], with `transposed` [rows, height, width,
 *   labels]; or the number of its label [rows, height, width]. A pixel has one label, the likeliest, with `independent` any
 *   number of them. The label named by `background` is none.
 * - `masks`: things one by one: `masks` [rows, n, height, width], `scores` [rows, n] and, of several labels, `labels`
 *   [rows, n]; with `boxes` [rows, n, 4] (corners, in pixels of the tensor) each mask is of its box alone, as Mask R-CNN's.
 * - `prompted`: the same of what an annotator points at, whose label is that of the prompt; the surest is shown.
 * - `yolo`: as for detections, with `prototypes`.
 */
export const MASKS: OutputKinds = {
  segmentation: {
    properties: {
      tensor: TENSOR,
      labels: LABELS,
      activation: ACTIVATION,
      transposed: { type: 'boolean' },
      independent: { type: 'boolean' },
      background: { type: 'string' },
    },
    required: ['tensor', 'labels'],
  },
  masks: {
    properties: {
      tensors: {
        type: 'object',
        properties: { masks: TENSOR, scores: TENSOR, labels: TENSOR, boxes: TENSOR },
        required: ['masks', 'scores'],
        additionalProperties: false,
      },
      labels: LABELS,
      activation: ACTIVATION,
      score_activation: ACTIVATION,
      background: { type: 'string' },
    },
    required: ['tensors', 'labels'],
  },
  prompted: {
    properties: {
      tensors: {
        type: 'object',
        properties: { masks: TENSOR, scores: TENSOR },
        required: ['masks', 'scores'],
        additionalProperties: false,
      },
      activation: ACTIVATION,
    },
    required: ['tensors'],
  },
  yolo: DETECTIONS.yolo!,
};

export interface MaskSelection extends Selection {
  /** The score from which a pixel is in. */
  pixel: number;
}

export interface FoundMask {
  label: number;
  /** Null where the graph has none: numbers of labels. */
  score: number | null;
  mask: Mask;
  /** Whether it is one thing, and not all that has a label. */
  isThing: boolean;
}

/**
 * The masks that a model found, the surest first; none is empty. Each is made when it is asked for.
 *
 * @throws AppError `model_failed` when a tensor is of another shape, or a number is NaN
 */
export function findMasks(
  answer: RowOutputs,
  output: OutputSpec,
  selection: MaskSelection,
): Generator<FoundMask> {
  return { segmentation: segments, masks: listed, prompted: asked, yolo: ofPrototypes }[output.kind]!(
    answer,
    output,
    selection,
  );
}

function* listed(
  { outputs, row, metas }: RowOutputs,
  output: OutputSpec,
  selection: MaskSelection,
): Generator<FoundMask> {
  const meta = metas[0] as ImageMeta;
  const [masks, scores, labels, boxes] = ['masks', 'scores', 'labels', 'boxes'].map(part => {
    const tensor = output.tensors![part];
    return tensor === undefined ? undefined : outputs[tensor]!;
  });
  const { dims, data } = masks!;
  // Mask R-CNN has an axis of one channel before the pixels, and torchvision's none of images.
  const [height = 0, width = 0] = dims.slice(-2);
  const classes = output.labels!.length;
  const perLabel = labels === undefined && (classes > 1 || scores!.dims.length === 3);
  if (perLabel && scores!.dims.at(-1) !== classes)
    throw failed(output, `scores of [${scores!.dims.join(', ')}] and no labels for ${classes} labels`);
  const things = perLabel ? scores!.dims.slice(0, -1) : scores!.dims;
  const count = things.at(-1)!;
  const first = things.length === 2 ? row * count : 0;
  const product = (numbers: readonly number[]) => numbers.reduce((all, each) => all * each, 1);
  if (product(dims) !== product(things) * width * height)
    throw failed(output, `masks of [${dims.join(', ')}] for scores of [${scores!.dims.join(', ')}]`);
  const best = scorer(
    { ...output, activation: output.score_activation },
    scores!,
    perLabel ? undefined : labels,
    perLabel ? classes : 1,
    first,
  );
  const sure: { index: number; label: number; score: number }[] = [];
  for (let index = 0; index < count; index++) {
    const { label, score } = best(index);
    if (Number.isNaN(score)) throw failed(output, 'NaN as a score');
    if (label < 0 || score < selection.threshold) continue;
    if (!(Number.isInteger(label) && label < classes))
      throw failed(output, `the label ${label} of ${classes}`);
    if (selection.wants(label)) sure.push({ index, label, score: Math.min(score, 1) });
  }
  sure.sort((a, b) => b.score - a.score);
  const whole = tensorArea(meta);
  let shown = 0;
  for (const { index, label, score } of sure) {
    const numbers = new Float32Array(width * height);
    const at = (first + index) * numbers.length;
    for (let cell = 0; cell < numbers.length; cell++) {
      const number = Number(data[at + cell]);
      if (Number.isNaN(number)) throw failed(output, 'NaN in a mask');
      numbers[cell] = output.activation === 'sigmoid' ? sigmoid(number) : number;
    }
    const area = boxes === undefined ? whole : boxArea(output, boxes.data, first + index, meta);
    const found = maskOf({ width, height, data: numbers }, area, meta, selection.pixel);
    if (found === undefined) continue;
    yield { label, score, mask: found.mask, isThing: true };
    if (++shown === selection.most) return;
  }
}

function asked(answer: RowOutputs, output: OutputSpec, selection: MaskSelection): Generator<FoundMask> {
  return listed(answer, { ...output, labels: [''] }, { ...selection, wants: () => true });
}

function boxArea(output: OutputSpec, data: ArrayLike<unknown>, index: number, meta: ImageMeta): Area {
  const [left, top, right, bottom] = [0, 1, 2, 3].map(each => Number(data[index * 4 + each]));
  const area = {
    left: (left! - meta.left) / meta.scaleX,
    top: (top! - meta.top) / meta.scaleY,
    right: (right! - meta.left) / meta.scaleX,
    bottom: (bottom! - meta.top) / meta.scaleY,
  };
  if (!Object.values(area).every(Number.isFinite)) throw failed(output, 'a box that is no number');
  return area;
}

function* ofPrototypes(
  answer: RowOutputs,
  output: OutputSpec,
  selection: MaskSelection,
): Generator<FoundMask> {
  const meta = answer.metas[0] as ImageMeta;
  const { data, dims } = answer.outputs[output.tensors!.prototypes!]!;
  const [, count = 0, height = 0, width = 0] = dims;
  const plane = width * height;
  const first = answer.row * count * plane;
  for (const { label, score, box, coefficients } of detect(answer, output, selection)) {
    const numbers = new Float32Array(plane);
    for (let each = 0, at = first; each < count; each++) {
      const coefficient = coefficients[each]!;
      for (let cell = 0; cell < plane; cell++, at++) numbers[cell]! += coefficient * Number(data[at]);
    }
    for (let cell = 0; cell < plane; cell++) {
      if (Number.isNaN(numbers[cell])) throw failed(output, 'NaN in a mask');
      numbers[cell] = sigmoid(numbers[cell]!);
    }
    const within = {
      left: box.x - box.width / 2,
      top: box.y - box.height / 2,
      right: box.x + box.width / 2,
      bottom: box.y + box.height / 2,
    };
    const grid = { width, height, data: numbers };
    const found = maskOf(grid, tensorArea(meta), meta, selection.pixel, within);
    if (found !== undefined) yield { label, score, mask: found.mask, isThing: true };
  }
}
