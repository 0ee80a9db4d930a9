import { image } from '../../inputs/image.js';
import type { RegionExample, RegionKind } from '../contract.js';
import { regionReader } from '../spans/reading.js';
import {
  bindDetections,
  DETECTION_OPTIONS,
  type DetectionBinding,
  encodeDetections,
  labelsKey,
} from './control.js';
import type { ellipseOf } from './geometry.js';
import { DETECTIONS } from './kinds.js';

/** The name of the labels of a control of this tag, in an example. */
export const LABELLED = '<Label value="Car" predicted_values="car"/><Label value="Bus"/>';

/** An image of 2 x 2 pixels, for examples. */
export const IMAGE_EXAMPLE = { kind: image.kind, ...image.example };

export const FRAME_EXAMPLE = { original_width: 2, original_height: 2, image_rotation: 0 };

/** One box, from (0.5, 0) to (1.5, 2). */
const OUTPUT_EXAMPLE: Pick<RegionExample, 'options' | 'output' | 'outputs' | 'input'> = {
  options: { top_k: 10 },
  input: IMAGE_EXAMPLE,
  output: {
    name: 'objects',
    kind: 'boxes',
    tensors: { boxes: 'boxes', scores: 'scores', labels: 'labels' },
    labels: ['bus', 'car'],
  },
  outputs: {
    boxes: { type: 'float32', data: Float32Array.of(0.5, 0, 1.5, 2, 0, 0, 1, 1), dims: [1, 2, 4] },
    scores: { type: 'float32', data: Float32Array.of(0.875, 0.25), dims: [1, 2] },
    labels: { type: 'int64', data: BigInt64Array.of(1n, 0n), dims: [1, 2] },
  },
};

/** How a control of boxes writes them. */
export interface BoxShape {
  shapeOf: typeof ellipseOf;
  /** The numbers that a result's value must have. */
  sides: readonly [string, string];
  /** What the box of the example is. */
  example: Record<string, number>;
}

/** The row of a control that shows each detection of a model as one shape, with labels where its tag says so. */
export function boxKind(tag: string, { shapeOf, sides, example }: BoxShape): RegionKind<DetectionBinding> {
  const key = labelsKey(tag);
  const label = key === null ? {} : { [key]: ['Car'] };
  return {
    tag,
    type: tag.toLowerCase(),
    ...DETECTION_OPTIONS,
    outputKinds: DETECTIONS,
    shows: Object.keys(DETECTIONS),
    needs: ['image'],
    objectTags: ['Image'],
    check() {},
    bind: bindDetections,
    encode: (answer, output, binding) =>
      encodeDetections(answer, output, binding, key, ({ box }, meta) => shapeOf(box, meta)),
    reader: ({ parsed }) =>
      regionReader(parsed.labels, key, value => {
        const [width, height] = sides.map(side => value[side]);
        const { x, y, rotation = 0 } = value;
        const numbers = [x, y, width, height, rotation];
        if (!numbers.every(Number.isFinite) || !((width as number) > 0 && (height as number) > 0))
          return undefined;
        return { x, y, [sides[0]]: width, [sides[1]]: height, rotation };
      }),
    example: {
      ...OUTPUT_EXAMPLE,
      control: `<${tag} name="control" toName="object">${key === null ? '' : LABELLED}</${tag}>`,
      encoded: {
        results: [
          { value: { ...example, ...label }, score: 0.875, key: 'box 0', order: 0, ...FRAME_EXAMPLE },
        ],
        score: 0.875,
      },
      target: [{ ...example, labels: key === null ? [] : ['Car'] }],
    },
  };
}
