import type { Mask, Window } from '../mask.js';
import { type Placement, reachOf, tapsOf } from './axis.js';

/** Numbers on a grid, as models give masks, row by row. */
export interface Grid {
  width: number;
  height: number;
  data: Float32Array;
}

/** The pixels that are in all of some windows. */
export function shared(windows: readonly Window[]): Window {
  const left = Math.max(...windows.map(window => window.left));
  const top = Math.max(...windows.map(window => window.top));
  const right = Math.min(...windows.map(window => window.left + window.width));
  const bottom = Math.min(...windows.map(window => window.top + window.height));
  return { left, top, width: Math.max(right - left, 0), height: Math.max(bottom - top, 0) };
}

/** The pixels out of which none can be above a number: between cells that are not, none is. */
function reaching({ width, height, data }: Grid, { across, down, window }: Placement, cut: number) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, cell = 0; y < height; y++) {
    for (let x = 0; x < width; x++, cell++) {
      if (!(data[cell]! > cut)) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  if (right < 0) return undefined;
  const [x1, x2] = reachOf(across, left, right);
  const [y1, y2] = reachOf(down, top, bottom);
  const [x, y] = [Math.max(x1, window.left), Math.max(y1, window.top)];
  const width_ = Math.min(x2, window.left + window.width) - x;
  const height_ = Math.min(y2, window.top + window.height) - y;
  return shared([window, { left: x, top: y, width: width_, height: height_ }]);
}

/** What is asked of a mask beside its pixels. */
export interface CutOptions {
  /** The part of the image that counts; absent: all of it. */
  within?: Window;
  /** What makes the score of a pixel of its number; absent: no mean is wanted. */
  score?: (number: number) => number;
}

/**
 * The pixels at which a grid, scaled to the original, is above a number.
 *
 * What is scaled are the model's own numbers, as Segment Anything, Ultralytics and transformers do: of logits the cut is a
 * logit, and the scores of pixels are computed afterwards.
 *
 * @param size the original's, in pixels
 * @returns with the mean score of what is in; undefined when nothing is
 */
export function maskOf(
  grid: Grid,
  placement: Placement,
  size: { width: number; height: number },
  cut: number,
  { within = placement.window, score }: CutOptions = {},
): { mask: Mask; mean: number } | undefined {
  const reached = reaching(grid, placement, cut);
  if (reached === undefined) return undefined;
  const window = shared([placement.window, within, reached]);
  const across = tapsOf(placement.across, window.left, window.width);
  const down = tapsOf(placement.down, window.top, window.height);
  const data = new Uint8Array(window.width * window.height);
  const line = new Float32Array(grid.width);
  const { taps, cells, weights } = across;
  let [sum, count] = [0, 0];
  for (let y = 0, pixel = 0; y < window.height; y++) {
    mixLines(line, grid.data, down.cells, down.weights, y * down.taps, down.taps);
    for (let x = 0, tap = 0; x < window.width; x++, pixel++, tap += taps) {
      let number = line[cells[tap]!]! * weights[tap]! + line[cells[tap + 1]!]! * weights[tap + 1]!;
      if (taps === 4)
        number += line[cells[tap + 2]!]! * weights[tap + 2]! + line[cells[tap + 3]!]! * weights[tap + 3]!;
      if (!(number > cut)) continue;
      data[pixel] = 1;
      count++;
      if (score !== undefined) sum += score(number);
    }
  }
  const { width, height } = size;
  return count === 0 ? undefined : { mask: { width, height, window, data }, mean: sum / count };
}

/** Mixes rows of a grid to one line. @param first the first of the `taps` rows in `rows` and `weights` */
export function mixLines(
  line: Float32Array,
  data: Float32Array,
  rows: Int32Array,
  weights: Float64Array,
  first: number,
  taps: number,
): void {
  const { length } = line;
  for (let tap = 0; tap < taps; tap++) {
    const weight = weights[first + tap]!;
    const row = rows[first + tap]! * length;
    if (tap === 0) for (let x = 0; x < length; x++) line[x] = data[row + x]! * weight;
    else if (weight !== 0) for (let x = 0; x < length; x++) line[x]! += data[row + x]! * weight;
  }
}
