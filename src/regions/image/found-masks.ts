import type { ImageMeta } from '../../inputs/image/contract.js';
import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { LABELS, type OutputKinds, TENSOR } from '../output-kinds.js';
import { ACTIVATION, DETECTIONS, detect, failed, type Selection, sigmoid } from './detections.js';
import { type Area, type Mask, type ScoreMap, sample, tensorArea } from './mask.js';

/**
 * The outputs of models that find the pixels of things.
 *
 * - `segmentation`: scores of labels for each pixel [rows, labels, height, width], with `transposed` [rows, height, width,
 *   labels]; or the number of its label [rows, height, width]. A pixel has one label, the likeliest, with `independent` any
 *   number of them. The label named by `background` is none.
 * - `masks`: things one by one: `masks` [rows, n, height, width], `scores` [rows, n] and, of several labels, `labels`
 *   [rows, n]; with `boxes` [rows, n, 4] (corners, in pixels of the tensor) each mask is of its box alone, as Mask R-CNN's.
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
    },
    required: ['tensors', 'labels'],
  },
  yolo: DETECTIONS.yolo!,
};

export interface MaskSelection extends Selection {
  /** The score from which a pixel is in. */
  pixel: number;
}

export interface FoundMask {
  label: number;
  score: number;
  mask: Mask;
  /** Whether it is one thing, and not all that has a label. */
  isThing: boolean;
}

/**
 * The masks that a model found, the surest first; none is empty.
 *
 * @throws AppError `model_failed` when a tensor is of another shape, or a number is NaN
 */
export function findMasks(answer: RowOutputs, output: OutputSpec, selection: MaskSelection): FoundMask[] {
  const found = { segmentation: ofLabels, masks: listed, yolo: ofPrototypes }[output.kind]!(
    answer,
    output,
    selection,
  );
  return found.filter(({ mask }) => mask.data.includes(1));
}

const empty = ({ width, height }: ImageMeta): Mask => ({
  width,
  height,
  data: new Uint8Array(width * height),
});

function ofLabels(
  { outputs, row, metas }: RowOutputs,
  output: OutputSpec,
  selection: MaskSelection,
): FoundMask[] {
  const meta = metas[0] as ImageMeta;
  const { data, dims } = outputs[output.tensor!]!;
  const classes = output.labels!.length;
  const transposed = output.transposed === true;
  const isIndex = dims.length === 3 && classes > 1;
  const [width, height] = transposed ? [dims.at(-2)!, dims.at(-3)!] : [dims.at(-1)!, dims.at(-2)!];
  const given = dims.length === 3 ? 1 : transposed ? dims.at(-1)! : dims[1]!;
  if (dims.length < 3 || (!isIndex && given !== classes))
    throw failed(output, `a tensor of [${dims.join(', ')}], and not of ${classes} labels a pixel,`);
  const plane = width * height;
  const first = row * plane * (isIndex ? 1 : classes);
  const raw = isIndex
    ? (label: number, cell: number) => Number(Number(data[first + cell]) === label)
    : (label: number, cell: number) =>
        Number(data[first + (transposed ? cell * classes + label : label * plane + cell)]);
  const scores = activated(output, raw, classes, plane);
  const area = tensorArea(meta);
  const mapOf = (label: number): ScoreMap => ({
    at: (x, y) => scores[label * plane + y * width + x]!,
    width,
    height,
  });

  const masks = output.labels!.map(() => empty(meta));
  const sums = new Float64Array(classes);
  const independent = output.independent === true || classes === 1;
  if (independent) {
    for (const [label, mask] of masks.entries()) {
      if (!selection.wants(label)) continue;
      sample(mapOf(label), area, meta, (pixel, score) => {
        if (score < selection.pixel) return;
        mask.data[pixel] = 1;
        sums[label]! += score;
      });
    }
  } else {
    const best = new Float32Array(meta.width * meta.height).fill(Number.NEGATIVE_INFINITY);
    const chosen = new Uint16Array(meta.width * meta.height).fill(classes);
    for (let label = 0; label < classes; label++) {
      sample(mapOf(label), area, meta, (pixel, score) => {
        if (score <= best[pixel]!) return;
        best[pixel] = score;
        chosen[pixel] = label;
      });
    }
    for (const [pixel, label] of chosen.entries()) {
      if (label === classes) continue;
      masks[label]!.data[pixel] = 1;
      sums[label]! += best[pixel]!;
    }
  }
  return masks
    .flatMap((mask, label): FoundMask[] => {
      const size = mask.data.reduce((sum, each) => sum + each, 0);
      const score = Math.min(Math.max(sums[label]! / size, 0), 1);
      return size > 0 && selection.wants(label) && score >= selection.threshold
        ? [{ label, score, mask, isThing: false }]
        : [];
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, selection.most);
}

/** The scores of all labels on the grid, [labels, cells]. */
function activated(
  output: OutputSpec,
  raw: (label: number, cell: number) => number,
  classes: number,
  cells: number,
): Float32Array {
  const scores = new Float32Array(classes * cells);
  for (let cell = 0; cell < cells; cell++) {
    let most = Number.NEGATIVE_INFINITY;
    for (let label = 0; label < classes; label++) {
      const value = raw(label, cell);
      if (Number.isNaN(value)) throw failed(output, 'NaN as a score');
      most = Math.max(most, value);
      scores[label * cells + cell] = output.activation === 'sigmoid' ? sigmoid(value) : value;
    }
    if (output.activation !== 'softmax') continue;
    let sum = 0;
    for (let label = 0; label < classes; label++) {
      const at = label * cells + cell;
      scores[at] = Math.exp(scores[at]! - most);
      sum += scores[at]!;
    }
    for (let label = 0; label < classes; label++) scores[label * cells + cell]! /= sum;
  }
  return scores;
}

function maskOf(map: ScoreMap, area: Area, meta: ImageMeta, least: number, within?: Area): Mask {
  const mask = empty(meta);
  sample(
    map,
    area,
    meta,
    (pixel, score) => {
      if (score >= least) mask.data[pixel] = 1;
    },
    within,
  );
  return mask;
}

function listed(
  { outputs, row, metas }: RowOutputs,
  output: OutputSpec,
  selection: MaskSelection,
): FoundMask[] {
  const meta = metas[0] as ImageMeta;
  const [masks, scores, labels, boxes] = ['masks', 'scores', 'labels', 'boxes'].map(part => {
    const tensor = output.tensors![part];
    return tensor === undefined ? undefined : outputs[tensor]!;
  });
  const { dims, data } = masks!;
  // Mask R-CNN has an axis of one channel before the pixels, and torchvision's none of images.
  const [height = 0, width = 0] = dims.slice(-2);
  const hasRows = scores!.dims.length === 2;
  const count = scores!.dims.at(-1)!;
  const first = hasRows ? row * count : 0;
  if (dims.reduce((all, each) => all * each, 1) !== scores!.data.length * width * height)
    throw failed(output, `masks of [${dims.join(', ')}] for scores of [${scores!.dims.join(', ')}]`);
  const sure = Array.from({ length: count }, (_, index) => {
    const score = Number(scores!.data[first + index]);
    const label = labels === undefined ? 0 : Number(labels.data[first + index]);
    if (Number.isNaN(score)) throw failed(output, 'NaN as a score');
    return { index, score: Math.min(score, 1), label };
  })
    .filter(({ score }) => score >= selection.threshold)
    .filter(({ label }) => {
      if (!(label >= 0 && label < output.labels!.length))
        throw failed(output, `the label ${label} of ${output.labels!.length}`);
      return selection.wants(label);
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, selection.most);
  return sure.map(({ index, score, label }) => {
    const at = (first + index) * width * height;
    const value = (x: number, y: number) => {
      const number = Number(data[at + y * width + x]);
      if (Number.isNaN(number)) throw failed(output, 'NaN in a mask');
      return output.activation === 'sigmoid' ? sigmoid(number) : number;
    };
    const area = boxes === undefined ? tensorArea(meta) : boxArea(output, boxes.data, first + index, meta);
    return {
      label,
      score,
      isThing: true,
      mask: maskOf({ at: value, width, height }, area, meta, selection.pixel),
    };
  });
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

function ofPrototypes(answer: RowOutputs, output: OutputSpec, selection: MaskSelection): FoundMask[] {
  const meta = answer.metas[0] as ImageMeta;
  const { data, dims } = answer.outputs[output.prototypes as string]!;
  const [, count = 0, height = 0, width = 0] = dims;
  const plane = width * height;
  const first = answer.row * count * plane;
  return detect(answer, output, selection).map(({ label, score, box, coefficients }) => {
    const value = (x: number, y: number) => {
      let sum = 0;
      for (let each = 0; each < count; each++)
        sum += coefficients[each]! * Number(data[first + each * plane + y * width + x]);
      if (Number.isNaN(sum)) throw failed(output, 'NaN in a mask');
      return sigmoid(sum);
    };
    const within = {
      left: box.x - box.width / 2,
      top: box.y - box.height / 2,
      right: box.x + box.width / 2,
      bottom: box.y + box.height / 2,
    };
    const mask = maskOf({ at: value, width, height }, tensorArea(meta), meta, selection.pixel, within);
    return { label, score, mask, isThing: true };
  });
}
