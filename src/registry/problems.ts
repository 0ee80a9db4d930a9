import type { Logger } from 'pino';
import { AppError, messageOf } from '../errors.js';

/** What is wrong with a folder of the repository, in words. */
export interface Problem {
  model: string;
  message: string;
}

/** One look at a part of the repository: what it finds wrong takes the place of what the last one did, once it has ended. */
export interface Look {
  report(place: string, model: string, error: unknown): void;
  end(): void;
}

/** New problems of one look that have a line of the log each; the others are counted in one. */
const LINES = 10;

/** A problem that has no line of the log. */
interface Untold {
  model: string;
  level: 'warn' | 'error';
}

/** What is wrong with a repository, by the part that was looked at and the place. Each problem is logged once. */
export class Problems {
  readonly #log: Logger;
  readonly #parts = new Map<string, Map<string, Problem>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  get all(): readonly Problem[] {
    return [...this.#parts.values()].flatMap(part => [...part.values()]);
  }

  get(part: string, place: string): Problem | undefined {
    return this.#parts.get(part)?.get(place);
  }

  look(part: string): Look {
    const found = new Map<string, Problem>();
    let lines = 0;
    const untold: Untold[] = [];
    return {
      report: (place, model, error) => {
        const message = messageOf(error);
        const known = found.get(place) ?? this.get(part, place);
        // What passes is no fault of the model.
        const level = error instanceof AppError && error.retryable ? 'warn' : 'error';
        if (known?.message !== message) {
          if (lines++ < LINES) this.#log[level]({ model }, message);
          else untold.push({ model, level });
        }
        found.set(place, { model, message });
      },
      end: () => {
        this.#count(untold);
        if (found.size > 0) this.#parts.set(part, found);
        else this.#parts.delete(part);
      },
    };
  }

  #count(untold: readonly Untold[]): void {
    const [first] = untold;
    if (!first) return;
    const level = untold.some(each => each.level === 'error') ? 'error' : 'warn';
    const model = untold.every(each => each.model === first.model) ? first.model : undefined;
    const more = untold.length;
    const message = `${more} more problems of ${model ?? 'the model repository'}: GET /api/models lists them`;
    this.#log[level]({ ...(model !== undefined && { model }), more }, message);
  }

  /** Tells of something that is not over yet. */
  add(part: string, place: string, problem: Problem): void {
    this.#log.warn({ model: problem.model }, problem.message);
    const found = this.#parts.get(part) ?? new Map<string, Problem>();
    found.set(place, problem);
    this.#parts.set(part, found);
  }

  forget(part: string, place: string): void {
    this.#parts.get(part)?.delete(place);
  }

  /** Forgets all parts but these. */
  keep(parts: ReadonlySet<string>): void {
    for (const part of [...this.#parts.keys()]) if (!parts.has(part)) this.#parts.delete(part);
  }
}
