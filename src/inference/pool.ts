import { inBackground } from '../background.js';
import { AppError } from '../errors.js';
import { bindingsFor } from './bindings.js';
import { shuttingDown } from './child-process.js';
import { Crew, type CrewOptions } from './crew.js';
import type { Job, JobOptions, Part, Piece } from './job.js';
import { Poison } from './poison.js';
import type { LoadFacts, VersionSource } from './protocol.js';
import { afterFailure, type RetryDeps } from './retry.js';
import { watchRun } from './run-watch.js';
import { type Run, Scheduler } from './scheduler.js';
import type { Seat } from './seat.js';

export interface PoolOptions extends CrewOptions {
  /** Tasks of one run, at most. */
  maxBatch: number;
  /** How long a task may wait for others to share its run, in milliseconds; 0: for those of the same turn only. */
  batchDelay: number;
  /** Requests that may wait before a further one is refused. */
  queueLimit: number;
  /** How long a request may take before it is answered with what is ready, in milliseconds. */
  deadline: number;
  /** A run in which no task is done for longer than this, in milliseconds, has hung. */
  runLimit: number;
  /** The memory in bytes beyond which a child is replaced. */
  childMemory: number;
}

/** What happens in the pool, for whoever counts. */
export interface PoolEvents {
  run(tasks: number, milliseconds: number): void;
  load(milliseconds: number): void;
  restart(): void;
}

/** What the registry and the models need of the pool. */
export interface Pool {
  /**
   * Loads a version, first in a process that serves nobody.
   * @param signal gives it up, as long as it was loaded nowhere
   * @throws AppError `version_invalid` when any child cannot load it; it is then loaded in none
   */
  load(version: VersionSource, signal?: AbortSignal): Promise<LoadFacts>;
  unload(key: string): Promise<void>;
  /**
   * Runs a request's tasks through a loaded version.
   * @returns the answers, piece by piece, in the order of the tasks; what is late is told to the job's `late`
   * @throws AppError `overloaded`, `client_gone`, `not_ready` or `shutting_down`
   */
  run(job: JobOptions): Promise<Answered>;
}

/** What a request is answered with. */
export interface Answered {
  pieces: Piece[];
  /** Resolves when nothing of the request is run any more. */
  over: Promise<void>;
}

/** Groups that a request reads ahead of the children. */
const GROUPS_AHEAD = 8;
/** How long an annotator is taken to be at work after an interactive request. */
const ANNOTATING_MS = 5_000;
/** Tasks that are not made to wait for the end of the turn: a child works on them while the rest of it is read. */
const AT_ONCE = 4;
/** Work that is not worth another process. */
const SHORT_MS = 0.5;
/** When what was worth waiting for did not come, the work is given to another child after all. */
const LOOK_AGAIN_MS = 1;
const COST_WEIGHT = 0.05;

/**
 * Inference children behind a queue.
 *
 * @example
 * const pool = await ChildPool.start({ workers: 2, providers: [{ name: 'cpu', device: 0 }], maxBatch: 64, ... }, events);
 */
export class ChildPool implements Pool {
  readonly #options: PoolOptions;
  readonly #events: PoolEvents;
  readonly #crew: Crew;
  readonly #scheduler: Scheduler;
  readonly #poison = new Poison();
  #dispatching = false;
  #lookAgain: NodeJS.Timeout | undefined;
  /** What a task takes in a run, in milliseconds: a moving average. */
  #taskCost = 0;
  /** Until when an annotator is taken to be at work, by the clock of `performance`. */
  #annotatingUntil = 0;

  private constructor(options: PoolOptions, events: PoolEvents) {
    this.#options = options;
    this.#events = events;
    const dispatch = () => this.#dispatchSoon();
    this.#crew = new Crew(options, {
      ready: dispatch,
      load: ms => events.load(ms),
      restart: () => events.restart(),
    });
    const { maxBatch, queueLimit } = options;
    this.#scheduler = new Scheduler({ maxBatch, queueLimit, ahead: GROUPS_AHEAD }, dispatch);
  }

  /** @throws AppError `provider_unavailable` when no provider of the list works here */
  static async start(options: PoolOptions, events: PoolEvents): Promise<ChildPool> {
    const pool = new ChildPool(options, events);
    await pool.#crew.start();
    return pool;
  }

  /** The execution provider that was chosen. */
  get provider(): string {
    return this.#crew.provider;
  }

  /** Process ids of the children that run. */
  get pids(): readonly number[] {
    return this.#crew.seats.map(({ child }) => child.pid);
  }

  /** Tasks that no child has yet. */
  get waiting(): number {
    return this.#scheduler.waiting;
  }

  load(version: VersionSource, signal?: AbortSignal): Promise<LoadFacts> {
    return this.#crew.load(version, signal);
  }

  async unload(key: string): Promise<void> {
    this.#poison.forget(key);
    await this.#crew.unload(key);
  }

  async run(options: JobOptions): Promise<Answered> {
    if (this.#crew.stopped) throw shuttingDown();
    if (!this.#crew.version(options.key))
      throw new AppError('not_ready', 'the model version is not loaded; send it again');
    const job = this.#scheduler.add(options);
    if (options.priority === 'interactive') this.#annotatingUntil = performance.now() + ANNOTATING_MS;
    const gone = options.gone?.then(() => {
      if (!job.answered) job.fail(new AppError('client_gone', 'the client hung up'));
    });
    if (gone) inBackground(this.#options.log, 'a request could not be given up', gone);
    const late = setTimeout(() => this.#cutShort(job), this.#options.deadline);
    this.#dispatchSoon();
    try {
      return { pieces: await job.done, over: job.over };
    } finally {
      clearTimeout(late);
    }
  }

  /** Answers a job at its deadline. What is missing has as long again, for whoever asks for it later. */
  #cutShort(job: Job): void {
    const { deadline } = this.#options;
    const { trouble } = this.#crew;
    const within = `within ${deadline / 1000} s (REQUEST_DEADLINE)`;
    const reason =
      trouble === null
        ? new AppError('deadline_exceeded', `not ready ${within}; ask for it again`)
        : new AppError('not_ready', `no inference process could be started ${within}: ${trouble}`);
    this.#scheduler.cutShort(job, reason);
    const end = setTimeout(() => job.fail(reason), deadline);
    inBackground(
      this.#options.log,
      'a request could not be ended',
      job.over.then(() => clearTimeout(end)),
    );
  }

  /** Ends the children. Runs that they hold fail: let them finish first. */
  async stop(): Promise<void> {
    this.#scheduler.fail(shuttingDown());
    await this.#crew.stop();
  }

  /**
   * Hands out what waits at the end of this turn of the event loop, so that requests which arrive together go together;
   * a few of them at once when no child has anything to do.
   */
  #dispatchSoon(): void {
    const { batchDelay } = this.#options;
    const idle = this.#crew.seats.every(({ run }) => !run);
    if (batchDelay === 0 && idle && this.#scheduler.waiting >= AT_ONCE) {
      this.#dispatch();
      return;
    }
    if (this.#dispatching) return;
    this.#dispatching = true;
    const dispatch = () => {
      this.#dispatching = false;
      this.#dispatch();
    };
    if (batchDelay > 0) setTimeout(dispatch, batchDelay);
    else setImmediate(dispatch);
  }

  #dispatch(): void {
    while (this.#candidates().some(seat => this.#serve(seat)));
  }

  /** Gives a child what comes next; false: there is nothing for it. */
  #serve(seat: Seat): boolean {
    const run = this.#scheduler.next(this.#annotating && seat.front && this.#open.length > 1);
    if (!run) return false;
    inBackground(this.#options.log, 'a run could not be sent', this.#send(seat, run));
    return true;
  }

  /**
   * The idle children for what comes next, the best first. Short work waits for one that will be done in no time, with
   * all that comes until then: waking another for so little costs more than it gains.
   */
  #candidates(): Seat[] {
    const { waiting } = this.#scheduler;
    if (waiting === 0) return [];
    const now = performance.now();
    const seats = this.#open;
    // One that is overdue is no sign of anything: it may never be done.
    const almost = seats.find(({ run, until }) => run && until < now + SHORT_MS && until > now - SHORT_MS);
    if (almost && waiting * this.#taskCost < SHORT_MS) {
      this.#lookAgain ??= setTimeout(() => {
        this.#lookAgain = undefined;
        this.#dispatch();
      }, LOOK_AGAIN_MS);
      return [];
    }
    // The front one at normal priority, woken by the server's own write, would hold the server up at each run.
    const first = this.#annotating ? 1 : -1;
    return seats.filter(({ run }) => !run).sort((a, b) => first * (Number(b.front) - Number(a.front)));
  }

  get #annotating(): boolean {
    return performance.now() < this.#annotatingUntil;
  }

  /** One that has just ended may still have its seat, and would lose whatever it is given. */
  get #open(): Seat[] {
    return this.#crew.seats.filter(
      ({ child, loading, retiring }) => child.alive && loading === 0 && !retiring,
    );
  }

  async #send(seat: Seat, run: Run): Promise<void> {
    const { runLimit, log } = this.#options;
    const { key, parts } = run;
    for (const part of parts) part.group = this.#poison.strip(key, part.group);
    const lines = parts.flatMap(({ group }) => [group.text, '\n']);
    const tasks = parts.reduce((sum, { group }) => sum + group.count, 0);
    seat.run = run;
    seat.until = performance.now() + tasks * this.#taskCost;
    let overdue: RetryDeps['overdue'];
    const watch = watchRun(seat.child.pid, runLimit, busy => {
      overdue = { limit: runLimit, busy };
      log.error(
        { pid: seat.child.pid, limit: runLimit, busy },
        'an inference process hangs; it is ended (RUN_TIMEOUT)',
      );
      seat.child.end();
    });
    try {
      const head = { key, limit: runLimit, ...bindingsFor(seat, run) };
      const { result, body } = await seat.child.request('run', head, lines, () => watch.progress());
      this.#events.run(tasks, result.milliseconds);
      this.#taskCost += (result.milliseconds / tasks - this.#taskCost) * COST_WEIGHT;
      this.#finish(parts, result.bytes, body);
      if (result.memory !== undefined && result.memory > this.#options.childMemory)
        this.#retire(seat, result.memory);
    } catch (error) {
      this.#fail(parts, error as AppError, overdue);
    } finally {
      watch.end();
      seat.run = undefined;
      if (seat.retiring) seat.child.end();
      this.#dispatch();
    }
  }

  #finish(parts: readonly Part[], bytes: readonly number[], body: Buffer): void {
    let offset = 0;
    parts.forEach((part, index) => {
      const end = offset + bytes[index]!;
      part.job.finish(part, { count: part.group.count, text: body.subarray(offset, end) });
      part.group.answered?.();
      offset = end;
    });
  }

  #fail(parts: readonly Part[], error: AppError, overdue: RetryDeps['overdue']): void {
    const { log } = this.#options;
    for (const part of parts) {
      const label = this.#crew.version(part.job.key)?.label ?? part.job.key;
      afterFailure(part, error, {
        alone: parts.length === 1,
        label,
        scheduler: this.#scheduler,
        poison: this.#poison,
        log,
        overdue,
      });
    }
  }

  #retire(seat: Seat, memory: number): void {
    const { childMemory, log } = this.#options;
    log.warn(
      { pid: seat.child.pid, memory, childMemory },
      'an inference process grew past CHILD_MEMORY; it is replaced',
    );
    seat.retiring = true;
  }
}
