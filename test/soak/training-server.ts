import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Job } from '../../src/training/job.js';
import { PYTHON, ROOT } from '../support/python.js';
import { Connections } from './connections.js';
import type { SoakLabelStudio, SoakProject } from './label-studio.js';
import { CompiledServer, type Expected } from './process.js';
import type { Answered } from './versions-load.js';

export const MODEL = 'text-classifier';
export const DATA_DIR = join(ROOT, '.cache/soak-training');
/** That trainings fail, and processes end, is what this is about; jobs and answers tell of it. */
const EXPECTED = /^(an inference process ended|training of .* failed: )/;
const INFERENCE = /inference\/child\.js\0/;
const LOOK_MS = 25;
/** A job that takes so much longer than any does is stuck. */
const STUCK_MS = 120_000;

/** The server with the recipes alone, which projects train. */
export class TrainingServer {
  readonly process: CompiledServer;
  readonly connections: Connections;

  private constructor(process: CompiledServer) {
    this.process = process;
    this.connections = new Connections(process.url);
  }

  /** @param expected errors that its log, which is this file or a pipe, may tell of */
  static async start(
    env: Readonly<Record<string, string>>,
    expected: Expected = EXPECTED,
    log?: string,
  ): Promise<TrainingServer> {
    const settings = { MODEL_DIR: join(ROOT, 'models'), DATA_DIR, PYTHON, WORKERS: '2', ...env };
    return new TrainingServer(await CompiledServer.start(settings, expected, log));
  }

  async setup(labelStudio: SoakLabelStudio, project: SoakProject): Promise<void> {
    await this.connections.json('POST', '/setup', labelStudio.setup(project));
  }

  /** Presses the button. @returns the job's id */
  async train(project: SoakProject): Promise<string> {
    const event = project.startTraining();
    return (await this.connections.json<{ job: string }>('POST', '/webhook', event)).job;
  }

  /** A project's jobs, newest first. */
  async jobs({ id }: SoakProject): Promise<Job[]> {
    return (await this.connections.json<{ jobs: Job[] }>('GET', `/api/jobs?project=${id}`)).jobs;
  }

  /**
   * Waits until the jobs of a project are as is wanted.
   * @throws Error when they are not for too long
   */
  async until(project: SoakProject, holds: (jobs: Job[]) => boolean): Promise<Job[]> {
    const end = performance.now() + STUCK_MS;
    for (;;) {
      const jobs = await this.jobs(project);
      if (holds(jobs)) return jobs;
      if (performance.now() > end) {
        const [newest] = jobs.filter(({ ended }) => ended === undefined);
        throw new Error(`after ${STUCK_MS / 1_000} s a job is not at its end: ${JSON.stringify(newest)}`);
      }
      await setTimeout(LOOK_MS);
    }
  }

  /** The version that answers a project, and the share of its tasks that it is right about. */
  async serving(project: SoakProject): Promise<{ version: string; right: number }> {
    const tasks = project.tasks.map(({ id, data }) => ({ id, data }));
    const answer = await this.connections.json<Answered>('POST', '/predict', { tasks, project: project.id });
    const right = answer.results.filter(
      ({ result }, index) => result?.[0]?.value.choices[0] === project.truth(tasks[index]!.id),
    );
    return { version: answer.model_version.slice(MODEL.length + 1), right: right.length / tasks.length };
  }

  /** What the server says is wrong with its versions. */
  async problems(): Promise<string[]> {
    const { problems } = await this.connections.json<{ problems: { message: string }[] }>(
      'GET',
      '/api/models',
    );
    return problems.map(({ message }) => message);
  }

  /** Its processes, by what they do. */
  get workers(): { trainers: number[]; inference: number[] } {
    const { pids } = this.process;
    return {
      trainers: pids.filter(pid => jobOf(pid) !== undefined),
      inference: pids.filter(pid => INFERENCE.test(told(pid, 'cmdline'))),
    };
  }
}

export const hasEnded = (jobs: readonly Job[]) => jobs.every(({ ended }) => ended !== undefined);

/** The job that a process works for. */
function jobOf(pid: number): string | undefined {
  return /(?:^|\0)TRAINING_JOB=([^\0]+)/.exec(told(pid, 'environ'))?.[1];
}

/** What the system tells of a process; nothing of one that has ended. */
function told(pid: number, what: 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'latin1');
  } catch {
    return '';
  }
}

/** All processes on the machine that work for one of these jobs, whoever started them. */
export function processesOf(jobs: readonly Job[]): number[] {
  const ids = new Set(jobs.map(({ id }) => id));
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => ids.has(jobOf(pid) ?? ''));
}
