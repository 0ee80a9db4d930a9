import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { ACTIVATION, LABELS, type OutputKinds, TENSOR } from '../output-kinds.js';
import { eachFrame } from '../video/frames.js';

import { FORMAT } from './detections/boxes.js';
import { COLUMNS } from './detections/columns.js';
import type { Selection } from './detections/contract.js';
import { GRID } from './detections/grid.js';
import { detect } from './detections.js';
import { findMasks } from './found-masks.js';
import { keyPoints } from './key-points.js';

/** Whether places are in pixels of the tensor, or in parts of its sides, 0..1. */
export const UNIT = { enum: ['pixels', 'relative'] } as const;

const FLAG = { type: 'boolean' } as const;
const NAME = { type: 'string' } as const;
/** What numbers are turned into that are not of labels. */
const SINGLE_ACTIVATION = { enum: ['none', 'sigmoid'] } as const;

/** The parts of an output that are tensors of their own. */
const parts = (...required: readonly string[]) => ({
  and: (...optional: readonly string[]) => ({
    type: 'object',
    properties: Object.fromEntries([...required, ...optional].map(part => [part, TENSOR])),
    required,
    minProperties: 1,
    additionalProperties: false,
  }),
});

/** All that an output has; rows of padding, which score 0, aside. */
const EVERYTHING: Selection = {
  threshold: 0,
  overlap: null,
  most: Number.POSITIVE_INFINITY,
  wants: () => true,
};
/** Masks that are mixed of prototypes when a version is loaded, at most: to mix those of all candidates takes seconds. */
const MIXED_MASKS = 16;
const HALF = 0.5;

/** Decodes all candidates and, of those that have any, some masks. */
function checkDetections(answer: RowOutputs, output: OutputSpec): void {
  for (const frame of eachFrame(answer, output)) {
    detect(frame, output, EVERYTHING);
    if (output.tensors?.prototypes !== undefined)
      decodeMasks(frame, output, { ...EVERYTHING, most: MIXED_MASKS });
  }
}

function checkMasks(answer: RowOutputs, output: OutputSpec): void {
  decodeMasks(answer, output, { ...EVERYTHING, threshold: -1 });
}

function decodeMasks(answer: RowOutputs, output: OutputSpec, selection: Selection): void {
  for (const _ of findMasks(answer, output, { ...selection, pixel: HALF }));
}

function checkKeyPoints(answer: RowOutputs, output: OutputSpec): void {
  keyPoints(answer, output, EVERYTHING);
}

/**
 * The outputs of detectors.
 *
 * - `boxes`: tensors `boxes` [rows, n, 4], `scores` [rows, n] with `labels` [rows, n], or `scores` [rows, n, labels], and
 *   `angles` [rows, n] for turned ones (radians, clockwise), as SSD, DETR and torchvision give them.
 * - `detections`: one tensor [rows, n, columns], as graphs give that choose the detections themselves. `columns` names
 *   the columns; behind them are those of the key points, then the coefficients of the prototypes of masks.
 * - `yolo`: the raw head [rows, channels, n] or transposed: middle and sides of the box, with `objectness` an own score,
 *   a score for each label, x, y and score of each of the `points`, with `angle` the angle (radians), with `prototypes`
 *   [rows, k, height, width] k coefficients of them at last; see https://docs.ultralytics.com/modes/export/
 *
 * The axis of rows may be missing where a graph takes one image. What does not fit is refused.
 */
export const DETECTIONS = {
  boxes: {
    properties: {
      tensors: parts('boxes', 'scores').and('labels', 'angles'),
      labels: LABELS,
      format: FORMAT,
      unit: UNIT,
      activation: ACTIVATION,
      background: NAME,
      multi_label: FLAG,
    },
    required: ['tensors', 'labels'],
    check: checkDetections,
  },
  detections: {
    properties: {
      tensor: TENSOR,
      tensors: parts().and('labels', 'prototypes'),
      labels: LABELS,
      columns: COLUMNS,
      unit: UNIT,
      activation: ACTIVATION,
      background: NAME,
      multi_label: FLAG,
      points: LABELS,
      point_scores: FLAG,
    },
    required: ['tensor', 'labels'],
    check: checkDetections,
  },
  yolo: {
    properties: {
      tensor: TENSOR,
      tensors: parts('prototypes').and(),
      labels: LABELS,
      objectness: FLAG,
      angle: FLAG,
      points: LABELS,
      point_scores: FLAG,
      activation: ACTIVATION,
      multi_label: FLAG,
      transposed: FLAG,
      grid: GRID,
    },
    required: ['tensor', 'labels'],
    check: checkDetections,
  },
} as const satisfies OutputKinds;

/**
 * The outputs of models that find key points, `labels` being the points' names.
 *
 * - `keypoints`: `points` [rows, points, 2] or, of several objects, [rows, n, points, 2], with a score as third number
 *   where the graph has one; and `scores` [rows, n] of the objects.
 * - `heatmaps`: a tensor [rows, points, height, width], in each of which the largest number is the point and its score.
 * - `detections` and `yolo`: as for detections, with `points`.
 */
export const KEY_POINTS = {
  keypoints: {
    properties: {
      tensors: parts('points').and('scores'),
      labels: LABELS,
      unit: UNIT,
      activation: SINGLE_ACTIVATION,
    },
    required: ['tensors', 'labels'],
    check: checkKeyPoints,
  },
  heatmaps: {
    properties: { tensor: TENSOR, labels: LABELS, activation: SINGLE_ACTIVATION },
    required: ['tensor', 'labels'],
    check: checkKeyPoints,
  },
  detections: DETECTIONS.detections,
  yolo: DETECTIONS.yolo,
} as const satisfies OutputKinds;

/**
 * The outputs of models that find the pixels of things.
 *
 * - `segmentation`: scores of labels for each pixel [rows, labels, height, width], with `transposed` [rows, height, width,
 *   labels]; or the number of its label [rows, height, width], which takes neither `activation` nor `independent`. A pixel
 *   has one label, the likeliest, with `independent` any number of them. The label named by `background` is none.
 * - `masks`: things one by one: `masks` [rows, n, height, width], `scores` [rows, n] and, of several labels, `labels`
 *   [rows, n]; with `boxes` [rows, n, 4] (corners, in pixels of the tensor) each mask is of its box alone, as Mask R-CNN's.
 * - `prompted`: the same of what an annotator points at, whose label is that of the prompt; the surest is shown.
 * - `detections` and `yolo`: as for detections, with `prototypes`.
 */
export const MASKS = {
  segmentation: {
    properties: {
      tensor: TENSOR,
      labels: LABELS,
      activation: ACTIVATION,
      transposed: FLAG,
      independent: FLAG,
      background: NAME,
    },
    required: ['tensor', 'labels'],
    check: checkMasks,
  },
  masks: {
    properties: {
      tensors: parts('masks', 'scores').and('labels', 'boxes'),
      labels: LABELS,
      activation: ACTIVATION,
      score_activation: ACTIVATION,
      background: NAME,
      multi_label: FLAG,
    },
    required: ['tensors', 'labels'],
    check: checkMasks,
  },
  prompted: {
    properties: { tensors: parts('masks', 'scores').and(), activation: SINGLE_ACTIVATION },
    required: ['tensors'],
    check: checkMasks,
  },
  detections: DETECTIONS.detections,
  yolo: DETECTIONS.yolo,
} as const satisfies OutputKinds;
