import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { inBackground } from '../background.js';
import { availableCores } from '../cores.js';
import { AppError, messageOf } from '../errors.js';
import { ChildLost, InferenceChild, NeverReady } from './child-process.js';
import type { ChildResults, LoadFacts, VersionSource } from './protocol.js';
import type { ProviderChoice } from './providers/contract.js';
import { type Seat, seatFor } from './seat.js';

export interface CrewOptions {
  /** How many children; null: one a core, and one where another device does the work. */
  workers: number | null;
  providers: readonly ProviderChoice[];
  /** A version that takes longer than this to load, in milliseconds, hangs. */
  loadLimit: number;
  log: Logger;
  /** The folder for what the children write for a moment; by default the system's. */
  temporary?: string;
}

/** Told of what happens in the crew. */
export interface CrewEvents {
  /** A child is ready for runs, again or for the first time. */
  ready(): void;
  load(milliseconds: number): void;
  restart(): void;
}

/** The process may have ended for another reason than the version. */
const LOAD_TRIES = 2;
/** The same holds for one that is not ready yet: it holds no request, and another one is started at once. */
const OPEN_TRIES = 2;
/** One that had started is not worth a long wait: what ended it was a task, or somebody from outside. */
const BACK_OFF_MS = {
  first: 100,
  most: 30_000,
  mostAfterStart: 1_000,
  mostWithoutProcess: 2_000,
  forgottenAfter: 10_000,
};

/** The inference children: as many as `workers`, each with every version loaded, replaced when they end. */
export class Crew {
  readonly seats: Seat[] = [];
  readonly #options: CrewOptions;
  readonly #events: CrewEvents;
  readonly #versions = new Map<string, VersionSource>();
  readonly #replacements = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #provider = '';
  #front: InferenceChild | undefined;
  #backOff = 0;
  #trouble: string | null = null;

  constructor(options: CrewOptions, events: CrewEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** The execution provider that was chosen. */
  get provider(): string {
    return this.#provider;
  }

  /** Why no process could be started when it was last tried; null: one runs, or is on its way. */
  get trouble(): string | null {
    return this.seats.length === 0 ? this.#trouble : null;
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  version(key: string): VersionSource | undefined {
    return this.#versions.get(key);
  }

  /** @throws AppError `provider_unavailable` when no provider of the list works here */
  async start(): Promise<void> {
    const { workers, providers } = this.#options;
    const onCpu = (name: string) => name === 'cpu';
    try {
      if (workers !== null) return await this.#openSome(workers);
      if (providers.every(({ name }) => onCpu(name))) return await this.#openSome(availableCores());
      await this.#openOne();
      if (onCpu(this.#provider)) await this.#openSome(availableCores() - 1);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async #openSome(count: number): Promise<void> {
    const opened = await Promise.allSettled(Array.from({ length: count }, () => this.#openOne()));
    const failed = opened.find(child => child.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** @throws AppError `version_invalid` when any child cannot load it; it is then loaded in none */
  async load(version: VersionSource): Promise<LoadFacts> {
    const { seat: first, facts } = await this.#tryOut(version, LOAD_TRIES);
    this.#versions.set(version.key, version);
    // In two halves: the other one serves meanwhile.
    const others = this.seats.filter(seat => seat !== first);
    const half = Math.ceil(others.length / 2);
    for (const seats of [others.slice(0, half), others.slice(half)]) {
      const results = await Promise.allSettled(seats.map(seat => this.#loadInto(seat, version)));
      // A child that ended meanwhile is replaced by one that loads all of `#versions`.
      const failed = results.find(
        result => result.status === 'rejected' && !(result.reason instanceof ChildLost),
      ) as PromiseRejectedResult | undefined;
      if (!failed) continue;
      await this.unload(version.key);
      throw failed.reason;
    }
    return facts;
  }

  async unload(key: string): Promise<void> {
    this.#versions.delete(key);
    await Promise.all(
      this.seats.map(({ child, known }) => {
        known.delete(key);
        return this.#unloadFrom(child, key);
      }),
    );
  }

  /** Ends the children at once. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.seats.map(({ child }) => child.kill()));
    await Promise.all(this.#replacements);
  }

  /**
   * Loads a version in one child first: a graph that ends the process then costs one child, not all.
   * @returns that one, with what it found
   */
  async #tryOut(version: VersionSource, tries: number): Promise<{ seat: Seat; facts: LoadFacts }> {
    const seat = await this.#someSeat();
    try {
      const { milliseconds, ...facts } = await this.#loadInto(seat, version);
      this.#events.load(milliseconds);
      return { seat, facts };
    } catch (error) {
      if (!(error instanceof ChildLost)) throw error;
      const ending = `the inference process ended while it loaded it: ${seat.child.stderr.trim()}`;
      // Its seat is taken away, and its replacement on the way, only after it has ended.
      await seat.child.ended;
      const isToBlame = error.begun && !seat.retiring;
      if (!isToBlame) return this.#tryOut(version, tries);
      if (tries <= 1) throw new AppError('version_invalid', `${version.folder} cannot be served: ${ending}`);
      return this.#tryOut(version, tries - 1);
    }
  }

  /**
   * A child that can load a version, once there is one.
   * @throws AppError `shutting_down`
   */
  async #someSeat(): Promise<Seat> {
    while (!this.stopped) {
      const seat = this.seats.find(({ child, retiring }) => child.alive && !retiring);
      if (seat) return seat;
      // One that has ended keeps its seat until its replacement is on the way.
      await Promise.race([...this.seats.map(({ child }) => child.ended), ...this.#replacements]);
    }
    throw shuttingDown();
  }

  async #loadInto(seat: Seat, version: VersionSource): Promise<ChildResults['load']> {
    seat.loading = true;
    try {
      return await this.#load(seat.child, version);
    } finally {
      seat.loading = false;
      this.#events.ready();
    }
  }

  async #load(child: InferenceChild, version: VersionSource): Promise<ChildResults['load']> {
    const { loadLimit, log } = this.#options;
    const hung = setTimeout(() => {
      log.error({ pid: child.pid, limit: loadLimit }, `${version.folder} hangs while it is loaded`);
      inBackground(log, 'an inference process could not be ended', child.kill());
    }, loadLimit);
    try {
      return (await child.request('load', { version })).result;
    } finally {
      clearTimeout(hung);
    }
  }

  /** @throws NeverReady when each child that was started ended at once */
  async #openOne(): Promise<void> {
    for (let tries = OPEN_TRIES; ; tries--) {
      try {
        return await this.#open();
      } catch (error) {
        if (!(error instanceof NeverReady) || tries <= 1) throw error;
        const { pid, how } = error;
        this.#options.log.warn(
          { pid, how },
          'an inference process ended before it was ready; starting another',
        );
        this.#events.restart();
      }
    }
  }

  async #open(): Promise<void> {
    const { providers, log, temporary } = this.#options;
    const child = await InferenceChild.start(log, temporary);
    if (!this.#front?.alive) this.#front = child;
    const background = child !== this.#front;
    const { signal } = this.#stop;
    const stop = () => inBackground(log, 'an inference process could not be ended', child.kill());
    signal.addEventListener('abort', stop);
    let at = 'it started';
    try {
      if (signal.aborted) throw shuttingDown();
      const { provider, reasons } = (await child.request('start', { providers, background })).result;
      if (provider !== this.#provider) for (const reason of reasons) log.warn({ using: provider }, reason);
      this.#provider = provider;
      const loaded: string[] = [];
      // A map's iterator also visits what is added meanwhile, and the seat is taken in the same turn as its end.
      for (const version of this.#versions.values()) {
        at = `it loaded ${version.label}`;
        if (await this.#loadAgain(child, version)) loaded.push(version.key);
      }
      if (signal.aborted) throw shuttingDown();
      for (const key of loaded)
        if (!this.#versions.has(key))
          inBackground(log, 'a version could not be unloaded', this.#unloadFrom(child, key));
      this.#seat(child);
    } catch (error) {
      await child.kill();
      if (signal.aborted) throw shuttingDown();
      if (error instanceof ChildLost) {
        throw new NeverReady(child, `${at}: ${await child.ended}`, await child.lastWords());
      }
      if (error instanceof AppError && error.code === 'provider_unavailable') {
        throw new AppError(error.code, `${error.message}\n${await child.lastWords()}`.trim());
      }
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Loads a version that serves into a new child; one that is no longer sound costs its own requests, not all. */
  async #loadAgain(child: InferenceChild, version: VersionSource): Promise<boolean> {
    try {
      await this.#load(child, version);
      return true;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'version_invalid') throw error;
      this.#options.log.error({ pid: child.pid, err: error }, error.message);
      return false;
    }
  }

  async #unloadFrom(child: InferenceChild, key: string): Promise<void> {
    try {
      await child.request('unload', { key });
    } catch (error) {
      // One that has ended holds nothing.
      if (error instanceof ChildLost) return;
      this.#options.log.error(
        { pid: child.pid, err: error },
        'a version could not be released in an inference process; the process is replaced',
      );
      const seat = this.seats.find(each => each.child === child);
      if (seat?.run) seat.retiring = true;
      else void child.kill();
    }
  }

  #seat(child: InferenceChild): void {
    const seat = seatFor(child, child === this.#front);
    this.seats.push(seat);
    this.#trouble = null;
    const handled = child.ended.then(how => {
      this.seats.splice(this.seats.indexOf(seat), 1);
      if (this.#stop.signal.aborted) return;
      const forgotten = performance.now() - seat.since > BACK_OFF_MS.forgottenAfter;
      this.#backOff = forgotten ? 0 : Math.min(this.#backOff, BACK_OFF_MS.mostAfterStart);
      // The end of one that retires is the server's own doing.
      const level = seat.retiring ? 'warn' : 'error';
      this.#options.log[level]({ pid: child.pid, how }, 'an inference process ended; starting another');
      const replacement = this.#replace().finally(() => this.#replacements.delete(replacement));
      this.#replacements.add(replacement);
      inBackground(this.#options.log, 'an inference process could not be replaced', replacement);
    });
    inBackground(this.#options.log, 'the end of an inference process could not be handled', handled);
    this.#events.ready();
  }

  async #replace(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (this.#backOff > 0) await wait(this.#backOff, undefined, { signal });
        this.#backOff = Math.min(Math.max(this.#backOff * 2, BACK_OFF_MS.first), BACK_OFF_MS.most);
        this.#events.restart();
        await this.#openOne();
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#trouble = messageOf(error);
        this.#options.log.error({ err: error }, `no inference process could be started: ${this.#trouble}`);
        // No work is lost by a try that the system refuses, and what it lacks may be there in a moment.
        if ((error as NodeJS.ErrnoException).syscall?.startsWith('spawn'))
          this.#backOff = Math.min(this.#backOff, BACK_OFF_MS.mostWithoutProcess);
      }
    }
  }
}

/** What a stopping server answers. */
export function shuttingDown(): AppError {
  return new AppError('shutting_down', 'the server is stopping; send it again to the next one');
}
