import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assert } from 'chai';
import type { ImageOptions } from '../../src/inputs/image/encoder.js';
import { image } from '../../src/inputs/image.js';
import { awaitedBatchesOf } from '../inputs/batches.js';
import { assertPlaced, FITS } from '../inputs/image/fits.js';
import { ROOT } from '../markdown.js';
import { temporaryFolder } from '../support/folder.js';
import { TORCH } from './python.js';

interface Case {
  name: string;
  photo: string;
  options: ImageOptions;
  dims: number[];
  /** A file of float32. */
  expected: string;
}

/** Levels of 0..255 that a number may be off, at most and on average: transformers scales with torch, which rounds otherwise. */
const OFF = { most: 3, mean: 0.1 };

describe('pixels, compared with torchvision, transformers and Ultralytics', () => {
  let made: { tensors: Case[]; places: (number[][] | null)[] };

  before(async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'asked.json'), JSON.stringify(FITS.map(({ original }) => original)));
    const { stdout } = await promisify(execFile)(TORCH, [join(ROOT, 'test/torch/pixels.py'), folder], {
      maxBuffer: 2 ** 26,
    });
    made = JSON.parse(stdout);
  });

  it('lie where the libraries put them, for 2,012 sizes each', () => {
    let compared = 0;
    for (const [index, { fitting }] of FITS.entries()) {
      const rows = made.places[index];
      if (!rows) continue;
      assertPlaced(fitting, rows);
      compared++;
    }
    // All but YOLOX, which is not installed.
    assert.equal(compared, FITS.length - 1);
  });

  it('are the numbers that their pipelines make of the same photos', async () => {
    assert.isAbove(made.tensors.length, 60);
    for (const { name, photo, options, dims, expected } of made.tensors) {
      const encoder = await image.load('/nowhere', options as never);
      const [batch] = await awaitedBatchesOf(encoder, [{ file: photo }], assert.fail);
      const { data, dims: own } = batch!.feeds.pixel_values!;
      assert.deepEqual(own, dims, name);
      const bytes = await readFile(expected);
      const numbers = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      const level = 1 / 255 / Math.min(...(options.std ?? [1]));
      let [largest, sum] = [0, 0];
      for (let at = 0; at < numbers.length; at++) {
        const off = Math.abs((data as Float32Array)[at]! - numbers[at]!) / level;
        largest = Math.max(largest, off);
        sum += off;
      }
      assert.isAtMost(largest, OFF.most, name);
      assert.isAtMost(sum / numbers.length, OFF.mean, name);
    }
  });
});
