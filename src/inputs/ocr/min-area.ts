import type { Box, Point } from '../../regions/image/geometry.js';

/** A straight box is taken if it is at most this many times as large as the turned one: it is easier to correct. */
const STRAIGHT = 1.1;

/**
 * The corners of the convex hull of some points, clockwise on the screen (Andrew's monotone chain).
 *
 * @param points sorted by y, then by x
 */
export function hullOf(points: readonly Point[]): Point[] {
  const half = (all: readonly Point[]) => {
    const chain: Point[] = [];
    for (const point of all) {
      while (chain.length >= 2 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(points), ...half(points.toReversed())];
}

/** Positive when the way from `a` by `b` to `c` turns clockwise on the screen. */
function turn(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/**
 * The smallest box around a convex hull, turned by at most 45 degrees to either side. One of its sides lies on a side of the
 * hull (Freeman and Shapira, 1975). OpenCV's `minAreaRect` is the same box.
 *
 * @param hull at least one point
 */
export function smallestBox(hull: readonly Point[]): Box {
  let best = boxAround(hull, 0);
  for (const [index, from] of hull.entries()) {
    const to = hull[(index + 1) % hull.length]!;
    const direction = Math.atan2(to[1] - from[1], to[0] - from[0]);
    const quarter = Math.PI / 2;
    const box = boxAround(hull, direction - Math.round(direction / quarter) * quarter);
    if (box.width * box.height < best.width * best.height) best = box;
  }
  return best;
}

/** The straight box around a convex hull if it is hardly larger than the smallest one, else the smallest one. */
export function straightened(hull: readonly Point[], smallest: Box): Box {
  const straight = boxAround(hull, 0);
  return straight.width * straight.height <= smallest.width * smallest.height * STRAIGHT
    ? straight
    : smallest;
}

/** The box around points whose sides have a given direction. */
function boxAround(points: readonly Point[], angle: number): Box {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of points) {
    const [along, across] = [x * cos + y * sin, y * cos - x * sin];
    left = Math.min(left, along);
    right = Math.max(right, along);
    top = Math.min(top, across);
    bottom = Math.max(bottom, across);
  }
  const [along, across] = [(left + right) / 2, (top + bottom) / 2];
  return {
    x: along * cos - across * sin,
    y: along * sin + across * cos,
    width: right - left,
    height: bottom - top,
    angle,
  };
}
