import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import fc from 'fast-check';
import {
  MOST_SAMPLES,
  type Sound,
  type SoundOptions,
  soundDecoder,
} from '../../../src/inputs/audio/decode.js';
import { useFfmpeg } from '../../support/ffmpeg.js';
import { temporaryFolder } from '../../support/folder.js';
import { likeness } from '../../support/likeness.js';
import { ROOT } from '../../support/python.js';
import { resampled } from '../../support/resampled.js';
import { wav } from '../../support/wav.js';

const RATE = 16_000;
/** Samples of the files `tones.*`, which libsndfile 1.2 and FFmpeg 7 wrote of 440 Hz at the left and 880 Hz at the right. */
const LENGTH = 4000;

async function decoded(file: Buffer, options: SoundOptions = { sample_rate: RATE }): Promise<Sound> {
  const path = join(await temporaryFolder(), 'sound');
  await writeFile(path, file);
  return soundDecoder(options)({ file: path });
}

async function rejected(file: Buffer, options?: SoundOptions): Promise<string> {
  try {
    await decoded(file, options);
  } catch (error) {
    return (error as Error).message;
  }
  return assert.fail('it was decoded');
}

/** A tone that swells and fades. */
function tone(hz: number, size: number): Float32Array {
  return Float32Array.from({ length: LENGTH }, (_, at) => {
    const swell = 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / (LENGTH - 1));
    return size * Math.sin((2 * Math.PI * hz * at) / RATE) * swell;
  });
}

/** A file of 8 bits a sample that is silent for so many of them. */
function silence(samples: number): Buffer {
  const file = Buffer.alloc(44 + samples, 128);
  wav(RATE, new Float32Array(0)).copy(file);
  file.writeUInt32LE(36 + samples, 4);
  file.writeUInt32LE(RATE, 28);
  file.writeUInt16LE(1, 32);
  file.writeUInt16LE(8, 34);
  file.writeUInt32LE(samples, 40);
  return file;
}

describe('files of sound', () => {
  before(useFfmpeg);

  for (const format of ['aiff', 'flac', 'mp3', 'ogg', 'opus']) {
    it(`are decoded from ${format}, each channel at its time`, async () => {
      const file = await readFile(`${ROOT}test/inputs/audio/tones.${format}`);
      for (const [channel, expected] of [tone(440, 0.5), tone(880, 0.25)].entries()) {
        const { samples, duration } = await decoded(file, { sample_rate: RATE, channel });
        assert.isAbove(likeness(samples, expected), 0.95);
        // What encodes in blocks may fill up the last one.
        assert.approximately(duration, LENGTH / RATE, 0.01);
        assert.equal(samples.length, Math.ceil(duration * RATE));
      }
    });
  }

  it('are mixed to the mean of their channels', async () => {
    const file = await readFile(`${ROOT}test/inputs/audio/tones.flac`);
    const { samples } = await decoded(file);
    const [left, right] = [tone(440, 0.5), tone(880, 0.25)];
    for (const [at, sample] of samples.entries())
      assert.approximately(sample, (left[at]! + right[at]!) / 2, 1e-4);
  });

  it('are refused when they are nothing, something else, or broken', async () => {
    assert.match(await rejected(Buffer.alloc(0)), /it is none of WAV, AIFF, FLAC/);
    assert.match(await rejected(Buffer.from('<html>')), /it is none of WAV, AIFF, FLAC/);
    assert.match(await rejected(wav(RATE, new Float32Array(0))), /it holds no sound/);
    assert.match(await rejected(wav(0, tone(440, 1))), /it has 0 samples a second/);
    const opus = await readFile(`${ROOT}test/inputs/audio/tones.opus`);
    assert.isString(await rejected(opus.subarray(0, 60)));
    const other = wav(RATE, tone(440, 1));
    other.writeUInt16LE(99, 20);
    assert.match(await rejected(other), /^Decoding requested, but no decoder found/);
  });

  it('are refused when a sample is no number', async () => {
    const file = wav(RATE, tone(440, 1));
    file.writeUInt16LE(3, 20);
    file.writeUInt16LE(4, 32);
    file.writeUInt16LE(32, 34);
    for (const [value, message] of [
      [0.5, null],
      [Number.NaN, /no numbers/],
      [Number.POSITIVE_INFINITY, /no numbers/],
    ] as const) {
      for (let at = 44; at < file.length; at += 4) file.writeFloatLE(at === 84 ? value : 0.25, at);
      if (message === null) assert.equal((await decoded(file)).samples[10], 0.5);
      else assert.match(await rejected(file), message);
    }
  });

  it('are refused when they are too long, before all of it is decoded', async () => {
    assert.match(await rejected(silence(MOST_SAMPLES + 1)), /it is longer than 69 minutes/);
    // Samples of the other rate count.
    const long = silence(2 ** 20);
    assert.lengthOf((await decoded(long, { sample_rate: 2 * RATE })).samples, 2 ** 21);
  });
});

describe('sound at another rate', () => {
  it('is the same in pieces as in one', () => {
    const rates = fc.constantFrom(8000, 11_025, 16_000, 44_100, 48_000);
    fc.assert(
      fc.property(
        rates,
        rates,
        fc.array(fc.nat(700), { maxLength: 8 }),
        fc.integer({ min: 1, max: 1500 }),
        (from, to, sizes, length) => {
          const samples = Float32Array.from({ length }, (_, at) => Math.sin(at * at));
          const whole = resampled(samples, from, to);
          assert.lengthOf(whole, Math.ceil((length * to) / from));
          assert.isTrue(
            Buffer.from(resampled(samples, from, to, sizes).buffer).equals(Buffer.from(whole.buffer)),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is refused for rates that have nothing in common', async () => {
    assert.match(await rejected(wav(767_999, tone(440, 1))), /767999 samples a second cannot be made 16000/);
  });
});
