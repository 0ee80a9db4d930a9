import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job } from '../../../src/training/job.js';
import { ROOT } from '../../support/python.js';
import { type SmallDisk, smallDisk } from '../../support/tmpfs.js';
import type { Known } from '../answers.js';
import type { SoakLabelStudio, SoakProject } from '../label-studio.js';
import { type Kind, Load } from '../load.js';
import { type CompiledServer, type Expected, isRunning } from '../process.js';
import type { Random } from '../random.js';
import { hasEnded, processesOf, TrainingServer } from '../training-server.js';
import { Annotations } from './annotations.js';
import { until, within } from './wait.js';

const SCRATCH = join(ROOT, '.cache/soak-chaos');
const MODELS = ['sentiment', 'text-classifier', 'digits'];
const DATA_MEGABYTES = 96;
const LOG_MEGABYTES = 128;
const LOGS_KEPT = 3;
const PAUSE_MS = 100;
const KINDS: Readonly<Record<string, Kind>> = {
  interactive: { tasks: 1, clients: 1, pause: PAUSE_MS, interactive: true },
  single: { tasks: 1, clients: 2, pause: PAUSE_MS },
  '25 tasks': { tasks: 25, clients: 1, pause: PAUSE_MS },
  '300 tasks': { tasks: 300, clients: 1, pause: 1_000 },
};
/** Annotations of the project that is trained. */
const FIRST = 90;
const LEAST_RIGHT = 0.9;
const SETTINGS = {
  WORKERS: '2',
  RESULT_CACHE: 'off',
  RELOAD_CRON: '*/2 * * * * *',
  // What hangs is answered, in a run that is short.
  REQUEST_DEADLINE: '10s',
  DRAIN_TIMEOUT: '5s',
  BODY_LIMIT: '8mb',
  TRAIN_EVERY: '1000000',
  ALLOW_HOSTS: '127.0.0.1',
};

export type Env = Readonly<Record<string, string>>;

/** A server on small disks of its own, with a load that knows the right answers, annotations and trainings. */
export class ChaosServer {
  readonly load: Load;
  readonly annotations: Annotations;
  /** The model repository, and where other things may lie. */
  readonly models = join(SCRATCH, 'models');
  readonly scratch = SCRATCH;
  /** Null where this user may not mount: plain folders have their place. */
  readonly disks: { data: SmallDisk; log: SmallDisk } | null;
  readonly jobs = new Map<string, Job>();
  readonly labelStudio: SoakLabelStudio;
  readonly project: SoakProject;
  /** Projects whose setup no server may keep. */
  readonly unkept: string[] = [];
  /** That a server ended by itself. */
  readonly ends: string[] = [];
  readonly errors: string[] = [];
  readonly #expected: Expected;
  #server: TrainingServer | undefined;
  /** How many servers were started, and which of them is asked. */
  #logs = 0;
  #asked = 0;

  private constructor(
    disks: ChaosServer['disks'],
    known: readonly Known[],
    labelStudio: SoakLabelStudio,
    random: Random,
    expected: Expected,
  ) {
    this.disks = disks;
    this.labelStudio = labelStudio;
    this.project = labelStudio.project('8', random);
    this.annotations = new Annotations(labelStudio.project('9', random));
    this.load = new Load(undefined, known, { kinds: KINDS, patient: true });
    this.#expected = expected;
  }

  /** Makes the folders and disks. @param expected errors that logs may tell of */
  static async open(
    known: readonly Known[],
    labelStudio: SoakLabelStudio,
    random: Random,
    expected: Expected,
  ): Promise<ChaosServer> {
    await rm(SCRATCH, { recursive: true, force: true });
    const temporary = join(SCRATCH, 'tmp');
    for (const name of ['models', 'data', 'log', 'tmp'])
      await mkdir(join(SCRATCH, name), { recursive: true });
    // What helpers of the tests make goes with it.
    process.env.TMPDIR = temporary;
    const data = await smallDisk(`size=${DATA_MEGABYTES}m`);
    const log = data && (await smallDisk(`size=${LOG_MEGABYTES}m`));
    const server = new ChaosServer(data && log && { data, log }, known, labelStudio, random, expected);
    for (const name of MODELS)
      await cp(join(ROOT, 'models', name), join(server.models, name), { recursive: true });
    return server;
  }

  get dataDir(): string {
    return this.disks?.data.folder ?? join(SCRATCH, 'data');
  }

  /** The server as it runs. */
  get server(): TrainingServer {
    if (!this.#server) throw new Error('the server does not run');
    return this.#server;
  }

  get process(): CompiledServer {
    return this.server.process;
  }

  /** The file that it writes its log to. */
  get log(): string {
    return this.#logOf(this.#asked);
  }

  get isRunning(): boolean {
    return this.#server !== undefined;
  }

  /** The processes that serve, the server first; none when it does not run. Trainers come and go. */
  get serving(): readonly number[] {
    return this.#server ? [this.#server.process.pid, ...this.#server.workers.inference] : [];
  }

  /** Starts it, and aims at it. @returns how long that took, in milliseconds */
  async start(env: Env = {}): Promise<number> {
    const begin = performance.now();
    const server = await within('the server to start', this.other(env));
    const took = performance.now() - begin;
    this.use(server);
    return took;
  }

  /** Starts a server on the same `DATA_DIR`, whoever uses it. @throws Error with what it said, when it ends */
  async other(env: Env = {}): Promise<TrainingServer> {
    const settings = { MODEL_DIR: this.models, DATA_DIR: this.dataDir, ...SETTINGS, ...env };
    this.#logs++;
    await rm(this.#logOf(this.#logs - LOGS_KEPT), { force: true });
    return TrainingServer.start(settings, this.#expected, this.#logOf(this.#logs));
  }

  /** What another server on the same `DATA_DIR` says, which is not to start. @throws Error when it does */
  async refusal(): Promise<string> {
    const started = await within(
      'a server to end that may not start',
      this.other().then(
        server => server,
        (error: Error) => error.message,
      ),
    );
    if (typeof started === 'string') return started.trim();
    started.process.signal('SIGKILL');
    await this.over(started);
    throw new Error('another server started, and uses the same DATA_DIR');
  }

  /** What the server tells of its models. */
  described(): Promise<{ models: { name: string }[]; problems: { message: string }[] }> {
    return this.server.connections.json('GET', '/api/models');
  }

  async modelNames(): Promise<string[]> {
    return (await this.described()).models.map(({ name }) => name);
  }

  /** Takes a server that runs for the one that is asked. */
  use(server: TrainingServer): void {
    this.#server = server;
    this.#asked = this.#logs;
    const { process } = server;
    void process.ended.then(code => {
      if (this.#server === server) this.ends.push(`the server ended with exit code ${code}`);
    });
    this.load.aim(process.url);
    this.annotations.aim(process.url);
  }

  /** Asks nobody from now on, and leaves the server that ran to the caller. */
  leave(): TrainingServer {
    const { server } = this;
    this.#server = undefined;
    this.load.aim();
    this.annotations.aim();
    return server;
  }

  /** Waits for the end of a server that was left. One that does not end is killed, so that others can be tried. */
  async over({ process, connections }: TrainingServer): Promise<number | null> {
    try {
      return await within('a server to end', process.ended);
    } finally {
      process.signal('SIGKILL');
      await process.ended;
      connections.close();
      this.errors.push(...process.errors);
    }
  }

  /** Stops the server as a service manager does. @throws Error when its exit code is another one than 0 */
  async stop(): Promise<void> {
    const server = this.leave();
    const pids = server.process.pids;
    server.process.signal('SIGTERM');
    const code = await this.over(server);
    if (code !== 0) throw new Error(`it was stopped, and ended with exit code ${code}`);
    await this.none('processes of a server that was stopped to end', pids);
  }

  /** Kills the server. @returns its other processes, which are to end by themselves */
  async kill(): Promise<number[]> {
    const server = this.leave();
    const [, ...others] = server.process.pids;
    server.process.signal('SIGKILL');
    await this.over(server);
    return others;
  }

  none(what: string, pids: readonly number[]): Promise<void> {
    return until(what, () => !pids.some(isRunning));
  }

  /** Sets all projects up, and trains the first version. */
  async prepare(): Promise<void> {
    await this.load.setup();
    await this.server.setup(this.labelStudio, this.project);
    await this.server.setup(this.labelStudio, this.annotations.project);
    for (let count = 0; count < FIRST; count++) this.project.annotate();
    await this.trained();
  }

  /** Lets load and annotations run until they are stopped. */
  async run(): Promise<void> {
    await Promise.all([this.load.run(), this.annotations.run()]);
  }

  /** Connections may fail while this works. */
  async shaken<T>(work: () => Promise<T>): Promise<T> {
    const set = (value: boolean) => {
      this.load.mayFail = value;
      this.annotations.mayFail = value;
    };
    set(true);
    try {
      return await work();
    } finally {
      set(false);
    }
  }

  /** Waits for right answers to requests of all kinds that were sent from now on. */
  async answers(): Promise<void> {
    const begin = performance.now();
    await until('right answers of all kinds', () => this.load.answersSince(begin));
  }

  /** Waits until the server does all that it should: it is ready, and takes annotations. */
  async recovered(): Promise<void> {
    const begin = performance.now();
    await this.answers();
    await until('an annotation to be taken', () => this.annotations.takenSince(begin));
    await until('the server to be ready', async () => {
      const { status } = await this.server.connections.send('GET', '/ready');
      return status === 200;
    });
  }

  /** Waits for the end of all trainings. @returns them */
  async settled(): Promise<Job[]> {
    const jobs = await this.server.until(this.project, hasEnded);
    for (const job of jobs) this.jobs.set(job.id, job);
    await until('trainers of jobs that ended to end', () => processesOf(jobs).length === 0);
    return jobs;
  }

  /** Trains the project. @throws Error when that does not lead to a version that serves and is right */
  async trained(): Promise<void> {
    await this.settled();
    const id = await this.server.train(this.project);
    const job = (await this.settled()).find(each => each.id === id);
    if (job?.status !== 'finished') throw new Error(`a training failed: ${job?.error ?? 'its job is gone'}`);
    const { version, right } = await this.server.serving(this.project);
    if (version !== job.version || right < LEAST_RIGHT)
      throw new Error(`${version} answers after ${job.version} was trained, and is right about ${right}`);
  }

  /** Starts a training. @returns its trainer, when it runs; undefined: it was over before */
  async trainer(): Promise<number | undefined> {
    await this.settled();
    await this.server.train(this.project);
    let trainer: number | undefined;
    await until('a trainer to run', async () => {
      [trainer] = this.server.workers.trainers;
      return trainer !== undefined || hasEnded(await this.server.jobs(this.project));
    });
    return trainer;
  }

  /** Removes the disks; the server has ended. */
  async close(): Promise<void> {
    await this.disks?.data.remove();
    await this.disks?.log.remove();
    await rm(SCRATCH, { recursive: true, force: true });
  }

  #logOf(number: number): string {
    return join(this.disks?.log.folder ?? join(SCRATCH, 'log'), `${number}.log`);
  }
}
