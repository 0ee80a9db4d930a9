import type { PlainTensor } from '../contract.js';
import type { Pixels } from './decode.js';

type Feeds = Readonly<Record<string, PlainTensor>>;

/**
 * Adds what graphs of detectors are told of their images' sizes, so that their boxes come in pixels of the tensor:
 * `pixel_mask` (transformers' DETR: 1 where the image is), `orig_target_sizes` (RT-DETR and D-FINE: width and height),
 * `im_shape` and `scale_factor` (PaddleDetection: height and width).
 *
 * @param images those of a batch
 */
export function sizeFeeds(images: readonly Pixels[], feeds: Feeds): Feeds {
  const rows = images.length;
  const { tensorWidth: width, tensorHeight: height } = images[0]!.meta;
  const sizes = (...size: readonly number[]) => images.flatMap(() => size);
  const floats = (...size: readonly number[]): PlainTensor => ({
    type: 'float32',
    data: Float32Array.from(sizes(...size)),
    dims: [rows, size.length],
  });
  let mask: PlainTensor | undefined;
  return {
    orig_target_sizes: {
      type: 'int64',
      data: BigInt64Array.from(sizes(width, height), BigInt),
      dims: [rows, 2],
    },
    im_shape: floats(height, width),
    scale_factor: floats(1, 1),
    // Few graphs have it, and it is larger than the pixels themselves: made when it is taken.
    get pixel_mask() {
      mask ??= maskOf(images, width, height);
      return mask;
    },
    ...feeds,
  };
}

function maskOf(images: readonly Pixels[], width: number, height: number): PlainTensor {
  const data = new BigInt64Array(images.length * width * height);
  for (const [index, { left, top, ...seen }] of images.entries()) {
    for (let y = top; y < top + seen.height; y++) {
      const first = (index * height + y) * width + left;
      data.fill(1n, first, first + seen.width);
    }
  }
  return { type: 'int64', data, dims: [images.length, height, width] };
}
