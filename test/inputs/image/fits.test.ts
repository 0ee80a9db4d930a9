import { assert } from 'chai';
import { AppError } from '../../../src/errors.js';
import { ImageEncoder, type ImageOptions } from '../../../src/inputs/image/encoder.js';
import { image } from '../../../src/inputs/image.js';
import { runPython } from '../../support/python.js';
import { awaitedBatchesOf } from '../batches.js';
import { assertPlaced, FITS } from './fits.js';

/** Red. */
function red(width: number, height: number): { file: string } {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#f00"/></svg>`;
  return { file: `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}` };
}

/** What the graph is fed with for red images of some sizes. */
async function fed(options: ImageOptions, ...sizes: readonly (readonly [number, number])[]) {
  const encoder = await image.load('/nowhere', options as never);
  const values = sizes.map(([width, height]) => red(width, height));
  return awaitedBatchesOf(encoder, values, (_, { message }) => {
    throw new Error(message);
  });
}

describe('the places of images in tensors', () => {
  let expected: number[][][];

  before(async () => {
    expected = await runPython(
      'test/inputs/image/sizes.py',
      FITS.map(({ original }) => original),
    );
  });

  for (const [index, { original, fitting }] of FITS.entries()) {
    const { as, ...arguments_ } = original;
    it(`are those of ${as} for 2,012 sizes: ${JSON.stringify(arguments_)}`, () =>
      assertPlaced(fitting, expected[index]!));
  }
});

describe('tensors that are larger than their images', () => {
  it('have bars of another number for each channel, after the normalising', async () => {
    const options = { width: 4, height: 4, fit: 'letterbox', align: 'start', pad: 'after' } as const;
    const std = [0.5, 0.5, 0.5];
    const [zero] = await fed({ ...options, mean: [0.5, 0.5, 0.5], std }, [4, 2]);
    const rows = (value: number) => new Array(8).fill(value);
    assert.deepEqual(
      [...(zero!.feeds.pixel_values!.data as Float32Array)],
      [...rows(1), ...rows(0), ...rows(-1), ...rows(0), ...rows(-1), ...rows(0)],
    );
    const [own] = await fed({ ...options, fill: [-2, 0.5, 3] }, [4, 2]);
    assert.deepEqual(
      [...(own!.feeds.pixel_values!.data as Float32Array)],
      [...rows(1), ...rows(-2), ...rows(0), ...rows(0.5), ...rows(0), ...rows(3)],
    );
  });

  it('have bars of a level for each channel, before it', async () => {
    const options = { width: 2, height: 4, fit: 'letterbox', scale: 1, mean: [1, 2, 3] } as const;
    const [batch] = await fed({ ...options, fill: [10, 20.5, 30] }, [2, 2]);
    assert.deepEqual(
      [...(batch!.feeds.pixel_values!.data as Float32Array)],
      [
        9, 9, 254, 254, 254, 254, 9, 9, 18.5, 18.5, -2, -2, -2, -2, 18.5, 18.5, 27, 27, -3, -3, -3, -3, 27,
        27,
      ],
    );
  });

  it('come with a mask of where the image is, and with their sizes', async () => {
    const [batch] = await fed({ width: 4, height: 2, fit: 'letterbox', align: 'start' }, [2, 2], [4, 2]);
    const { pixel_mask, orig_target_sizes, im_shape, scale_factor } = batch!.feeds;
    assert.deepEqual(pixel_mask, {
      type: 'int64',
      data: BigInt64Array.from([1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], BigInt),
      dims: [2, 2, 4],
    });
    assert.deepEqual(orig_target_sizes, {
      type: 'int64',
      data: BigInt64Array.from([4, 2, 4, 2], BigInt),
      dims: [2, 2],
    });
    assert.deepEqual(im_shape, { type: 'float32', data: Float32Array.of(2, 4, 2, 4), dims: [2, 2] });
    assert.deepEqual(scale_factor, { type: 'float32', data: Float32Array.of(1, 1, 1, 1), dims: [2, 2] });
  });
});

describe('tensors that are as large as their images', () => {
  it('have one image a run, scaled by its edges or not at all', async () => {
    const scaled = await fed({ fit: 'edges', shortest_edge: 8, longest_edge: 20 }, [4, 8], [40, 10]);
    assert.deepEqual(
      scaled.map(({ rows, feeds }) => [rows, feeds.pixel_values!.dims]),
      [
        [[0], [1, 3, 16, 8]],
        [[1], [1, 3, 5, 20]],
      ],
    );
    const [none] = await fed({ fit: 'none', multiple_of: 4, align: 'start', layout: 'nhwc' }, [5, 3]);
    assert.deepEqual(none!.feeds.pixel_values!.dims, [1, 4, 8, 3]);
    assert.deepEqual(none!.metas![0] as object, {
      width: 5,
      height: 3,
      tensorWidth: 8,
      tensorHeight: 4,
      scaleX: 1,
      scaleY: 1,
      left: 0,
      top: 0,
    });
  });

  it('are not made of an image that is far too long', async () => {
    const error = await fed({ fit: 'edges', shortest_edge: 800 }, [1, 20]).catch((thrown: Error) => thrown);
    assert.match(`${error}`, /800 x 16000 pixels, more than 8192 a side; a longest_edge/);
  });
});

describe('options of images that contradict each other', () => {
  const size = { width: 8, height: 8 };
  const REFUSED: readonly (readonly [ImageOptions, RegExp])[] = [
    [{ ...size, mean: [0, 0] }, /mean has 2 numbers, and the image 3 channels/],
    [{ ...size, channels: 'gray', std: [1, 1, 1] }, /std has 3 numbers, and the image 1 channels/],
    [{ ...size, fit: 'letterbox', fill: [1, 2] }, /fill has 2 numbers/],
    [{ ...size, dtype: 'uint8', scale: 1 }, /leave out scale/],
    [{ ...size, fit: 'letterbox', fill: 256 }, /fill is a level of 0 to 255, unless "pad": "after"/],
    [{ ...size, fit: 'letterbox', fill: 0.5, dtype: 'uint8' }, /whole number of 0 to 255/],
    [{ ...size, scale: 0 }, /scale is 0, which makes the same tensor of every image/],
    [{ ...size, fill: 114 }, /fill has no meaning with "fit": "stretch"/],
    [
      { ...size, fit: 'letterbox', shortest_edge: 8 },
      /shortest_edge has no meaning .* only with crop, edges/,
    ],
    [{ ...size, fit: 'crop', longest_edge: 8 }, /longest_edge has no meaning/],
    [{ ...size, multiple_of: 8 }, /multiple_of has no meaning/],
    [{ ...size, fit: 'crop', align: 'start' }, /align has no meaning/],
    [{ ...size, fit: 'letterbox', rounding: 'transformers' }, /of a letterbox is nearest or down/],
    [{ ...size, fit: 'crop', rounding: 'down' }, /of crop is torchvision or transformers/],
    [{}, /width and height are missing/],
    [{ width: 8 }, /height is missing/],
    [{ fit: 'edges' }, /give shortest_edge, longest_edge or both/],
    [
      { fit: 'edges', shortest_edge: 9, longest_edge: 8 },
      /longest_edge is 8, less than the shortest_edge of 9/,
    ],
    [{ ...size, fit: 'edges', shortest_edge: 8 }, /set longest_edge to 8 or less/],
    [{ ...size, fit: 'edges', longest_edge: 8, multiple_of: 4 }, /without a width and height/],
    [{ ...size, fit: 'none' }, /leave out width and height/],
    [{ fit: 'none', batch: 2 }, /batch is 2, and images without a width and height go one by one/],
  ];
  for (const [options, reason] of REFUSED) {
    it(`are refused: ${JSON.stringify(options)}`, async () => {
      const error = await ImageEncoder.create(options).catch((thrown: unknown) => thrown);
      assert.instanceOf(error, AppError);
      assert.equal((error as AppError).code, 'version_invalid');
      assert.match((error as AppError).message, reason);
    });
  }
});
