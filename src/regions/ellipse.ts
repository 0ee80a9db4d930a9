import { boxKind } from './image/box-kind.js';
import { ellipseOf } from './image/geometry.js';

const SHAPE = {
  shapeOf: ellipseOf,
  sides: ['radiusX', 'radiusY'],
  example: { x: 50, y: 50, radiusX: 25, radiusY: 50, rotation: 0 },
} as const;

/** Detections to `<Ellipse>`, each the ellipse in its box. Format: https://labelstud.io/tags/ellipse */
export const ellipse = boxKind('Ellipse', SHAPE);

/** The same to `<EllipseLabels>`. Format: https://labelstud.io/tags/ellipselabels */
export const ellipseLabels = boxKind('EllipseLabels', SHAPE);
