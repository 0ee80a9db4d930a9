import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assert } from 'chai';
import { type Sound, soundDecoder } from '../../../src/inputs/audio/decode.js';
import { withRightSums } from '../../fuzz/damage.js';
import { useFfmpeg } from '../../support/ffmpeg.js';
import { temporaryFolder } from '../../support/folder.js';
import { wav } from '../../support/wav.js';

const RATE = 16_000;
const run = promisify(execFile);

/** Seconds that decoders may differ by at the end. */
const CLOSE = 0.03;

/** Pages of a fifth of a second, that there are many. */
const SHORT_PAGES = ['-page_duration', '200000'];

async function decoded(file: Buffer): Promise<Sound> {
  const path = join(await temporaryFolder(), 'sound');
  await writeFile(path, file);
  return soundDecoder({ sample_rate: RATE })({ file: path });
}

async function refused(file: Buffer): Promise<string> {
  const sound = await decoded(file).catch((error: Error) => error.message);
  return typeof sound === 'string' ? sound : assert.fail(`it was decoded: ${sound.duration} s`);
}

/** Noise in the middle of three seconds. */
function burst(rate: number): Buffer {
  let state = 1;
  const noise = () => {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    return state / 2 ** 32;
  };
  const samples = Float32Array.from({ length: 3 * rate }, (_, at) =>
    at >= rate && at < 2 * rate ? noise() : noise() / 1000,
  );
  return wav(rate, samples);
}

/** What FFmpeg makes of the burst. */
async function encoded(ending: string, rate: number, ...options: string[]): Promise<Buffer> {
  const folder = await temporaryFolder();
  const [from, to] = [join(folder, 'from.wav'), join(folder, `to.${ending}`)];
  await writeFile(from, burst(rate));
  await run('ffmpeg', ['-loglevel', 'error', '-i', from, '-map_metadata', '-1', ...options, to]);
  return readFile(to);
}

/** Samples at the model's rate that FFmpeg reads. */
async function byFfmpeg(file: Buffer): Promise<Float32Array> {
  const path = join(await temporaryFolder(), 'sound');
  await writeFile(path, file);
  const raw = ['-f', 'f32le', '-ac', '1', '-ar', String(RATE), 'pipe:1'];
  const { stdout } = await run('ffmpeg', ['-loglevel', 'quiet', '-i', path, ...raw], {
    encoding: 'buffer',
    maxBuffer: 2 ** 26,
  });
  return Float32Array.from({ length: stdout.length / 4 }, (_, at) => stdout.readFloatLE(at * 4));
}

/** The seconds at which it becomes loud. */
function bursts(samples: Float32Array): number[] {
  const step = RATE / 100;
  const loud = Array.from({ length: Math.floor(samples.length / step) }, (_, at) =>
    samples.subarray(at * step, (at + 1) * step).some(sample => Math.abs(sample) > 0.05),
  );
  return loud.flatMap((is, at) =>
    is && !loud.slice(Math.max(0, at - 20), at).includes(true) ? [at / 100] : [],
  );
}

function flipped(file: Buffer, at: number): Buffer {
  const copy = Buffer.from(file);
  copy[at]! ^= 0xff;
  return copy;
}

/** A WAV file of these chunks. */
function riff(size: number | undefined, ...chunks: readonly [name: string, data: Buffer][]): Buffer {
  const body = chunks.map(([name, data]) => {
    const head = Buffer.alloc(8);
    head.write(name, 'latin1');
    head.writeUInt32LE(data.length, 4);
    return Buffer.concat([head, data]);
  });
  const head = Buffer.from('RIFF\0\0\0\0WAVE', 'latin1');
  head.writeUInt32LE(size ?? 4 + Buffer.concat(body).length, 4);
  return Buffer.concat([head, ...body]);
}

describe('files of sound that are damaged, cut or joined', () => {
  before(useFfmpeg);

  for (const [ending, ...options] of [
    ['opus', '-c:a', 'libopus', ...SHORT_PAGES],
    ['ogg', '-c:a', 'libvorbis', ...SHORT_PAGES],
    ['oga', '-c:a', 'flac', ...SHORT_PAGES],
    ['flac'],
  ] as [string, ...string[]][]) {
    it(`hold what FFmpeg hears when they are cut: ${ending}`, async () => {
      const file = await encoded(ending, 48_000, ...options);
      for (const part of [0.3, 0.45, 0.8]) {
        const cut = file.subarray(0, Math.floor(file.length * part));
        const expected = (await byFfmpeg(cut)).length / RATE;
        assert.isAbove(expected, 0.2);
        assert.approximately((await decoded(cut)).duration, expected, CLOSE, `${part}`);
      }
    });

    it(`are refused when a byte in them is another: ${ending}`, async () => {
      const file = await encoded(ending, 48_000, ...options);
      for (const part of [0.4, 0.5, 0.6])
        assert.match(
          await refused(flipped(file, Math.floor(file.length * part))),
          /^it is damaged/,
          `${part}`,
        );
    });
  }

  it('are refused when a page or a frame is missing', async () => {
    const ogg = await encoded('oga', 48_000, '-c:a', 'flac');
    const pages: number[] = [];
    for (let at = ogg.indexOf('OggS'); at >= 0; at = ogg.indexOf('OggS', at + 4)) pages.push(at);
    const [from, to] = [pages[4]!, pages[5]!];
    const message = await refused(Buffer.concat([ogg.subarray(0, from), ogg.subarray(to)]));
    assert.match(message, /of its Ogg pages, number 4 is missing/);
  });

  it('are refused in words when a decoder stumbles over them', async () => {
    const file = await encoded('opus', 48_000);
    // The number of the first page.
    file[18] = 53;
    assert.equal(await refused(withRightSums(file)), 'it is broken: its decoder could not go on');
  });

  it('are read with the tags that stand behind them', async () => {
    const tag = Buffer.alloc(128);
    tag.write('TAG');
    for (const ending of ['flac', 'ogg']) {
      const file = await encoded(ending, 48_000);
      assert.equal((await decoded(Buffer.concat([file, tag]))).duration, 3);
    }
  });

  it('have each part at its time where the rate changes between them', async () => {
    const [first, second] = [await encoded('ogg', 44_100), await encoded('ogg', 22_050)];
    const joined = Buffer.concat([first, second]);
    const expected = await byFfmpeg(joined);
    const { samples, duration } = await decoded(joined);
    assert.approximately(duration, expected.length / RATE, CLOSE);
    const found = bursts(samples);
    assert.lengthOf(found, 2);
    for (const [at, second] of [1, 4].entries()) assert.approximately(found[at]!, second, CLOSE);
  });

  it('are refused where the rate or the channels of MP3 change', async () => {
    const [fast, slow] = [await encoded('mp3', 44_100), await encoded('mp3', 22_050)];
    assert.match(await refused(Buffer.concat([fast, slow])), /from 44100 to 22050 samples a second/);
    const wide = await encoded('mp3', 44_100, '-af', 'pan=stereo|c0=c0|c1=0*c0', '-joint_stereo', '0');
    assert.match(await refused(Buffer.concat([fast, wide])), /from one channel to two/);
    assert.approximately((await decoded(Buffer.concat([fast, fast]))).duration, 6, 0.1);
  });

  it('hold no sound where WAV says so, whatever stands behind it', async () => {
    const format = wav(8000, new Float32Array(0)).subarray(20, 36);
    const sound = Buffer.alloc(8000, 1);
    const empty = [
      ['fmt ', format],
      ['data', Buffer.alloc(0)],
    ] as [string, Buffer][];
    assert.match(await refused(riff(undefined, ...empty, ['LIST', sound])), /it holds no sound/);
    // What recorders leave that write to a pipe, or that were ended: the sound goes to the end of the file.
    for (const size of [0, 36, 0x7fff_ffff, 0xffff_ffff]) {
      const file = Buffer.concat([riff(size, ...empty), sound]);
      assert.equal((await decoded(file)).duration, 0.5, `${size}`);
    }
  });

  for (const [bits, options] of [
    [8, ['-sample_fmt', 'u8']],
    [16, ['-sample_fmt', 's16']],
    [24, ['-sample_fmt', 's32']],
  ] as const) {
    it(`have the same samples in FLAC of ${bits} bits as in FFmpeg`, async () => {
      const file = bits === 8 ? await flacOfEightBits() : await encoded('flac', RATE, ...options);
      const [{ samples }, expected] = [await decoded(file), await byFfmpeg(file)];
      assert.equal(samples.length, expected.length);
      const worst = samples.reduce((most, sample, at) => Math.max(most, Math.abs(sample - expected[at]!)), 0);
      assert.isBelow(worst, 1e-6);
    });
  }
});

/** Sound as it is, in one frame of 192 samples of 8 bits: RFC 9639. FFmpeg writes no FLAC of so few bits. */
async function flacOfEightBits(): Promise<Buffer> {
  const info = Buffer.alloc(42);
  info.write('fLaC');
  info[4] = 0x80;
  info[7] = 34;
  for (const at of [8, 10]) info.writeUInt16BE(192, at);
  info.writeUIntBE(RATE << 4, 18, 3);
  info[21] = 7 << 4;
  info.writeUInt32BE(192, 22);
  const head = Buffer.from([0xff, 0xf8, 0x15, 0x02, 0]);
  const samples = Buffer.from(Array.from({ length: 192 }, (_, at) => (at * 37) & 255));
  const body = Buffer.concat([head, Buffer.from([sum(head, 8, 0x07), 0x02]), samples]);
  const end = Buffer.alloc(2);
  end.writeUInt16BE(sum(body, 16, 0x8005));
  return Buffer.concat([info, body, end]);
}

/** The remainder of bytes for a polynomial of so many bits, bit by bit. */
function sum(bytes: Buffer, bits: number, polynomial: number): number {
  let rest = 0;
  for (const byte of bytes) {
    rest ^= byte << (bits - 8);
    for (let bit = 0; bit < 8; bit++)
      rest = ((rest << 1) ^ ((rest >> (bits - 1)) & 1 ? polynomial : 0)) & (2 ** bits - 1);
  }
  return rest;
}
