import { existsSync } from 'node:fs';
import { cp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { pick } from '../random.js';
import { type Disturbance, NotHere } from './disturbance.js';
import type { ChaosServer } from './server.js';
import { until } from './wait.js';

const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
/** Where Debian has it. */
const LIBRARY = `/usr/lib/${MACHINE}-linux-gnu/faketime/libfaketime.so.1`;
const DAY = 86_400;
/** In seconds. The first is what broke timers once: 400 days do not fit into 31 bits of milliseconds. */
const JUMPS = [400 * DAY, -30, DAY, -2 * DAY, 3_600, -400 * DAY] as const;
const NEAR = 60;
/** Lines of the log for each request that is answered; and for each second, whatever comes. */
const LINES = { request: 3, second: 50 };

export const clockJumps: Disturbance = {
  name: 'a clock that jumps back and forth: reloads and trainings go on, and the log is not flooded',
  // A model that is taken away while it is read.
  expected: /models\/late-\d\/.* (cannot be read|is not readable)/,
  async run(server, random) {
    if (!existsSync(LIBRARY)) throw new NotHere(`there is no ${LIBRARY}: apt-get install faketime`);
    const clock = join(server.scratch, 'clock');
    const set = async (seconds: number) => {
      await writeFile(`${clock}.new`, `${seconds < 0 ? '' : '+'}${seconds}s`);
      await rename(`${clock}.new`, clock);
    };
    await set(0);
    await server.stop();
    await server.start({
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    });
    const begin = { lines: server.process.lines, time: performance.now(), answered: answered(server) };
    const jumps = [JUMPS[0], pick(random, JUMPS.slice(1)), 0];
    try {
      for (const [number, jump] of jumps.entries()) {
        await set(jump);
        await until(
          'the server to see its clock jump',
          async () => Math.abs((await ahead(server)) - jump) < NEAR,
        );
        await reloaded(server, `late-${number}`);
        await server.answers();
      }
      await set(jumps[0]!);
      await server.trained();
      await set(0);
      const seconds = (performance.now() - begin.time) / 1_000;
      const most = LINES.request * (answered(server) - begin.answered) + LINES.second * seconds;
      assert.isBelow(server.process.lines - begin.lines, most, 'lines of the log');
    } finally {
      await set(0);
    }
    await server.stop();
    await server.start();
    return `${jumps.map(seconds => `${seconds} s`).join(', ')}`;
  },
};

/** Waits until a new model is found, and takes it away again. */
async function reloaded(server: ChaosServer, name: string): Promise<void> {
  const folder = join(server.models, name);
  await cp(join(server.models, 'digits'), `${server.scratch}/${name}`, { recursive: true });
  await rename(`${server.scratch}/${name}`, folder);
  await until('a new model to be found', async () => (await server.modelNames()).includes(name));
  // In one step: what is half removed is told of.
  await rename(folder, `${server.scratch}/${name}`);
  await rm(`${server.scratch}/${name}`, { recursive: true });
  await until('a model to be gone', async () => !(await server.modelNames()).includes(name));
}

/** By how many seconds the server's clock is ahead. */
async function ahead(server: ChaosServer): Promise<number> {
  const response = await fetch(`${server.process.url}/health`);
  await response.text();
  return (Date.parse(response.headers.get('date')!) - Date.now()) / 1_000;
}

function answered({ load, annotations }: ChaosServer): number {
  const counts = [...Object.values(load.counts), load.health, annotations.count];
  return counts.reduce((sum, each) => sum + each.answered + each.retried, 0);
}
