import { type Box, cornersOf, degrees, type Point } from './geometry.js';

/** Intersection over union of two boxes, 0..1. */
export function iou(a: Box, b: Box): number {
  const shared =
    degrees(a.angle) === 0 && degrees(b.angle) === 0 ? straightOverlap(a, b) : turnedOverlap(a, b);
  const union = a.width * a.height + b.width * b.height - shared;
  return union > 0 ? shared / union : 0;
}

function straightOverlap(a: Box, b: Box): number {
  const along = (at: number, size: number, other: number, otherSize: number) =>
    Math.min(at + size / 2, other + otherSize / 2) - Math.max(at - size / 2, other - otherSize / 2);
  const width = along(a.x, a.width, b.x, b.width);
  const height = along(a.y, a.height, b.y, b.height);
  return width > 0 && height > 0 ? width * height : 0;
}

/** What of one box each side of the other cuts off is taken away (Sutherland and Hodgman, 1974). */
function turnedOverlap(a: Box, b: Box): number {
  let polygon: readonly Point[] = cornersOf(a);
  const clip = cornersOf(b);
  for (const [index, from] of clip.entries()) {
    const to = clip[(index + 1) % clip.length]!;
    const side = ([x, y]: Point) => (to[0] - from[0]) * (y - from[1]) - (to[1] - from[1]) * (x - from[0]);
    polygon = polygon.flatMap((point, at): Point[] => {
      const before = polygon.at(at - 1)!;
      const [here, there] = [side(point), side(before)];
      const crosses = here * there < 0;
      const share = there / (there - here);
      const cut: Point[] = crosses
        ? [[before[0] + share * (point[0] - before[0]), before[1] + share * (point[1] - before[1])]]
        : [];
      return here >= 0 ? [...cut, point] : cut;
    });
  }
  const doubled = polygon.reduce((sum, [x, y], at) => {
    const [nextX, nextY] = polygon[(at + 1) % polygon.length]!;
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(doubled) / 2;
}

/**
 * Keeps of boxes of the same class that overlap by more than `most` the one of the largest score.
 *
 * @param boxes in the order of their scores, the largest first
 */
export function suppress<T extends { box: Box; label: number }>(boxes: readonly T[], most: number): T[] {
  const kept: T[] = [];
  for (const each of boxes) {
    if (kept.every(better => better.label !== each.label || iou(better.box, each.box) <= most))
      kept.push(each);
  }
  return kept;
}
