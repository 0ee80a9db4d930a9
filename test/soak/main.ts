import { setTimeout } from 'node:timers/promises';
import { knownAnswers } from './answers.js';
import { Load } from './load.js';
import { Memory } from './memory.js';
import { type Check, say, sayChecks, sayCounts } from './report.js';
import { SoakServer } from './server.js';

/**
 * Minutes of mixed load on the compiled server while its processes are killed and its model is reloaded: no answer may be
 * wrong, no request lost, and its memory may not grow.
 *
 * usage: node --import tsx test/soak/main.ts [seconds]
 */
const SECONDS = Number(process.argv[2] ?? 600);
const TEXTS = 20_000;
const EVERY_MS = { kill: 5_000, reload: 20_000, memory: 1_000 };
/** How long a new version may take to serve. */
const RELOAD_LIMIT_MS = 15_000;

const server = await SoakServer.start({ WORKERS: '2', RESULT_CACHE: '1mb', LOG_LEVEL: 'info' });
const load = new Load(server.process.url, await knownAnswers(TEXTS));
await load.setup();

const memory = new Memory();
const done = { kills: 0, reloads: 0 };
const stale: string[] = [];
const stop = new AbortController();

/** Does something again and again until the end. */
async function every(milliseconds: number, work: () => Promise<void> | void): Promise<void> {
  while (!stop.signal.aborted) {
    await setTimeout(milliseconds, undefined, { signal: stop.signal }).catch(() => {});
    if (!stop.signal.aborted) await work();
  }
}

async function reload(): Promise<void> {
  const label = await server.newVersion();
  const begin = performance.now();
  while (!load.versions.has(label)) {
    if (performance.now() - begin > RELOAD_LIMIT_MS) return void stale.push(`${label} did not answer`);
    if (stop.signal.aborted) return;
    await setTimeout(20);
  }
  done.reloads++;
}

say(`${SECONDS} s of mixed load on ${server.process.url}`);
const begin = performance.now();
const chaos = [
  every(EVERY_MS.kill, () => {
    if (server.killOne() !== undefined) done.kills++;
  }),
  every(EVERY_MS.reload, reload),
  every(EVERY_MS.memory, () => memory.take(server.process.pids)),
];
const running = load.run();
await setTimeout(SECONDS * 1_000);
stop.abort();
load.stop();
await Promise.all([running, ...chaos]);
const exitCode = await server.process.stop();

sayCounts({ ...load.counts, '/health': load.health });
const isFlat = memory.checks();

const { wrong, lost, slow } = load.faults;
const checks: Check[] = [
  ['every answer is right', wrong.length === 0, wrong],
  ['no request is lost', lost.length === 0, lost],
  [`/health answers within a second (${load.health.answered} times)`, slow.length === 0, slow],
  [`${done.kills} processes were killed and replaced`, done.kills > 0, []],
  [`${done.reloads} versions were loaded and served`, stale.length === 0, stale],
  ...isFlat,
  ['nothing else went wrong in the server', server.process.errors.length === 0, server.process.errors],
  ['it ended with exit code 0', exitCode === 0, [`exit code ${exitCode}`]],
];
process.exit(sayChecks(checks, begin));
