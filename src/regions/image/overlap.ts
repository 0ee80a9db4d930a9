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

/** Boxes of one class that are tried against each other. */
type Labelled = { box: Box; label: number };

/**
 * Keeps of boxes of the same class that overlap by more than `limit` the one of the largest score, as `nms` of torchvision
 * does.
 *
 * @param boxes in the order of their scores, the largest first
 * @param limit intersection over union
 * @param most how many are kept, at most
 */
export function suppress<T extends Labelled>(
  boxes: readonly T[],
  limit: number,
  most = Number.POSITIVE_INFINITY,
): T[] {
  const kept: T[] = [];
  const byLabel = new Map<number, Box[]>();
  for (const each of boxes) {
    if (kept.length >= most) break;
    const better = byLabel.get(each.label) ?? [];
    if (better.some(box => iou(box, each.box) > limit)) continue;
    better.push(each.box);
    byLabel.set(each.label, better);
    kept.push(each);
  }
  return kept;
}

/** A turned box as a Gaussian: its middle and its covariances. */
interface Gaussian {
  x: number;
  y: number;
  a: number;
  b: number;
  c: number;
}

function gaussianOf({ x, y, width, height, angle }: Box): Gaussian {
  const [along, across] = [width ** 2 / 12, height ** 2 / 12];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return {
    x,
    y,
    a: along * cos ** 2 + across * sin ** 2,
    b: along * sin ** 2 + across * cos ** 2,
    c: (along - across) * cos * sin,
  };
}

/** What Ultralytics adds so that nothing is divided by 0. */
const EPSILON = 1e-7;

/**
 * How alike two turned boxes are as Gaussians, 0..1: 1 less the Hellinger distance. It is `batch_probiou` of Ultralytics.
 *
 * @see https://arxiv.org/abs/2106.06072
 */
function likeness(p: Gaussian, q: Gaussian): number {
  const [a, b, c] = [p.a + q.a, p.b + q.b, p.c + q.c];
  const [dx, dy] = [p.x - q.x, p.y - q.y];
  const determinant = a * b - c ** 2;
  const apart = (0.25 * (a * dy ** 2 + b * dx ** 2) - 0.5 * c * dx * dy) / (determinant + EPSILON);
  const own = ({ a, b, c }: Gaussian) => Math.max(a * b - c ** 2, 0);
  const shape = 0.5 * Math.log(determinant / (4 * Math.sqrt(own(p) * own(q)) + EPSILON) + EPSILON);
  const distance = Math.min(Math.max(apart + shape, EPSILON), 100);
  return 1 - Math.sqrt(1 - Math.exp(-distance) + EPSILON);
}

/**
 * Keeps of turned boxes of the same class those that are like no better one by more than `limit`, as Ultralytics does: a
 * box that is left out itself leaves out others as well (Fast NMS, https://arxiv.org/abs/1904.02689).
 *
 * @param boxes in the order of their scores, the largest first
 * @param limit `likeness` of the two
 */
export function suppressTurned<T extends Labelled>(boxes: readonly T[], limit: number): T[] {
  const byLabel = new Map<number, Gaussian[]>();
  return boxes.filter(({ box, label }) => {
    const better = byLabel.get(label) ?? [];
    byLabel.set(label, better);
    const own = gaussianOf(box);
    const isKept = better.every(other => likeness(other, own) <= limit);
    better.push(own);
    return isKept;
  });
}
