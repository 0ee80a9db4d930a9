import type { ImageMeta } from '../../inputs/image/contract.js';

/** Pixels of an image in a rectangle. */
export interface Window {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A part of an image: which of its pixels are in. */
export interface Mask {
  /** Pixels of the original image. */
  width: number;
  height: number;
  /** Where all pixels lie that are in, so that a small thing of a large image takes little memory; absent: anywhere. */
  window?: Window;
  /** The window row by row, 1 or 0. */
  data: Uint8Array;
}

/** Scores on a grid, as models give masks, row by row. */
export interface Grid {
  width: number;
  height: number;
  data: Float32Array;
}

/** A part of the original, in its pixels, whose borders may lie between them. */
export interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export function windowOf({ width, height, window }: Mask): Window {
  return window ?? { left: 0, top: 0, width, height };
}

/** Where a grid that covers the whole tensor lies in the original. */
export function tensorArea({ left, top, scaleX, scaleY, tensorWidth, tensorHeight }: ImageMeta): Area {
  return {
    left: -left / scaleX,
    top: -top / scaleY,
    right: (tensorWidth - left) / scaleX,
    bottom: (tensorHeight - top) / scaleY,
  };
}

/** For each pixel of a side between which two cells of a grid its middle lies, and how far. */
export interface Weights {
  first: Int32Array;
  second: Int32Array;
  share: Float64Array;
}

/**
 * Where pixels of the original lie on one axis of a grid, their middles and those of the cells being what is compared.
 *
 * @param from the first pixel
 * @param cells how many cells there are between the places `begin` and `end` of the original
 */
export function weightsOf(from: number, pixels: number, cells: number, begin: number, end: number): Weights {
  const first = new Int32Array(pixels);
  const second = new Int32Array(pixels);
  const share = new Float64Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const place = ((from + pixel + 0.5 - begin) / (end - begin)) * cells - 0.5;
    const inside = Math.min(Math.max(place, 0), cells - 1);
    first[pixel] = Math.floor(inside);
    second[pixel] = Math.min(first[pixel]! + 1, cells - 1);
    share[pixel] = inside - first[pixel]!;
  }
  return { first, second, share };
}

/** The pixels whose middles lie between two places, as the first one and how many. */
function pixelsBetween(begin: number, end: number, side: number): [number, number] {
  const clamp = (place: number) => Math.min(Math.max(Math.ceil(place - 0.5), 0), side);
  return [clamp(begin), Math.max(clamp(end) - clamp(begin), 0)];
}

/** The pixels of the original whose middles lie in all of some areas. */
export function pixelsIn(areas: readonly Area[], { width, height }: Pick<Mask, 'width' | 'height'>): Window {
  const [left, across] = pixelsBetween(
    Math.max(...areas.map(area => area.left)),
    Math.min(...areas.map(area => area.right)),
    width,
  );
  const [top, down] = pixelsBetween(
    Math.max(...areas.map(area => area.top)),
    Math.min(...areas.map(area => area.bottom)),
    height,
  );
  return { left, top, width: across, height: down };
}

/** The part of a grid's area out of which no pixel can reach a score: between two cells none is above both. */
function reaching({ width, height, data }: Grid, area: Area, least: number): Area | undefined {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, cell = 0; y < height; y++) {
    for (let x = 0; x < width; x++, cell++) {
      if (data[cell]! < least) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  if (right < 0) return undefined;
  // Half a cell to the middle of the last one, and one to that of the next; the outer cells reach to the border.
  const across = (cell: number) => area.left + ((area.right - area.left) * cell) / width;
  const down = (cell: number) => area.top + ((area.bottom - area.top) * cell) / height;
  return {
    left: left === 0 ? area.left : across(left - 0.5) - 1,
    top: top === 0 ? area.top : down(top - 0.5) - 1,
    right: right === width - 1 ? area.right : across(right + 1.5) + 1,
    bottom: bottom === height - 1 ? area.bottom : down(bottom + 1.5) + 1,
  };
}

/**
 * The pixels at which a grid has a score, bilinearly between its cells.
 *
 * @param area where the grid lies in the original
 * @param least the score from which a pixel is in
 * @param within the part of that area that counts
 * @returns with the mean score of what is in; undefined when nothing is
 */
export function maskOf(
  grid: Grid,
  area: Area,
  { width, height }: Pick<ImageMeta, 'width' | 'height'>,
  least: number,
  within: Area = area,
): { mask: Mask; mean: number } | undefined {
  const reached = reaching(grid, area, least);
  if (reached === undefined) return undefined;
  const window = pixelsIn([area, within, reached], { width, height });
  const across = weightsOf(window.left, window.width, grid.width, area.left, area.right);
  const down = weightsOf(window.top, window.height, grid.height, area.top, area.bottom);
  const data = new Uint8Array(window.width * window.height);
  const line = new Float32Array(grid.width);
  let [sum, size] = [0, 0];
  for (let y = 0, pixel = 0; y < window.height; y++) {
    const [above, below] = [down.first[y]! * grid.width, down.second[y]! * grid.width];
    const share = down.share[y]!;
    for (let x = 0; x < grid.width; x++)
      line[x] = grid.data[above + x]! * (1 - share) + grid.data[below + x]! * share;
    for (let x = 0; x < window.width; x++, pixel++) {
      const part = across.share[x]!;
      const score = line[across.first[x]!]! * (1 - part) + line[across.second[x]!]! * part;
      if (score < least) continue;
      data[pixel] = 1;
      sum += score;
      size++;
    }
  }
  return size === 0 ? undefined : { mask: { width, height, window, data }, mean: sum / size };
}

/**
 * Calls back with each stretch of pixels that are in, row by row of the window.
 *
 * @param visit given the row, and the first column and the one behind the last, in pixels of the original
 */
export function eachStretch(mask: Mask, visit: (y: number, begin: number, end: number) => void): void {
  const { left, top, width, height } = windowOf(mask);
  const { data } = mask;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      if (data[row + x] === 0) continue;
      const begin = x;
      while (x < width && data[row + x] === 1) x++;
      visit(top + y, left + begin, left + x);
    }
  }
}
