import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Guard } from '../data-folder/lock.js';
import { AppError, attempt, messageOf } from '../errors.js';
import type { State } from '../state.js';
import { Countdown } from './countdown.js';
import type { Environment } from './environment.js';
import type { Job, JobLimits, JobRequest, Works } from './job.js';
import { JobFolders } from './job-folders.js';
import { logJob, tooLate } from './job-lines.js';
import { type JobLog, readEnd } from './job-log.js';
import { openRun } from './job-run.js';
import { failed } from './process.js';
import { endOrphans } from './processes.js';
import { type Turn, Turns } from './turns.js';
import { WaitingInputs } from './waiting.js';

export interface JobsDeps {
  state: State;
  /** `DATA_DIR/jobs`. */
  folder: string;
  /** Called before each write there; absent: nobody else may have the folder. */
  guard?: Guard;
  works: Works;
  /** This process's environment. */
  environment: Environment;
  limits: JobLimits;
  /** The address of a project's Label Studio; empty: not known. */
  host(project: string): string;
  log: Logger;
  /** Told how each job ended. */
  ended(status: Job['status']): void;
}

interface Running {
  turn: Turn;
  abort: AbortController;
  log?: JobLog;
  done: Promise<void>;
}

/** A job that the server died under this often is not tried again. */
const ATTEMPTS = 2;
/** What programs that were made to end take to be gone. */
const LAST_MS = 1_000;
const SHUTDOWN = failed('the server stopped');

/**
 * What is to be learnt: a queue that survives the server, worked off in the background. For a project and model one job runs
 * at a time and at most one more waits, which takes in what is asked for meanwhile. A job that reads from Label Studio holds up
 * none that could compute (`Turns`).
 *
 * @example
 * const jobs = new Jobs(deps);
 * await jobs.start();
 * const id = jobs.request({ model: 'spam', project: '4', kind: 'train', event: 'START_TRAINING', data: {}, labelConfig });
 */
export class Jobs {
  readonly #deps: JobsDeps;
  readonly #folders: JobFolders;
  readonly #guard: Guard;
  /** In the order in which they were made. */
  readonly #jobs = new Map<string, Job>();
  readonly #running = new Map<string, Running>();
  readonly #turns: Turns;
  readonly #inputs = new WaitingInputs();
  /** A change of a job, under its id. */
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #open = false;
  /** When all of it must have ended, by the clock of `performance`. */
  #endBy = Infinity;
  #newest = 0;

  constructor(deps: JobsDeps) {
    this.#deps = deps;
    this.#guard = deps.guard ?? (() => {});
    this.#folders = new JobFolders(deps.folder, deps.log, this.#guard);
    this.#turns = new Turns(deps.limits.atOnce, () => this.#next());
    const all = deps.state.jobs().sort((a, b) => (a.created < b.created ? -1 : 1));
    for (const job of all) {
      this.#jobs.set(job.id, job);
      const input = deps.state.jobInput(job.id);
      // There may be more than is kept today.
      const take = input && attempt(() => this.#inputs.make(job.id, input));
      if (typeof take === 'function') take();
    }
    this.#newest = Date.parse(all.at(-1)?.created ?? '') || 0;
  }

  /**
   * Takes up what an earlier run of the server left: programs that still run are ended, their jobs done again.
   * Nothing runs before.
   */
  async start(): Promise<void> {
    for (const job of this.#jobs.values()) {
      if (job.status !== 'started') continue;
      await endOrphans(job.id, job.process);
      if (job.attempts < ATTEMPTS) this.#requeue(job, job.attempts);
      else this.#end(job, { error: `the server ended ${job.attempts} times while it ran: not tried again` });
    }
    await this.#prune();
    for (const id of await this.#folders.list()) if (!this.#jobs.has(id)) await this.#folders.remove(id);
    for (const slot of this.#slots()) await this.#clear(slot);
    this.#open = true;
    this.#next();
  }

  /**
   * Asks for a job. It is kept when this returns.
   * @returns its id: that of the job that waits for the project and model already, if one does, with the newer input then
   * @throws AppError `overloaded` when as much waits as is kept
   */
  request({ model, project, kind, event, ...input }: JobRequest): string {
    const waiting = [...this.#jobs.values()].findLast(
      job => job.status === 'queued' && job.model === model && job.project === project && job.kind === kind,
    );
    const id = waiting?.id ?? randomUUID();
    const take = this.#inputs.make(id, input);
    if (waiting) {
      // A press on the button is answered with this job, and a model may heed it alone.
      if (waiting.event !== 'START_TRAINING') waiting.event = event;
      this.#deps.state.setJob(waiting, input);
      take();
      return id;
    }
    // Never twice the same: it is what they are sorted by.
    this.#newest = Math.max(Date.now(), this.#newest + 1);
    const created = new Date(this.#newest).toISOString();
    const job: Job = { id, kind, model, project, event, status: 'queued', created, attempts: 0 };
    this.#deps.state.setJob(job, input);
    take();
    this.#jobs.set(job.id, job);
    logJob(this.#deps.log, job);
    this.#next();
    return job.id;
  }

  /** @throws AppError `job_unknown` */
  job(id: string): Job {
    const job = this.#jobs.get(id);
    if (job) return job;
    throw new AppError('job_unknown', `there is no job '${id}' on this server`);
  }

  /** The jobs of a project, of a model, or all; newest first. */
  list(only: { project?: string | undefined; model?: string | undefined } = {}): Job[] {
    return [...this.#jobs.values()]
      .filter(job => job.project === (only.project ?? job.project) && job.model === (only.model ?? job.model))
      .reverse();
  }

  /** The last lines of a job's log, of so many bytes at most. */
  logEnd(id: string, bytes: number): Promise<string> {
    const log = this.#running.get(this.job(id).id)?.log;
    return log ? log.end(bytes) : readEnd(this.#folders.of(id).log, bytes);
  }

  /**
   * Tells of each change of a job.
   * @returns stops telling
   */
  watch(id: string, listener: (job: Job) => void): () => void {
    this.#changes.on(id, listener);
    return () => this.#changes.off(id, listener);
  }

  /**
   * Ends a job that has not ended: one that waits at once, one that runs as soon as its programs have.
   * @param by who wants it, for people
   * @throws AppError `job_unknown`
   */
  cancel(id: string, by: string): Job {
    const job = this.job(id);
    if (job.status === 'queued') this.#end(job, { error: `cancelled by ${by}` });
    else this.#running.get(id)?.abort.abort(failed(`cancelled by ${by}`));
    return job;
  }

  /** Ends all jobs of a project, and removes them with their folders, which hold its tasks. */
  async remove(project: string): Promise<void> {
    const all = this.list({ project });
    for (const { id } of all) this.cancel(id, 'the removal of its project');
    await Promise.all(all.map(({ id }) => this.#running.get(id)?.done));
    for (const { id } of all) await this.#forget(id);
  }

  /**
   * Starts nothing more, and gives what runs so many milliseconds. What has not ended shortly before is asked to end, and then made
   * to; the next start does it again.
   */
  async stop(milliseconds: number): Promise<void> {
    this.#open = false;
    this.#endBy = performance.now() + milliseconds;
    const grace = Math.min(this.#deps.limits.grace, milliseconds / 2);
    const idle = () => Promise.all([...this.#running.values()].map(({ done }) => done));
    await Promise.race([idle(), wait(milliseconds - grace, undefined, { ref: false })]);
    for (const { abort } of this.#running.values()) abort.abort(SHUTDOWN);
    // Work that does not heed its signal is left alone.
    await Promise.race([idle(), wait(grace + LAST_MS, undefined, { ref: false })]);
  }

  /** What a program may take to end when it is asked to. */
  #grace(): number {
    return Math.max(0, Math.min(this.#deps.limits.grace, this.#endBy - performance.now()));
  }

  #next(): void {
    for (const job of this.#jobs.values()) {
      if (!this.#open) return;
      if (job.status !== 'queued' || this.#isBusy(job)) continue;
      const turn = this.#turns.begin({ project: job.project, host: this.#deps.host(job.project) });
      if (turn === null) continue;
      const abort = new AbortController();
      const running: Running = { turn, abort, done: Promise.resolve() };
      this.#running.set(job.id, running);
      running.done = this.#run(job, running).catch(error => {
        this.#deps.log.error({ err: error, job: job.id }, 'a job could not be kept');
      });
    }
  }

  #isBusy({ model, project }: Job): boolean {
    return [...this.#running.keys()]
      .map(id => this.#jobs.get(id)!)
      .some(job => job.model === model && job.project === project);
  }

  async #run(job: Job, running: Running): Promise<void> {
    const { state, works, environment, limits } = this.#deps;
    const { signal } = running.abort;
    const late = tooLate(job, limits.timeout);
    const clock = new Countdown(limits.timeout, () => running.abort.abort(late));
    const before = job.attempts;
    const started = new Date().toISOString();
    try {
      this.#change(job, { status: 'started', started, attempts: before + 1 });
      logJob(this.#deps.log, job);
      const input = state.jobInput(job.id) ?? { data: {}, labelConfig: '' };
      const { run, log } = await openRun({
        job,
        input,
        folder: this.#folders.of(job.id).folder,
        signal,
        environment,
        memory: limits.memory,
        grace: () => this.#grace(),
        guard: this.#guard,
        aside: async read =>
          await running.turn.aside(read, signal, waits => {
            if (waits) clock.stop();
            else clock.start();
            // What others do meanwhile is not this one's fault.
            this.#change(job, {
              attempts: before + (waits ? 0 : 1),
              ...(waits ? { message: 'waiting for another training to end' } : {}),
            });
          }),
        // How far it is need not be kept; a job that is done again begins anew.
        report: ({ error: _, ...change }) => this.#changes.emit(job.id, Object.assign(job, change)),
        started: process => this.#change(job, { process }),
      });
      running.log = log;
      signal.throwIfAborted();
      const work = works[job.kind];
      if (!work) throw failed(`this server cannot ${job.kind}`);
      const outcome = await work(job, run);
      this.#end(job, { ...outcome, progress: 1 });
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      // Only a death of the server counts as an attempt.
      if (reason === SHUTDOWN) this.#requeue(job, before);
      else this.#fail(job, reason, running.log);
    } finally {
      clock.stop();
      await running.log?.close().catch(() => {});
      this.#running.delete(job.id);
      running.turn.end();
      if (job.ended !== undefined) await this.#clear(job);
      // Whatever cannot be kept or removed now, the queue goes on.
      await this.#prune().catch(error => {
        this.#deps.log.error({ err: error }, 'old jobs could not be removed');
      });
      this.#next();
    }
  }

  #fail(job: Job, error: unknown, log: JobLog | undefined): void {
    const why = messageOf(error);
    void log?.write(`failed: ${why}\n`);
    this.#end(job, { error: why }, error);
  }

  /** @param error what was thrown, if anything was */
  #end(job: Job, result: Partial<Job>, error?: unknown): void {
    const status = result.error === undefined ? 'finished' : 'failed';
    delete job.process;
    this.#inputs.delete(job.id);
    try {
      this.#change(job, { ...result, status, ended: new Date().toISOString() }, null);
    } catch (failure) {
      this.#deps.log.error({ err: failure, job: job.id }, 'the end of a job could not be kept');
    }
    logJob(this.#deps.log, job, error);
    this.#deps.ended(status);
  }

  /** Puts a job that was cut short back to where it was. */
  #requeue(job: Job, attempts: number): void {
    for (const field of ['started', 'process', 'progress', 'message'] as const) delete job[field];
    this.#change(job, { status: 'queued', attempts });
  }

  /** @param input as in `State.setJob` */
  #change(job: Job, change: Partial<Job>, input?: null): void {
    Object.assign(job, change);
    this.#deps.state.setJob(job, input);
    this.#changes.emit(job.id, job);
  }

  /**
   * Removes the texts of tasks from the folders of the jobs for a project and model that have ended. Only the newest keeps them, if it
   * failed, so that its trainer can be run again by hand.
   */
  async #clear({ project, model }: Pick<Job, 'project' | 'model'>): Promise<void> {
    const ended = this.list({ project, model }).filter(job => job.ended !== undefined);
    for (const [index, { id, status }] of ended.entries())
      if (index > 0 || status === 'finished') await this.#folders.clear(id);
  }

  /** The projects and models that there are jobs for, each once. */
  #slots(): Pick<Job, 'project' | 'model'>[] {
    return [...new Map([...this.#jobs.values()].map(job => [`${job.model}\n${job.project}`, job])).values()];
  }

  async #prune(): Promise<void> {
    const over = [...this.#jobs.values()].filter(({ ended }) => ended !== undefined);
    for (const { id } of over.slice(0, Math.max(0, over.length - this.#deps.limits.kept)))
      await this.#forget(id);
  }

  async #forget(id: string): Promise<void> {
    this.#jobs.delete(id);
    this.#deps.state.deleteJob(id);
    await this.#folders.remove(id);
  }
}
