import { setTimeout } from 'node:timers/promises';
import { Connections } from './connections.js';
import { CONFIG, LABELS, type SoakProject } from './label-studio.js';
import { pick, type Random } from './random.js';
import type { Count } from './report.js';

/** Tasks of a request, who sends it, and the milliseconds between two of a client. */
const KINDS = {
  single: { tasks: 1, clients: 2, pause: 20 },
  '300 tasks': { tasks: 300, clients: 1, pause: 100 },
} as const;
const TEXTS = 2_000;
/** Rounding differs with the place in a batch. */
const TOLERANCE = 1e-9;
const TRIES = 30;
const AGAIN_MS = 10;

interface Item {
  result?: { from_name: string; value: { choices: string[] } }[];
  score?: number;
  model_version?: string;
}

/** What `/predict` answers. */
export interface Answered {
  results: Item[];
  model_version: string;
}

/** Asks for predictions of a project while its versions change, and looks whether each answer is wholly of one. */
export class VersionsLoad {
  readonly counts: Record<string, Count> = {};
  /** Answers of two versions, or of another shape. */
  readonly mixed: string[] = [];
  readonly lost: string[] = [];
  /** What answered. */
  readonly versions = new Set<string>();
  readonly #project: SoakProject;
  readonly #texts: readonly string[];
  /** What each version said of each text. */
  readonly #said = new Map<string, string>();
  readonly #retry: boolean;
  #connections: Connections | undefined;
  #over = false;

  /** @param retry whether an answer of 503 is no loss when the next one is right */
  constructor(project: SoakProject, random: Random, retry: boolean) {
    this.#project = project;
    this.#retry = retry;
    this.#texts = Array.from(
      { length: TEXTS },
      (_, index) => `${project.text(pick(random, LABELS))} ${index}`,
    );
  }

  /** Asks this server from now on; none: what is under way may fail. */
  aim(url?: string): void {
    this.#connections?.close();
    this.#connections = url === undefined ? undefined : new Connections(url);
  }

  /** Runs until `stop`, and until the last answer is there. */
  async run(): Promise<void> {
    const clients = Object.entries(KINDS).flatMap(([name, kind]) =>
      Array.from({ length: kind.clients }, (_, at) => this.#client(name, kind, at * 500)),
    );
    await Promise.all(clients);
    this.aim();
  }

  stop(): void {
    this.#over = true;
  }

  async #client(name: string, { tasks, pause }: (typeof KINDS)[keyof typeof KINDS], from: number) {
    this.counts[name] ??= { answered: 0, retried: 0, milliseconds: [] };
    for (let first = from; !this.#over; first = (first + tasks) % TEXTS) {
      await this.#ask(this.counts[name], name, first, tasks);
      await setTimeout(pause);
    }
  }

  async #ask(count: Count, name: string, first: number, tasks: number): Promise<void> {
    const texts = Array.from({ length: tasks }, (_, index) => this.#texts[(first + index) % TEXTS]!);
    const body = JSON.stringify({
      tasks: texts.map((text, id) => ({ id, data: { text } })),
      project: this.#project.key,
      label_config: CONFIG,
      params: { login: null, password: null, context: null },
    });
    const begin = performance.now();
    for (let tries = 0; tries < TRIES && !this.#over; ) {
      const connections = this.#connections;
      if (!connections) {
        await setTimeout(AGAIN_MS);
        continue;
      }
      try {
        const { status, body: text, retryAfter } = await connections.send('POST', '/predict', body);
        if (status === 200) {
          count.answered++;
          count.milliseconds.push(performance.now() - begin);
          this.#look(name, texts, JSON.parse(text) as Answered);
          return;
        }
        if (!this.#retry || status !== 503 || retryAfter === undefined)
          return void this.lost.push(`${name}: ${status} ${text}`);
        tries++;
        count.retried++;
        await setTimeout(Number(retryAfter) * 1_000);
      } catch (error) {
        if (connections === this.#connections)
          return void this.lost.push(`${name}: ${(error as Error).message}`);
      }
    }
    if (!this.#over) this.lost.push(`${name}: 503 for ${TRIES} times`);
  }

  #look(name: string, texts: readonly string[], { results, model_version: version }: Answered): void {
    this.versions.add(version);
    if (results.length !== texts.length)
      return void this.mixed.push(`${name}: ${results.length} results for ${texts.length} tasks`);
    for (const [index, item] of results.entries()) {
      const choice = item.result?.[0]?.value.choices.join();
      const key = `${version} ${texts[index]}`;
      const [known, score] = this.#said.get(key)?.split(' ') ?? [choice, item.score];
      this.#said.set(key, `${known} ${score}`);
      const right =
        item.model_version === version &&
        item.result?.[0]?.from_name === 'site' &&
        LABELS.some(label => label === choice) &&
        choice === known &&
        Math.abs(item.score! - Number(score)) < TOLERANCE;
      if (!right)
        return void this.mixed.push(
          `${name}: ${version} said ${known} ${score} of '${texts[index]}', and now ${JSON.stringify(item)}`,
        );
    }
  }
}
