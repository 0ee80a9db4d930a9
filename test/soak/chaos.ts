import { setTimeout } from 'node:timers/promises';
import { State } from '../../src/state.js';
import { knownAnswers } from './answers.js';
import { NotHere } from './chaos/disturbance.js';
import { KINDS } from './chaos/kinds.js';
import { ChaosServer } from './chaos/server.js';
import { SoakLabelStudio } from './label-studio.js';
import { Memory } from './memory.js';
import { seeded, shuffled } from './random.js';
import { type Check, say, sayChecks, sayCounts } from './report.js';
import { processesOf } from './training-server.js';

/**
 * Everything bad that can happen to the compiled server from outside happens to it, one after the other, while it answers
 * predictions, counts annotations and trains: each kind once, and again in another order until the time is over. `ONLY` names
 * the kinds to try, as a pattern.
 *
 * usage: node --import tsx test/soak/chaos.ts [seconds] [seed]
 */
const SECONDS = Number(process.argv[2] ?? 600);
const SEED = Number(process.argv[3] ?? 1 + Math.floor(Math.random() * 1_000_000));
const ONLY = new RegExp(process.env.ONLY ?? '');
const TEXTS = 5_000;
const MEMORY_MS = 1_000;
/** In a short run what servers have just started take says nothing of leaks. */
const LONG = SECONDS >= 300;
/** Failures that the death of a process, and a full disk, explain; each training that follows must lead to a version. */
const EXPLAINED = [
  /^the trainer was ended by SIGKILL$/,
  /^parity gate: Node ended with exit code -9;/,
  /^the server ended 2 times while it ran: not tried again$/,
  /no room|No space left|ENOSPC|EMFILE|Too many open files/,
];
/** What may be told at any time: processes end, and trainings fail; lmdb itself writes of a full disk, in a line without an end. */
const ALWAYS =
  /^(an inference process ended|training of .* failed: |(Write error: No space left on device[^W]*)+$)/;

const begin = performance.now();
const random = seeded(SEED);
const kinds = KINDS.filter(({ name }) => ONLY.test(name));
const tried = new Map(kinds.map(kind => [kind, { times: 0, faults: [] as string[] }]));
const notHere = new Set<string>();
// Of what happened before, lines may still come.
let expected: readonly RegExp[] = [ALWAYS];

const labelStudio = await SoakLabelStudio.start();
const server = await ChaosServer.open(await knownAnswers(TEXTS), labelStudio, random, {
  test: message => expected.some(each => each.test(message)),
});
say(
  `${kinds.length} kinds of disturbances beside load; node --import tsx test/soak/chaos.ts ${SECONDS} ${SEED} repeats them`,
);
await server.start();
await server.prepare();
const running = server.run();
const memory = new Memory();
const watching = new AbortController();
const watched = (async () => {
  while (!watching.signal.aborted) {
    memory.take(server.serving);
    await setTimeout(MEMORY_MS);
  }
})();

/** Lets one happen. A server that ended by itself is started again, for the others. */
async function disturb(kind: (typeof KINDS)[number]): Promise<void> {
  const { name, expected: more } = kind;
  const { faults, times } = tried.get(kind)!;
  const ends = server.ends.length;
  if (more) expected = [...expected, more];
  const from = performance.now();
  let seen: string;
  try {
    seen = await kind.run(server, random);
    await server.recovered();
    tried.get(kind)!.times = times + 1;
  } catch (error) {
    seen = (error as Error).message;
    if (error instanceof NotHere) notHere.add(`${name}: ${seen}`);
    else faults.push(seen);
    seen = `${error instanceof NotHere ? 'not tried' : 'FAILED'}: ${seen}`;
  }
  faults.push(...server.ends.slice(ends));
  if (more) expected = expected.filter(each => each !== more);
  say(`  ${((performance.now() - from) / 1_000).toFixed(1).padStart(6)} s  ${name}: ${seen}`);
  if (!server.isRunning || server.ends.length > ends) await server.start();
}

const trainings: string[] = [];
do {
  for (const kind of shuffled(random, kinds)) await disturb(kind);
  await server.trained().catch(error => trainings.push((error as Error).message));
} while (performance.now() - begin < SECONDS * 1_000);

server.load.stop();
server.annotations.stop();
await running;
watching.abort();
await watched;
const ended: string[] = [];
await server.stop().catch(error => ended.push((error as Error).message));

const jobs = [...server.jobs.values()];
for (const { id, status, error = '' } of jobs)
  if (status === 'failed' && !EXPLAINED.some(each => each.test(error))) trainings.push(`${id}: ${error}`);
const left = processesOf(jobs).map(pid => `the trainer ${pid}`);
const lost = [...server.annotations.faults, ...(await server.annotations.lost(server.dataDir))];
const state = State.open(server.dataDir);
const written = server.unkept.filter(id => state.project(id) !== undefined);
await state.close();
await server.close();
labelStudio.stop();

const { load, annotations } = server;
sayCounts({ ...load.counts, '/health': load.health, annotations: annotations.count });
const grown = memory.checks();
for (const each of notHere) say(`not tried: ${each}`);
const none = (claim: string, reasons: readonly string[]): Check => [claim, reasons.length === 0, reasons];
const checks: Check[] = [
  ...[...tried]
    .filter(([, { times, faults }]) => times + faults.length > 0)
    .map(([{ name }, { times, faults }]) => none(`it stands ${name} (${times} times)`, faults)),
  none('every answer is right', load.faults.wrong),
  none('no request is lost', load.faults.lost),
  none(`/health answers (${load.health.answered} times)`, load.faults.slow),
  none(`no annotation is lost (${annotations.count.answered} were taken)`, lost),
  none('a server that has lost its DATA_DIR writes nothing', written),
  none(`trainings lead to versions that serve, or say why not (${jobs.length} jobs)`, trainings),
  none('no trainer is left', left),
  none('nothing else went wrong in the server', server.errors),
  none('it ended with exit code 0', ended),
  ...(LONG ? grown : []),
];
process.exit(sayChecks(checks, begin));
