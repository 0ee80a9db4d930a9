import { mkdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { open, type RootDatabase } from 'lmdb';
import { hasRoom } from './data-folder/disk-room.js';
import { dataLayout } from './data-folder/layout.js';
import type { Guard } from './data-folder/lock.js';
import { whyUnusable } from './data-folder/unusable.js';
import { AppError } from './errors.js';
import { LruMap } from './lru-map.js';
import { checkSize } from './state-size.js';
import type { Job, JobInput } from './training/job.js';

/** What `/setup` told of a project; kept, because Label Studio sends these only there. */
export interface Project {
  labelConfig: string;
  /** Label Studio's address and token as `/setup` carried them. */
  hostname: string | null;
  accessToken: string | null;
  extraParams: Readonly<Record<string, unknown>>;
  /** A `LABEL_STUDIO_URL` that was asked and has no such project: it is another Label Studio's. */
  notAt?: string;
  /** The model that the URL named; absent: none, or the project was set up by an earlier release. */
  model?: string;
}

/** A project that came with its id alone, without the time of its creation. */
export interface UndatedProject {
  /** Since when it is known at the latest; ISO 8601, UTC. */
  since: string;
  /** When it was created, in seconds since 1970, as a later request told. */
  created?: number;
}

/** Events that a model has not been trained with yet. */
export interface Pending extends JobInput {
  model: string;
  project: string;
  /** New annotations. */
  count: number;
  /** The newest event. */
  event: string;
}

/** State of a model for one project; survives a restart. Values are whatever JSON can hold. */
export interface ModelState {
  get(key: string): unknown;
  /** Undefined takes the value away. */
  set(key: string, value: unknown): void;
  has(key: string): boolean;
}

/** What is kept, at most. */
interface Most {
  projects: number;
  bytes: number;
}

const LAST = ['last-project'];
/** Projects in memory, and the characters of them all. */
const PROJECTS_KEPT = 1_000;
const CHARACTERS_KEPT = 16_000_000;
/** Projects that are remembered, at most: each may take a megabyte of the disk. */
const PROJECTS = 10_000;
/** What projects and their values may take together, in bytes, when one is set up or copied. */
const BYTES = 2 ** 29;
/** Bytes of the pages that lmdb writes anew for one entry, at most: its leaf, the branches above it, and what they are split into. */
const PAGES_OF_ENTRY = 2 ** 15;
/** The mode of the database's two files, which lmdb gives to everybody else; its types do not know the option. */
const OWN = { permissionsMode: 0o600 };

/**
 * Everything that must survive a restart and is not a file: what projects were set up with, what models keep, jobs.
 *
 * Writes are kept when they return, or when what they return resolves; they are rare (a setup with news, an event, a job). One
 * that fails changes nothing, and throws `data_dir_unwritable`. The processes that `fit` runs in open the same state.
 *
 * lmdb's own writes in the background are not used: where one fails, a promise that nobody has is rejected, which ends the
 * process, and later ones may never end.
 * @example
 * const state = State.open('data');
 * state.model('MyModel', '4').set('threshold', 0.5);
 */
export class State {
  readonly #db: RootDatabase<unknown, string[]>;
  readonly #dataDir: string;
  readonly #guard: Guard;
  readonly #most: Most;
  /** Bytes that the change in hand writes, at most. */
  #changed = 0;
  /** Each request asks for its project; null: there is none. */
  readonly #projects = new LruMap<string, Project | null>(
    PROJECTS_KEPT,
    (_, project) => (project === null ? 0 : JSON.stringify(project).length),
    CHARACTERS_KEPT,
  );
  /** What is written together at the end of the turn: the newest value of each key. */
  readonly #batch = new Map<string, { key: string[]; value: unknown }>();
  #batchWritten: Promise<void> | undefined;

  private constructor(
    db: RootDatabase<unknown, string[]>,
    { dataDir, guard, most }: { dataDir: string; guard: Guard; most: Most },
  ) {
    this.#db = db;
    this.#dataDir = dataDir;
    this.#guard = guard;
    this.#most = most;
  }

  /**
   * Opens the state below a folder, which is made if needed.
   * @param guard called before each write
   * @param projects that are remembered, at most
   * @param bytes that the state may take when a project is set up or copied
   */
  static open(dataDir: string, guard: Guard = () => {}, projects = PROJECTS, bytes = BYTES): State {
    mkdirSync(dataDir, { recursive: true });
    const db = open<unknown, string[]>({ path: dataLayout(dataDir).state, encoding: 'json', ...OWN });
    return new State(db, { dataDir, guard, most: { projects, bytes } });
  }

  project(id: string): Project | undefined {
    let project = this.#projects.get(id);
    if (project === undefined) {
      project = (this.#db.get(['project', id]) as Project | undefined) ?? null;
      this.#projects.set(id, project);
    }
    return project ?? undefined;
  }

  /**
   * Keeps what a project was set up with.
   * @throws AppError `overloaded` when it is new, and as many are known as are kept, or when it has more than there is room for
   */
  setProject(id: string, project: Project): void {
    this.checkRoom(id);
    const before = JSON.stringify(this.project(id)) ?? '';
    const text = JSON.stringify(project);
    if (before === text) return;
    checkSize(this.#db, Buffer.byteLength(text) - Buffer.byteLength(before), this.#most.bytes);
    this.#change(() => {
      this.#putNow(['project', id], project);
      if (isUndated(id) && !this.undated(id))
        this.#putNow(['undated', id], { since: new Date().toISOString() });
    });
    this.#projects.delete(id);
  }

  /** The keys of the projects of an id that were set up here; see `ProjectKeys`. */
  projectKeys(id: string): string[] {
    // In the order of keys, what follows the dot stands between `<id>.` and `<id>/`.
    const dated = [...this.#db.getKeys({ start: ['project', `${id}.`], end: ['project', `${id}/`] })];
    return [...(this.project(id) ? [id] : []), ...dated.map(key => key[1]!)];
  }

  /** The projects that came with their ids alone, and of which it is not known yet since when. */
  newlyUndated(): string[] {
    const keys = ['project', 'state', 'pending'].flatMap(table =>
      [...this.#db.getKeys(below(table))].map(key => key[1]!),
    );
    const all = new Set([...keys, ...this.jobs().map(({ project }) => project)]);
    return [...all].filter(key => isUndated(key) && !this.undated(key));
  }

  /** What is known of a project that came with its id alone. */
  undated(id: string): UndatedProject | undefined {
    return this.#db.get(['undated', id]) as UndatedProject | undefined;
  }

  setUndated(id: string, undated: UndatedProject): void {
    this.#put(['undated', id], undated);
  }

  /** @throws AppError `overloaded` when a project is new, and as many are known as are kept */
  checkRoom(id: string): void {
    if (this.project(id) !== undefined) return;
    const { start, end } = below('project');
    if (this.#db.getKeysCount({ start, end }) < this.#most.projects) return;
    throw new AppError(
      'overloaded',
      `this server knows ${this.#most.projects} projects, which is as many as it keeps: have it forget those that are no longer used (POST /delete)`,
    );
  }

  /** Names the project that answers requests which name none and carry no config. */
  setLastProject(id: string): void {
    if (this.#db.get(LAST) !== id) this.#put(LAST, id);
  }

  lastProject(): { id: string; project: Project } | undefined {
    const id = this.#db.get(LAST) as string | undefined;
    const project = id === undefined ? undefined : this.project(id);
    return project && { id: id!, project };
  }

  /** How many projects are known. */
  get projects(): number {
    return this.#db.getKeysCount(below('project'));
  }

  model(model: string, project: string): ModelState {
    const place = (key: string) => ['state', project, model, key];
    return {
      get: key => this.#db.get(place(key)),
      set: (key, value) => {
        if (value !== undefined && JSON.stringify(value) === undefined)
          throw new TypeError(`'${key}' is set to a ${typeof value}, which JSON cannot hold`);
        this.#put(place(key), value);
      },
      has: key => this.#db.doesExist(place(key)),
    };
  }

  /** The values of a key, of all projects of a model. */
  modelValues(model: string, key: string): { project: string; value: unknown }[] {
    // Keys alone: other values may be large.
    return [...this.#db.getKeys({ start: ['state'], end: ['state\0'] })]
      .filter(place => place[2] === model && place[3] === key)
      .map(place => ({ project: place[1]!, value: this.#db.get(place) }));
  }

  /** Forgets a project and what its models kept. */
  deleteProject(id: string): void {
    this.#change(() => {
      for (const { key } of [...this.#below('state', id)]) this.#putNow(key, undefined);
      this.#putNow(['project', id], undefined);
      this.#putNow(['undated', id], undefined);
      this.#projects.delete(id);
      if (this.#db.get(LAST) === id) this.#putNow(LAST, undefined);
    });
  }

  /** @throws AppError `overloaded` when there is no room for a copy of a project */
  checkCopy(source: string, target: string): void {
    this.checkRoom(target);
    const { start, end } = below('state', source);
    let bytes = 0;
    for (const key of [['project', source], ...this.#db.getKeys({ start, end })])
      bytes += this.#db.getBinary(key)?.length ?? 0;
    checkSize(this.#db, bytes, this.#most.bytes);
  }

  /** Gives a project all that another one has. @throws AppError as `checkCopy` */
  duplicateProject(source: string, target: string): void {
    this.checkCopy(source, target);
    this.#change(() => {
      for (const { key, value } of [...this.#below('state', source)])
        this.#putNow(['state', target, ...key.slice(2)], value);
      const project = this.project(source);
      if (project) this.#putNow(['project', target], project);
      this.#projects.delete(target);
    });
  }

  /** All jobs, in no order. */
  jobs(): Job[] {
    return [...this.#below('job')].map(({ value }) => value as Job);
  }

  /**
   * Keeps a job.
   * @param input what it is done with; null takes that away, and without it it stays as it is
   */
  setJob(job: Job, input?: JobInput | null): void {
    this.#change(() => {
      this.#putNow(['job', job.id], job);
      if (input === null) this.#putNow(['job-input', job.id], undefined);
      else if (input) this.#putNow(['job-input', job.id], input);
    });
  }

  jobInput(id: string): JobInput | undefined {
    return this.#db.get(['job-input', id]) as JobInput | undefined;
  }

  deleteJob(id: string): void {
    this.#change(() => {
      this.#putNow(['job', id], undefined);
      this.#putNow(['job-input', id], undefined);
    });
  }

  pending(): Pending[] {
    return [...this.#below('pending')].map(({ value }) => value as Pending);
  }

  /**
   * Keeps what is pending, together with all that comes in the same turn of the event loop: there is one for each annotation.
   * @returns resolves when it is kept
   */
  setPending(pending: Pending): Promise<void> {
    return this.#putSoon(['pending', pending.project, pending.model], pending);
  }

  deletePending({ project, model }: Pick<Pending, 'model' | 'project'>): Promise<void> {
    return this.#putSoon(['pending', project, model], undefined);
  }

  /** Forgets processes that read the state and were killed at it; what they saw could not be written over. */
  forgetReaders(): void {
    this.#db.readerCheck();
  }

  async close(): Promise<void> {
    // Whoever wrote it is told of a failure.
    await this.#batchWritten?.catch(() => {});
    await this.#db.close();
  }

  /** Undefined takes the value away. */
  #put(key: string[], value: unknown): void {
    this.#change(() => this.#putNow(key, value));
  }

  #putNow(key: string[], value: unknown): void {
    this.#checkDisk(value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value)));
    if (value === undefined) this.#db.removeSync(key);
    else this.#db.putSync(key, value);
  }

  /** @throws AppError `data_dir_unwritable` when the disk has no room for so many bytes more */
  #checkDisk(bytes: number): void {
    this.#changed += bytes + PAGES_OF_ENTRY;
    if (hasRoom(this.#dataDir, this.#changed)) return;
    throw new AppError('data_dir_unwritable', whyUnusable(this.#dataDir, { code: 'ENOSPC' }));
  }

  #putSoon(key: string[], value: unknown): Promise<void> {
    this.#batch.set(JSON.stringify(key), { key, value });
    this.#batchWritten ??= setImmediate().then(() => {
      const all = [...this.#batch.values()];
      this.#batch.clear();
      this.#batchWritten = undefined;
      this.#change(() => {
        for (const each of all) this.#putNow(each.key, each.value);
      });
    });
    return this.#batchWritten;
  }

  /** Makes a change as a whole, or not at all. @throws AppError `data_dir_unwritable` */
  #change(change: () => void): void {
    try {
      this.#guard();
      this.#changed = 0;
      this.#db.transactionSync(change);
    } catch (error) {
      // All that lmdb could not do has a number; where the system did not let the guard look, its call is named.
      const { code, syscall } = error as { code?: unknown; syscall?: unknown };
      if (typeof code !== 'number' && syscall === undefined) throw error;
      throw new AppError('data_dir_unwritable', whyUnusable(this.#dataDir, error), { cause: error });
    }
  }

  #below(...place: string[]) {
    return this.#db.getRange(below(...place));
  }
}

/** Whether a project's key is an id alone. */
function isUndated(key: string): boolean {
  return key !== '' && !key.includes('.');
}

/** The range of all keys that begin so. */
function below(...place: string[]): { start: string[]; end: string[] } {
  return { start: place, end: [...place.slice(0, -1), `${place.at(-1)}\0`] };
}
