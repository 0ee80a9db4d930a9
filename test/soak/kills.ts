import { setTimeout } from 'node:timers/promises';
import type { Job } from '../../src/training/job.js';
import type { SoakLabelStudio, SoakProject } from './label-studio.js';
import { isRunning, killProcess } from './process.js';
import { pick, type Random, seeded, shuffled } from './random.js';
import { type Check, sayCounts } from './report.js';
import { stored } from './stored.js';
import { hasEnded, MODEL, processesOf, TrainingServer } from './training-server.js';
import { VersionsLoad } from './versions-load.js';

const VICTIMS = ['server', 'trainer', 'inference process'] as const;
type Victim = (typeof VICTIMS)[number];

const SETTINGS = { TRAIN_EVERY: '5', TRAIN_DEBOUNCE: '200ms', RESULT_CACHE: 'off' };
const FIRST = 90;
/** Events that come before a kill. */
const EVENTS = 5;
/** From where the moment of a kill is counted: the request for a training, and what it tells that it is at. */
const STEPS = {
  'the request': /^/,
  reading: /^reading/,
  training: /^training/,
  comparing: /^comparing|is about to serve/,
};
const STEP_NAMES = Object.keys(STEPS) as (keyof typeof STEPS)[];
/** How long the short ones take at most, in milliseconds. */
const SHORT_MS = 150;
/** One training of so many is of wrong annotations, and one kill of so many comes before the last one is got over. */
const ONE_OF = { spoilt: 5, early: 4 };
/** How long processes may take to end when their server has. */
const END_MS = 10_000;
const TRIES = 20;
const LOOK_MS = 10;
const LEAST_RIGHT = 0.9;

const CLAIMS = {
  end: 'the training loop goes on to its end',
  killed: 'processes were killed at random moments',
  restart: 'after each restart the version that served answers, or a newer one',
  whole: 'all versions are whole, with the SHA-256 of version.json, and nothing half-made lies about',
  accepted: 'only versions that were accepted answer, and they know what was annotated',
  jobs: 'no job is lost or stuck, and each that failed says why in a sentence',
  next: 'after each kill the next training leads to a version that serves',
  left: 'no process of a server or a job that ended is left',
};

/** Failures that a kill, or wrong annotations, explain. */
const EXPLAINED = [
  /^the trainer was ended by SIGKILL$/,
  // What the trainer started, to look at what it has written.
  /^parity gate: Node ended with exit code -9;/,
  /^the new version \S+ was rejected: accuracy \S+ on \d+ held-out tasks, against /,
  /^the server ended 2 times while it ran: not tried again$/,
];

/** A training loop in which processes are killed at random moments. */
export async function kills(labelStudio: SoakLabelStudio, seed: number, count: number): Promise<Check[]> {
  const random = seeded(seed);
  const run = new Loop(labelStudio, random, await TrainingServer.start(SETTINGS));
  const victims = Array.from({ length: count }, (_, index) => VICTIMS[index % VICTIMS.length]!);
  try {
    await run.begin();
    for (const victim of shuffled(random, victims)) await run.kill(victim);
    await run.settle();
  } catch (error) {
    run.fault('end', (error as Error).message);
  }
  return run.end();
}

class Loop {
  readonly #random: Random;
  readonly #labelStudio: SoakLabelStudio;
  readonly #project: SoakProject;
  readonly #load: VersionsLoad;
  readonly #faults = Object.fromEntries(Object.keys(CLAIMS).map(name => [name, []])) as unknown as Record<
    keyof typeof CLAIMS,
    string[]
  >;
  readonly #killed: Record<Victim, number> = { server: 0, trainer: 0, 'inference process': 0 };
  readonly #accepted = new Set<string>();
  readonly #rejected = new Set<string>();
  readonly #errors: string[] = [];
  readonly #jobs = new Map<string, Job>();
  #server: TrainingServer;
  #running: Promise<void> = Promise.resolve();
  /** What served when it was last looked. */
  #serving = '';
  /** When the last training was asked for, and when a process was killed since. */
  #asked = 0;
  #killedAt = 0;
  /** Whether annotations are wrong. */
  #spoilt = false;
  /** How long a training takes here, in milliseconds. */
  #usual = 0;
  /** The last kill, in words. */
  #last = '';

  constructor(labelStudio: SoakLabelStudio, random: Random, server: TrainingServer) {
    this.#random = random;
    this.#labelStudio = labelStudio;
    this.#server = server;
    this.#project = labelStudio.project('2', random);
    this.#load = new VersionsLoad(this.#project, random, true);
  }

  /** Trains the first version, and asks for predictions from then on. */
  async begin(): Promise<void> {
    await this.#server.setup(this.#labelStudio, this.#project);
    for (let count = 0; count < FIRST; count++) this.#project.annotate();
    const job = await this.#train();
    this.#usual = Date.parse(job.ended!) - Date.parse(job.started!);
    await this.#look();
    this.#load.aim(this.#server.process.url);
    this.#running = this.#load.run();
  }

  async kill(victim: Victim): Promise<void> {
    const number = Object.values(this.#killed).reduce((sum, each) => sum + each, 1);
    await this.#ask();
    const step = victim === 'trainer' ? 'training' : pick(this.#random, STEP_NAMES);
    const isLong = step === 'training' || step === 'the request';
    const delay = this.#random(isLong ? this.#usual : SHORT_MS);
    this.#last = `kill ${number}, of the ${victim}, ${delay} ms after ${step}`;
    await this.#step(STEPS[step]);
    await setTimeout(delay);
    this.#killedAt = Date.now();
    if (victim === 'server') await this.#killServer();
    else if (!(await this.#killWorker(victim))) this.fault('killed', 'there was none');
    this.#killed[victim]++;
    if (this.#random(ONE_OF.early) > 0) await this.settle();
  }

  /** Ends the server. @returns what was seen */
  async end(): Promise<Check[]> {
    this.#load.stop();
    await this.#running;
    const pids = this.#server.process.pids;
    this.#server.connections.close();
    const exitCode = await this.#server.process.stop();
    await this.#none(() => [...pids.filter(isRunning), ...processesOf([...this.#jobs.values()])]);
    this.#errors.push(...this.#server.process.errors);

    const answered = [...this.#load.versions].map(label => label.slice(MODEL.length + 1));
    for (const version of answered)
      if (!this.#accepted.has(version)) this.fault('accepted', `${version} answered`);
    const all = [...this.#jobs.values()];
    const failed = all.filter(({ status }) => status === 'failed').length;
    const killed = VICTIMS.map(victim => `${victim} ${this.#killed[victim]}`).join(', ');
    const numbers: Partial<Record<keyof typeof CLAIMS, string>> = {
      killed,
      accepted: `${this.#accepted.size} accepted, ${this.#rejected.size} rejected`,
      jobs: `${all.length - failed} finished, ${failed} failed`,
    };
    sayCounts(this.#load.counts);
    return [
      ...Object.entries(this.#faults).map(([name, reasons]): Check => {
        const number = numbers[name as keyof typeof CLAIMS];
        const claim = CLAIMS[name as keyof typeof CLAIMS] + (number === undefined ? '' : ` (${number})`);
        return [claim, reasons.length === 0, reasons];
      }),
      [
        'no request for predictions fails while the server runs',
        this.#load.lost.length === 0,
        this.#load.lost,
      ],
      ['every answer is wholly of one version', this.#load.mixed.length === 0, this.#load.mixed],
      ['nothing else went wrong in the server', this.#errors.length === 0, this.#errors],
      ['it ended with exit code 0', exitCode === 0, [`exit code ${exitCode}`]],
    ];
  }

  fault(claim: keyof typeof CLAIMS, reason: string): void {
    this.#faults[claim].push(`${this.#last}: ${reason}`);
  }

  /** Sends events that lead to a training, or presses the button after them. */
  async #ask(): Promise<void> {
    this.#asked = Date.now();
    let events: object[];
    if (!this.#spoilt && this.#random(ONE_OF.spoilt) === 0) {
      this.#spoilt = true;
      events = this.#project.spoil().slice(-EVENTS);
    } else events = Array.from({ length: EVENTS }, () => this.#project.annotate());
    for (const event of events) await this.#server.connections.json('POST', '/webhook', event);
    if (this.#random(2) === 0) await this.#server.train(this.#project);
  }

  /** Waits until a training is at a step, or has passed it. */
  async #step(step: RegExp): Promise<void> {
    const jobs = await this.#server.until(this.#project, all => {
      const running = all.find(({ ended }) => ended === undefined);
      return running
        ? step.test(running.message ?? '')
        : step.test('') || all.some(({ ended }) => Date.parse(ended!) >= this.#asked);
    });
    this.#keep(jobs);
  }

  async #killServer(): Promise<void> {
    const { process, connections } = this.#server;
    const [, ...others] = process.pids;
    this.#load.aim();
    process.signal('SIGKILL');
    await process.ended;
    connections.close();
    this.#errors.push(...process.errors);

    this.#server = await TrainingServer.start(SETTINGS);
    // Trainers that run now are the new server's own.
    const trainers = processesOf([...this.#jobs.values()]);
    const own = this.#server.process.pids;
    const orphans = trainers.filter(pid => !own.includes(pid) && isRunning(pid));
    if (orphans.length > 0)
      this.fault('left', `trainers ${orphans.join(', ')} of the server that was killed`);
    this.#load.aim(this.#server.process.url);
    const { version } = await this.#server.serving(this.#project);
    if (version < this.#serving) this.fault('restart', `${version} answers after ${this.#serving}`);
    await this.#none(() => others.filter(isRunning));
  }

  /** @returns whether there was one */
  async #killWorker(victim: Exclude<Victim, 'server'>): Promise<boolean> {
    const kind = victim === 'trainer' ? 'trainers' : 'inference';
    for (let tries = 0; tries < TRIES; tries++) {
      const found = this.#server.workers[kind];
      if (found.length > 0 && killProcess(pick(this.#random, found))) return true;
      // The training has ended already, or the inference process is not replaced yet.
      if (victim === 'trainer') await this.#server.train(this.#project);
      await this.#server.until(
        this.#project,
        jobs => this.#server.workers[kind].length > 0 || hasEnded(jobs),
      );
      await setTimeout(this.#random(victim === 'trainer' ? this.#usual / 2 : SHORT_MS));
    }
    return false;
  }

  /** Waits until what a kill has led to is over, and looks whether all is well. */
  async settle(): Promise<void> {
    const jobs = await this.#server.until(this.#project, hasEnded);
    this.#keep(jobs);
    const [newest] = jobs;
    const { version } = await this.#server.serving(this.#project);
    const works = newest!.version === version && Date.parse(newest!.ended!) >= this.#killedAt;
    if (this.#spoilt || !works) {
      if (this.#spoilt) this.#project.restore();
      this.#spoilt = false;
      const job = await this.#train();
      if (job.status !== 'finished') this.fault('next', `it failed: ${job.error}`);
    }
    await this.#look();
  }

  /** @returns the job when it has ended */
  async #train(): Promise<Job> {
    const id = await this.#server.train(this.#project);
    const jobs = await this.#server.until(this.#project, hasEnded);
    this.#keep(jobs);
    return jobs.find(job => job.id === id)!;
  }

  /** Takes note of all jobs that there are. */
  #keep(jobs: readonly Job[]): void {
    const there = new Set(jobs.map(({ id }) => id));
    // Of those that have ended only the newest are kept.
    for (const { id, ended } of this.#jobs.values())
      if (ended === undefined && !there.has(id)) this.fault('jobs', `the job ${id} is not there any more`);
    for (const job of jobs) {
      const isNew = this.#jobs.get(job.id)?.ended === undefined;
      if (isNew && job.status === 'failed' && !EXPLAINED.some(each => each.test(job.error ?? '')))
        this.fault('jobs', `${job.id}: ${job.error}`);
      if (job.version !== undefined) this.#accepted.add(job.version);
      this.#jobs.set(job.id, job);
    }
  }

  /** Looks at versions and processes while no training runs. */
  async #look(): Promise<void> {
    const { version, right } = await this.#server.serving(this.#project);
    const { active, accepted, rejected, broken } = await stored(this.#project);
    for (const each of accepted) this.#accepted.add(each);
    for (const each of rejected) this.#rejected.add(each);
    for (const each of [...broken, ...(await this.#server.problems())]) this.fault('whole', each);
    if (version < this.#serving) this.fault('accepted', `${version} answers after ${this.#serving}`);
    if (version !== active || !accepted.includes(version) || right < LEAST_RIGHT)
      this.fault('accepted', `${version} answers, ${right} of it right, and ${active} is active`);
    this.#serving = version;
    await this.#none(() => processesOf([...this.#jobs.values()]));
  }

  /** Waits until there are none of some processes. */
  async #none(left: () => number[]): Promise<void> {
    const end = performance.now() + END_MS;
    while (left().length > 0) {
      if (performance.now() > end) return this.fault('left', `processes ${left().join(', ')}`);
      await setTimeout(LOOK_MS);
    }
  }
}
