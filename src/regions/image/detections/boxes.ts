import type { PlainTensor } from '../../../inputs/contract.js';
import type { OutputSpec } from '../../../registry/version.js';
import type { Box } from '../geometry.js';
import { numbered, perLabel, type Scorer } from './activation.js';
import type { Decoder } from './contract.js';
import { partOf, placeOf, type RowPlace } from './place.js';

/** How four numbers are a box. */
export const FORMAT = { enum: ['xyxy', 'xywh', 'cxcywh', 'yxyx'] } as const;
export type Format = (typeof FORMAT.enum)[number];

/** A box of four numbers. */
export function boxOf(format: Format, a: number, b: number, c: number, d: number, angle = 0): Box {
  if (format === 'yxyx') return boxOf('xyxy', b, a, d, c, angle);
  if (format === 'cxcywh') return { x: a, y: b, width: c, height: d, angle };
  const [width, height] = format === 'xyxy' ? [c - a, d - b] : [c, d];
  return { x: a + width / 2, y: b + height / 2, width, height, angle };
}

/**
 * The scores of things that are listed in tensors: `scores` of each label, or of one with its number in `labels`.
 *
 * @param count how many things there are
 */
export function listedScores(
  output: OutputSpec,
  { scores, labels }: { scores: PlainTensor; labels: PlainTensor | undefined },
  place: RowPlace,
  count: number,
): Scorer {
  const { data } = scores;
  const classes = output.labels!.length;
  if (labels !== undefined) {
    const first = placeOf(output, 'scores beside labels', scores, place, [count], [count, 1]);
    const firstLabel = placeOf(output, 'labels', labels, place, [count], [count, 1]);
    const labelOf = (index: number) => Number(labels.data[firstLabel + index]);
    return numbered(output, index => Number(data[first + index]), labelOf);
  }
  const single = classes === 1 ? [[count]] : [];
  const first = placeOf(output, 'scores', scores, place, [count, classes], ...single);
  return perLabel(output, (index, label) => Number(data[first + index * classes + label]));
}

/** Boxes, scores, labels and angles in tensors of their own. */
export const listed: Decoder = ({ outputs, ...place }, output) => {
  const boxes = partOf(outputs, output, 'boxes')!;
  const scores = partOf(outputs, output, 'scores')!;
  const labels = partOf(outputs, output, 'labels');
  const angles = partOf(outputs, output, 'angles');
  const count = boxes.dims.at(-2) ?? 0;
  const first = placeOf(output, 'boxes', boxes, place, [count, 4]);
  const firstAngle = angles && placeOf(output, 'angles', angles, place, [count], [count, 1]);
  const format = (output.format as Format | undefined) ?? 'xyxy';
  const number = (index: number, column: number) => Number(boxes.data[first + index * 4 + column]);
  return {
    count,
    scores: listedScores(output, { scores, labels }, place, count),
    turned: angles !== undefined,
    box: index => {
      const angle = angles === undefined ? 0 : Number(angles.data[firstAngle! + index]);
      return boxOf(format, number(index, 0), number(index, 1), number(index, 2), number(index, 3), angle);
    },
    points: () => [],
    coefficients: () => [],
  };
};
