import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import type { Prediction } from '../../src/model.js';
import { ffmpeg } from '../inputs/video/make.js';
import { buildExamples, readExamples } from '../models/examples.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { useFfmpeg } from '../support/ffmpeg.js';
import { temporaryFolder } from '../support/folder.js';
import { collect } from '../support/predictions.js';
import { errorOf } from '../support/results.js';
import { serve, stopServers, type TestServer } from '../task-data/servers.js';

const SIDE = 64;
const FRAMES = 60;
/** A lamp of 16 x 32 pixels is seen from this frame on, counted from 0, and no more from the other one on. */
const [FIRST, END] = [20, 40];

/** Pixels of the left side of the lamp: it moves, and comes back twice as fast. */
const leftOf = (frame: number) => (frame < 32 ? 4 * (frame - FIRST) : 48 - 6 * (frame - 32));

function rawFrames(): Buffer {
  const bytes = Buffer.alloc(FRAMES * SIDE * SIDE, 16);
  for (let frame = FIRST; frame < END; frame++) {
    for (let line = 16; line < 48; line++) {
      const at = (frame * SIDE + line) * SIDE + leftOf(frame);
      bytes.fill(235, at, at + 16);
    }
  }
  return bytes;
}

describe('a video that a task points to', () => {
  let backend: TestBackend;
  let storage: TestServer;
  let config: string;

  before(async function () {
    this.timeout(60_000);
    await useFfmpeg();
    const example = (await readExamples()).find(({ name }) => name === 'passing')!;
    const [root, folder] = [await temporaryFolder(), await temporaryFolder()];
    await buildExamples([example], root, folder);
    await writeFile(join(folder, 'raw'), rawFrames());
    const raw = ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', `${SIDE}x${SIDE}`, '-r', '25'];
    await ffmpeg(
      ...raw,
      '-i',
      join(folder, 'raw'),
      '-c:v',
      'libx264',
      '-pix_fmt',
      'yuv420p',
      join(folder, 'a.mp4'),
    );
    const file = await readFile(join(folder, 'a.mp4'));
    storage = await serve((request, response) => {
      response.statusCode = request.url === '/a.mp4' ? 200 : 404;
      response.end(file);
    });
    config = example.config.replace('frameRate="10"', 'frameRate="25"');
    backend = await startBackend({ MODEL_DIR: root, ALLOW_HOSTS: storage.host });
  });
  after(async () => {
    await backend?.stop();
    await stopServers();
  });

  it('is fetched, read in several runs, and answered in frames of the editor', async () => {
    const tasks = ['a.mp4', 'gone.mp4'].map((name, id) => ({
      id,
      data: { night: `${storage.url}/${name}` },
    }));
    const reply = await backend.post<{ results: Prediction[] }>('/models/passing/predict', {
      tasks,
      label_config: config,
    });
    assert.equal(reply.status, 200, reply.reason);
    const [prediction, gone] = reply.body.results;
    assert.equal(errorOf(gone!).code, 'task_unreadable');
    collect(config, [prediction!]);
    const [track, ranges] = prediction!.result;
    assert.deepEqual(ranges!.value, { ranges: [{ start: FIRST + 1, end: END }], timelinelabels: ['Light'] });
    const { framesCount, duration, sequence, labels } = track!.value as {
      framesCount: number;
      duration: number;
      sequence: { frame: number; x: number; enabled: boolean }[];
      labels: string[];
    };
    assert.deepEqual([framesCount, labels], [FRAMES, ['Lamp']]);
    assert.approximately(duration, 2.4, 1e-6);
    const keys = sequence.map(({ frame }) => frame);
    assert.includeMembers(keys, [FIRST + 1, END]);
    assert.isTrue(
      keys.some(frame => Math.abs(frame - 33) <= 1),
      `it turns at 33: ${keys}`,
    );
    assert.equal(sequence.at(-1)!.enabled, false);
    // The graph sees 16 x 16 pixels, so a place is right to one of them.
    for (const { frame, x } of sequence) assert.approximately(x, (100 * leftOf(frame - 1)) / SIDE, 100 / 16);
  });
});
