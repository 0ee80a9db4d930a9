import { inBackground } from '../background.js';
import { availableCores } from '../cores.js';
import { AppError, messageOf } from '../errors.js';
import { BackOff } from './back-off.js';
import { ChildLost, type InferenceChild, NeverReady, shuttingDown } from './child-process.js';
import { Loads } from './loads.js';
import type { LoadFacts, VersionSource } from './protocol.js';
import { type Seat, seatFor } from './seat.js';
import { type StartOptions, startChild } from './start-child.js';
import { Trials } from './trials.js';

export interface CrewOptions extends StartOptions {
  /** How many children; null: one a core, and one where another device does the work. */
  workers: number | null;
  /** A version that takes longer than this to load, in milliseconds, hangs. */
  loadLimit: number;
}

/** Told of what happens in the crew. */
export interface CrewEvents {
  /** A child is ready for runs, again or for the first time. */
  ready(): void;
  load(milliseconds: number): void;
  restart(): void;
}

/** A version that takes longer to load, in milliseconds, is loaded in new processes: those that serve would stand still. */
const SLOW_LOAD_MS = 3_000;
/** One that is not ready yet holds no request, and another one is started at once. */
const OPEN_TRIES = 2;
/** A process may end, or stand still, for another reason than the version. */
const RENEW_TRIES = 3;
/** How much longer than at first, and how many milliseconds, a version may take to load in a process that serves. */
const PATIENCE = { times: 20, more: 10_000 };
/** The inference children: as many as `workers`, each with every version loaded, replaced when they end. */
export class Crew {
  readonly seats: Seat[] = [];
  readonly #options: CrewOptions;
  readonly #events: CrewEvents;
  readonly #versions = new Map<string, VersionSource>();
  readonly #replacements = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #trials: Trials;
  readonly #loads: Loads;
  readonly #backOff = new BackOff();
  /** The children load one version after the other, so that one half of them is always free. */
  #lastLoad: Promise<unknown> = Promise.resolve();
  #provider = '';
  #front: InferenceChild | undefined;
  #trouble: string | null = null;

  constructor(options: CrewOptions, events: CrewEvents) {
    this.#options = options;
    this.#events = events;
    const { loadLimit, log } = options;
    this.#loads = new Loads({ loadLimit, log });
    const open = async () => (await startChild(options, () => false, this.#stop.signal)).child;
    this.#trials = new Trials({ loadLimit, log, open });
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

  /**
   * Loads a version, first in a process that serves nobody. The others serve meanwhile, and none stands still for long.
   * @param signal gives the trial up
   * @throws AppError `version_invalid` when any child cannot load it; it is then loaded in none
   */
  async load(version: VersionSource, signal?: AbortSignal): Promise<LoadFacts> {
    const { milliseconds, ...facts } = await this.#trials.load(version, signal);
    this.#events.load(milliseconds);
    if (this.stopped) throw shuttingDown();
    const isFirst = this.#versions.size === 0;
    this.#versions.set(version.key, version);
    try {
      if (milliseconds > SLOW_LOAD_MS && !isFirst)
        await this.#inHalves(seat => this.#supersede(seat, version));
      else await this.#inTurn(() => this.#loadInAll(version, milliseconds));
    } catch (error) {
      await this.unload(version.key);
      throw error;
    }
    return facts;
  }

  async unload(key: string): Promise<void> {
    this.#versions.delete(key);
    this.#loads.forget(key);
    await Promise.all(
      this.seats.map(({ child, known }) => {
        known.delete(key);
        return this.#takeOut(child, key);
      }),
    );
  }

  /** Ends the children at once. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#trials.stop(), ...this.seats.map(({ child }) => child.kill())]);
    await Promise.all(this.#replacements);
  }

  #inTurn(load: () => Promise<void>): Promise<void> {
    const turn = this.#lastLoad.then(load);
    this.#lastLoad = turn.catch(() => {}); // who asked for it is told
    return turn;
  }

  /** Loads a version in all children. */
  #loadInAll(version: VersionSource, took: number): Promise<void> {
    const limit = Math.min(this.#options.loadLimit, took * PATIENCE.times + PATIENCE.more);
    return this.#inHalves(seat => this.#loadInto(seat, version, limit));
  }

  /** Does something with each child, in two halves: the other one serves meanwhile. */
  async #inHalves(act: (seat: Seat) => Promise<void>): Promise<void> {
    const all = [...this.seats];
    const half = Math.ceil(all.length / 2);
    for (const seats of [all.slice(0, half), all.slice(half)]) {
      const results = await Promise.allSettled(seats.map(act));
      // A child that ended meanwhile is replaced by one that loads all of `#versions`.
      const failed = results.find(
        result => result.status === 'rejected' && !(result.reason instanceof ChildLost),
      ) as PromiseRejectedResult | undefined;
      if (failed) throw failed.reason;
    }
  }

  /** Starts a child that loads all versions, this one too, and lets it take the place of one that lacks it. */
  async #supersede(old: Seat, version: VersionSource): Promise<void> {
    for (let left = RENEW_TRIES; ; left--) {
      try {
        const { seat, loaded } = await this.#open(old);
        // One that has ended meanwhile is replaced by one that has the version as well.
        this.#retire(this.seats.includes(old) ? old : seat);
        if (loaded.includes(version.key)) return;
        throw new AppError('version_invalid', `${version.folder} was loaded once, and then no more`);
      } catch (error) {
        if (this.stopped) throw shuttingDown();
        if (left <= 1 || !(error instanceof NeverReady)) throw error;
      }
    }
  }

  /** Ends a child that another one has replaced, once it is idle. */
  #retire(seat: Seat): void {
    seat.retiring = true;
    seat.replaced = true;
    if (!seat.run) seat.child.end();
  }

  async #loadInto(seat: Seat, version: VersionSource, limit: number): Promise<void> {
    seat.loading++;
    try {
      await this.#loads.load(seat.child, version, limit);
    } finally {
      seat.loading--;
      this.#events.ready();
    }
  }

  /** @throws NeverReady when each child that was started ended at once */
  async #openOne(): Promise<void> {
    for (let left = OPEN_TRIES; ; left--) {
      try {
        await this.#open();
        return;
      } catch (error) {
        if (!(error instanceof NeverReady) || left <= 1) throw error;
        const { pid, how } = error;
        this.#options.log.warn(
          { pid, how },
          'an inference process ended before it was ready; starting another',
        );
        this.#events.restart();
      }
    }
  }

  /**
   * Starts a child that loads all versions, and gives it a seat.
   * @param place that of the child whose place it is to take
   * @returns the seat, with the keys of what it could load
   * @throws NeverReady when it ended before
   */
  async #open(place?: Seat): Promise<{ seat: Seat; loaded: string[] }> {
    const isBackground = (child: InferenceChild) => {
      if (!this.#front?.alive || place?.child === this.#front) this.#front = child;
      return child !== this.#front;
    };
    const { child, result } = await startChild(this.#options, isBackground, this.#stop.signal);
    let at = '';
    try {
      const { provider, reasons } = result;
      if (provider !== this.#provider)
        for (const reason of reasons) this.#options.log.warn({ using: provider }, reason);
      this.#provider = provider;
      const loaded: string[] = [];
      // A map's iterator also visits what is added meanwhile, and the seat is taken in the same turn as its end.
      for (const version of this.#versions.values()) {
        at = `it loaded ${version.label}`;
        if (await this.#loads.loadAgain(child, version)) loaded.push(version.key);
      }
      if (this.stopped) throw shuttingDown();
      for (const key of loaded)
        if (!this.#versions.has(key))
          inBackground(this.#options.log, 'a version could not be unloaded', this.#takeOut(child, key));
      return { seat: this.#seat(child), loaded };
    } catch (error) {
      await child.kill();
      if (this.stopped) throw shuttingDown();
      if (error instanceof ChildLost) throw await NeverReady.of(child, at);
      throw error;
    }
  }

  async #takeOut(child: InferenceChild, key: string): Promise<void> {
    if (await this.#loads.takeOut(child, key)) return;
    const seat = this.seats.find(each => each.child === child);
    if (seat?.run) seat.retiring = true;
    else child.end();
  }

  #seat(child: InferenceChild): Seat {
    const seat = seatFor(child, child === this.#front);
    this.seats.push(seat);
    this.#trouble = null;
    const handled = child.ended.then(how => {
      this.seats.splice(this.seats.indexOf(seat), 1);
      if (this.#stop.signal.aborted || seat.replaced) return;
      this.#backOff.ended(seat.since);
      // The end of one that retires is the server's own doing.
      const level = seat.retiring ? 'warn' : 'error';
      this.#options.log[level]({ pid: child.pid, how }, 'an inference process ended; starting another');
      const replacement = this.#replace().finally(() => this.#replacements.delete(replacement));
      this.#replacements.add(replacement);
      inBackground(this.#options.log, 'an inference process could not be replaced', replacement);
    });
    inBackground(this.#options.log, 'the end of an inference process could not be handled', handled);
    this.#events.ready();
    return seat;
  }

  async #replace(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#backOff.wait(signal);
        this.#events.restart();
        await this.#openOne();
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#trouble = messageOf(error);
        this.#options.log.error({ err: error }, `no inference process could be started: ${this.#trouble}`);
        this.#backOff.failed(error);
      }
    }
  }
}
