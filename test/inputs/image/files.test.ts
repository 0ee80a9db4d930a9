import { readFile } from 'node:fs/promises';
import { assert } from 'chai';
import type { ImageOptions } from '../../../src/inputs/image/encoder.js';
import { image } from '../../../src/inputs/image.js';
import { temporaryFolder } from '../../support/folder.js';
import { runPython } from '../../support/python.js';
import { awaitedBatchesOf } from '../batches.js';

interface Case {
  name: string;
  file: string;
  options: ImageOptions;
  /** A file of raw pixels; null: it is refused. */
  expected: string | null;
  /** Levels of 0..255 that one may be off. */
  most: number;
  mean: number;
}

/** The pixels that a graph would see, or why there are none. */
async function seen(file: string, options: ImageOptions): Promise<Uint8Array | string> {
  const encoder = await image.load('/nowhere', { ...options, dtype: 'uint8', layout: 'nhwc' } as never);
  let reason = '';
  const batches = await awaitedBatchesOf(encoder, [{ file }], (_, { message }) => {
    reason = message;
  });
  return reason || (batches[0]!.feeds.pixel_values!.data as Uint8Array);
}

describe('image files, compared with Pillow and OpenCV', () => {
  let cases: Case[];

  before(async () => {
    cases = await runPython('test/inputs/image/files.py', [await temporaryFolder()]);
  });

  const GROUPS: readonly { what: string; holds(each: Case): boolean }[] = [
    { what: 'Pillow', holds: ({ options }) => (options.color ?? 'pillow') === 'pillow' && !options.resample },
    { what: 'OpenCV', holds: ({ options }) => options.color === 'opencv' && !options.resample },
    ...(['nearest', 'box', 'bilinear', 'bicubic', 'lanczos', 'opencv-linear'] as const).map(kernel => ({
      what: `the library's own pipeline, scaled by ${kernel}`,
      holds: ({ options }: Case) => options.resample === kernel,
    })),
  ];
  for (const { what, holds } of GROUPS) {
    it(`have the pixels of ${what}`, async () => {
      const own = cases.filter(each => each.expected !== null && holds(each));
      assert.isAbove(own.length, 7);
      for (const { name, file, options, expected, most, mean } of own) {
        const right = await readFile(expected!);
        const found = await seen(file, options);
        assert.lengthOf(found, right.length, `${name}: ${found}`);
        let [largest, sum] = [0, 0];
        for (let at = 0; at < right.length; at++) {
          const off = Math.abs((found as Uint8Array)[at]! - right[at]!);
          largest = Math.max(largest, off);
          sum += off;
        }
        const where = `${name}, ${JSON.stringify(options)}`;
        assert.isAtMost(largest, most, where);
        assert.isAtMost(sum / right.length, mean, where);
      }
    });
  }

  it('have the colours of their profile where those of a browser are wanted', async () => {
    const { file } = cases.find(({ name }) => name === 'PNG with a profile')!;
    const size = cases.find(each => each.file === file)!.options;
    const plain = await seen(file, { ...size, color: 'pillow' });
    const shown = await seen(file, { ...size, color: 'managed' });
    assert.notDeepEqual(shown, plain);
  });

  it('are refused where their numbers are no levels', async () => {
    const refused = cases.filter(({ name, expected }) => expected === null && name.includes('mode'));
    assert.lengthOf(refused, 2);
    for (const { file, options } of refused)
      assert.match(`${await seen(file, options)}`, /numbers of the type (float|int), .*; save it as RGB/);
  });

  it('are refused where their colours would be taken for others', async () => {
    const refused = cases.filter(({ name }) => name === 'TIFF of YCbCr');
    assert.lengthOf(refused, 12);
    for (const { file, options } of refused)
      assert.match(`${await seen(file, options)}`, /a TIFF of the colours YCbCr .*; save it as RGB/);
  });
});
