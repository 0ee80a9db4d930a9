import { constants, setPriority } from 'node:os';
import type { Logger } from 'pino';
import { inBackground } from '../background.js';
import { AppError, messageOf } from '../errors.js';
import { ChildLost, type InferenceChild, shuttingDown } from './child-process.js';
import type { ChildResults, VersionSource } from './protocol.js';

export interface TrialOptions {
  /** Starts a process at normal priority. */
  open(): Promise<InferenceChild>;
  /** A version that takes longer than this to load, in milliseconds, hangs. */
  loadLimit: number;
  log: Logger;
}

/** What may end a process is the version, or the system, or somebody from outside. */
const TRIES = 3;
/** A version that loads for as long as this gives way to all else, and others do not wait for its process. */
const SLOW_MS = 3_000;
/** Processes at once: each of them may hold a graph that never ends, and a core. */
const MOST = 4;

/**
 * Loads versions for the first time, in processes that serve nobody: a graph that ends its process, crawls or never ends costs
 * no request, and no other version waits for it.
 */
export class Trials {
  readonly #options: TrialOptions;
  readonly #children = new Set<InferenceChild>();
  readonly #free: InferenceChild[] = [];
  /** Those that are slow. */
  readonly #slow = new Set<InferenceChild>();
  #opening = 0;
  #waiting: (() => void)[] = [];
  #stopped = false;

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  /**
   * Loads a version, and takes it out again.
   * @param signal ends the process that loads it
   * @throws AppError `version_invalid`, naming its folder; `not_ready` when no process can be started
   */
  async load(version: VersionSource, signal?: AbortSignal): Promise<ChildResults['load']> {
    for (let left = TRIES; ; left--) {
      const child = await this.#take(version, signal);
      try {
        return await this.#try(child, version, signal);
      } catch (error) {
        if (!(error instanceof ChildLost)) throw error;
        this.#checkWanted(version, signal);
        if (left <= 1)
          throw new AppError(
            'version_invalid',
            `${version.folder} cannot be served: the inference process ended while it loaded it: ${child.stderr.trim()}`,
          );
      } finally {
        this.#give(child);
      }
    }
  }

  /** Ends the processes at once. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#children].map(child => child.kill()));
    this.#wake();
  }

  async #try(
    child: InferenceChild,
    version: VersionSource,
    signal?: AbortSignal,
  ): Promise<ChildResults['load']> {
    const { loadLimit, log } = this.#options;
    const { folder, key } = version;
    let isHung = false;
    const hung = setTimeout(() => {
      isHung = true;
      log.error({ pid: child.pid, limit: loadLimit }, `${folder} hangs while it is loaded`);
      child.end();
    }, loadLimit);
    const slow = setTimeout(() => {
      this.#slow.add(child);
      giveWay(child.pid);
      this.#wake();
    }, SLOW_MS);
    const end = () => child.end();
    signal?.addEventListener('abort', end);
    try {
      const { result } = await child.request('load', { version });
      // One that cannot let go of it is not used again.
      await child.request('unload', { key }).catch(() => child.kill());
      return result;
    } catch (error) {
      if (!isHung) throw error;
      throw new AppError(
        'version_invalid',
        `${folder} cannot be served: it was not loaded within ${loadLimit / 1000} s: its graph never ends, or is too large for this machine; export a smaller one, or take it away`,
      );
    } finally {
      clearTimeout(hung);
      clearTimeout(slow);
      signal?.removeEventListener('abort', end);
    }
  }

  async #take(version: VersionSource, signal?: AbortSignal): Promise<InferenceChild> {
    const look = () => this.#wake();
    signal?.addEventListener('abort', look);
    try {
      for (;;) {
        this.#checkWanted(version, signal);
        const child = this.#free.pop();
        if (child?.alive) return child;
        const quick = this.#children.size - this.#slow.size + this.#opening;
        if (quick === 0 && this.#slow.size < MOST) return await this.#open();
        await new Promise<void>(resolve => this.#waiting.push(resolve));
      }
    } finally {
      signal?.removeEventListener('abort', look);
    }
  }

  /** @throws AppError `shutting_down`; `not_ready` when the load was given up */
  #checkWanted({ folder }: VersionSource, signal: AbortSignal | undefined): void {
    if (this.#stopped) throw shuttingDown();
    if (signal?.aborted)
      throw new AppError('not_ready', `${folder} was not loaded: it is not needed any more`);
  }

  async #open(): Promise<InferenceChild> {
    this.#opening++;
    try {
      const child = await this.#options.open();
      this.#children.add(child);
      const handled = child.ended.then(() => {
        this.#children.delete(child);
        this.#slow.delete(child);
        this.#wake();
      });
      inBackground(this.#options.log, 'the end of an inference process could not be handled', handled);
      return child;
    } catch (error) {
      this.#wake();
      if (this.#stopped) throw shuttingDown();
      throw new AppError(
        'not_ready',
        `no inference process could be started to try a version in: ${messageOf(error)}`,
        { cause: error },
      );
    } finally {
      this.#opening--;
    }
  }

  #give(child: InferenceChild): void {
    // It is kept for those that wait alone; and the priority of a slow one cannot be raised again.
    if (this.#waiting.length === 0 || this.#slow.has(child)) child.end();
    else if (child.alive) this.#free.push(child);
    this.#wake();
  }

  #wake(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}

function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has just ended.
  }
}
