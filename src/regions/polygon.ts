import { partsOf } from './image/contours.js';
import { percent } from './image/geometry.js';
import { type MaskShape, maskKind } from './image/mask-kind.js';

const POINTS = [
  [0, 0],
  [50, 0],
  [50, 100],
  [0, 100],
];

/** Outlines have no holes. Of one thing the largest part is shown; of all that has a label each part is an outline of its own. */
const SHAPE: MaskShape = {
  shapesOf({ mask, isThing }, { width, height }, minArea) {
    const parts = partsOf(mask, minArea);
    return (isThing ? parts.slice(0, 1) : parts).map(({ outline }) => ({
      points: outline.map(([x, y]) => [percent(x, width), percent(y, height)]),
      closed: true,
    }));
  },
  read: ({ points }) =>
    Array.isArray(points) && points.length > 2 && points.every(isPoint) ? { points } : undefined,
  example: { points: POINTS, closed: true },
  target: { points: POINTS },
};

function isPoint(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
}

/** Masks to `<Polygon>`, without labels. Format: https://labelstud.io/tags/polygon */
export const polygon = maskKind('Polygon', SHAPE);

/** Masks to `<PolygonLabels>`. Format: https://labelstud.io/tags/polygonlabels */
export const polygonLabels = maskKind('PolygonLabels', SHAPE);
