import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '../../src/errors.js';
import type { ChildPool } from '../../src/inference/pool.js';
import type { LabelStudioTask } from '../../src/label-studio/pages.js';
import type { Target } from '../../src/regions/contract.js';
import { labelsIn } from '../../src/regions/reading.js';
import { Registry } from '../../src/registry/registry.js';
import { Versions } from '../../src/registry/versions.js';
import type { TaskData } from '../../src/task-data/fetch.js';
import type { DatasetCounts } from '../../src/training/dataset.js';
import type { JobRun, Outcome } from '../../src/training/job.js';
import { createTrain, type TrainDeps } from '../../src/training/train.js';
import { temporaryFolder } from '../support/folder.js';
import type { VersionContent } from '../support/linear.js';
import { writeVersion } from '../support/linear.js';
import { CapturedLog } from '../support/log.js';
import { startChildPool } from '../support/pool.js';
import { PYTHON, ROOT } from '../support/python.js';
import { REQUEST } from './runs.js';

export const PROJECT = '7';
export const TOPICS =
  '<View><Text name="text" value="$text"/><Choices name="topic" toName="text" choice="single">' +
  '<Choice value="Red"/><Choice value="Blue"/></Choices></View>';

/** What is behind addresses. */
const ADDRESSES: Record<string, string> = {
  'https://example.com/red': 'red',
  'https://example.com/blue': 'blue',
};

/** What trainer.py is told to do. */
export interface Orders {
  copy?: Record<string, string>;
  write?: Record<string, string>;
  link?: Record<string, string>;
  say?: object[];
  exit?: number;
  /** A message of an error. */
  throw?: string;
  abort?: boolean;
  /** Bytes. */
  eat?: number;
  hang?: boolean;
}

/** A task with what its annotation says; those with an even id are held out. */
export interface Row {
  text: string | null;
  target: Target;
}

export interface TrainOptions extends Partial<Pick<TrainDeps, 'gate' | 'tolerance' | 'keep' | 'python'>> {
  job?: string;
  rows: readonly Row[];
  signal?: AbortSignal;
}

/** A model repository, inference processes and all that a `train` job works with, but for its queue. */
export class World {
  readonly modelDir: string;
  readonly dataDir: string;
  readonly pool: ChildPool;
  readonly registry: Registry;
  readonly versions: Versions;
  /** What the last job told. */
  reports: { progress: number; message: string }[] = [];
  /** The `context.json` of the last job. */
  context: Record<string, unknown> = {};
  /** The folder of the last job. */
  folder = '';
  readonly model: string;
  config: string;
  #jobs = 0;
  #prepared = 0;

  private constructor(modelDir: string, dataDir: string, pool: ChildPool, model: string, config: string) {
    this.modelDir = modelDir;
    this.dataDir = dataDir;
    this.pool = pool;
    this.model = model;
    this.config = config;
    this.registry = new Registry({ modelDir, dataDir, pool, log: new CapturedLog().logger });
    this.versions = new Versions(this.registry);
  }

  /** @param output the entry of the manifest */
  static async open(output: object, config: string): Promise<World> {
    const modelDir = await temporaryFolder();
    await mkdir(join(modelDir, 'topics'));
    const manifest = {
      format: 1,
      title: 'Topics',
      input: { kind: 'text' },
      outputs: [output],
      train: { script: 'trainer.py' },
    };
    await writeFile(join(modelDir, 'topics/model.json'), JSON.stringify(manifest));
    const { pool } = await startChildPool();
    const world = new World(modelDir, await temporaryFolder(), pool, 'topics', config);
    await world.registry.reload();
    return world;
  }

  get slot() {
    return { project: PROJECT, model: this.model };
  }

  /** What serves the project. */
  get serving(): string | undefined {
    return this.registry.current(this.model, PROJECT)?.version;
  }

  /** The file or folder of a version. */
  path(version: string, file = ''): string {
    return join(this.registry.folder(this.slot), 'versions', version, file);
  }

  /** Puts a version where trainer.py can copy it from; each gets a newer name than the one before. */
  async prepare(content: VersionContent): Promise<{ name: string; folder: string }> {
    const name = `20260101-${String(++this.#prepared).padStart(6, '0')}-abcdef`;
    const folder = join(await temporaryFolder(), name);
    await writeVersion(folder, content);
    return { name, folder };
  }

  /** Does a job whose trainer leaves just this version. @returns its name, and what came out */
  async trainOn(content: VersionContent, options: TrainOptions): Promise<{ name: string; outcome: Outcome }> {
    const { name, folder } = await this.prepare(content);
    return { name, outcome: await this.train({ copy: { [name]: folder } }, options) };
  }

  /** Does a job whose trainer does what it is told. */
  async train(orders: Orders, { job = `job-${++this.#jobs}`, rows, signal, ...settings }: TrainOptions) {
    this.folder = join(this.dataDir, 'jobs', job);
    this.reports = [];
    await mkdir(this.folder, { recursive: true });
    const work = createTrain({
      registry: this.registry,
      versions: this.versions,
      pool: this.pool,
      taskData: { textAt: async (url: string) => ADDRESSES[url]! } as unknown as TaskData,
      scripts: join(ROOT, 'test/training'),
      gate: 'on',
      tolerance: 0.02,
      keep: 5,
      python: async run => {
        this.context = JSON.parse(await readFile(join(run.folder, 'context.json'), 'utf8'));
        await writeFile(join(run.folder, 'orders.json'), JSON.stringify(orders));
        return PYTHON;
      },
      annotatedTasks: () => tasksOf(rows),
      prepareDataset,
      ...settings,
    });
    return work(
      { ...REQUEST, ...this.slot, id: job, status: 'started', created: '', attempts: 1 },
      this.#run(signal),
    );
  }

  #run(signal = new AbortController().signal): JobRun {
    const { folder } = this;
    const report = (progress: number, message: string) => void this.reports.push({ progress, message });
    return {
      folder,
      labelConfig: this.config,
      data: {},
      signal,
      report,
      aside: work => work(),
      async spawn(command, args, options) {
        const child = spawn(command, args, {
          cwd: options?.cwd,
          env: { PATH: process.env.PATH, ...options?.env },
          stdio: ['ignore', 'pipe', 'ignore'],
          signal,
        });
        child.on('error', () => {});
        let error: string | undefined;
        createInterface({ input: child.stdout }).on('line', line => {
          const said = JSON.parse(line) as { progress: number; message: string; error?: string };
          error = said.error ?? error;
          if (said.message) report(said.progress, said.message);
        });
        const code = await new Promise(resolve => child.once('close', resolve));
        signal.throwIfAborted();
        if (code !== 0)
          throw new AppError('training_failed', error ?? `${options?.name} ended with exit code ${code}`);
      },
    };
  }
}

const NOTHING = { left_out: { tasks: 0, data: 0, outdated: 0, unreadable: 0 }, answers: {}, labels: {} };

/** What counts so many tasks. */
export function counts(
  tasks: number,
  held_out: number,
  topic: DatasetCounts['labels'][string] = {},
): DatasetCounts {
  return { ...NOTHING, tasks, held_out, labels: { topic } };
}

/** As the server's, but for what it counts and holds out. */
const prepareDataset: TrainDeps['prepareDataset'] = async ({ folder, tasks, readable }) => {
  const lines: string[] = [];
  const topic: Record<string, number> = {};
  let heldOut = 0;
  for await (const task of tasks) {
    const split = task.id % 2 === 0 ? 'held_out' : 'train';
    const { data } = task;
    const learnt = await Promise.resolve(readable(task)).catch(() => ({}));
    if (split === 'held_out') heldOut++;
    for (const label of labelsIn(task.target as Target)) topic[label] = (topic[label] ?? 0) + 1;
    lines.push(
      `${JSON.stringify({ id: task.id, data, ...learnt, split, targets: { topic: task.target as Target } })}\n`,
    );
  }
  await writeFile(join(folder, 'tasks.jsonl'), lines.join(''));
  return counts(lines.length, heldOut, topic);
};

async function* tasksOf(rows: readonly Row[]): AsyncGenerator<LabelStudioTask> {
  for (const [index, { text, target }] of rows.entries())
    yield { id: index + 1, data: { text }, annotations: [], target };
}
