import { pss, pssTogether } from '../bench/processes.js';
import { at, type Check, say } from './report.js';

/** What the first seconds allocate is no leak: so much of a run, and as many samples, one a second, of a short one. */
const WARM_UP = { share: 0.2, samples: 15 };
/** How much larger the last third may be than the first. */
const GROWTH = { factor: 1.15, megabytes: 40 };

/** The memory (PSS) of a server over a run, in megabytes. */
export class Memory {
  readonly #samples = { 'the server process': [] as number[], 'all its processes': [] as number[] };

  /** @param pids those of the server, itself first */
  take(pids: readonly number[]): void {
    const [server] = pids;
    const own = server === undefined ? 0 : pss(server);
    // One that has ended has none.
    if (own === 0) return;
    this.#samples['the server process'].push(own);
    this.#samples['all its processes'].push(pssTogether(pids));
  }

  /** The most that the server process has had. */
  get peak(): number {
    return Math.max(0, ...this.#samples['the server process']);
  }

  /** Says what there was of it in the first and in the last third. @returns whether it grew */
  checks(): Check[] {
    return Object.entries(this.#samples).map(([name, samples]): Check => {
      const [first, last] = thirds(samples);
      say(
        `memory (PSS) of ${name}: ${first.toFixed(0)} MB in the first third, ${last.toFixed(0)} MB in the last`,
      );
      const isFlat = last <= first * GROWTH.factor + GROWTH.megabytes;
      return [`the memory of ${name} does not grow`, isFlat, []];
    });
  }
}

/** What it mostly was in the first and in the last third. */
function thirds(samples: readonly number[]): [number, number] {
  const { length } = samples;
  const cold = Math.max(length * WARM_UP.share, Math.min(WARM_UP.samples, length / 2));
  const warm = samples.slice(Math.floor(cold));
  const third = Math.ceil(warm.length / 3);
  return [at(warm.slice(0, third), 0.5), at(warm.slice(-third), 0.5)];
}
