import type { ImageMeta } from '../../inputs/image/contract.js';

/** A part of an image: which of its pixels are in. */
export interface Mask {
  /** Pixels of the original image. */
  width: number;
  height: number;
  /** Row by row, 1 or 0. */
  data: Uint8Array;
}

/** Scores on a grid, as models give masks. */
export interface ScoreMap {
  /** Score at column x and row y, from 0. */
  at(x: number, y: number): number;
  width: number;
  height: number;
}

/** A part of the original, in its pixels. */
export interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
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

/** For each pixel of a side between which two cells of the grid its middle lies, and how far. */
function weights(pixels: number, cells: number, begin: number, end: number) {
  const first = new Int32Array(pixels);
  const second = new Int32Array(pixels);
  const share = new Float32Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const place = ((pixel + 0.5 - begin) / (end - begin)) * cells - 0.5;
    const inside = Math.min(Math.max(place, 0), cells - 1);
    first[pixel] = Math.floor(inside);
    second[pixel] = Math.min(first[pixel]! + 1, cells - 1);
    share[pixel] = inside - first[pixel]!;
  }
  return { first, second, share };
}

/**
 * Calls back with the score at each pixel of the original that lies in the area of the grid, bilinearly between its cells.
 *
 * @param within the part of that area that is looked at
 */
export function sample(
  map: ScoreMap,
  area: Area,
  { width, height }: Pick<ImageMeta, 'width' | 'height'>,
  visit: (pixel: number, score: number) => void,
  within: Area = area,
): void {
  const across = weights(width, map.width, area.left, area.right);
  const down = weights(height, map.height, area.top, area.bottom);
  const from = (begin: number, limit: number) => Math.min(Math.max(Math.ceil(begin - 0.5), 0), limit);
  const [left, right] = [
    from(Math.max(within.left, area.left), width),
    from(Math.min(within.right, area.right), width),
  ];
  const [top, bottom] = [
    from(Math.max(within.top, area.top), height),
    from(Math.min(within.bottom, area.bottom), height),
  ];
  const upper = new Float32Array(map.width);
  for (let y = top; y < bottom; y++) {
    const [above, below, share] = [down.first[y]!, down.second[y]!, down.share[y]!];
    for (let x = 0; x < map.width; x++) upper[x] = map.at(x, above) * (1 - share) + map.at(x, below) * share;
    for (let x = left; x < right; x++) {
      const part = across.share[x]!;
      visit(y * width + x, upper[across.first[x]!]! * (1 - part) + upper[across.second[x]!]! * part);
    }
  }
}
