import { boxKind } from './image/box-kind.js';
import { rectangleOf } from './image/geometry.js';

const SHAPE = {
  shapeOf: rectangleOf,
  sides: ['width', 'height'],
  example: { x: 25, y: 0, width: 50, height: 100, rotation: 0 },
} as const;

/** Detections to `<Rectangle>`, without labels. Format: https://labelstud.io/tags/rectangle */
export const rectangle = boxKind('Rectangle', SHAPE);

/** Detections to `<RectangleLabels>`. Format: https://labelstud.io/tags/rectanglelabels */
export const rectangleLabels = boxKind('RectangleLabels', SHAPE);
