import type { ImageMeta } from '../../../inputs/image/contract.js';
import type { Window } from '../mask.js';
import type { Axis, Placement } from './axis.js';
import type { Grid } from './cut.js';

/** Cells of nothing around a mask, so that it ends softly. */
const PADDING = 1;

/** The two ends of a box on one axis, in pixels of the original. */
type Ends = readonly [begin: number, end: number];

/**
 * A mask of a box alone, and where it lies in the original, as torchvision pastes those of Mask R-CNN: with a border of
 * one cell, in a box that is larger by as much and cut down to whole pixels. See `paste_masks_in_image` of
 * https://github.com/pytorch/vision/blob/main/torchvision/models/detection/roi_heads.py
 *
 * @param grid scores, 0..1: outside of the box they are 0
 */
export function pasted(
  grid: Grid,
  [x, y]: readonly [Ends, Ends],
  { width, height }: ImageMeta,
): { grid: Grid; placement: Placement } {
  const padded = {
    width: grid.width + 2 * PADDING,
    height: grid.height + 2 * PADDING,
    data: new Float32Array((grid.width + 2 * PADDING) * (grid.height + 2 * PADDING)),
  };
  for (let row = 0; row < grid.height; row++) {
    const line = grid.data.subarray(row * grid.width, (row + 1) * grid.width);
    padded.data.set(line, (row + PADDING) * padded.width + PADDING);
  }
  const across = side(x, grid.width, width);
  const down = side(y, grid.height, height);
  const window: Window = {
    left: across.from,
    top: down.from,
    width: across.pixels,
    height: down.pixels,
  };
  return { grid: padded, placement: { across: across.axis, down: down.axis, window } };
}

function side([begin, end]: Ends, cells: number, size: number): { axis: Axis; from: number; pixels: number } {
  const padded = cells + 2 * PADDING;
  // In single precision, as there: an edge that is nearly a whole number is then cut down to the same pixel.
  const { fround } = Math;
  const [from32, to32] = [fround(begin), fround(end)];
  const middle = fround(to32 + from32) * 0.5;
  const half = fround(fround(to32 - from32) * 0.5 * fround(padded / cells));
  const [first, last] = [Math.trunc(fround(middle - half)), Math.trunc(fround(middle + half))];
  const pixels = Math.max(last - first + 1, 1);
  const scale = padded / pixels;
  const axis = { cells: padded, fine: padded, scale, offset: -first * scale, low: 0, high: padded };
  const from = Math.min(Math.max(first, 0), size);
  return { axis, from, pixels: Math.max(Math.min(first + pixels, size) - from, 0) };
}
