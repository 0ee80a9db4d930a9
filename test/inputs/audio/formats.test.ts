import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assert } from 'chai';
import { soundDecoder } from '../../../src/inputs/audio/decode.js';
import { useFfmpeg, withoutFfmpeg } from '../../support/ffmpeg.js';
import { temporaryFolder } from '../../support/folder.js';
import { likeness } from '../../support/likeness.js';
import { runPython } from '../../support/python.js';
import { ffmpeg } from '../video/make.js';

const RATE = 8000;

/** What a source of ffmpeg says: another tone in each channel, which swells and fades. */
const tones = (channels: number, rate: number) => {
  const channel = (_: unknown, at: number) => `${0.5 / (at + 1)}*sin(2*PI*${440 * (at + 1)}*t)*sin(2*PI*t)`;
  const sums = Array.from({ length: channels }, channel).join('|');
  return ['-f', 'lavfi', '-i', `aevalsrc=${sums}:s=${rate}:d=0.5003`];
};

/** The channels of a file as ffmpeg decodes them. */
async function heardByFfmpeg(path: string, channels: number): Promise<Float32Array[]> {
  const { stdout } = await promisify(execFile)(
    'ffmpeg',
    ['-nostdin', '-v', 'error', '-i', path, '-f', 'f32le', '-c:a', 'pcm_f32le', 'pipe:1'],
    { encoding: 'buffer', maxBuffer: 2 ** 26 },
  );
  const all = new Float32Array(new Uint8Array(stdout).buffer);
  return Array.from({ length: channels }, (_, channel) =>
    all.filter((__, index) => index % channels === channel),
  );
}

async function heard(file: string, channels: number, rate = RATE): Promise<Float32Array[]> {
  const found: Float32Array[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const { samples, duration } = await soundDecoder({ sample_rate: rate, channel })({ file });
    assert.approximately(duration, samples.length / rate, 1e-9);
    found.push(samples);
  }
  return found;
}

function assertSame(found: readonly Float32Array[], expected: readonly ArrayLike<number>[], least: number) {
  for (const [channel, samples] of found.entries()) {
    assert.equal(samples.length, expected[channel]!.length);
    let worst = 0;
    for (const [at, sample] of samples.entries())
      worst = Math.max(worst, Math.abs(sample - expected[channel]![at]!));
    assert.isAtMost(worst, least);
    assert.isAbove(Math.max(...samples), 0.05);
  }
}

describe('formats of sound', () => {
  let folder: string;

  before(async () => {
    await useFfmpeg();
    folder = await temporaryFolder();
  });

  it('are read from WAV as scipy reads what it writes', async () => {
    const types = ['f4', 'f8', 'i2', 'i4', 'u1'];
    const files = await runPython<{ path: string; channels: number[][] }>(
      'test/inputs/audio/scipy_files.py',
      types.map(type => [folder, type]),
    );
    for (const { path, channels } of files) assertSame(await heard(path, 2), channels, 0);
  });

  /** Those that need no ffmpeg, and how far ffmpeg's numbers are from ours at most. */
  const OWN: readonly (readonly [name: string, options: readonly string[], most: number, rate?: number])[] = [
    ['f32.wav', ['-c:a', 'pcm_f32le'], 0],
    ['f32-exact.wav', ['-c:a', 'pcm_f32le', '-bitexact'], 0],
    ['f64.wav', ['-c:a', 'pcm_f64le'], 0],
    ['f64-exact.wav', ['-c:a', 'pcm_f64le', '-bitexact'], 0],
    ['u8.wav', ['-c:a', 'pcm_u8'], 0],
    ['s16.wav', ['-c:a', 'pcm_s16le'], 0],
    ['s24.wav', ['-c:a', 'pcm_s24le'], 0],
    ['s32.wav', ['-c:a', 'pcm_s32le'], 0],
    ['alaw.wav', ['-c:a', 'pcm_alaw'], 0],
    ['mulaw.wav', ['-c:a', 'pcm_mulaw'], 0],
    // ffmpeg adds the parts of a step before it rounds them, and libsndfile, as the specification, behind.
    ['ima.wav', ['-c:a', 'adpcm_ima_wav'], 1e-3],
    ['ms.wav', ['-c:a', 'adpcm_ms'], 0],
    ['rf64.wav', ['-c:a', 'pcm_s16le', '-rf64', 'always'], 0],
    ['rf64-f32.wav', ['-c:a', 'pcm_f32le', '-rf64', 'always'], 0],
    ['tagged.wav', ['-c:a', 'pcm_s16le', '-metadata', 'title=odd', '-write_bext', '1'], 0],
    ['s16.aiff', ['-c:a', 'pcm_s16be'], 0],
    ['s8.aiff', ['-c:a', 'pcm_s8'], 0],
    ['s24.aiff', ['-c:a', 'pcm_s24be'], 0],
    ['s32.aiff', ['-c:a', 'pcm_s32be'], 0],
    ['f32.aiff', ['-c:a', 'pcm_f32be'], 0],
    ['f64.aiff', ['-c:a', 'pcm_f64be'], 0],
    ['sowt.aiff', ['-c:a', 'pcm_s16le'], 0],
    ['alaw.aiff', ['-c:a', 'pcm_alaw'], 0],
    ['mulaw.aiff', ['-c:a', 'pcm_mulaw'], 0],
    ['a.flac', ['-c:a', 'flac'], 1e-6],
    ['ogg.flac.ogg', ['-c:a', 'flac', '-f', 'ogg'], 1e-6],
    ['a.mp3', ['-c:a', 'libmp3lame'], 1e-4],
    ['high.mp3', ['-c:a', 'libmp3lame'], 1e-4, 44_100],
    ['a.opus', ['-c:a', 'libopus'], 1e-4, 48_000],
  ];

  for (const [name, options, most, rate = RATE] of OWN) {
    it(`are read from ${name} as ffmpeg reads it, and without ffmpeg`, async () => {
      for (const channels of [1, 2]) {
        const path = join(folder, `${channels}-${name}`);
        await ffmpeg(...tones(channels, rate), ...options, path);
        const expected = await heardByFfmpeg(path, channels);
        await withoutFfmpeg(async () => assertSame(await heard(path, channels, rate), expected, most));
      }
    });
  }

  /** Those that ffmpeg reads. */
  const OTHERS: readonly (readonly [name: string, options: string[], channels?: number, rate?: number])[] = [
    ['a.aac', ['-c:a', 'aac']],
    ['tagged.aac', ['-c:a', 'aac', '-f', 'adts', '-write_id3v2', '1', '-metadata', 'title=tag']],
    ['a.m4a', ['-c:a', 'aac']],
    ['alac.m4a', ['-c:a', 'alac']],
    ['opus.webm', ['-c:a', 'libopus']],
    ['vorbis.mkv', ['-c:a', 'libvorbis']],
    ['a.caf', ['-c:a', 'pcm_s16be']],
    ['a.au', ['-c:a', 'pcm_mulaw']],
    ['a.w64', ['-c:a', 'pcm_s16le']],
    ['a.wma', ['-c:a', 'wmav2']],
    ['a.ac3', ['-c:a', 'ac3']],
    ['a.avi', ['-c:a', 'pcm_s16le']],
    ['speex.ogg', ['-c:a', 'libspeex'], 2, 16_000],
    ['mp3.wav', ['-c:a', 'libmp3lame']],
    ['g726.wav', ['-c:a', 'g726'], 1, 8000],
    ['ima.aiff', ['-c:a', 'adpcm_ima_qt']],
  ];

  for (const [name, options, channels = 2, rate = 48_000] of OTHERS) {
    it(`are read from ${name} with ffmpeg, which is asked for where it is missing`, async () => {
      const path = join(folder, `other-${name}`);
      await ffmpeg(...tones(channels, rate), ...options, path);
      assertSame(await heard(path, channels, rate), await heardByFfmpeg(path, channels), 1e-4);
      const message = await withoutFfmpeg(() => heard(path, channels).catch((error: Error) => error.message));
      assert.match(String(message), /are read with ffmpeg, which is not on the server's PATH; install it/);
    });
  }

  it('that lose something lose no time', async () => {
    const codecs = [
      ['time.m4a', '-c:a', 'aac'],
      ['time.webm', '-c:a', 'libopus'],
      ['time.ogg', '-c:a', 'libvorbis'],
      ['time.mp3', '-c:a', 'libmp3lame'],
      ['time.opus', '-c:a', 'libopus', '-b:a', '12k'],
    ] as const;
    const source = join(folder, 'time.wav');
    await ffmpeg(...tones(1, 48_000), source);
    const [expected] = (await heard(source, 1, 48_000)) as [Float32Array];
    for (const [name, ...options] of codecs) {
      const path = join(folder, name);
      await ffmpeg('-i', source, ...options, path);
      const [samples] = (await heard(path, 1, 48_000)) as [Float32Array];
      assert.isAbove(likeness(samples, expected), 0.98, name);
      // What encodes in blocks may fill up the last one.
      assert.approximately(samples.length, expected.length, 1024, name);
    }
  });
});
