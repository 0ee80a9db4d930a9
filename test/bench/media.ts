import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from './cells.js';
import { type Contestant, start } from './contestants.js';
import { LineProcess } from './lines.js';
import { BENCH, CACHE, ROOT } from './paths.js';

/** Pillow, NumPy and onnxruntime are in the environment of the tests. */
const PYTHON = join(ROOT, '.venv/bin/python');
const SCRIPT = join(BENCH, 'media.py');
const FOLDER = join(CACHE, 'media');
/** Tasks of a request, and requests at once. */
const TASKS = 24;
const CONNECTIONS = 2;

const CONFIGS = {
  image: {
    model: 'pictures',
    config: `<View><Image name="image" value="$file"/><Choices name="class" toName="image">${Array.from({ length: 10 }, (_, index) => `<Choice value="class${index}"/>`).join('')}</Choices></View>`,
  },
  audio: {
    model: 'sounds',
    config:
      '<View><Audio name="audio" value="$file"/><Labels name="sounds" toName="audio"><Label value="Speech"/></Labels></View>',
  },
};

type Medium = keyof typeof CONFIGS;

/** Files a second, medians, and the median of the rounds' ratios. */
export interface MediaRates {
  ours: number;
  python: number;
  ratio: number;
}

export type Media = Record<Medium, MediaRates>;

/** The server over HTTP, against a plain Python loop that reads, runs and answers, on the same files and cores, in turn. */
export async function measureMedia(rounds: number, seconds: number): Promise<Media> {
  if (!existsSync(PYTHON)) throw new Error('there is no .venv: run `make bench`, which makes it');
  await rm(FOLDER, { recursive: true, force: true });
  await promisify(execFile)(PYTHON, [SCRIPT, 'make', FOLDER]);
  const server = await start('ours', {
    MODEL_DIR: join(FOLDER, 'models'),
    LOCAL_FILES_DOCUMENT_ROOT: FOLDER,
  });
  try {
    return {
      image: await compare(server, 'image', rounds, seconds),
      audio: await compare(server, 'audio', rounds, seconds),
    };
  } finally {
    await server.stop();
  }
}

async function compare(
  server: Contestant,
  medium: Medium,
  rounds: number,
  seconds: number,
): Promise<MediaRates> {
  // NumPy at its best, whatever kernels the environment asks for.
  const own = { OPENBLAS_CORETYPE: undefined, OPENBLAS_L2_SIZE: undefined };
  const python = new LineProcess([PYTHON, SCRIPT, medium, FOLDER], own);
  try {
    await python.read();
    const measured: { ours: number; python: number }[] = [];
    for (let round = 0; round <= rounds; round++) {
      const ours = await rate(server, medium, seconds);
      const other = Number(await python.ask(`${seconds}`));
      // The first round warms up.
      if (round > 0) measured.push({ ours, python: other });
    }
    return {
      ours: median(measured.map(each => each.ours)),
      python: median(measured.map(each => each.python)),
      ratio: median(measured.map(each => each.ours / each.python)),
    };
  } finally {
    await python.close();
  }
}

/** Tasks a second that the server answers. */
async function rate({ port }: Contestant, medium: Medium, seconds: number): Promise<number> {
  const { model, config } = CONFIGS[medium];
  const names = (await readdir(join(FOLDER, medium))).sort();
  const tasks = Array.from({ length: TASKS }, (_, id) => ({
    id,
    data: { file: `/data/local-files/?d=${medium}/${names[id % names.length]}` },
  }));
  const body = JSON.stringify({ tasks, label_config: config });
  const begin = performance.now();
  let done = 0;
  const connection = async () => {
    while (performance.now() - begin < seconds * 1000) {
      const reply = await fetch(`http://127.0.0.1:${port}/models/${model}/predict`, { method: 'POST', body });
      const { results } = (await reply.json()) as { results?: { result?: unknown; error?: unknown }[] };
      const failed = results?.find(item => item.result === undefined);
      if (!results || failed) throw new Error(`${medium}: ${reply.status} ${JSON.stringify(failed)}`);
      done += results.length;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  return (done / (performance.now() - begin)) * 1000;
}
