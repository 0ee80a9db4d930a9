import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import sharp from 'sharp';
import type { ErrorCode } from '../../src/errors.js';
import { ffmpeg, source } from '../inputs/video/make.js';
import { useFfmpeg } from '../support/ffmpeg.js';
import { temporaryFolder } from '../support/folder.js';
import { mulberry32, pick } from '../support/random.js';
import { ServedGraphs, told } from '../support/served-graphs.js';
import { wav } from '../support/wav.js';
import { damaged, withRightSums } from './damage.js';
import { checkError, Faults, inputsOr, SEED, timeFor } from './inputs.js';

const INPUTS = inputsOr(100);
const AT_ONCE = 20;
/** What a process may hold at its most, in MB. */
const MOST_MB = 900;

const mean = (axes: string, input: string) =>
  `g (${input}) => (float[rows] y) { y = ReduceMean<axes = [${axes}], keepdims = 0>(${input.split(' ').at(-1)}) }`;
const NUMBER = { output: { kind: 'value', tensor: 'y' }, control: { control: 'Number' } } as const;

/** Each model says the mean of what it gets. */
const SERVED = {
  seen: {
    graph: mean('1, 2, 3', 'float[rows, 3, 8, 8] pixel_values'),
    input: { kind: 'image', width: 8, height: 8 },
    object: 'Image',
    ...NUMBER,
  },
  heard: {
    graph: mean('1', 'float[rows, samples] audio'),
    input: { kind: 'audio', sample_rate: 16_000 },
    object: 'Audio',
    ...NUMBER,
  },
  watched: {
    graph: mean('1, 2, 3, 4', 'float[rows, frames, 3, 4, 4] pixel_values'),
    input: { kind: 'video', clip: 4, width: 4, height: 4 },
    object: 'Video',
    ...NUMBER,
  },
} as const;
type Model = keyof typeof SERVED;

/** Valid files of each kind, by their names. */
async function validFiles(): Promise<Record<Model, [name: string, bytes: Buffer][]>> {
  const folder = await temporaryFolder();
  const picture = sharp(Buffer.from(Array.from({ length: 24 * 16 * 3 }, (_, at) => (at * 7) & 255)), {
    raw: { width: 24, height: 16, channels: 3 },
  });
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="5" height="5"/></svg>';
  const seen: [string, Buffer][] = [['svg', Buffer.from(svg)]];
  for (const format of ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const)
    seen.push([format, await picture.clone().toFormat(format).toBuffer()]);
  const sound = Float32Array.from({ length: 4000 }, (_, at) => 0.5 + 0.4 * Math.sin(at / 9));
  const first = wav(16_000, sound);
  await writeFile(join(folder, 'from.wav'), first);
  const made = async (name: string, ...options: string[]): Promise<[string, Buffer]> => {
    await ffmpeg(...options, join(folder, name));
    return [name, await readFile(join(folder, name))];
  };
  const heard: [string, Buffer][] = [['wav', first]];
  for (const name of ['a.flac', 'a.ogg', 'a.opus', 'a.mp3', 'a.aiff', 'a.m4a', 'a.oga'])
    heard.push(await made(name, '-i', join(folder, 'from.wav')));
  for (const codec of ['adpcm_ms', 'adpcm_ima_wav', 'pcm_mulaw', 'pcm_f32le'])
    heard.push(await made(`${codec}.wav`, '-i', join(folder, 'from.wav'), '-c:a', codec));
  const watched: [string, Buffer][] = [];
  for (const name of ['a.mp4', 'a.webm', 'a.avi']) watched.push(await made(name, ...source(10, 0.5)));
  return { seen, heard, watched };
}

async function peakMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024;
}

describe(`${INPUTS} damaged files of images, sound and video (FUZZ_SEED=${SEED})`, function () {
  this.timeout(timeFor(INPUTS));
  let served: ServedGraphs<Model>;
  let files: Awaited<ReturnType<typeof validFiles>>;
  before(async () => {
    await useFfmpeg();
    files = await validFiles();
    served = await ServedGraphs.start(SERVED);
  });
  after(() => served?.stop());

  const uri = (bytes: Buffer) => `data:application/octet-stream;base64,${bytes.toString('base64')}`;

  async function ask(model: Model, list: readonly (readonly [string, Buffer])[]) {
    const items = await served.ask(
      model,
      list.map(([, bytes]) => uri(bytes)),
    );
    assert.lengthOf(items, list.length);
    return items.map(told) as ([number] | { code: ErrorCode; message: string })[];
  }

  it('are read or refused each for itself, and end or fill no process', async () => {
    const pids = served.backend.backend.pids();
    const good = new Map<Model, unknown>();
    for (const model of Object.keys(SERVED) as Model[]) {
      const answers = await ask(model, files[model]);
      for (const [at, answer] of answers.entries())
        assert.isArray(answer, `${files[model][at]![0]}: ${JSON.stringify(answer)}`);
      good.set(model, answers);
    }
    const random = mulberry32(SEED);
    const faults = new Faults();
    for (let count = 0; count < INPUTS; count += AT_ONCE) {
      // What starts ffmpeg takes far longer.
      const drawn = random();
      const model = drawn < 0.45 ? 'seen' : drawn < 0.9 ? 'heard' : 'watched';
      const list = Array.from({ length: AT_ONCE }, () => {
        const [name, bytes] = pick(random, files[model]);
        const spoilt = damaged(bytes, random);
        return [name, random() < 0.5 ? spoilt : withRightSums(spoilt)] as const;
      });
      for (const [at, answer] of (await ask(model, list)).entries()) {
        const [name, bytes] = list[at]!;
        const said = `${model} ${count + at} ${name}: ${JSON.stringify(answer)} for ${bytes.toString('base64').slice(0, 6000)}`;
        faults.see(() => {
          if (Array.isArray(answer)) assert.isTrue(Number.isFinite(answer[0]), said);
          else checkError(answer, said, /^task_(unreadable|invalid)$/);
        });
      }
    }
    faults.expectNone();
    for (const [model, answers] of good) assert.deepEqual(await ask(model, files[model]), answers);
    assert.deepEqual(served.backend.backend.pids(), pids);
    for (const pid of pids) assert.isBelow(await peakMb(pid), MOST_MB);
  });
});
