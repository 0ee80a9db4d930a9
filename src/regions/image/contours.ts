import type { Point } from './geometry.js';
import type { Mask } from './mask.js';

/** How far a simplified outline may be off, in pixels, to begin with. */
const TOLERANCE = 1;
/** How much of a part and its simplified outline must be common: intersection over union. */
const LEAST_IOU = 0.98;

/** Pixels that hang together, and the outline of all of them. */
export interface Part {
  /** Pixels, those of its holes left out. */
  size: number;
  /** Corners in pixels, clockwise, the first one not repeated; holes are not left out. */
  outline: Point[];
}

/** The parts of a mask that hang together by their sides, the largest first. */
export function partsOf(mask: Mask, minArea: number): Part[] {
  const { width, height, data } = mask;
  const numbers = new Int32Array(data.length);
  const parts: { first: number; size: number; number: number }[] = [];
  const stack: number[] = [];
  for (let start = 0; start < data.length; start++) {
    if (data[start] !== 1 || numbers[start] !== 0) continue;
    const number = parts.length + 1;
    let size = 0;
    const take = (pixel: number) => {
      if (data[pixel] !== 1 || numbers[pixel] !== 0) return;
      numbers[pixel] = number;
      stack.push(pixel);
    };
    take(start);
    for (let pixel = stack.pop(); pixel !== undefined; pixel = stack.pop()) {
      size++;
      const x = pixel % width;
      if (x > 0) take(pixel - 1);
      if (x < width - 1) take(pixel + 1);
      if (pixel >= width) take(pixel - width);
      if (pixel < width * (height - 1)) take(pixel + width);
    }
    parts.push({ first: start, size, number });
  }
  return parts
    .filter(({ size }) => size >= minArea)
    .sort((a, b) => b.size - a.size)
    .map(({ first, size, number }) => {
      const isIn = (x: number, y: number) =>
        x >= 0 && y >= 0 && x < width && y < height && numbers[y * width + x] === number;
      return { size, outline: simplified(trace(first % width, Math.floor(first / width), isIn)) };
    });
}

/** East, south, west, north: where a step goes, and which pixels lie ahead on the right and on the left of it. */
const STEPS = [
  { dx: 1, dy: 0, right: [0, 0], left: [0, -1] },
  { dx: 0, dy: 1, right: [-1, 0], left: [0, 0] },
  { dx: -1, dy: 0, right: [-1, -1], left: [-1, 0] },
  { dx: 0, dy: -1, right: [0, -1], left: [-1, -1] },
] as const;

/** Walks along the sides of a part's pixels, the part on the right, from the top left corner of its first pixel. */
function trace(firstX: number, firstY: number, isIn: (x: number, y: number) => boolean): Point[] {
  const corners: Point[] = [[firstX, firstY]];
  let [x, y, direction] = [firstX, firstY, 0];
  do {
    const { right, left } = STEPS[direction]!;
    const turn = !isIn(x + right[0], y + right[1]) ? 1 : isIn(x + left[0], y + left[1]) ? 3 : 0;
    if (turn !== 0) {
      corners.push([x, y]);
      direction = (direction + turn) % 4;
    }
    x += STEPS[direction]!.dx;
    y += STEPS[direction]!.dy;
  } while (x !== firstX || y !== firstY || direction !== 3);
  return corners;
}

/** Leaves corners out as long as the outline stays nearly the same. */
function simplified(outline: Point[]): Point[] {
  const whole = rowsOf(outline);
  for (let tolerance = TOLERANCE; tolerance > 0.1; tolerance /= 2) {
    const fewer = closedPeucker(outline, tolerance);
    if (fewer.length >= 3 && overlap(whole, rowsOf(fewer)) >= LEAST_IOU) return fewer;
  }
  return outline;
}

/** For each row of pixels where the line through its middle crosses an outline, in order. */
type Crossings = Map<number, number[]>;

function rowsOf(outline: readonly Point[]): Crossings {
  const rows: Crossings = new Map();
  for (const [index, [x, y]] of outline.entries()) {
    const [nextX, nextY] = outline[(index + 1) % outline.length]!;
    const [low, high] = [Math.min(y, nextY), Math.max(y, nextY)];
    for (let row = Math.ceil(low - 0.5); row + 0.5 < high; row++) {
      const cross = x + ((row + 0.5 - y) / (nextY - y)) * (nextX - x);
      const known = rows.get(row);
      if (known) known.push(cross);
      else rows.set(row, [cross]);
    }
  }
  for (const row of rows.values()) row.sort((a, b) => a - b);
  return rows;
}

function lengthIn(row: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at + 1 < row.length; at += 2) sum += row[at + 1]! - row[at]!;
  return sum;
}

/** Intersection over union of two areas. */
function overlap(a: Crossings, b: Crossings): number {
  let shared = 0;
  let [inA, inB] = [0, 0];
  for (const row of a.values()) inA += lengthIn(row);
  for (const row of b.values()) inB += lengthIn(row);
  for (const [at, row] of a) {
    const other = b.get(at) ?? [];
    for (let i = 0; i + 1 < row.length; i += 2) {
      for (let j = 0; j + 1 < other.length; j += 2)
        shared += Math.max(0, Math.min(row[i + 1]!, other[j + 1]!) - Math.max(row[i]!, other[j]!));
    }
  }
  const union = inA + inB - shared;
  return union === 0 ? 0 : shared / union;
}

/** Simplifies a closed line: the two halves between its first corner and the one farthest from that. */
function closedPeucker(outline: readonly Point[], tolerance: number): Point[] {
  const [first] = outline as [Point];
  let far = 0;
  const away = (index: number) => Math.hypot(outline[index]![0] - first[0], outline[index]![1] - first[1]);
  for (let index = 1; index < outline.length; index++) if (away(index) > away(far)) far = index;
  const there = peucker(outline.slice(0, far + 1), tolerance);
  const back = peucker([...outline.slice(far), first], tolerance);
  return [...there.slice(0, -1), ...back.slice(0, -1)];
}

/** Douglas and Peucker (1973), without recursion: outlines can be long. */
function peucker(line: readonly Point[], tolerance: number): Point[] {
  const kept = new Uint8Array(line.length);
  kept[0] = 1;
  kept[line.length - 1] = 1;
  const stack: [number, number][] = [[0, line.length - 1]];
  for (let span = stack.pop(); span !== undefined; span = stack.pop()) {
    const [begin, end] = span;
    const [x, y] = line[begin]!;
    const [dx, dy] = [line[end]![0] - x, line[end]![1] - y];
    const length = Math.hypot(dx, dy);
    let [far, most] = [-1, tolerance];
    for (let index = begin + 1; index < end; index++) {
      const [px, py] = [line[index]![0] - x, line[index]![1] - y];
      const distance = length === 0 ? Math.hypot(px, py) : Math.abs(px * dy - py * dx) / length;
      if (distance > most) [far, most] = [index, distance];
    }
    if (far < 0) continue;
    kept[far] = 1;
    stack.push([begin, far], [far, end]);
  }
  return line.filter((_, index) => kept[index] === 1);
}
