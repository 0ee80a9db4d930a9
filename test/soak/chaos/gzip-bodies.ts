import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { assert } from 'chai';
import { pss } from '../../bench/processes.js';
import { PROJECTS } from '../answers.js';
import type { Disturbance } from './disturbance.js';

const BODIES = 24;
const UNPACKED = 64 * 2 ** 20;
/** By how much the server may grow meanwhile, in megabytes: the largest bodies that it takes are 8 MB, and four of them at once. */
const GROWTH = 600;
const LOOK_MS = 50;

export const gzipBodies: Disturbance = {
  name: `${BODIES} gzip bodies of 64 KB that unpack to ${UNPACKED / 2 ** 20} MB: refused, and memory stays`,
  async run(server) {
    const begin = '{"tasks":[{"data":{"text":"';
    const large = Buffer.alloc(UNPACKED, 'a');
    large.write(begin);
    large.write('"}}]}', UNPACKED - 5);
    const packed = gzipSync(large);
    assert.isBelow(packed.length, 100_000);
    const send = (path: string, bytes: Buffer) =>
      fetch(`${server.process.url}${path}`, {
        method: 'POST',
        body: bytes,
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      }).then(async response => ({ status: response.status, body: await response.text() }));
    const { pid } = server.process;
    const before = pss(pid);
    let peak = before;
    let over = false;
    const watched = (async () => {
      while (!over) {
        peak = Math.max(peak, pss(pid));
        await setTimeout(LOOK_MS);
      }
    })();
    const answers = await Promise.all(
      Array.from({ length: BODIES }, (_, number) => send(number % 3 === 0 ? '/webhook' : '/predict', packed)),
    ).finally(() => {
      over = true;
    });
    await watched;
    const statuses = new Set(answers.map(({ status }) => status));
    for (const { status, body } of answers) assert.include([413, 503], status, body);
    assert.isBelow(peak - before, GROWTH, 'megabytes by which the server grew');
    const small = { tasks: [{ data: { text: 'good' } }], project: PROJECTS[0]!.id };
    const { status, body } = await send('/predict', gzipSync(JSON.stringify(small)));
    // It may be that it is busy with others' requests.
    assert.include([200, 503], status, body);
    return `answered with ${[...statuses].join(' and ')}; the server grew by ${(peak - before).toFixed(0)} MB meanwhile`;
  },
};
