import type { ImageMeta } from '../../../inputs/image/contract.js';
import type { OutputSpec } from '../../../registry/version.js';
import { failed } from '../../failed.js';
import type { Box } from '../geometry.js';
import { contradiction } from './activation.js';

const STRIDES = { type: 'array', items: { type: 'integer', minimum: 1 }, minItems: 1 } as const;

/** How the places of a raw head are still to be decoded. */
export const GRID = {
  type: 'object',
  required: ['kind', 'strides'],
  discriminator: { propertyName: 'kind' },
  oneOf: [
    { properties: { kind: { const: 'yolox' }, strides: STRIDES }, additionalProperties: false },
    {
      properties: {
        kind: { const: 'nanodet' },
        strides: STRIDES,
        reg_max: { type: 'integer', minimum: 1 },
      },
      required: ['reg_max'],
      additionalProperties: false,
    },
  ],
} as const;

interface GridSpec {
  kind: 'yolox' | 'nanodet';
  strides: readonly number[];
  reg_max?: number;
}

/** How the numbers of a raw head make boxes. */
export interface GridDecoder {
  /** Whether they stand behind the scores. */
  isBehind: boolean;
  /** How many they are. */
  columns: number;
  /** @param number one of those numbers */
  box(index: number, number: (column: number) => number): Box;
}

/** A cell of the feature maps, by its column, row and size in pixels of the tensor. */
type Cell = readonly [x: number, y: number, stride: number];

/** The cells of all feature maps, row by row, those of the first stride first. */
function cellsOf({ kind, strides }: GridSpec, { tensorWidth, tensorHeight }: ImageMeta): Cell[] {
  const whole = kind === 'yolox' ? Math.floor : Math.ceil;
  return strides.flatMap(stride => {
    const [across, down] = [whole(tensorWidth / stride), whole(tensorHeight / stride)];
    return Array.from(
      { length: across * down },
      (_, cell): Cell => [cell % across, Math.floor(cell / across), stride],
    );
  });
}

/**
 * Decodes the places of heads that give them relative to their cells.
 *
 * - `yolox`: `demo_postprocess` of
 *   https://github.com/Megvii-BaseDetection/YOLOX/blob/main/yolox/utils/demo_utils.py
 * - `nanodet`: `get_bboxes` of NanoDet-Plus, for each side a distribution of distances; see
 *   https://github.com/RangiLyu/nanodet/blob/main/nanodet/model/head/nanodet_plus_head.py
 *
 * @param count how many candidates the graph gives
 * @throws AppError `model_failed` when these are not as many as the cells
 */
export function gridDecoder(output: OutputSpec, meta: ImageMeta, count: number): GridDecoder {
  const spec = output.grid as GridSpec;
  if (output.angle === true || output.points !== undefined)
    throw contradiction(output, `a grid of ${spec.kind} with an angle or points, which it does not decode`);
  const cells = cellsOf(spec, meta);
  if (cells.length !== count) {
    const { tensorWidth, tensorHeight } = meta;
    const strides = `strides of ${spec.strides.join(', ')} in ${tensorWidth} x ${tensorHeight} pixels`;
    throw failed(output, `${count} candidates, where ${strides} make ${cells.length},`);
  }
  if (spec.kind === 'yolox') {
    return {
      isBehind: false,
      columns: 4,
      box(index, number) {
        const [x, y, stride] = cells[index]!;
        return {
          x: (number(0) + x) * stride,
          y: (number(1) + y) * stride,
          width: Math.exp(number(2)) * stride,
          height: Math.exp(number(3)) * stride,
          angle: 0,
        };
      },
    };
  }
  const bins = spec.reg_max! + 1;
  return {
    isBehind: true,
    columns: 4 * bins,
    box(index, number) {
      const [x, y, stride] = cells[index]!;
      const [left, top, right, bottom] = [0, 1, 2, 3].map(
        side => stride * expected(bins, bin => number(side * bins + bin)),
      );
      const within = (place: number, side: number) => Math.min(Math.max(place, 0), side);
      const [x1, x2] = [x * stride - left!, x * stride + right!].map(each => within(each, meta.tensorWidth));
      const [y1, y2] = [y * stride - top!, y * stride + bottom!].map(each => within(each, meta.tensorHeight));
      return { x: (x1! + x2!) / 2, y: (y1! + y2!) / 2, width: x2! - x1!, height: y2! - y1!, angle: 0 };
    },
  };
}

/** The mean of 0, 1, 2 ... under the softmax of their logits. */
function expected(bins: number, logit: (bin: number) => number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let bin = 0; bin < bins; bin++) most = Math.max(most, logit(bin));
  let [sum, weighted] = [0, 0];
  for (let bin = 0; bin < bins; bin++) {
    const weight = Math.exp(logit(bin) - most);
    sum += weight;
    weighted += weight * bin;
  }
  return weighted / sum;
}
