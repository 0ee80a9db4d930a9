import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Exchange } from './http/exchange.js';
import type { PoolEvents } from './inference/pool.js';

/** How often a cache knew what it was asked for, and how often it did not. */
interface Lookups {
  readonly hits: number;
  readonly misses: number;
}

/** What is asked for at the moment of a scrape. */
export interface MetricSources {
  /** Tasks that no child has yet. */
  waiting(): number;
  cache(): Lookups | null;
  files: Lookups;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30, 100];
const TASKS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024];

/** The numbers that `/metrics` shows, in the text format of Prometheus. */
export class Metrics implements PoolEvents {
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];
  readonly #requests = new Histogram({
    name: 'request_duration_seconds',
    help: 'Time from the first byte of a request to its answer, by route and status',
    labelNames: ['route', 'status'] as const,
    buckets: SECONDS,
    registers: this.#registers,
  });
  readonly #runs = new Histogram({
    name: 'model_run_duration_seconds',
    help: 'Time of one run in an inference process: features, session and results',
    buckets: SECONDS,
    registers: this.#registers,
  });
  readonly #batches = new Histogram({
    name: 'model_run_tasks',
    help: 'Tasks of one run in an inference process',
    buckets: TASKS,
    registers: this.#registers,
  });
  readonly #loads = new Histogram({
    name: 'model_load_duration_seconds',
    help: 'Time to load a model version, its warm-up run included',
    buckets: SECONDS,
    registers: this.#registers,
  });
  readonly #restarts = new Counter({
    name: 'inference_process_restarts_total',
    help: 'Inference processes that were started in the place of one that ended',
    registers: this.#registers,
  });
  readonly #jobs = new Counter({
    name: 'jobs_total',
    help: 'Runs of fit and of training, by how they ended',
    labelNames: ['status'] as const,
    registers: this.#registers,
  });
  readonly #leftOut = new Counter({
    name: 'model_left_out_total',
    help: 'Predictions that lack what a model should have said, by the model and why it failed',
    labelNames: ['model', 'code'] as const,
    registers: this.#registers,
  });
  readonly #refused = new Counter({
    name: 'predictions_refused_total',
    help: 'Tasks of requests that were answered with status 200 and the same error for each task, by its code',
    labelNames: ['code'] as const,
    registers: this.#registers,
  });
  /** A histogram looks its labels up at each call; the requests of one route and status share what it found. */
  readonly #observers = new Map<string, { observe(seconds: number): void }>();

  constructor(sources: MetricSources) {
    collectDefaultMetrics({ register: this.#registry });
    const registers = this.#registers;
    new Gauge({
      name: 'queue_tasks',
      help: 'Tasks that no inference process has yet',
      registers,
      collect() {
        this.set(sources.waiting());
      },
    });
    for (const kind of ['hits', 'misses'] as const) {
      new Gauge({
        name: `file_cache_${kind}`,
        help: `Files of tasks that ${kind === 'hits' ? 'were on the disk' : 'were fetched'}`,
        registers,
        collect() {
          this.set(sources.files[kind]);
        },
      });
      new Gauge({
        name: `result_cache_${kind}`,
        help: `Tasks that the result cache ${kind === 'hits' ? 'answered' : 'did not know'}`,
        registers,
        collect() {
          this.set(sources.cache()?.[kind] ?? 0);
        },
      });
    }
  }

  request({ route, refused, tasks = 1 }: Exchange, status: number, milliseconds: number): void {
    if (refused) this.#refused.inc({ code: refused.code }, tasks);
    const key = `${route} ${status}`;
    let observer = this.#observers.get(key);
    if (!observer) {
      observer = this.#requests.labels(route, String(status));
      this.#observers.set(key, observer);
    }
    observer.observe(milliseconds / 1000);
  }

  run(tasks: number, milliseconds: number): void {
    this.#runs.observe(milliseconds / 1000);
    this.#batches.observe(tasks);
  }

  load(milliseconds: number): void {
    this.#loads.observe(milliseconds / 1000);
  }

  restart(): void {
    this.#restarts.inc();
  }

  job(status: string): void {
    this.#jobs.inc({ status });
  }

  /** Counts the predictions that lack a model's part; one that could not be set up counts once. */
  leftOut(model: string, code: string, tasks: number): void {
    this.#leftOut.inc({ model, code }, Math.max(tasks, 1));
  }

  /** The page, and its content type. */
  async page(): Promise<{ type: string; text: string }> {
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
