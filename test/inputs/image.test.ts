import { assert } from 'chai';
import fc from 'fast-check';
import sharp from 'sharp';
import type { EncodedBatch, TaskFailure } from '../../src/inputs/contract.js';
import type { ImageOptions } from '../../src/inputs/image/encoder.js';
import { place } from '../../src/inputs/image/geometry.js';
import { image } from '../../src/inputs/image.js';
import { hugePng } from '../support/png.js';
import { runPython } from '../support/python.js';
import { awaitedBatchesOf } from './batches.js';

async function encode(
  files: readonly string[],
  options: ImageOptions,
): Promise<{ batches: EncodedBatch[]; failures: Map<number, TaskFailure> }> {
  const encoder = await image.load('/nowhere', options as never);
  const failures = new Map<number, TaskFailure>();
  const values = files.map(file => ({ file }));
  const batches = await awaitedBatchesOf(encoder, values, (row, failure) => failures.set(row, failure));
  return { batches, failures };
}

interface Case {
  what: string;
  size: [number, number];
  format: 'PNG' | 'JPEG';
  mode?: string;
  orientation?: number;
  save?: Record<string, unknown>;
  options: ImageOptions;
  /** Levels of 0..255 that a pixel may be off, at most and on average. */
  off: { most: number; mean: number };
}

const EXACT = { most: 0, mean: 0 };
/** Two decoders of JPEG may round differently. */
const DECODED = { most: 2, mean: 0.5 };
const AS_IS = { width: 24, height: 16 };

const CASES: Case[] = [
  { what: 'as they are', size: [24, 16], format: 'PNG', options: AS_IS, off: EXACT },
  { what: 'in nhwc', size: [24, 16], format: 'PNG', options: { ...AS_IS, layout: 'nhwc' }, off: EXACT },
  { what: 'in bgr', size: [24, 16], format: 'PNG', options: { ...AS_IS, channels: 'bgr' }, off: EXACT },
  { what: 'in greys', size: [24, 16], format: 'PNG', options: { ...AS_IS, channels: 'gray' }, off: EXACT },
  { what: 'as bytes', size: [24, 16], format: 'PNG', options: { ...AS_IS, dtype: 'uint8' }, off: EXACT },
  {
    what: 'normalised',
    size: [24, 16],
    format: 'PNG',
    options: { ...AS_IS, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    off: EXACT,
  },
  {
    what: 'with the colours of what is transparent',
    size: [24, 16],
    format: 'PNG',
    mode: 'RGBA',
    options: AS_IS,
    off: EXACT,
  },
  {
    what: 'on paper where they are transparent, as a browser has it',
    size: [24, 16],
    format: 'PNG',
    mode: 'RGBA',
    options: { ...AS_IS, color: 'managed' },
    off: EXACT,
  },
  { what: 'of a palette', size: [24, 16], format: 'PNG', mode: 'P', options: AS_IS, off: EXACT },
  { what: 'of greys', size: [24, 16], format: 'PNG', mode: 'L', options: AS_IS, off: EXACT },
  ...[1, 2, 3, 4, 5, 6, 7, 8].map(
    (orientation): Case => ({
      what: `turned by EXIF orientation ${orientation}`,
      size: orientation > 4 ? [16, 24] : [24, 16],
      format: 'JPEG',
      orientation,
      save: { quality: 98, subsampling: 0 },
      options: AS_IS,
      off: DECODED,
    }),
  ),
  {
    what: 'of a large JPEG that is made small',
    size: [640, 480],
    format: 'JPEG',
    save: { quality: 90 },
    options: { width: 56, height: 56 },
    off: DECODED,
  },
  {
    what: 'in a letterbox of greys',
    size: [90, 50],
    format: 'PNG',
    options: { width: 32, height: 40, fit: 'letterbox', fill: 114, channels: 'gray' },
    off: EXACT,
  },
  { what: 'stretched', size: [90, 50], format: 'PNG', options: { width: 32, height: 40 }, off: EXACT },
  {
    what: 'in a letterbox',
    size: [90, 50],
    format: 'PNG',
    options: { width: 32, height: 40, fit: 'letterbox', fill: [114, 0, 7] },
    off: EXACT,
  },
  {
    what: 'in a letterbox at the top left',
    size: [50, 90],
    format: 'PNG',
    options: {
      width: 32,
      height: 40,
      fit: 'letterbox',
      fill: [0, 9, 0],
      align: 'start',
      resample: 'lanczos',
    },
    off: EXACT,
  },
  {
    what: 'cropped to their middle',
    size: [90, 50],
    format: 'PNG',
    options: { width: 24, height: 24, fit: 'crop', shortest_edge: 32 },
    off: EXACT,
  },
  {
    what: 'cropped to their middle in greys',
    size: [50, 91],
    format: 'PNG',
    options: { width: 23, height: 30, fit: 'crop', shortest_edge: 33, channels: 'gray', resample: 'bicubic' },
    off: EXACT,
  },
  {
    what: 'padded by a crop that is larger',
    size: [9, 12],
    format: 'PNG',
    options: { width: 24, height: 24, fit: 'crop', shortest_edge: 11, fill: [5, 6, 7] },
    off: EXACT,
  },
  {
    what: 'in bars of one colour for each channel of bgr in nhwc',
    size: [90, 50],
    format: 'PNG',
    options: { width: 32, height: 40, fit: 'letterbox', fill: [1, 1, 1], channels: 'bgr', layout: 'nhwc' },
    off: EXACT,
  },
];

describe('images as tensors, compared with Pillow and NumPy', () => {
  let expected: { file: string; dims: number[]; data: number[] }[];

  before(async () => {
    expected = await runPython('test/inputs/image/pixels.py', CASES);
  });

  for (const [index, { what, options, off }] of CASES.entries()) {
    it(`are the same ${what}`, async () => {
      const { file, dims, data } = expected[index]!;
      const { batches, failures } = await encode([file], options);
      assert.equal(failures.size, 0);
      const { pixel_values: tensor } = batches[0]!.feeds;
      assert.deepEqual(tensor!.dims, dims);
      assert.equal(tensor!.type, options.dtype ?? 'float32');
      const level = options.dtype === 'uint8' ? 1 : 1 / 255 / Math.min(...(options.std ?? [1]));
      const far = data.map((value, at) => Math.abs(Number(tensor!.data[at]) - value) / level);
      const rounding = 1e-4;
      assert.isAtMost(Math.max(...far), off.most + rounding);
      assert.isAtMost(far.reduce((sum, each) => sum + each, 0) / far.length, off.mean + rounding);
    });
  }
});

describe('image input', () => {
  const side = fc.integer({ min: 1, max: 3000 });

  it('knows where an image lies in the tensor', () => {
    const fit = fc.constantFrom('stretch' as const, 'letterbox' as const, 'crop' as const);
    const align = fc.constantFrom('center' as const, 'start' as const);
    fc.assert(
      fc.property(side, side, side, side, fit, align, (width, height, w, h, fit, align) => {
        const placed = place({ width, height, fit, align }, w, h);
        const x = [placed.left, w * placed.scaleX + placed.left];
        const y = [placed.top, h * placed.scaleY + placed.top];
        const outside = fit === 'crop' ? -1 : 1;
        for (const [[from, to], size] of [
          [x, width],
          [y, height],
        ] as const) {
          assert.isAtLeast(outside * from!, 0);
          assert.isAtMost(outside * (to! - size), 1e-6);
        }
        // The shape stays, up to the pixel that is rounded.
        if (fit !== 'stretch')
          assert.isAtMost(Math.abs(placed.scaledWidth - w * (placed.scaledHeight / h)), w / h + 1);
        if (fit === 'letterbox')
          assert.isTrue(placed.scaledWidth === width || placed.scaledHeight === height);
      }),
    );
  });

  it('takes batches of the size that is asked for, and answers for those that are no images', async () => {
    const file = image.example.data.image as string;
    const text = `data:text/plain;base64,${Buffer.from('no image').toString('base64')}`;
    const { batches, failures } = await encode([file, text, file, file, file], {
      width: 2,
      height: 2,
      batch: 2,
    });
    assert.deepEqual(
      batches.map(({ rows }) => rows),
      [[0], [2, 3], [4]],
    );
    assert.deepEqual([...failures.keys()], [1]);
    assert.equal(failures.get(1)!.code, 'task_unreadable');
    assert.include(failures.get(1)!.message, 'cannot be read as an image');
  });

  it('says that a file is not there any more', async () => {
    const { failures } = await encode(['/nowhere/a.png'], { width: 2, height: 2 });
    assert.match(failures.get(0)!.message, /ENOENT/);
  });

  it('does not decode a small file of very many pixels', async () => {
    const bomb = hugePng(30_000, 30_000);
    assert.isBelow(bomb.length, 1_000_000);
    const before = process.memoryUsage.rss();
    const { failures } = await encode([`data:image/png;base64,${bomb.toString('base64')}`], AS_IS);
    assert.equal(failures.get(0)!.code, 'task_unreadable');
    assert.match(failures.get(0)!.message, /pixel/);
    assert.isBelow(process.memoryUsage.rss() - before, 100 * 2 ** 20);
  });

  it('decodes large images one after the other, and elsewhere', async () => {
    // Progressive: no part of it can be let go of before the last one was read.
    const large = await sharp({ create: { width: 4100, height: 4100, channels: 3, background: '#963' } })
      .jpeg({ progressive: true })
      .toBuffer();
    const file = `data:image/jpeg;base64,${large.toString('base64')}`;
    const peak = async (count: number) => {
      const before = process.memoryUsage.rss();
      let most = before;
      const watch = setInterval(() => {
        most = Math.max(most, process.memoryUsage.rss());
      }, 1);
      const { batches } = await encode(Array<string>(count).fill(file), AS_IS);
      clearInterval(watch);
      assert.lengthOf(batches[0]!.rows, count);
      return most - before;
    };
    for (const count of [1, 4]) assert.isBelow(await peak(count), 50 * 2 ** 20);
  });

  it('does not decode half of an image', async () => {
    const whole = Buffer.from((image.example.data.image as string).split(',')[1]!, 'base64');
    const { failures } = await encode(
      [`data:image/png;base64,${whole.subarray(0, 60).toString('base64')}`],
      AS_IS,
    );
    assert.equal(failures.get(0)!.code, 'task_unreadable');
  });
});
