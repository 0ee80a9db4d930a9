import { mkdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { open, type RootDatabase } from 'lmdb';
import { AppError } from '../errors.js';
import { hasRoom } from './disk-room.js';
import { dataLayout } from './layout.js';
import type { Guard } from './lock.js';
import { whyUnusable } from './unusable.js';

/** Where a value is: `['project', '4']`. */
export type Place = string[];

/** Bytes of the pages that lmdb writes anew for one entry, at most: its leaf, the branches above it, and what they are split into. */
const PAGES_OF_ENTRY = 2 ** 15;
/** The mode of the database's two files, which lmdb gives to everybody else; its types do not know the option. */
const OWN = { permissionsMode: 0o600 };

type Stats = Record<'pageSize' | 'treeBranchPageCount' | 'treeLeafPageCount' | 'overflowPages', number>;

/**
 * Values by their places, kept in one file of `DATA_DIR`. Writes are kept when they return, or when what they return
 * resolves. One that fails changes nothing, and throws `data_dir_unwritable`.
 *
 * lmdb's own writes in the background are not used: where one fails, a promise that nobody has is rejected, which ends the
 * process, and later ones may never end.
 */
export class Store {
  readonly #db: RootDatabase<unknown, Place>;
  readonly #dataDir: string;
  readonly #guard: Guard;
  /** Bytes that the change in hand writes, at most. */
  #changed = 0;
  /** What is written together at the end of the turn: the newest value of each place. */
  readonly #batch = new Map<string, { place: Place; value: unknown }>();
  #batchWritten: Promise<void> | undefined;

  /**
   * Opens the store below a folder, which is made if needed.
   * @param guard called before each write
   */
  constructor(dataDir: string, guard: Guard) {
    mkdirSync(dataDir, { recursive: true });
    this.#db = open<unknown, Place>({ path: dataLayout(dataDir).state, encoding: 'json', ...OWN });
    this.#dataDir = dataDir;
    this.#guard = guard;
  }

  get(place: Place): unknown {
    return this.#db.get(place);
  }

  has(place: Place): boolean {
    return this.#db.doesExist(place);
  }

  /** How many bytes a value takes. */
  size(place: Place): number {
    return this.#db.getBinaryFast(place)?.length ?? 0;
  }

  /** The places that begin so, ascending. */
  places(...beginning: Place): Place[] {
    return this.#placesIn(below(beginning));
  }

  /** The places of a table whose second part begins with a text, ascending. */
  placesWith(table: string, text: string): Place[] {
    return this.#placesIn({ start: [table, text], end: [table, `${text}\u{10FFFF}`] });
  }

  /** What stands at the places that begin so. */
  entries(...beginning: Place): { place: Place; value: unknown }[] {
    return [...this.#db.getRange(below(beginning))].map(({ key, value }) => ({ place: key, value }));
  }

  count(...beginning: Place): number {
    return this.#db.getKeysCount(below(beginning));
  }

  /** @param value undefined takes it away */
  put(place: Place, value: unknown): void {
    this.change(write => write(place, value));
  }

  /**
   * Makes a change as a whole, or not at all.
   * @throws AppError `data_dir_unwritable`; what `work` throws
   */
  change(work: (write: (place: Place, value: unknown) => void) => void): void {
    try {
      this.#guard();
      this.#changed = 0;
      this.#db.transactionSync(() => work((place, value) => this.#write(place, value)));
    } catch (error) {
      // All that lmdb could not do has a number; where the system did not let the guard look, its call is named.
      const { code, syscall } = error as { code?: unknown; syscall?: unknown };
      if (typeof code !== 'number' && syscall === undefined) throw error;
      throw new AppError('data_dir_unwritable', whyUnusable(this.#dataDir, error), { cause: error });
    }
  }

  /**
   * Puts a value together with all that comes in the same turn of the event loop.
   * @returns resolves when it is kept
   */
  putSoon(place: Place, value: unknown): Promise<void> {
    this.#batch.set(JSON.stringify(place), { place, value });
    this.#batchWritten ??= setImmediate().then(() => {
      const all = [...this.#batch.values()];
      this.#batch.clear();
      this.#batchWritten = undefined;
      this.change(write => {
        for (const each of all) write(each.place, each.value);
      });
    });
    return this.#batchWritten;
  }

  /** Forgets processes that read it and were killed at it; what they saw could not be written over. */
  forgetReaders(): void {
    this.#db.readerCheck();
  }

  async close(): Promise<void> {
    // Whoever wrote it is told of a failure.
    await this.#batchWritten?.catch(() => {});
    await this.#db.close();
  }

  /** Bytes of the pages in use: those that deleted values have left do not count. */
  get bytes(): number {
    const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = this.#db.getStats() as Stats;
    return pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages);
  }

  #placesIn(range: { start: Place; end: Place }): Place[] {
    return [...this.#db.getKeys(range)];
  }

  #write(place: Place, value: unknown): void {
    this.#checkDisk(value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value)));
    if (value === undefined) this.#db.removeSync(place);
    else this.#db.putSync(place, value);
  }

  /** @throws AppError `data_dir_unwritable` when the disk has no room for so many bytes more */
  #checkDisk(bytes: number): void {
    this.#changed += bytes + PAGES_OF_ENTRY;
    if (hasRoom(this.#dataDir, this.#changed)) return;
    throw new AppError('data_dir_unwritable', whyUnusable(this.#dataDir, { code: 'ENOSPC' }));
  }
}

/** The range of all places that begin so. */
function below(beginning: Place): { start: Place; end: Place } {
  return { start: beginning, end: [...beginning.slice(0, -1), `${beginning.at(-1)}\0`] };
}
