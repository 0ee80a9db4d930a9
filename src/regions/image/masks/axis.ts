import type { ImageMeta } from '../../../inputs/image/contract.js';
import type { Window } from '../mask.js';

/**
 * One axis of a grid of numbers and of the original that it is scaled to.
 *
 * Bars of a letterbox are cut off before the grid is scaled. Where they do not end between two cells the grid is first
 * scaled to a finer one, in which they do. Segment Anything always does so, with the tensor as the finer one.
 */
export interface Axis {
  /** Cells of the grid, and those of the finer one (the same number: there is none). */
  cells: number;
  fine: number;
  /** A pixel at `p` begins at the finer cell `p * scale + offset`. */
  scale: number;
  offset: number;
  /** The finer cells that count: the first one, and the one behind the last. */
  low: number;
  high: number;
}

/** For each pixel the cells that it is made of: `taps` of them, with their weights. */
export interface Taps {
  taps: 2 | 4;
  cells: Int32Array;
  weights: Float64Array;
}

/** Where a grid lies in the original. */
export interface Placement {
  across: Axis;
  down: Axis;
  /** The pixels of the original that the grid says something of. */
  window: Window;
}

/**
 * The cells of some pixels, by bilinear interpolation with the middles of pixels and cells on each other and the border
 * repeated: `interpolate(mode="bilinear", align_corners=False)` of PyTorch.
 *
 * @param from the first pixel
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
 */
export function tapsOf({ cells, fine, scale, offset, low, high }: Axis, from: number, pixels: number): Taps {
  const taps = fine === cells ? 2 : 4;
  const made: Taps = {
    taps,
    cells: new Int32Array(pixels * taps),
    weights: new Float64Array(pixels * taps),
  };
  const put = (at: number, place: number, first: number, last: number, weight: number) => {
    const inside = Math.min(Math.max(place, first), last);
    const cell = Math.floor(inside);
    made.cells[at] = cell;
    made.cells[at + 1] = Math.min(cell + 1, last);
    made.weights[at] = weight * (1 - inside + cell);
    made.weights[at + 1] = weight * (inside - cell);
  };
  for (let pixel = 0; pixel < pixels; pixel++) {
    const place = (from + pixel + 0.5) * scale + offset - 0.5;
    if (taps === 2) {
      put(2 * pixel, place, low, high - 1, 1);
      continue;
    }
    const inside = Math.min(Math.max(place, low), high - 1);
    const first = Math.floor(inside);
    const second = Math.min(first + 1, high - 1);
    const coarse = (cell: number) => ((cell + 0.5) * cells) / fine - 0.5;
    put(4 * pixel, coarse(first), 0, cells - 1, 1 - inside + first);
    put(4 * pixel + 2, coarse(second), 0, cells - 1, inside - first);
  }
  return made;
}

/** The cell in which the middle of each of some pixels lies. */
export function nearestOf({ cells, fine, scale, offset, low, high }: Axis, from: number, pixels: number) {
  return Int32Array.from({ length: pixels }, (_, pixel) => {
    const inside = Math.min(Math.max((from + pixel + 0.5) * scale + offset, low), high - 0.5);
    return Math.min(Math.floor((inside * cells) / fine), cells - 1);
  });
}

/** How near to a whole number an edge must be to be one, in cells: scales are no exact numbers. */
const NEAR = 1e-4;

const whole = (place: number) => (Math.abs(place - Math.round(place)) < NEAR ? Math.round(place) : place);

/**
 * Where a grid that covers the whole tensor lies in the original.
 *
 * @param always whether the grid is scaled to the tensor first even if the bars end between two cells
 */
export function placementOf(
  meta: ImageMeta,
  grid: { width: number; height: number },
  always = false,
): Placement {
  const { width, height, tensorWidth, tensorHeight, left, top, scaleX, scaleY } = meta;
  const edges = [left, left + scaleX * width, top, top + scaleY * height] as const;
  const sides = [tensorWidth, tensorWidth, tensorHeight, tensorHeight];
  const hasBars =
    edges[0] > NEAR || edges[2] > NEAR || edges[1] < tensorWidth - NEAR || edges[3] < tensorHeight - NEAR;
  const cells = [grid.width, grid.width, grid.height, grid.height];
  const isCut = (factor: number) =>
    edges.every((edge, index) => {
      const place = (edge * cells[index]! * factor) / sides[index]!;
      return edge <= 0 || edge >= sides[index]! || Number.isInteger(whole(place));
    });
  const ratio = tensorWidth / grid.width;
  const factors =
    Number.isInteger(ratio) && ratio === tensorHeight / grid.height
      ? Array.from({ length: ratio }, (_, index) => index + 1).filter(factor => ratio % factor === 0)
      : [1];
  const factor = always ? undefined : hasBars ? factors.find(isCut) : 1;
  const axis = (own: number, tensor: number, begin: number, scale: number, size: number): Axis => {
    const fine = factor === undefined ? tensor : own * factor;
    const offset = whole((begin * fine) / tensor);
    const end = whole(((begin + scale * size) * fine) / tensor);
    const low = Math.max(Math.floor(offset), 0);
    const high = Math.min(Math.ceil(end), fine);
    return { cells: own, fine, scale: (end - offset) / size, offset, low, high };
  };
  const across = axis(grid.width, tensorWidth, left, scaleX, width);
  const down = axis(grid.height, tensorHeight, top, scaleY, height);
  const [x, columns] = pixelsBetween(-left / scaleX, (tensorWidth - left) / scaleX, width);
  const [y, lines] = pixelsBetween(-top / scaleY, (tensorHeight - top) / scaleY, height);
  return { across, down, window: { left: x, top: y, width: columns, height: lines } };
}

/** The pixels whose middles lie between two places, as the first one and how many. */
function pixelsBetween(begin: number, end: number, side: number): [number, number] {
  const clamp = (place: number) => Math.min(Math.max(Math.ceil(whole(place) - 0.5), 0), side);
  return [clamp(begin), Math.max(clamp(end) - clamp(begin), 0)];
}

/** The pixels that the cells from `first` to `last` can have a part in, as the first one and the one behind the last. */
export function reachOf(
  { cells, fine, scale, offset, low, high }: Axis,
  first: number,
  last: number,
): [number, number] {
  const far = fine === cells ? 1 : 1 + cells / fine;
  const pixel = (cell: number) => (((cell + 0.5) * fine) / cells - offset) / scale - 0.5;
  const lowest = (low * cells) / fine;
  const highest = (high * cells) / fine - 1;
  return [
    first - far <= lowest ? Number.NEGATIVE_INFINITY : Math.floor(pixel(first - far)) - 1,
    last + far >= highest ? Number.POSITIVE_INFINITY : Math.ceil(pixel(last + far)) + 2,
  ];
}

/** The cells that some pixels are made of, and a few more: the first one, and the one behind the last. */
export function cellsOf(
  { cells, fine, scale, offset }: Axis,
  from: number,
  pixels: number,
): [number, number] {
  const cell = (pixel: number) => ((pixel * scale + offset) * cells) / fine;
  const within = (place: number) => Math.min(Math.max(place, 0), cells);
  const far = 2 + cells / fine;
  return [within(Math.floor(cell(from) - far)), within(Math.ceil(cell(from + pixels) + far))];
}
