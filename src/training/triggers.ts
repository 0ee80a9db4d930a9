import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import type { Pending, State } from '../state.js';
import type { JobRequest } from './job.js';

/** Time, so that tests need not wait for it. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** @returns calls it off */
  after(milliseconds: number, action: () => void): () => void;
}

export interface TriggersDeps {
  state: State;
  /** Asks for a job; `Jobs.request`. */
  request(request: JobRequest): string;
  /** New annotations that start a training: `TRAIN_EVERY`. */
  every: number;
  /** The quiet period before it, in milliseconds: `TRAIN_DEBOUNCE`. */
  debounce: number;
  log: Logger;
  clock?: Clock;
}

const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after(milliseconds, action) {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Events that teach something, as Label Studio names them; all others are only acknowledged. */
const LEARNING = /^(?:ANNOTATIONS?_(?:CREATED|UPDATED|DELETED)|START_TRAINING)$/;
const COUNTED = /^ANNOTATIONS?_(?:CREATED|UPDATED)$/;
/** Under a steady stream of annotations training starts after so many quiet periods all the same. */
const LONGEST_WAIT = 6;
/** When it is tried again to queue a training, which failed because the disk was full. */
const AGAIN_MS = 10_000;

/** Whether a model may learn from an event. */
export function isLearning(event: string): boolean {
  return LEARNING.test(event);
}

/** The annotations of an event's body that there is something to learn from: neither skipped nor empty. */
export function countAnnotations(event: string, data: Record<string, unknown>): number {
  if (!COUNTED.test(event)) return 0;
  return [data.annotation, data.annotations].flat().filter(each => {
    const { result, was_cancelled } = (each ?? {}) as { result?: unknown; was_cancelled?: unknown };
    return was_cancelled !== true && Array.isArray(result) && result.length > 0;
  }).length;
}

/** What became of an event; nothing of it, when there was nothing to learn from it. */
export interface Taken {
  /** The id of the job that it asked for. */
  job?: string;
  /** It was counted: resolves when the count is kept. */
  kept?: Promise<void>;
}

/** Characters of what is pending, all projects together: their labeling configs, most of all. */
const PENDING = 64_000_000;

/** What is kept of a request in memory. A trainer reads annotations from Label Studio, and nothing of the event. */
function lasting(request: JobRequest): JobRequest {
  return request.kind === 'train' ? { ...request, data: {} } : request;
}

/** A pending training's wait for quiet. */
interface Wait {
  since: number;
  callOff(): void;
}

/**
 * Decides when an event becomes a job. A press on the button does at once, and so does every event for a class with a `fit`
 * of its own. Annotations of a model that is trained are counted: after `every` new ones, and a quiet period, they do.
 * What is counted survives a restart.
 */
export class Triggers {
  readonly #deps: TriggersDeps;
  readonly #clock: Clock;
  readonly #pending = new Map<string, Pending>();
  readonly #waits = new Map<string, Wait>();
  #written: Promise<void> = Promise.resolve();
  /** What all that is pending weighs, in characters. */
  #weight = 0;

  constructor(deps: TriggersDeps) {
    this.#deps = deps;
    this.#clock = deps.clock ?? SYSTEM_CLOCK;
    for (const pending of deps.state.pending()) {
      this.#keep({ ...pending, data: {} });
      this.#waitForQuiet(pending);
    }
  }

  /**
   * Takes an event.
   * @returns what became of it, at once
   * @throws AppError `overloaded` when as much is pending as is kept; that of `request`
   */
  take(given: JobRequest): Taken {
    const { kind, event, data } = given;
    const request = lasting(given);
    if (kind === 'fit') return { job: this.#deps.request(request) };
    if (event === 'START_TRAINING') {
      const job = this.#deps.request(request);
      this.#drop(request);
      return { job };
    }
    const added = countAnnotations(event, data);
    if (added === 0) return {};
    const { kind: _, ...rest } = request;
    const known = this.#pending.get(keyOf(request));
    const pending = { ...rest, count: (known?.count ?? 0) + added };
    if (this.#weight - weigh(known) + weigh(pending) > PENDING) {
      throw new AppError(
        'overloaded',
        `new annotations of ${this.#pending.size} projects wait for their training, whose labeling configs have ${PENDING} characters: this server keeps no more, and those of project ${pending.project} are not counted`,
      );
    }
    this.#keep(pending);
    // Should it not be kept now, it counts all the same, and is kept with the next one.
    const kept = this.#deps.state.setPending(pending);
    this.#written = kept.catch(() => {});
    this.#waitForQuiet(pending);
    return { kept };
  }

  /** Trains every model that has new annotations, however few: `TRAIN_CRON`. */
  trainAll(): void {
    for (const pending of [...this.#pending.values()]) this.#train(pending);
  }

  /** Forgets what a project has counted. */
  forget(project: string): void {
    for (const pending of [...this.#pending.values()]) if (pending.project === project) this.#drop(pending);
  }

  /** Starts nothing more; resolves when what was counted is kept. */
  async stop(): Promise<void> {
    for (const { callOff } of this.#waits.values()) callOff();
    this.#waits.clear();
    await this.#written;
  }

  #waitForQuiet(pending: Pending): void {
    const { every, debounce } = this.#deps;
    if (pending.count < every) return;
    const key = keyOf(pending);
    const now = this.#clock.now();
    const waiting = this.#waits.get(key);
    waiting?.callOff();
    const since = waiting?.since ?? now;
    this.#trainAfter(Math.min(debounce, since + LONGEST_WAIT * debounce - now), key, since);
  }

  #trainAfter(milliseconds: number, key: string, since: number): void {
    const callOff = this.#clock.after(milliseconds, () => {
      const newest = this.#pending.get(key);
      if (newest) this.#train(newest);
    });
    this.#waits.set(key, { since, callOff });
  }

  #keep(pending: Pending): void {
    const key = keyOf(pending);
    this.#weight += weigh(pending) - weigh(this.#pending.get(key));
    this.#pending.set(key, pending);
  }

  #train(pending: Pending): void {
    const { count: _, ...request } = pending;
    const { model, project } = pending;
    try {
      this.#deps.request({ ...request, kind: 'train' });
    } catch (error) {
      this.#deps.log.error({ err: error, model, project }, 'a training could not be queued');
      const key = keyOf(pending);
      this.#waits.get(key)?.callOff();
      this.#trainAfter(AGAIN_MS, key, this.#clock.now());
      return;
    }
    this.#drop(pending);
  }

  #drop(which: Pick<Pending, 'model' | 'project'>): void {
    const key = keyOf(which);
    this.#waits.get(key)?.callOff();
    this.#waits.delete(key);
    this.#weight -= weigh(this.#pending.get(key));
    if (!this.#pending.delete(key)) return;
    this.#written = this.#deps.state.deletePending(which).catch(error => {
      this.#deps.log.error({ err: error }, 'the count of new annotations could not be taken back');
    });
  }
}

function weigh(pending: Pending | undefined): number {
  return pending === undefined ? 0 : JSON.stringify(pending).length;
}

function keyOf({ model, project }: Pick<Pending, 'model' | 'project'>): string {
  return `${model}\n${project}`;
}
