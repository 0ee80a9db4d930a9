import type { Box, Point } from '../../regions/image/geometry.js';
import { hullOf, smallestBox } from './min-area.js';

/** A place where a detector sees text. */
export interface TextBox {
  box: Box;
  /** The mean of the map inside of it. */
  score: number;
}

/**
 * What PaddleOCR takes unless it is told otherwise (`det_db_thresh`, `det_db_box_thresh`, `det_db_unclip_ratio`):
 * https://github.com/PaddlePaddle/PaddleOCR/blob/v2.7.0/tools/infer/utility.py
 */
const TEXT = 0.3;
const BOX = 0.6;
const GROWTH = 1.5;
/** The shorter side of what may be text, in pixels of the map. */
const LEAST_SIDE = 3;
/** Places that are looked at in an image, at most, the largest first. */
const MOST = 1000;

/**
 * Finds the boxes of text in the map of a detector of the kind DB (Liao et al., 2019, https://arxiv.org/abs/1911.08947): around
 * what is connected and above a threshold, grown again by what the detector was taught to shrink them.
 *
 * @param map probabilities, row by row
 * @returns boxes in pixels of the map, in the order of reading
 */
export function textBoxes(map: Float32Array, width: number, height: number): TextBox[] {
  const parts = components(map, width, height)
    .sort((a, b) => b.pixels - a.pixels)
    .slice(0, MOST);
  const found = parts.flatMap(({ outline, sum, pixels }): TextBox[] => {
    const box = smallestBox(hullOf(outline));
    if (Math.min(box.width, box.height) < LEAST_SIDE) return [];
    // What of the box is no text counts as the little that it is in the map.
    const score = Math.min(1, sum / Math.max(pixels, box.width * box.height));
    return score < BOX ? [] : [{ box: grown(box), score }];
  });
  return inOrder(found);
}

/** The distance of Vatti's clipping in DB's formula (8): area times ratio by perimeter. */
function grown(box: Box): Box {
  const distance = (box.width * box.height * GROWTH) / (2 * (box.width + box.height));
  return { ...box, width: box.width + 2 * distance, height: box.height + 2 * distance };
}

interface Component {
  pixels: number;
  /** The sum of the map. */
  sum: number;
  /** Both ends of each of its rows, sorted by y, then by x. */
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
    let [pixels, sum] = [0, 0];
    seen[start] = 1;
    stack.push(start);
    while (stack.length > 0) {
      const at = stack.pop()!;
      const [x, y] = [at % width, Math.floor(at / width)];
      pixels++;
      sum += map[at]!;
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
    found.push({ pixels, sum, outline: corners(ends) });
  }
  return found;
}

/** The corners of the first and the last pixel of each row. */
function corners(ends: ReadonlyMap<number, readonly [number, number]>): Point[] {
  const rows = [...ends].sort(([a], [b]) => a - b);
  const points = rows.flatMap(([y, [left, right]]): Point[] => [
    [left, y],
    [right + 1, y],
    [left, y + 1],
    [right + 1, y + 1],
  ]);
  return points.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
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
