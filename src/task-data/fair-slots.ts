import { waitForTurn } from '../turn.js';

/** Whom a fetch is for, and who is asked. */
export interface Owner {
  project: string | null;
  host: string;
}

/** What waits of a project: by host, in the order in which it came; the host that was served last comes last. */
type Hosts = Map<string, Set<() => void>>;

/**
 * Lets so much be done at once, and nobody take all of it: what a project or a host holds is less than what is left to the
 * others. A server that never answers delays its own files alone.
 *
 * - A project begins another one only while it holds fewer than are free: half of them at most.
 * - A host does so only while it holds less than half of the free ones, so that a project can still read from others.
 * - What is free goes to the project that holds the fewest; among equals each gets its turn, however many hosts it waits for.
 *
 * @example
 * const slots = new FairSlots(32);
 * await slots.run({ project: '7', host: 'minio:9000' }, () => download(url), signal);
 */
export class FairSlots {
  #free: number;
  /** What waits, by project; the one that was served last comes last. */
  readonly #waiting = new Map<string | null, Hosts>();
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
      this.#giveBack(owner);
    }
  }

  #giveBack(owner: Owner): void {
    this.#count(owner, -1);
    this.#admit();
  }

  async #enter(owner: Owner, signal: AbortSignal | undefined): Promise<void> {
    const { project, host } = owner;
    const hosts: Hosts = this.#waiting.get(project) ?? new Map();
    this.#waiting.set(project, hosts);
    const waiting = hosts.get(host) ?? new Set();
    hosts.set(host, waiting);
    const enter = (begin: () => void) => {
      waiting.add(begin);
      this.#admit();
      return () => {
        if (!waiting.delete(begin)) return false;
        this.#drop(project, hosts, host);
        this.#admit();
        return true;
      };
    };
    await waitForTurn(enter, () => this.#giveBack(owner), signal);
  }

  #admit(): void {
    while (this.#free > 0) {
      const next = this.#next();
      if (next === undefined) return;
      const { project, hosts, host } = next;
      const waiting = hosts.get(host)!;
      const [begin] = waiting;
      waiting.delete(begin!);
      // Both go to the end of their rows.
      this.#waiting.delete(project);
      hosts.delete(host);
      hosts.set(host, waiting);
      this.#waiting.set(project, hosts);
      this.#drop(project, hosts, host);
      this.#count(next, 1);
      begin!();
    }
  }

  /** Forgets what nobody waits for. */
  #drop(project: string | null, hosts: Hosts, host: string): void {
    if (hosts.get(host)?.size === 0) hosts.delete(host);
    if (hosts.size === 0) this.#waiting.delete(project);
  }

  /** The one to serve next, of those that may hold more. */
  #next(): (Owner & { hosts: Hosts }) | undefined {
    let best: (Owner & { hosts: Hosts }) | undefined;
    let fewest = Infinity;
    for (const [project, hosts] of this.#waiting) {
      const own = this.#projects.get(project) ?? 0;
      if (own >= fewest || (own > 0 && own >= this.#free)) continue;
      const host = this.#hostOf(hosts);
      if (host === undefined) continue;
      best = { project, hosts, host };
      fewest = own;
    }
    return best;
  }

  /** The host to ask next, of those that may be asked more. */
  #hostOf(hosts: Hosts): string | undefined {
    for (const host of hosts.keys()) {
      const held = this.#hosts.get(host) ?? 0;
      if (held === 0 || 2 * held < this.#free) return host;
    }
    return undefined;
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
