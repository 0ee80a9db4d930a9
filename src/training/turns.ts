import { waitForTurn } from '../turn.js';

/** Whose job it is, and which Label Studio it reads from. */
export interface Owner {
  project: string;
  /** Its address; empty: not known. */
  host: string;
}

/** What one job has of the turns. */
export interface Turn {
  /**
   * Gives the turn to others for as long as some work takes, and waits for the next one after it.
   * @param waits told that the work is done and the next turn is waited for, and false when it has come
   * @throws what the work throws, or the signal's reason: then the turn is not had again
   */
  aside<T>(work: () => Promise<T>, signal: AbortSignal, waits: (waits: boolean) => void): Promise<T>;
  end(): void;
}

/** Jobs that have given their turn away, at most. Each may hold a page of annotated tasks. */
const ASIDE = 8;

/**
 * Whose turn it is to compute: so many jobs at a time. A job that only waits for a Label Studio gives its turn away, so that one
 * that never answers delays no others. Those that gave it away are bounded too: one of a project, and of a Label Studio fewer
 * than half of what is left to the others.
 */
export class Turns {
  readonly #atOnce: number;
  readonly #freed: () => void;
  #computing = 0;
  readonly #aside = new Set<Owner>();
  /** Those that want their turn again, in the order in which they came. */
  readonly #returning = new Set<() => void>();

  /** @param freed called when another job may begin */
  constructor(atOnce: number, freed: () => void) {
    this.#atOnce = atOnce;
    this.#freed = freed;
  }

  /** Begins a job; null: not now. */
  begin(owner: Owner): Turn | null {
    if (this.#computing >= this.#atOnce || !this.#mayStepAside(owner)) return null;
    this.#computing++;
    let computes = true;
    const leave = () => {
      if (!computes) return;
      computes = false;
      this.#computing--;
      this.#next();
    };
    return {
      aside: async (work, signal, waits) => {
        // Not the owner itself: a project may have several jobs.
        const held = { ...owner };
        this.#aside.add(held);
        leave();
        try {
          const done = await work();
          if (this.#computing >= this.#atOnce) {
            waits(true);
            await this.#turn(signal);
            // Before anybody is told, who may fail.
            computes = true;
            waits(false);
          } else {
            this.#computing++;
            computes = true;
          }
          return done;
        } finally {
          this.#aside.delete(held);
          this.#freed();
        }
      },
      end: leave,
    };
  }

  /** Whether it may give its turn away, as most jobs do at once. */
  #mayStepAside({ project, host }: Owner): boolean {
    const aside = [...this.#aside];
    const ofHost = aside.filter(each => each.host === host).length;
    const free = ASIDE - aside.length;
    return !aside.some(each => each.project === project) && free > 0 && (ofHost === 0 || 2 * ofHost < free);
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const enter = (begin: () => void) => {
      this.#returning.add(begin);
      return () => this.#returning.delete(begin);
    };
    const giveBack = () => {
      this.#computing--;
      this.#next();
    };
    await waitForTurn(enter, giveBack, signal);
  }

  #next(): void {
    for (const begin of this.#returning) {
      if (this.#computing >= this.#atOnce) return;
      this.#returning.delete(begin);
      this.#computing++;
      begin();
    }
    this.#freed();
  }
}
