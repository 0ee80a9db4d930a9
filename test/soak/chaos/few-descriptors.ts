import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { assert } from 'chai';
import { Connections } from '../connections.js';
import { killProcess } from '../process.js';
import { type Disturbance, NotHere } from './disturbance.js';
import { until } from './wait.js';

const run = promisify(execFile);
const HOLD_MS = { least: 500, more: 2_000 };

export const fewDescriptors: Disturbance = {
  name: 'no descriptors left (EMFILE), while a child is killed',
  expected: /EMFILE|no file descriptors left|no inference process could be started|could not be read/,
  async run(server, random) {
    const { pid } = server.process;
    const limit = (most: number) => run('prlimit', ['--pid', String(pid), `--nofile=${most}:`]);
    const usual = Number(/^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))![1]);
    await limit(usual).catch(error => {
      throw new NotHere(`prlimit does not work here: ${(error as Error).message}`);
    });
    return server.shaken(async () => {
      try {
        await until('a connection to fail', async () => {
          await limit(firstFree(pid));
          return isRefused(server.process.url);
        });
        const { inference } = server.server.workers;
        const victim = inference[random(inference.length)];
        if (victim !== undefined) killProcess(victim);
        await setTimeout(HOLD_MS.least + random(HOLD_MS.more));
      } finally {
        await limit(usual);
      }
      // Connections that were refused before may still fail.
      await server.answers();
      assert.isFalse(await isRefused(server.process.url), 'connections still fail');
      return 'connections failed, and do not any more';
    });
  },
};

/** The number that the next descriptor of a process gets: a limit is one of numbers. */
function firstFree(pid: number): number {
  const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (used.has(free)) free++;
  return free;
}

/** Whether a new connection fails. */
async function isRefused(url: string): Promise<boolean> {
  const connections = new Connections(url, false);
  try {
    await connections.send('GET', '/health');
    return false;
  } catch {
    return true;
  } finally {
    connections.close();
  }
}
