import { abortable } from '../abortable.js';

/** Whom a fetch is for, and who is asked. */
export interface Owner {
  project: string | null;
  host: string;
}

/** What waits for the same host for the same project, in the order in which it came. */
interface Lane extends Owner {
  waiting: Set<() => void>;
}

/**
 * Lets so much be done at once, and nobody take all of it: what a project or a host holds is less than what is left to the
 * others. A server that never answers delays its own files alone.
 *
 * - A project begins another one only while it holds fewer than are free: half of them at most.
 * - A host does so only while it holds less than half of the free ones, so that a project can still read from others.
 * - What is free goes to the project that holds the fewest; among equals each gets its turn.
 *
 * @example
 * const slots = new FairSlots(32);
 * await slots.run({ project: '7', host: 'minio:9000' }, () => download(url), signal);
 */
export class FairSlots {
  #free: number;
  /** The one that was served last comes last. */
  readonly #lanes = new Map<string, Lane>();
  readonly #projects = new Map<string | null, number>();
  readonly #hosts = new Map<string, number>();

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Does something that takes one slot.
   * @param signal ends the waiting; the work itself sees to it how it ends
   * @throws the signal's reason, or what the work throws
   */
  async run<T>(owner: Owner, work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    await this.#enter(owner, signal);
    try {
      return await work();
    } finally {
      this.#count(owner, -1);
      this.#admit();
    }
  }

  async #enter(owner: Owner, signal: AbortSignal | undefined): Promise<void> {
    const { project, host } = owner;
    const key = JSON.stringify([project, host]);
    const lane = this.#lanes.get(key) ?? { project, host, waiting: new Set() };
    this.#lanes.set(key, lane);
    let begin!: () => void;
    const turn = new Promise<void>(resolve => {
      begin = resolve;
    });
    lane.waiting.add(begin);
    this.#admit();
    try {
      await abortable(turn, signal);
    } catch (error) {
      // It may have been its turn in the moment of the abort.
      if (!lane.waiting.delete(begin)) this.#count(owner, -1);
      else if (lane.waiting.size === 0) this.#lanes.delete(key);
      this.#admit();
      throw error;
    }
  }

  #admit(): void {
    while (this.#free > 0) {
      const next = this.#next();
      if (next === undefined) return;
      const [key, lane] = next;
      const [begin] = lane.waiting;
      lane.waiting.delete(begin!);
      this.#lanes.delete(key);
      if (lane.waiting.size > 0) this.#lanes.set(key, lane);
      this.#count(lane, 1);
      begin!();
    }
  }

  /** The one to serve next, of those that may hold more. */
  #next(): [string, Lane] | undefined {
    let best: [string, Lane] | undefined;
    let fewest = Infinity;
    for (const each of this.#lanes) {
      const { project, host } = each[1];
      const own = this.#projects.get(project) ?? 0;
      const ofHost = this.#hosts.get(host) ?? 0;
      const isFair = (own === 0 || own < this.#free) && (ofHost === 0 || 2 * ofHost < this.#free);
      if (!isFair || own >= fewest) continue;
      best = each;
      fewest = own;
    }
    return best;
  }

  #count({ project, host }: Owner, change: 1 | -1): void {
    this.#free -= change;
    add(this.#projects, project, change);
    add(this.#hosts, host, change);
  }
}

function add<K>(counts: Map<K, number>, key: K, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
