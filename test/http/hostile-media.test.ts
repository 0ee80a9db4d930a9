import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import sharp from 'sharp';
import { tiffOf } from '../inputs/image/bombs.js';
import { ffmpeg, flat, source } from '../inputs/video/make.js';
import { useFfmpeg } from '../support/ffmpeg.js';
import { temporaryFolder } from '../support/folder.js';
import { hugePng } from '../support/png.js';
import { ServedGraphs, told } from '../support/served-graphs.js';
import { wav } from '../support/wav.js';

const mean = (axes: string, input: string) =>
  `g (${input}) => (float[rows] y) { y = ReduceMean<axes = [${axes}], keepdims = 0>(${input.split(' ').at(-1)}) }`;
const NUMBER = { output: { kind: 'value', tensor: 'y' }, control: { control: 'Number' } } as const;
const VIDEO = mean('1, 2, 3, 4', 'float[rows, frames, 3, 4, 4] pixel_values');

const IMAGE = mean('1, 2, 3', 'float[rows, 3, 8, 8] pixel_values');

/** Each model says the mean of what it gets. */
const SERVED = {
  heard: {
    graph: mean('1', 'float[rows, samples] audio'),
    input: { kind: 'audio', sample_rate: 16_000 },
    object: 'Audio',
    ...NUMBER,
  },
  seen: { graph: IMAGE, input: { kind: 'image', width: 8, height: 8 }, object: 'Image', ...NUMBER },
  watched: {
    graph: VIDEO,
    input: { kind: 'video', clip: 4, width: 4, height: 4 },
    object: 'Video',
    ...NUMBER,
  },
} as const;

/** The most memory that a process has had, in MB. */
async function peak(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024;
}

describe('media that are small and expand', () => {
  let served: ServedGraphs<keyof typeof SERVED>;
  let folder: string;
  let pid: number;
  const at = (name: string) => join(folder, name);
  const uri = (bytes: Buffer) => `data:application/octet-stream;base64,${bytes.toString('base64')}`;

  before(async function () {
    this.timeout(60_000);
    await useFfmpeg();
    folder = await temporaryFolder();
    served = await ServedGraphs.start(SERVED);
    pid = served.backend.backend.pids()[0]!;
  });
  after(() => served.stop());
  afterEach(async () => {
    assert.deepEqual(served.backend.backend.pids(), [pid]);
    assert.isBelow(await peak(pid), 500);
  });

  /** Asks for all at once: each is refused for a reason like this one, or answered with a number that is near. */
  async function ask(model: keyof typeof SERVED, cases: readonly (readonly [Buffer, RegExp | number])[]) {
    const items = await served.ask(
      model,
      cases.map(([bytes]) => uri(bytes)),
    );
    for (const [index, [, expected]] of cases.entries()) {
      const said = told(items[index]!) as [number] & { code: string; message: string };
      if (typeof expected === 'number') assert.closeTo(said[0], expected, 0.02);
      else {
        assert.match(said.code, /^task_(unreadable|invalid)$/, `${index}`);
        assert.match(said.message, expected);
      }
    }
  }

  it('as sound are refused before they are decoded, and cost no other task', async () => {
    const half = wav(16_000, new Float32Array(1600).fill(0.5));
    const endless = Buffer.from(half);
    endless.writeUInt32LE(2 ** 32 - 2, 40);
    const many = Buffer.from(half);
    many.writeUInt16LE(1600, 22);
    many.writeUInt16LE(3200, 32);
    await writeFile(at('half.wav'), half);
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'anullsrc=r=16000:cl=mono',
      '-t',
      '60',
      '-c:a',
      'aac',
      at('minute.m4a'),
    );
    await ffmpeg('-stream_loop', '299', '-i', at('minute.m4a'), '-c', 'copy', at('hours.m4a'));
    for (const name of ['a.flac', 'a.ogg', 'a.opus']) {
      const codec =
        name === 'a.ogg'
          ? ['-c:a', 'libvorbis', '-page_duration', '1000']
          : name === 'a.opus'
            ? ['-c:a', 'libopus']
            : [];
      await ffmpeg('-i', at('half.wav'), ...codec, at(name));
    }
    const flac = await readFile(at('a.flac'));
    flac.writeUInt32BE(2 ** 32 - 1, 22);
    const vorbis = await readFile(at('a.ogg'));
    vorbis.writeBigUInt64LE(2n ** 40n, vorbis.lastIndexOf('OggS') + 6);
    const opus = await readFile(at('a.opus'));
    opus[28 + 9] = 255;
    const edited = await readFile(at('minute.m4a'));
    edited.writeUInt32BE(2 ** 31 - 1, edited.indexOf('elst') + 12);
    const endlessEdits = await readFile(at('minute.m4a'));
    endlessEdits.writeUInt32BE(2 ** 31, endlessEdits.indexOf('elst') + 8);
    const long = /^its file cannot be read as a recording: it is longer than 69 minutes$/;
    await ask('heard', [
      [await readFile(at('hours.m4a')), long],
      [half, 0.5],
      [edited, long],
      [endlessEdits, /its edit list is broken: it announces 2147483648 entries and holds 1$/],
      [flac, long],
      [vorbis, long],
      [opus, /it has 255 channels, and at most 32 are read$/],
      [many, /it has 1600 channels, and at most 32 are read$/],
      [endless, 0.5],
      [half, 0.5],
    ]);
  }).timeout(60_000);

  it('as images are refused before they are decoded, and cost no other task', async () => {
    const grey = sharp({ create: { width: 64, height: 64, channels: 3, background: '#808080' } });
    const good = await grey.png().toBuffer();
    const avif = await grey.avif({ effort: 0 }).toBuffer();
    const size = avif.indexOf('ispe') + 8;
    avif.writeUInt32BE(16_383, size);
    avif.writeUInt32BE(10_900, size + 4);
    const entities = Array.from({ length: 9 }, (_, at) => `<!ENTITY e${at + 1} "${`&e${at};`.repeat(10)}">`);
    const laughs = `<!DOCTYPE svg [<!ENTITY e0 "ha">${entities.join('')}]><svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text>&e9;</text></svg>`;
    await ask('seen', [
      [avif, /it has 16383 x 10900 pixels, and at most 67108864 in all are decoded$/],
      [good, 0.5],
      [hugePng(1, 16_000_000), /it has 1 x 16000000 pixels, and sides of at most 100000 are decoded$/],
      [hugePng(30_000, 30_000), /it has 30000 x 30000 pixels, and at most 178956970 in all are decoded$/],
      [Buffer.from(laughs), /its file cannot be read as an image: /],
      [tiffOf({ width: 9, height: 9, tile: 65_520 }), /its file cannot be read as an image: /],
      [good, 0.5],
    ]);
  });

  it('as videos are refused before they are decoded, and cost no other task', async () => {
    await ffmpeg(...source(25, 0.4), '-c:v', 'libx264', at('good.mp4'));
    await ffmpeg(
      '-i',
      at('good.mp4'),
      '-c',
      'copy',
      '-bsf:v',
      'setts=ts=if(gt(N\\,3)\\,TS+2000000000\\,TS)',
      at('years.mp4'),
    );
    await ffmpeg(...flat('6000x6000'), '-frames:v', '1', '-c:v', 'mjpeg', at('large.mkv'));
    const movie = await readFile(at('good.mp4'));
    // As many samples of one byte as a table can announce, of which no entry is written.
    const samples = Buffer.from(movie);
    const sizes = samples.indexOf('stsz');
    samples.writeUInt32BE(1, sizes + 8);
    samples.writeUInt32BE(2 ** 32 - 1, sizes + 12);
    await ask('watched', [
      [await readFile(at('large.mkv')), /its images have more than 33554432 pixels/],
      [samples, /its file cannot be read as a video: /],
      [await readFile(at('years.mp4')), /^the video has 3750008 frames at 24 a second, and at most 22500/],
      [movie, 0.47],
    ]);
  }).timeout(60_000);
});
