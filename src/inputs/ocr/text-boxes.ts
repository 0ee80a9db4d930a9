import { type Box, cornersOf, type Point } from '../../regions/image/geometry.js';
import { hullOf, smallestBox, straightened } from './min-area.js';

/** A place where a detector sees text. */
export interface TextBox {
  /** In pixels of the map. */
  box: Box;
  /** The mean of the map inside the box before it is grown, 0 to 1. */
  score: number;
}

/**
 * PaddleOCR's defaults (`det_db_thresh`, `det_db_box_thresh`, `det_db_unclip_ratio`):
 * https://github.com/PaddlePaddle/PaddleOCR/blob/v2.7.0/tools/infer/utility.py
 */
const TEXT = 0.3;
const BOX = 0.6;
const GROWTH = 1.5;
/** The shorter side that a box must have before and after it is grown, in pixels of the map. */
const LEAST_SIDE = 3;
const LEAST_GROWN_SIDE = 5;
/** At most this many places of an image become boxes, the largest first. */
const MOST = 1000;

/**
 * Finds the boxes of text in the map of a DB detector (Liao et al., 2019, https://arxiv.org/abs/1911.08947) as PaddleOCR does:
 * it takes the smallest box around the connected pixels above a threshold, and grows it by what the detector was trained to
 * shrink it. Like there, a box reaches from the middle of its first pixel to the middle of its last one.
 *
 * Holes in what is connected are not boxes here. PaddleOCR takes them as well, as its contours include them.
 *
 * @see https://github.com/PaddlePaddle/PaddleOCR/blob/v2.7.0/ppocr/postprocess/db_postprocess.py `boxes_from_bitmap`
 * @param map probabilities, row by row
 * @returns the boxes in the order of reading
 */
export function textBoxes(map: Float32Array, width: number, height: number): TextBox[] {
  const parts = components(map, width, height)
    .sort((a, b) => b.pixels - a.pixels)
    .slice(0, MOST);
  const found = parts.flatMap(({ outline }): TextBox[] => {
    const hull = hullOf(outline);
    const box = smallestBox(hull);
    if (Math.min(box.width, box.height) < LEAST_SIDE) return [];
    const score = meanInside(map, width, height, box);
    const { width: across, height: down } = grown(box);
    if (!(score >= BOX) || Math.min(across, down) < LEAST_GROWN_SIDE) return [];
    const shown = grown(straightened(hull, box));
    return [{ box: shown.angle === 0 ? clipped(shown, width, height) : shown, score }];
  });
  return inOrder(found);
}

/**
 * A box as Vatti's clipping grows it, by area times ratio over perimeter (formula (8) of the paper). The original rounds the
 * corners and takes the smallest box around the result, which is the same box with the distance on each side.
 */
function grown(box: Box): Box {
  const distance = (box.width * box.height * GROWTH) / (2 * (box.width + box.height));
  return { ...box, width: box.width + 2 * distance, height: box.height + 2 * distance };
}

/** The part of a straight box that lies in the map. */
function clipped({ x, y, width, height, angle }: Box, mapWidth: number, mapHeight: number): Box {
  const [left, right] = [Math.max(0, x - width / 2), Math.min(mapWidth, x + width / 2)];
  const [top, bottom] = [Math.max(0, y - height / 2), Math.min(mapHeight, y + height / 2)];
  return { x: (left + right) / 2, y: (top + bottom) / 2, width: right - left, height: bottom - top, angle };
}

/**
 * PaddleOCR's `box_score_fast`: the mean of the map over the pixels that OpenCV's `fillPoly` fills, which includes the pixels
 * of the sides. Of a convex polygon these are, in each row, all between the first and the last pixel of a side.
 */
function meanInside(map: Float32Array, width: number, height: number, box: Box): number {
  const corners = cornersOf(box);
  const first = (index: 0 | 1, size: number) =>
    Math.min(Math.max(Math.floor(Math.min(...corners.map(each => each[index]))), 0), size - 1);
  const [left, top] = [first(0, width), first(1, height)];
  // Rounded towards the corner of the part of the map that the box is in, as the original casts them.
  const pixels = corners.map(([x, y]): Point => [left + cast(x - left), top + cast(y - top)]);
  const rows = new Map<number, [number, number]>();
  for (const [index, from] of pixels.entries()) {
    for (const [x, y] of lineBetween(from, pixels[(index + 1) % pixels.length]!)) {
      const row = rows.get(y);
      if (row === undefined) rows.set(y, [x, x]);
      else rows.set(y, [Math.min(row[0], x), Math.max(row[1], x)]);
    }
  }
  let [sum, count] = [0, 0];
  for (const [y, [from, to]] of rows) {
    if (y < 0 || y >= height) continue;
    for (let x = Math.max(from, 0); x <= Math.min(to, width - 1); x++) {
      sum += map[y * width + x]!;
      count++;
    }
  }
  return count === 0 ? 0 : sum / count;
}

/** Without the fraction, but for the error of the corners' own computation. */
function cast(value: number): number {
  return Math.trunc(value + Math.sign(value) * 1e-4);
}

/** The pixels of a line, one for each step along its longer side (Bresenham). */
function* lineBetween([x0, y0]: Point, [x1, y1]: Point): Generator<Point> {
  const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0));
  for (let step = 0; step <= steps; step++) {
    const share = steps === 0 ? 0 : step / steps;
    yield [Math.round(x0 + (x1 - x0) * share), Math.round(y0 + (y1 - y0) * share)];
  }
}

interface Component {
  pixels: number;
  /** The first and the last pixel of each of its rows, sorted by y, then by x. */
  outline: Point[];
}

/** Pixels above the threshold that touch each other, by a side or a corner. */
function components(map: Float32Array, width: number, height: number): Component[] {
  const seen = new Uint8Array(map.length);
  const found: Component[] = [];
  const stack: number[] = [];
  for (let start = 0; start < map.length; start++) {
    if (seen[start] === 1 || !(map[start]! > TEXT)) continue;
    const ends = new Map<number, [number, number]>();
    let pixels = 0;
    seen[start] = 1;
    stack.push(start);
    while (stack.length > 0) {
      const at = stack.pop()!;
      const [x, y] = [at % width, Math.floor(at / width)];
      pixels++;
      const end = ends.get(y);
      if (end === undefined) ends.set(y, [x, x]);
      else if (x < end[0]) end[0] = x;
      else if (x > end[1]) end[1] = x;
      for (let near = Math.max(0, y - 1); near <= Math.min(height - 1, y + 1); near++) {
        for (let beside = Math.max(0, x - 1); beside <= Math.min(width - 1, x + 1); beside++) {
          const next = near * width + beside;
          if (seen[next] === 1 || !(map[next]! > TEXT)) continue;
          seen[next] = 1;
          stack.push(next);
        }
      }
    }
    found.push({ pixels, outline: outlineOf(ends) });
  }
  return found;
}

function outlineOf(ends: ReadonlyMap<number, readonly [number, number]>): Point[] {
  const rows = [...ends].sort(([a], [b]) => a - b);
  return rows.flatMap(([y, [left, right]]): Point[] =>
    left === right
      ? [[left, y]]
      : [
          [left, y],
          [right, y],
        ],
  );
}

/** Line by line from the top, each from the left; boxes whose middles are at half a line's height are of one line. */
function inOrder(boxes: readonly TextBox[]): TextBox[] {
  const lines: TextBox[][] = [];
  for (const each of [...boxes].sort((a, b) => a.box.y - b.box.y)) {
    const first = lines.at(-1)?.[0];
    const isSame =
      first !== undefined && each.box.y - first.box.y < Math.min(each.box.height, first.box.height) / 2;
    if (isSame) lines.at(-1)!.push(each);
    else lines.push([each]);
  }
  return lines.flatMap(line => line.sort((a, b) => a.box.x - b.box.x));
}
