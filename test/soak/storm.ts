import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { readTraining } from '../../src/registry/training-record.js';
import type { Job } from '../../src/training/job.js';
import { start } from '../bench/contestants.js';
import { type Answer, Connections } from './connections.js';
import type { SoakLabelStudio } from './label-studio.js';
import { seeded } from './random.js';
import { at, type Check, type Count, sayCounts } from './report.js';
import { versionsOf } from './stored.js';
import { hasEnded, TrainingServer } from './training-server.js';
import { VersionsLoad } from './versions-load.js';

const FIRST = 100;
const EVENTS = 1_000;
const ANNOTATORS = 8;
/** Between two events of an annotator: all of them come within some 20 s, which is 50 of each second. */
const PAUSE_MS = 150;
/** Of the events, those that come while a training runs: a part of them that says something of 99 %. */
const LEAST_DURING = 200;
/** So long, or so many times as long as a bare server takes for the same: on a machine that is too busy for any. */
const LIMIT = { milliseconds: 100, bare: 3 };
/** Shorter than a training, and any annotation starts one: the last ones too. */
const DEBOUNCE_MS = 1_500;
/** Quiet periods after which a training starts although annotations still come. */
const LONGEST_WAIT = 6;
/** A handful. */
const FEW = 5;

/**
 * Many annotations in a short time, while trainings run and predictions are asked for.
 *
 * @param timed whether how quickly they are answered counts, for which the machine has to do nothing else
 */
export async function storm(labelStudio: SoakLabelStudio, timed: boolean): Promise<Check[]> {
  const server = await TrainingServer.start({ TRAIN_EVERY: '1', TRAIN_DEBOUNCE: `${DEBOUNCE_MS}ms` });
  const random = seeded(1);
  const project = labelStudio.project('1', random);
  await server.setup(labelStudio, project);
  for (let count = 0; count < FIRST; count++) project.annotate();
  await server.train(project);
  const [first] = await server.until(project, hasEnded);
  if (first?.status !== 'finished') throw new Error(`the first training: ${JSON.stringify(first)}`);

  const load = new VersionsLoad(project, random, false);
  load.aim(server.process.url);
  const running = load.run();
  await server.train(project);
  await server.until(project, ([job]) => job!.status === 'started');

  // As Label Studio sends them: a connection for each.
  const connections = new Connections(server.process.url, false);
  const echo = await start('echo');
  const bare = new Connections(`http://127.0.0.1:${echo.port}`, false);
  const counts = { events: newCount(), bare: newCount() };
  const refused: string[] = [];
  /** When each was answered. */
  const times: number[] = [];
  const begin = Date.now();
  async function annotator(): Promise<void> {
    while (project.tasks.length < FIRST + EVENTS) {
      const body = JSON.stringify(project.annotate());
      const { status, body: text } = await send(connections, body, counts.events);
      times.push(Date.now());
      if (status !== 200) refused.push(`${status} ${text}`);
      await send(bare, body, counts.bare);
      await setTimeout(PAUSE_MS * (0.5 + random(1_000) / 1_000));
    }
  }
  await Promise.all(Array.from({ length: ANNOTATORS }, annotator));
  const took = Date.now() - begin;
  // The one that the last quiet period leads to.
  const jobs = await server.until(
    project,
    all => hasEnded(all) && Date.parse(all[0]!.started!) >= times.at(-1)!,
  );
  load.stop();
  await running;
  connections.close();
  bare.close();
  await echo.stop();
  server.connections.close();
  const exitCode = await server.process.stop();

  const during = counts.events.milliseconds.filter((_, index) => jobs.some(job => ranAt(job, times[index]!)));
  // Those that were asked for before the first event are not theirs.
  const led = jobs.length - 2;
  const explained = Math.max(FEW, Math.ceil(took / (LONGEST_WAIT * DEBOUNCE_MS)) + 1);
  const record = await readTraining(join(versionsOf(project), jobs[0]!.version ?? ''));
  const learnt = (record?.counts as { tasks?: number } | undefined)?.tasks;
  const unsuccessful = jobs.filter(({ status }) => status !== 'finished').map(each => JSON.stringify(each));
  const p99 = at(during, 0.99);
  const limit = Math.max(LIMIT.milliseconds, LIMIT.bare * at(counts.bare.milliseconds, 0.99));
  const quick: Check = [
    `of the ${during.length} that came while a training ran, 99 % are answered within ${limit.toFixed(0)} ms`,
    during.length >= LEAST_DURING && p99 < limit,
    [`${during.length} of ${LEAST_DURING} at least; ${p99.toFixed(1)} ms`],
  ];
  sayCounts({ ...counts, ...load.counts });
  return [
    [`${EVENTS} annotations within ${(took / 1_000).toFixed(0)} s are taken`, refused.length === 0, refused],
    ...(timed ? [quick] : []),
    [`they lead to ${led} trainings`, led >= 1 && led <= explained, [`at most ${explained} are explained`]],
    ['each training leads to a version that serves', unsuccessful.length === 0, unsuccessful],
    [
      'the last job has learnt from all annotations',
      learnt === FIRST + EVENTS,
      [`${learnt} tasks of ${FIRST + EVENTS}`],
    ],
    [`${load.versions.size} versions served while predictions were asked for`, load.versions.size > 2, []],
    ['no request for predictions fails', load.lost.length === 0, load.lost],
    ['every answer is wholly of one version', load.mixed.length === 0, load.mixed],
    ['nothing else went wrong in the server', server.process.errors.length === 0, server.process.errors],
    ['it ended with exit code 0', exitCode === 0, [`exit code ${exitCode}`]],
  ];
}

function newCount(): Count {
  return { answered: 0, retried: 0, milliseconds: [] };
}

async function send(connections: Connections, body: string, count: Count): Promise<Answer> {
  const sent = performance.now();
  const answer = await connections.send('POST', '/webhook', body);
  count.milliseconds.push(performance.now() - sent);
  if (answer.status === 200) count.answered++;
  return answer;
}

function ranAt({ started, ended }: Job, time: number): boolean {
  return started !== undefined && Date.parse(started) <= time && time <= Date.parse(ended!);
}
