import { join } from 'node:path';
import { AppError, messageOf } from '../errors.js';
import type { Loader, Prepared } from './loader.js';
import type { Manifest } from './manifest.js';
import type { Look, Problems } from './problems.js';
import { ACTIVE_FILE, listVersions, VERSIONS, type Versions } from './repository.js';
import { place, type ServedVersion, type Shelf, type Slot } from './shelf.js';
import { isAccepted } from './training-record.js';
import { fingerprint } from './version-files.js';

export interface RefresherOptions {
  loader: Loader;
  shelf: Shelf;
  problems: Problems;
  /** Reads or changes the repository while nothing else does: for a moment only. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  folder(slot: Slot): string;
  /** The manifest of a slot's model; undefined when the slot is there no more. */
  manifest(slot: Slot): Manifest | undefined;
  serve(version: ServedVersion): void;
}

/** A slot that is being refreshed. */
interface Work {
  slot: Slot;
  done: Promise<void>;
  /** Whether to look again afterwards. */
  again: boolean;
  loading?: { prepared: Prepared; abort: AbortController };
}

/** What a look at a slot came to. */
interface Found {
  /** What is to be loaded, and what that choice hangs on; absent: nothing is. */
  next?: { prepared: Prepared; basis: string };
  /** Whether there is nothing that could serve, so that what serves was taken away on purpose. */
  isEmpty: boolean;
}

/** Versions of a slot that failed during one refresh, and why. */
type Failed = Map<string, AppError>;

/** A load that takes longer than this, in milliseconds, is told among the problems. */
const LONG_MS = 30_000;

/**
 * Lets the version serve in each slot that should: the one that `active` names, else the newest that was not rejected; when
 * one is broken, the next. Slots do not wait for each other: only the files are read one after the other.
 */
export class Refresher {
  readonly #options: RefresherOptions;
  readonly #works = new Map<string, Work>();
  /** Why nothing serves in a slot that has versions, by `place`. */
  readonly #unusable = new Map<string, AppError>();
  #closed = false;

  constructor(options: RefresherOptions) {
    this.#options = options;
  }

  /** Why nothing serves in a slot that has versions. */
  unusable(slot: Slot): AppError | undefined {
    const loading = this.#works.get(place(slot))?.loading;
    if (loading) {
      const { model, version } = loading.prepared.candidate;
      return new AppError('not_ready', `${model}:${version} is being loaded; send it again`);
    }
    return this.#unusable.get(place(slot));
  }

  /** What is being loaded, as Label Studio sees it. */
  get loading(): string[] {
    return [...this.#works.values()].flatMap(({ loading }) =>
      loading ? `${loading.prepared.candidate.model}:${loading.prepared.candidate.version}` : [],
    );
  }

  /** Forgets why nothing served in a slot. */
  forget(slot: Slot): void {
    this.#unusable.delete(place(slot));
  }

  /** Gives up what is loaded for other slots than these. */
  keep(slots: readonly Slot[]): void {
    const kept = new Set(slots.map(place));
    for (const [key, { loading }] of this.#works) if (!kept.has(key)) loading?.abort.abort();
    for (const key of [...this.#unusable.keys()]) if (!kept.has(key)) this.#unusable.delete(key);
  }

  /** Looks at a slot, and loads what should serve there. A call while one is at it has that one look again. */
  refresh(slot: Slot): Promise<void> {
    const key = place(slot);
    const known = this.#works.get(key);
    if (known) {
      known.again = true;
      void this.#giveUpIfChanged(known);
      return known.done;
    }
    const work: Work = { slot, done: Promise.resolve(), again: false };
    this.#works.set(key, work);
    work.done = this.#repeat(work).finally(() => this.#works.delete(key));
    return work.done;
  }

  /** Gives up all that is loaded, and waits for its end. */
  async close(): Promise<void> {
    this.#closed = true;
    const works = [...this.#works.values()];
    for (const { loading } of works) loading?.abort.abort();
    await Promise.allSettled(works.map(({ done }) => done));
  }

  async #repeat(work: Work): Promise<void> {
    do {
      work.again = false;
      await this.#once(work);
    } while (work.again && !this.#closed);
  }

  /** What is loaded from files that are others by now is of no use. */
  async #giveUpIfChanged({ slot, loading }: Work): Promise<void> {
    if (!loading) return;
    const { candidate, fingerprint: print } = loading.prepared;
    const manifest = this.#options.manifest(slot);
    const now = await fingerprint(candidate.folder).catch(() => null);
    if (now !== print || JSON.stringify(manifest) !== JSON.stringify(candidate.manifest))
      loading.abort.abort();
  }

  async #once(work: Work): Promise<void> {
    const { exclusively, problems, shelf, loader, serve } = this.#options;
    const { slot } = work;
    const look = problems.look(place(slot));
    const failed: Failed = new Map();
    const find = () => exclusively(() => this.#find(slot, failed, look));
    let found = await find();
    while (found.next && !this.#closed) {
      const { prepared, basis } = found.next;
      const { version, folder } = prepared.candidate;
      const abort = new AbortController();
      try {
        const loaded = await this.#load(work, prepared, abort);
        await exclusively(async () => {
          if ((await this.#basis(slot)) === basis) return serve(loaded);
          // Somebody has changed the choice meanwhile.
          work.again = true;
          return loader.unload(loaded);
        });
        found = { isEmpty: false };
      } catch (error) {
        if (this.#closed || (error instanceof AppError && error.code === 'shutting_down')) return;
        // The slot, or the folder, is not what it was: if it is there still, it is looked at again.
        if (abort.signal.aborted) return;
        fail(failed, slot, version, folder, error, look);
        found = await find();
      }
    }
    // With only broken ones the old version serves on.
    if (found.isEmpty) shelf.clear(slot);
    const [first] = failed.values();
    if (first) this.#unusable.set(place(slot), first);
    else this.forget(slot);
    look.end();
  }

  async #load(work: Work, prepared: Prepared, abort: AbortController): Promise<ServedVersion> {
    const { loader, problems } = this.#options;
    const { model, version, folder } = prepared.candidate;
    work.loading = { prepared, abort };
    const long = setTimeout(() => {
      problems.add(place(work.slot), folder, {
        model,
        message: `${folder} takes long to load: until it is loaded, ${model}:${version} does not serve; all others do`,
      });
    }, LONG_MS);
    try {
      return await loader.load(prepared, abort.signal);
    } finally {
      clearTimeout(long);
      problems.forget(place(work.slot), folder);
      delete work.loading;
    }
  }

  /** Finds out what should be loaded in a slot. */
  async #find(slot: Slot, failed: Failed, look: Look): Promise<Found> {
    const { folder: folderOf, manifest: manifestOf, shelf, loader } = this.#options;
    const manifest = manifestOf(slot);
    const nothing = { isEmpty: false };
    // The scan has cleared it.
    if (!manifest) return nothing;
    const { model } = slot;
    const modelFolder = folderOf(slot);
    const current = shelf.at(slot);
    const versions = await listVersions(modelFolder);
    const { names, active, troubles, isUnknown } = versions;
    for (const { path, message } of troubles) look.report(path, model, message);
    if (isUnknown) return nothing;
    if (active !== undefined && !names.includes(active)) {
      const path = join(modelFolder, ACTIVE_FILE);
      look.report(path, model, `${path} names the version '${active}', which is not there`);
    }
    let isEmpty = true;
    for (const version of [...names].sort((a, b) => Number(b === active) - Number(a === active))) {
      const folder = join(modelFolder, VERSIONS, version);
      const isCurrent = current?.version === version;
      try {
        if (failed.has(version)) isEmpty = false;
        else if (version === active || (await isAccepted(folder))) {
          isEmpty = false;
          const isSame = isCurrent && JSON.stringify(current.source) === JSON.stringify(manifest);
          if (isSame && current.fingerprint === (await fingerprint(folder))) return nothing;
          const prepared = await loader.prepare({ ...slot, version, folder, manifest }, false);
          return { next: { prepared, basis: basisOf(versions, manifest) }, isEmpty };
        }
      } catch (error) {
        isEmpty = false;
        fail(failed, slot, version, folder, error, look);
      }
      if (isCurrent && failed.has(version)) return nothing;
    }
    return { isEmpty };
  }

  async #basis(slot: Slot): Promise<string> {
    return basisOf(await listVersions(this.#options.folder(slot)), this.#options.manifest(slot));
  }
}

/** What the choice of a slot's version hangs on. */
function basisOf({ names, active }: Versions, manifest: Manifest | undefined): string {
  return JSON.stringify([names, active, manifest]);
}

function fail(
  failed: Failed,
  { model }: Slot,
  version: string,
  folder: string,
  error: unknown,
  look: Look,
): void {
  look.report(folder, model, error);
  // As those who need it are told: the reason before the place.
  const message = messageOf(error).replace(`${folder} cannot be served: `, '');
  failed.set(
    version,
    new AppError('version_unusable', `${model}:${version} cannot be served: ${message}`, { cause: error }),
  );
}
