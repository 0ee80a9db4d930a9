import { setTimeout } from 'node:timers/promises';
import { ERRORS, type ErrorCode } from '../../src/errors.js';
import { fault, type Known, PROJECTS } from './answers.js';
import { Connections } from './connections.js';
import type { Count } from './report.js';

/** A kind of request, and who sends it. */
export interface Kind {
  tasks: number;
  clients: number;
  /** Between two requests of a client, in milliseconds. */
  pause: number;
  interactive?: true;
  /** Bytes of each task beside its text. */
  padding?: number;
}

export const KINDS: Readonly<Record<string, Kind>> = {
  interactive: { tasks: 1, clients: 2, pause: 20, interactive: true },
  single: { tasks: 1, clients: 4, pause: 10 },
  '25 tasks': { tasks: 25, clients: 2, pause: 20 },
  '1,000 tasks': { tasks: 1_000, clients: 1, pause: 100 },
  '5 MB': { tasks: 8_000, clients: 1, pause: 8_000, padding: 550 },
};

export interface LoadOptions {
  kinds?: Readonly<Record<string, Kind>>;
  /** Whether a request is sent again until it is answered, as long as it is put off (503), or the connection may fail. */
  patient?: boolean;
}

/** What went wrong. */
export interface Faults {
  wrong: string[];
  lost: string[];
  slow: string[];
}

const TRIES = 30;
const AGAIN_MS = 50;
const HEALTH_LIMIT_MS = 1_000;

/** Asks a server for predictions of all kinds until it is told to stop, and looks at each answer. */
export class Load {
  readonly counts: Record<string, Count> = {};
  readonly faults: Faults = { wrong: [], lost: [], slow: [] };
  /** What the answers called the model. */
  readonly versions = new Set<string>();
  readonly health: Count = { answered: 0, retried: 0, milliseconds: [] };
  /** Whether connections may fail at the moment, and requests with them. */
  mayFail = false;
  readonly #known: readonly Known[];
  readonly #kinds: Readonly<Record<string, Kind>>;
  readonly #patient: boolean;
  /** When the newest request of each kind was sent that was answered. */
  readonly #newest = new Map<string, number>();
  #connections: Connections | undefined;
  #next = 0;
  #over = false;

  constructor(url: string | undefined, known: readonly Known[], options: LoadOptions = {}) {
    this.aim(url);
    this.#known = known;
    this.#kinds = options.kinds ?? KINDS;
    this.#patient = options.patient ?? false;
  }

  /** Asks this server from now on; none: what is under way may fail. */
  aim(url?: string): void {
    this.#connections?.close();
    this.#connections = url === undefined ? undefined : new Connections(url);
  }

  /** Sets the projects up. */
  async setup(): Promise<void> {
    for (const { id, config } of PROJECTS) {
      const setup = { project: id, schema: config, extra_params: JSON.stringify({ model: 'sentiment' }) };
      await this.#connections!.json('POST', '/setup', setup);
    }
  }

  /** Runs until `stop`, and until the last answer is there. */
  async run(): Promise<void> {
    const clients = Object.entries(this.#kinds).flatMap(([name, kind]) =>
      Array.from({ length: kind.clients }, () => this.#client(name, kind)),
    );
    await Promise.all([...clients, this.#watchHealth()]);
    this.aim();
  }

  /** Whether requests of all kinds that were sent since a time of `performance.now()` have been answered. */
  answersSince(time: number): boolean {
    return Object.keys(this.#kinds).every(name => (this.#newest.get(name) ?? 0) > time);
  }

  stop(): void {
    this.#over = true;
  }

  async #client(name: string, kind: Kind): Promise<void> {
    this.counts[name] ??= { answered: 0, retried: 0, milliseconds: [] };
    while (!this.#over) {
      await this.#ask(this.counts[name], name, kind);
      await setTimeout(kind.pause);
    }
  }

  async #ask(count: Count, name: string, { tasks, interactive, padding = 0 }: Kind): Promise<void> {
    const first = this.#next;
    this.#next = (this.#next + tasks) % this.#known.length;
    const asked = Array.from({ length: tasks }, (_, at) => this.#known[(first + at) % this.#known.length]!);
    const project = PROJECTS[first % PROJECTS.length]!;
    const body = JSON.stringify({
      tasks: asked.map((each, id) => ({ id, data: { text: each.text, more: 'x'.repeat(padding) } })),
      project: project.id,
      // Some carry the config, some leave it to what was set up.
      ...(first % 2 === 0 ? { label_config: project.config } : {}),
      params: { context: interactive ? { result: [] } : null },
    });
    const begin = performance.now();
    for (let tries = 0; this.#patient || tries < TRIES; tries++) {
      if (this.#patient && this.#over && tries > 0) return;
      const connections = this.#connections;
      if (!connections) {
        await setTimeout(AGAIN_MS);
        continue;
      }
      const sent = performance.now();
      try {
        const answer = await connections.send('POST', '/predict', body);
        if (answer.status === 200 && this.#patient && isPutOff(answer.body)) {
          count.retried++;
          continue;
        }
        if (answer.status === 200) {
          this.#newest.set(name, sent);
          count.answered++;
          count.milliseconds.push(performance.now() - begin);
          const wrong = fault(answer.body, asked, project);
          if (wrong !== undefined) this.faults.wrong.push(`${name}: ${wrong}`);
          else this.versions.add((JSON.parse(answer.body) as { model_version: string }).model_version);
          return;
        }
        if (answer.status !== 503 || answer.retryAfter === undefined) {
          this.faults.lost.push(`${name}: ${answer.status} ${answer.body}`);
          return;
        }
        count.retried++;
        await setTimeout(Number(answer.retryAfter) * 1_000);
      } catch (error) {
        if (this.#patient && (this.mayFail || connections !== this.#connections)) {
          await setTimeout(AGAIN_MS);
          continue;
        }
        this.faults.lost.push(`${name}: ${(error as Error).message}`);
        return;
      }
    }
    this.faults.lost.push(`${name}: 503 for ${TRIES} times`);
  }

  async #watchHealth(): Promise<void> {
    while (!this.#over) {
      const begin = performance.now();
      const connections = this.#connections;
      if (!connections) {
        await setTimeout(AGAIN_MS);
        continue;
      }
      try {
        const { status } = await connections.send('GET', '/health');
        if (status !== 200) this.faults.slow.push(`/health: ${status}`);
      } catch (error) {
        if (!this.mayFail && connections === this.#connections)
          this.faults.slow.push(`/health: ${(error as Error).message}`);
      }
      const took = performance.now() - begin;
      if (took > HEALTH_LIMIT_MS && !this.#patient)
        this.faults.slow.push(`/health took ${Math.round(took)} ms`);
      this.health.answered++;
      this.health.milliseconds.push(took);
      await setTimeout(50);
    }
  }
}

/** Whether a task has no answer for a reason for which it is to be asked for again. */
function isPutOff(body: string): boolean {
  const { results } = JSON.parse(body) as { results: { error?: { code: string } }[] };
  return results.some(({ error }) => error !== undefined && ERRORS[error.code as ErrorCode]?.status === 503);
}
