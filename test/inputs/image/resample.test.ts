import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import fc from 'fast-check';
import type { Kernel } from '../../../src/inputs/image/kernels.js';
import { resample } from '../../../src/inputs/image/resample.js';
import { temporaryFolder } from '../../support/folder.js';
import { runPython } from '../../support/python.js';

const KERNELS: readonly Kernel[] = ['nearest', 'box', 'bilinear', 'bicubic', 'lanczos', 'opencv-linear'];

/** What is enlarged, made smaller, halved, doubled, stretched, and scaled in one direction alone. */
const SIZES: Readonly<Record<string, readonly (readonly [width: number, height: number])[]>> = {
  china: [
    [224, 224],
    [640, 640],
    [1024, 1024],
    [320, 213],
    [1280, 854],
    [640, 300],
    [300, 427],
  ],
  flower: [
    [224, 224],
    [1333, 800],
    [213, 142],
    [64, 42],
  ],
  large: [
    [224, 224],
    [640, 640],
    [1280, 854],
    [256, 171],
  ],
  noise: [
    [224, 224],
    [65, 48],
    [1, 1],
    [131, 200],
    [393, 291],
  ],
  // Of tall pictures Pillow scales the columns first, if they lose more than twice as much as the rows.
  tall: [
    [40, 60],
    [97, 200],
    [120, 150],
    [98, 381],
    [98, 380],
  ],
  line: [
    [1, 1],
    [11, 3],
    [2, 4],
  ],
};

const CASES = Object.entries(SIZES).flatMap(([picture, sizes]) =>
  sizes.flatMap(([width, height]) =>
    KERNELS.flatMap(kernel =>
      [false, ...(picture === 'noise' ? [true] : [])].map(grey => ({ picture, width, height, kernel, grey })),
    ),
  ),
);

const MOST = 24;
const side = fc.integer({ min: 1, max: MOST });
/** Random pixels, scaled to a size, of which a part is wanted. */
const SCALINGS = fc.record({
  bytes: fc.uint8Array({ minLength: MOST * MOST * 3, maxLength: MOST * MOST * 3 }),
  from: fc.record({ width: side, height: side }),
  size: fc.record({ width: side, height: side }),
  channels: fc.constantFrom(1, 3),
  kernel: fc.constantFrom(...KERNELS),
  x: fc.nat(),
  y: fc.nat(),
});

describe('scaled pixels', () => {
  let folder: string;
  let made: { source: string; width: number; height: number; scaled: string }[];

  before(async () => {
    folder = await temporaryFolder();
    made = await runPython('test/inputs/image/scaled.py', [{ folder, cases: CASES }]);
  });

  for (const kernel of KERNELS) {
    it(`are those of ${kernel === 'opencv-linear' ? "OpenCV's INTER_LINEAR" : `Pillow's ${kernel}`}, to the bit`, async () => {
      for (const [index, { picture, ...case_ }] of CASES.entries()) {
        if (case_.kernel !== kernel) continue;
        const { source, scaled, ...size } = made[index]!;
        const data = await readFile(join(folder, source));
        const expected = await readFile(join(folder, scaled));
        const { width, height } = case_;
        const found = resample({ data, ...size }, { width, height }, kernel);
        assert.isTrue(
          expected.equals(found),
          `${picture} of ${size.width} x ${size.height} to ${width} x ${height}`,
        );
      }
    });
  }

  it('are the same where only a part is wanted', () => {
    fc.assert(
      fc.property(SCALINGS, ({ bytes, from, size, channels, kernel, x, y }) => {
        const picture = { data: bytes.subarray(0, from.width * from.height * channels), ...from };
        const [left, top] = [x % size.width, y % size.height];
        const part = { left, top, width: size.width - left, height: Math.ceil((size.height - top) / 2) };
        const whole = resample(picture, size, kernel);
        const cut: number[] = [];
        for (let row = top; row < top + part.height; row++) {
          const first = (row * size.width + left) * channels;
          cut.push(...whole.subarray(first, first + part.width * channels));
        }
        assert.deepEqual([...resample(picture, size, kernel, part)], cut);
      }),
    );
  });
});
