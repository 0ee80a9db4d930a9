import { assert } from 'chai';
import { type Fitting, place } from '../../../src/inputs/image/geometry.js';

/** What a library makes of images, and the options that say so. */
export interface Fit {
  /** One of the formulas of `sizes.py`, with its arguments. */
  original: { as: string } & Readonly<Record<string, unknown>>;
  fitting: Fitting;
}

const crops = [
  [256, 224],
  [232, 224],
  [224, 224],
  [200, 224],
  [199, 224],
].flatMap(([edge, crop]) =>
  (['torchvision', 'transformers'] as const).map(
    (rounding): Fit => ({
      original: { as: `${rounding}_crop`, edge, crop },
      fitting: { width: crop!, height: crop!, fit: 'crop', shortest_edge: edge!, rounding },
    }),
  ),
);

const edges = { fit: 'edges', shortest_edge: 800, longest_edge: 1333 } as const;
const square = { width: 640, height: 640, fit: 'letterbox' } as const;

export const FITS: readonly Fit[] = [
  ...crops,
  { original: { as: 'torchvision_edges', edge: 800, most: 1333 }, fitting: edges },
  { original: { as: 'detr', edge: 800, most: 1333 }, fitting: { ...edges, rounding: 'transformers' } },
  { original: { as: 'letterbox', side: 640, stride: null }, fitting: square },
  {
    original: { as: 'letterbox', side: 640, stride: 32 },
    fitting: { fit: 'edges', longest_edge: 640, multiple_of: 32 },
  },
  {
    original: { as: 'segment_anything', side: 1024 },
    fitting: { width: 1024, height: 1024, fit: 'letterbox', align: 'start' },
  },
  { original: { as: 'yolox', side: 640 }, fitting: { ...square, align: 'start', rounding: 'down' } },
];

/** @param rows what the original makes, as `sizes.py` prints it */
export function assertPlaced(fitting: Fitting, rows: readonly number[][]): void {
  assert.lengthOf(rows, 2012);
  const wrong = rows.filter(([width, height, ...expected]) => {
    const placed = place(fitting, width!, height!);
    const { scaledWidth, scaledHeight, left, top, tensorWidth, tensorHeight } = placed;
    return `${[scaledWidth, scaledHeight, left, top, tensorWidth, tensorHeight]}` !== `${expected}`;
  });
  assert.deepEqual(wrong, []);
}
