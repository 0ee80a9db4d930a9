import { AppError } from '../errors.js';
import { type GroupLimits, Job, type JobOptions, type Part, type Priority } from './job.js';

export interface SchedulerOptions {
  /** Tasks of one run, at most. */
  maxBatch: number;
  /** Requests that may wait before a further one is refused. */
  queueLimit: number;
  /** Groups that each job reads ahead. */
  ahead: number;
}

/** Parts that go to a child in one run: all of one version. */
export interface Run {
  key: string;
  parts: Part[];
}

const ORDER: readonly Priority[] = ['interactive', 'single', 'bulk'];
const URGENT: readonly Priority[] = ['interactive', 'single'];
/** Every so many runs the last comes first, so that bulk is served however many single tasks there are. */
const UPSIDE_DOWN_EVERY = 4;

/** What waits for a child: whose turn it is, and what goes together. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #limits: GroupLimits;
  readonly #changed: () => void;
  readonly #jobs: Record<Priority, Job[]> = { interactive: [], single: [], bulk: [] };
  /** Those that were answered without all of their tasks, which are run when nothing else is ready. */
  #late: Job[] = [];
  #retries: Part[] = [];
  #turn = 0;

  /** @param changed called when `next` may give a run that it could not give before */
  constructor(options: SchedulerOptions, changed: () => void) {
    this.#options = options;
    this.#limits = { most: options.maxBatch, ahead: options.ahead };
    this.#changed = changed;
  }

  /** Tasks that no child has yet. */
  get waiting(): number {
    let sum = this.#retries.reduce((total, { group }) => total + group.count, 0);
    for (const priority of ORDER) for (const job of this.#jobs[priority]) sum += job.waiting;
    for (const job of this.#late) sum += job.waiting;
    return sum;
  }

  /** @throws AppError `overloaded` when as many requests wait as may */
  add(options: JobOptions): Job {
    const waits = ({ waiting }: Job) => waiting > 0;
    const requests = ORDER.reduce((sum, priority) => sum + this.#jobs[priority].filter(waits).length, 0);
    if (requests >= this.#options.queueLimit) {
      throw new AppError(
        'overloaded',
        `${requests} requests wait already, which is as many as QUEUE_LIMIT allows; send it again later`,
      );
    }
    const job = new Job(options, this.#limits, this.#changed);
    this.#jobs[job.priority].push(job);
    return job;
  }

  /** Answers a job with what is there; what is missing is for late, or is given up. */
  cutShort(job: Job, reason: AppError): void {
    job.cutShort(reason);
    const list = this.#jobs[job.priority];
    if (job.settled || !list.includes(job)) return;
    this.#jobs[job.priority] = list.filter(each => each !== job);
    this.#late.push(job);
  }

  /** Puts a part back, to be run by itself before anything else. */
  retry(part: Part): void {
    this.#retries.push(part);
  }

  /**
   * The next run; null when nothing is ready.
   * @param urgent bulk is left waiting
   */
  next(urgent: boolean): Run | null {
    // What may have ended a child is tried on for the sake of all who will ask for it again.
    this.#retries = this.#retries.filter(({ job, losses }) => losses > 0 || !job.settled);
    const again = this.#retries.shift();
    if (again) return { key: again.job.key, parts: [again] };

    const upsideDown = ++this.#turn % UPSIDE_DOWN_EVERY === 0;
    const order = urgent ? URGENT : upsideDown ? [...ORDER].reverse() : ORDER;
    const parts: Part[] = [];
    let key: string | undefined;
    let room = this.#options.maxBatch;
    for (const priority of order) {
      const list = this.#jobs[priority];
      // A job that handed a part out goes to the end of its list: requests of a kind take turns.
      const turns: Job[] = [];
      const stay: Job[] = [];
      for (const job of list) {
        const { offer } = job;
        if (offer > 0 && offer <= room && (key === undefined || job.key === key)) {
          key = job.key;
          room -= offer;
          parts.push(job.hand());
          if (job.waiting > 0) turns.push(job);
        } else if (job.waiting > 0) {
          stay.push(job);
        }
      }
      this.#jobs[priority] = [...stay, ...turns];
      // What an annotator waits for is not made to wait for the tasks that would fit beside it.
      if (parts.length > 0 && priority !== 'bulk') break;
    }
    if (key !== undefined) return { key, parts };
    return urgent ? null : this.#nextLate();
  }

  #nextLate(): Run | null {
    this.#late = this.#late.filter(({ waiting }) => waiting > 0);
    const job = this.#late.find(({ offer }) => offer > 0);
    return job ? { key: job.key, parts: [job.hand()] } : null;
  }

  /** Gives up everything that waits. */
  fail(error: AppError): void {
    for (const { job } of this.#retries) job.fail(error);
    this.#retries = [];
    for (const priority of ORDER) for (const job of [...this.#jobs[priority]]) job.fail(error);
    for (const job of this.#late) job.fail(error);
  }
}
