import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable } from '../abortable.js';
import type { Guard } from '../data-folder/lock.js';
import { Unwritable, unwritable } from './body.js';
import { codeOf } from './reasons.js';

/** A file that lies where `path` says until it is released. Nobody may write to it. */
export interface TaskFile {
  path: string;
  release(): void;
}

/** What a file is kept under. */
export interface FileAddress {
  /** Projects do not see each other's files. */
  project: string | null;
  /** What was read, from where and with whose credentials; it is kept as a hash. */
  address: readonly unknown[];
  /** How old a copy may be, in milliseconds. */
  maxAge: number;
}

/**
 * Fetches a file.
 * @param path where it is to be written; what is there after a failure is removed
 * @param signal aborted when nobody waits for it any more
 * @param guard to be called before each write
 * @returns its size in bytes
 */
export type FetchFile = (path: string, signal: AbortSignal, guard: Guard) => Promise<number>;

interface Entry {
  readonly key: string;
  /** Where it lies; empty until it does. */
  path: string;
  /** What it takes on the disk. */
  bytes: number;
  /** When it was fetched, in milliseconds since 1970. */
  at: number;
  /** Those who read it, or wait for it. */
  leases: number;
  /** Whether it is the one that its key finds. */
  found: boolean;
  readonly ready: Promise<void>;
  /** Ends the fetching. */
  readonly stop: AbortController;
}

/** Files are counted in the blocks that file systems give out, so that many small ones count too. */
const BLOCK = 4096;
/** What a request may take, and what is late after it: after that, none is left that began before its project was forgotten. */
const REQUESTS_MS = 10 * 60_000;
/** Files whose age is asked for at once, at the start. */
const ASKED_TOGETHER = 64;
/** `<project>-<address>-<size>-<one of a kind>`. What begins with a dot is being written. */
const NAME = /^([\da-f]{16}-[\da-f]{64})-(\d+)-[\da-f]{8}$/;

/**
 * Copies of files on the disk, for other processes to read: the least recently used go first, those in use stay. Who asks
 * for a file while it is fetched shares it. The names of the files are the index, which so survives the server.
 *
 * @example
 * const files = new FileCache({ folder: 'data/cache/files', maxBytes: 2 ** 30 });
 * const file = await files.lease({ project: '1', address: [url], maxAge: 60_000 }, path => download(url, path), signal);
 * file.release();
 */
export class FileCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #guard: Guard;
  /** Projects that were forgotten not long ago, and until when what is fetched for them is not kept. */
  readonly #forgotten = new Map<string, number>();
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #index: Promise<void> | undefined;
  /** Files that were asked for and were there, or on their way. */
  hits = 0;
  misses = 0;

  /**
   * @param options.maxBytes what the files that nobody uses may take; 0: they go when they are released
   * @param options.now the time in milliseconds since 1970
   * @param options.guard called before each write
   */
  constructor(options: { folder: string; maxBytes: number; now?: () => number; guard?: Guard }) {
    this.#folder = options.folder;
    this.#maxBytes = options.maxBytes;
    this.#now = options.now ?? Date.now;
    this.#guard = options.guard ?? (() => {});
  }

  /**
   * The file of an address, fetched unless it is there.
   *
   * @param signal ends the waiting, and the fetching when nobody else waits for it
   * @throws Unwritable when the disk does not take it; what `fetch` throws; the signal's reason
   */
  async lease(
    { project, address, maxAge }: FileAddress,
    fetch: FetchFile,
    signal?: AbortSignal,
  ): Promise<TaskFile> {
    await this.#opened();
    const key = `${projectKey(project)}-${hash(JSON.stringify(address))}`;
    for (;;) {
      const known = this.#current(key, maxAge);
      const entry = known ?? this.#begin(key, fetch);
      const release = this.#use(entry);
      try {
        await abortable(entry.ready, signal);
        // Somebody may have emptied the folder.
        if (!known || (await exists(entry.path))) {
          if (known) this.hits++;
          else this.misses++;
          return { path: entry.path, release };
        }
      } catch (error) {
        release();
        throw error;
      }
      this.#drop(entry);
      release();
    }
  }

  /** Removes the files of a project; those in use, and what its last requests fetch, when they are released. */
  async forget(project: string): Promise<void> {
    await this.#opened();
    const own = projectKey(project);
    for (const [key, until] of this.#forgotten) if (until < performance.now()) this.#forgotten.delete(key);
    this.#forgotten.set(own, performance.now() + REQUESTS_MS);
    for (const entry of [...this.#entries.values()]) if (isOf(own, entry.key)) this.#drop(entry);
  }

  #current(key: string, maxAge: number): Entry | undefined {
    const entry = this.#entries.get(key);
    // The clock may have been set back since: how old the entry is, is not known then.
    if (entry === undefined || Math.abs(this.#now() - entry.at) <= maxAge) return entry;
    this.#drop(entry);
    return undefined;
  }

  #begin(key: string, fetch: FetchFile): Entry {
    const stop = new AbortController();
    const entry: Entry = {
      key,
      path: '',
      bytes: 0,
      at: this.#now(),
      leases: 0,
      found: true,
      stop,
      // After this turn, in which it gets its first lease.
      ready: Promise.resolve().then(() => this.#fetch(entry, fetch)),
    };
    entry.ready.catch(() => this.#drop(entry));
    this.#entries.set(key, entry);
    return entry;
  }

  async #fetch(entry: Entry, fetch: FetchFile): Promise<void> {
    const staged = join(this.#folder, `.${randomUUID()}`);
    try {
      this.#guard();
      await mkdir(this.#folder, { recursive: true }).catch(unwritable);
      const bytes = await fetch(staged, entry.stop.signal, this.#guard);
      this.#guard();
      const path = join(this.#folder, `${entry.key}-${bytes}-${randomBytes(4).toString('hex')}`);
      await rename(staged, path).catch(unwritable);
      entry.path = path;
      entry.bytes = onDisk(bytes);
      entry.at = this.#now();
    } catch (error) {
      await this.#remove(staged);
      if (error instanceof Unwritable && error.full) this.#trim(0);
      throw error;
    }
    if (entry.found) {
      this.#bytes += entry.bytes;
      // What a request fetches that began before its project was forgotten is not found again.
      const [own = ''] = entry.key.split('-', 1);
      if (performance.now() < (this.#forgotten.get(own) ?? 0)) this.#drop(entry);
      this.#trim();
    } else if (entry.leases === 0) {
      await this.#remove(entry.path);
    }
  }

  /** @returns gives the lease back; a second time does nothing */
  #use(entry: Entry): () => void {
    entry.leases++;
    if (entry.found) {
      this.#entries.delete(entry.key);
      this.#entries.set(entry.key, entry);
    }
    let released = false;
    return () => {
      if (released) return;
      released = true;
      if (--entry.leases > 0) return;
      if (entry.path === '') {
        entry.stop.abort();
        this.#drop(entry);
      } else if (entry.found) {
        this.#trim();
      } else {
        void this.#remove(entry.path);
      }
    };
  }

  /** Takes an entry out of the index, and its file off the disk as soon as nobody uses it. */
  #drop(entry: Entry): void {
    if (!entry.found) return;
    entry.found = false;
    this.#entries.delete(entry.key);
    if (entry.path === '') return;
    this.#bytes -= entry.bytes;
    if (entry.leases === 0) void this.#remove(entry.path);
  }

  #trim(most = this.#maxBytes): void {
    for (const entry of this.#entries.values()) {
      if (this.#bytes <= most) return;
      if (entry.leases === 0) this.#drop(entry);
    }
  }

  /** What cannot be removed is found again by the next server, and what another server has by now is that one's. */
  async #remove(path: string): Promise<void> {
    try {
      this.#guard();
      await rm(path, { force: true });
    } catch {
      // It stays.
    }
  }

  #opened(): Promise<void> {
    this.#index ??= this.#open().catch(error => {
      this.#index = undefined;
      return unwritable(error);
    });
    return this.#index;
  }

  /** Finds what an earlier server has left. */
  async #open(): Promise<void> {
    const names = await readdir(this.#folder).catch(error => {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    });
    const entries: Entry[] = [];
    for (let first = 0; first < names.length; first += ASKED_TOGETHER) {
      const some = names.slice(first, first + ASKED_TOGETHER);
      for (const entry of await Promise.all(some.map(name => this.#left(name))))
        if (entry) entries.push(entry);
    }
    for (const entry of entries.sort((a, b) => a.at - b.at)) {
      const older = this.#entries.get(entry.key);
      if (older) this.#drop(older);
      this.#entries.set(entry.key, entry);
      this.#bytes += entry.bytes;
    }
    this.#trim();
  }

  async #left(name: string): Promise<Entry | null> {
    const [, key, bytes] = NAME.exec(name) ?? [];
    if (key === undefined) return null;
    const path = join(this.#folder, name);
    const { size, mtimeMs: at } = await stat(path);
    // A machine that lost its power may have kept the name without the content.
    if (size !== Number(bytes)) {
      await this.#remove(path);
      return null;
    }
    const idle = { leases: 0, found: true, ready: Promise.resolve(), stop: new AbortController() };
    return { key, path, bytes: onDisk(size), at, ...idle };
  }
}

function isOf(project: string, key: string): boolean {
  return key.startsWith(`${project}-`);
}

function projectKey(project: string | null): string {
  return hash(JSON.stringify(project)).slice(0, 16);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function onDisk(bytes: number): number {
  return (Math.floor(bytes / BLOCK) + 1) * BLOCK;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
