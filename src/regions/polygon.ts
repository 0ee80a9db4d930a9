import type { ImageMeta } from '../inputs/image/contract.js';
import type { OutputSpec } from '../registry/version.js';
import type { RegionExample, RegionKind } from './contract.js';
import { FRAME_EXAMPLE, LABELLED } from './image/box-kind.js';
import { partsOf } from './image/contours.js';
import { encodeDetections, labelsKey } from './image/control.js';
import { type Box, clipped, cornersOf, percent } from './image/geometry.js';
import { DETECTIONS, MASKS } from './image/kinds.js';
import { type MaskBinding, type MaskShape, maskKind } from './image/mask-kind.js';
import { rectangle } from './rectangle.js';

const POINTS = [
  [0, 0],
  [50, 0],
  [50, 100],
  [0, 100],
];

/** Outlines have no holes. Of one thing the largest part is shown; of all that has a label each part is an outline of its own. */
const SHAPE: MaskShape = {
  shapesOf({ mask, isThing }, { width, height }, { minArea, most }) {
    return partsOf(mask, minArea, isThing ? 1 : most).map(({ outline }) => ({
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

/**
 * The row of masks, which also shows the boxes of detectors that list them (`boxes`): turned or straight, as four points,
 * clockwise from the top left one before it was turned. Points outside of the image are moved to its edge.
 */
function polygonKind(tag: string): RegionKind<MaskBinding> {
  const masks = maskKind(tag, SHAPE);
  const isBoxes = ({ kind }: OutputSpec) => kind === 'boxes';
  return {
    ...masks,
    outputKinds: { ...MASKS, boxes: DETECTIONS.boxes },
    shows: ['boxes'],
    encode: (answer, output, binding) =>
      isBoxes(output)
        ? encodeDetections(answer, output, binding, labelsKey(tag), ({ box }, meta) => cornersIn(box, meta))
        : masks.encode(answer, output, binding),
    otherExamples: [boxesExample(tag)],
  };
}

function cornersIn(box: Box, meta: ImageMeta): Record<string, unknown> | undefined {
  if (clipped(box, meta) === undefined) return undefined;
  const within = (pixels: number, side: number) => percent(Math.min(Math.max(pixels, 0), side), side);
  const points = cornersOf(box).map(([x, y]) => [within(x, meta.width), within(y, meta.height)]);
  return { points, closed: true };
}

/** The half of the image that its middle columns are. */
function boxesExample(tag: string): RegionExample {
  const { options, output, outputs, input } = rectangle.example;
  const key = labelsKey(tag);
  const points = [
    [25, 0],
    [75, 0],
    [75, 100],
    [25, 100],
  ];
  const value = { points, closed: true, ...(key !== null && { [key]: ['Car'] }) };
  return {
    control: `<${tag} name="control" toName="object">${key === null ? '' : LABELLED}</${tag}>`,
    options,
    output,
    outputs,
    ...(input && { input }),
    encoded: {
      results: [{ value, score: 0.875, key: 'box 0', order: 0, ...FRAME_EXAMPLE }],
      score: 0.875,
    },
    target: [{ points, labels: key === null ? [] : ['Car'] }],
  };
}

/** Masks, or boxes, to `<Polygon>`, without labels. Format: https://labelstud.io/tags/polygon */
export const polygon = polygonKind('Polygon');

/** The same to `<PolygonLabels>`. Format: https://labelstud.io/tags/polygonlabels */
export const polygonLabels = polygonKind('PolygonLabels');
