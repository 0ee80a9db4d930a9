import { type ErrorLog, inBackground } from '../background.js';
import type { Manifest } from './manifest.js';
import type { VersionRecord } from './version.js';

/** A version that is loaded and serves. */
export interface ServedVersion {
  /** Names this load of it in the pool. */
  key: string;
  model: string;
  /** The project that it was trained for; null: shipped. */
  project: string | null;
  version: string;
  /** What Label Studio sees: `<model>:<version>`. */
  label: string;
  /** With the version's own `input` where it has one. */
  manifest: Manifest;
  /** model.json as it was when this was loaded. */
  source: Manifest;
  /** What its files were when they were read. */
  fingerprint: string;
  record: VersionRecord;
  /** The controls that it was trained for, which it fills before others; absent: that is not known. */
  controls?: ReadonlySet<string>;
}

/** A version held until the answer is sent: it stays loaded until `release`, also when another replaced it. */
export interface Lease {
  version: ServedVersion;
  release(): void;
}

/** Where a version stands: one serves for each project and model, and one for all others (null). */
export type Slot = Pick<ServedVersion, 'project' | 'model'>;

interface Held {
  version: ServedVersion;
  leases: number;
}

/** The versions that are loaded: those that serve, and those that were replaced and are still held by a request. */
export class Shelf {
  readonly #serving = new Map<string, Held>();
  readonly #replaced = new Set<Held>();
  readonly #unload: (version: ServedVersion) => Promise<void>;
  readonly #log: ErrorLog;
  #changes = 0;

  /** @param unload called with each version that was replaced, once nobody holds it */
  constructor(unload: (version: ServedVersion) => Promise<void>, log: ErrorLog) {
    this.#unload = unload;
    this.#log = log;
  }

  /** Counts the times that another version has come to serve somebody. */
  get changes(): number {
    return this.#changes;
  }

  /** All versions that serve somebody. */
  get all(): readonly ServedVersion[] {
    return [...this.#serving.values()].map(({ version }) => version);
  }

  /** The version that stands in a slot. */
  at(slot: Slot): ServedVersion | undefined {
    return this.#serving.get(place(slot))?.version;
  }

  /** The version that serves a project: its own, else the shipped one. */
  current(model: string, project: string | null): ServedVersion | undefined {
    return this.#current(model, project)?.version;
  }

  /** Lets a version serve in its slot, in place of what stands there. */
  put(version: ServedVersion): void {
    const before = this.#serving.get(place(version));
    this.#serving.set(place(version), { version, leases: 0 });
    this.#changes++;
    if (before) this.#retire(before);
  }

  /** Empties a slot. */
  clear(slot: Slot): void {
    this.#clear(place(slot));
  }

  /** Empties all slots but these. */
  keep(slots: readonly Slot[]): void {
    const kept = new Set(slots.map(place));
    for (const key of [...this.#serving.keys()]) if (!kept.has(key)) this.#clear(key);
  }

  /** Holds the version that serves a project. */
  lease(model: string, project: string | null): Lease | undefined {
    const held = this.#current(model, project);
    if (!held) return undefined;
    held.leases++;
    let released = false;
    return {
      version: held.version,
      release: () => {
        if (released) return;
        released = true;
        held.leases--;
        this.#unloadIfIdle(held);
      },
    };
  }

  /** Whether a version is loaded, be it that it serves or that a request still holds it. */
  has({ project, model }: Slot, version: string): boolean {
    return [...this.#serving.values(), ...this.#replaced].some(
      ({ version: each }) => each.version === version && each.project === project && each.model === model,
    );
  }

  #current(model: string, project: string | null): Held | undefined {
    return (
      (project === null ? undefined : this.#serving.get(place({ project, model }))) ??
      this.#serving.get(place({ project: null, model }))
    );
  }

  #clear(key: string): void {
    const before = this.#serving.get(key);
    if (!before) return;
    this.#serving.delete(key);
    this.#changes++;
    this.#retire(before);
  }

  #retire(held: Held): void {
    this.#replaced.add(held);
    this.#unloadIfIdle(held);
  }

  #unloadIfIdle(held: Held): void {
    if (held.leases > 0 || !this.#replaced.has(held)) return;
    const unloaded = this.#unload(held.version).finally(() => this.#replaced.delete(held));
    inBackground(this.#log, `${held.version.label} could not be unloaded`, unloaded);
  }
}

/** Names a slot in maps. */
export function place({ project, model }: Slot): string {
  return `${project ?? ''}/${model}`;
}
