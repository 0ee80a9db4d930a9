import type { Guard } from './data-folder/lock.js';
import { Store } from './data-folder/store.js';
import { AppError } from './errors.js';
import { LruMap } from './lru-map.js';
import { isDated } from './project-key.js';
import type { Job, JobInput } from './training/job.js';

/** What `/setup` told of a project; kept, because Label Studio sends these only there. */
export interface Project {
  labelConfig: string;
  /** Label Studio's address and token as `/setup` carried them. */
  hostname: string | null;
  accessToken: string | null;
  extraParams: Readonly<Record<string, unknown>>;
  /** Whether the Label Studio of a `LABEL_STUDIO_URL` has the project, as it said when it was asked; absent: nobody knows. */
  setting?: { url: string; has: boolean };
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
/** The values that models keep of one project may take this part of it. */
const SHARES = 4;
/**
 * Everything that must survive a restart and is not a file: what projects were set up with, what models keep, jobs.
 *
 * Writes are kept when they return, or when what they return resolves; they are rare (a setup with news, an event, a job). One
 * that fails changes nothing, and throws `data_dir_unwritable`. The processes that `fit` runs in open the same state.
 * @example
 * const state = State.open('data');
 * state.model('MyModel', '4').set('threshold', 0.5);
 */
export class State {
  readonly #store: Store;
  readonly #most: Most;
  /** Each request asks for its project; null: there is none. */
  readonly #projects = new LruMap<string, Project | null>(
    PROJECTS_KEPT,
    (_, project) => (project === null ? 0 : JSON.stringify(project).length),
    CHARACTERS_KEPT,
  );

  private constructor(store: Store, most: Most) {
    this.#store = store;
    this.#most = most;
  }

  /**
   * Opens the state below a folder, which is made if needed.
   * @param guard called before each write
   * @param projects that are remembered, at most
   * @param bytes that the state may take when a project is set up or copied
   */
  static open(dataDir: string, guard: Guard = () => {}, projects = PROJECTS, bytes = BYTES): State {
    return new State(new Store(dataDir, guard), { projects, bytes });
  }

  project(id: string): Project | undefined {
    let project = this.#projects.get(id);
    if (project === undefined) {
      project = (this.#store.get(['project', id]) as Project | undefined) ?? null;
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
    this.#checkSize(Buffer.byteLength(text) - Buffer.byteLength(before));
    this.#store.change(write => {
      write(['project', id], project);
      this.#noteUndated(id, write);
    });
    this.#projects.delete(id);
  }

  /** The keys of the projects of an id that were set up here; see `ProjectKeys`. */
  projectKeys(id: string): string[] {
    const dated = this.#store.placesWith('project', `${id}.`);
    return [...(this.project(id) ? [id] : []), ...dated.map(place => place[1]!)];
  }

  /** The projects that came with their ids alone, and of which it is not known yet since when. */
  newlyUndated(): string[] {
    const keys = ['project', 'state', 'pending'].flatMap(table =>
      this.#store.places(table).map(place => place[1]!),
    );
    const all = new Set([...keys, ...this.jobs().map(({ project }) => project)]);
    return [...all].filter(key => isUndated(key) && !this.undated(key));
  }

  /** What is known of a project that came with its id alone. */
  undated(id: string): UndatedProject | undefined {
    return this.#store.get(['undated', id]) as UndatedProject | undefined;
  }

  /** Keeps what is known of projects that came with their ids alone, by their ids. */
  setUndated(all: ReadonlyMap<string, UndatedProject>): void {
    this.#store.change(write => {
      for (const [id, undated] of all) write(['undated', id], undated);
    });
  }

  /** @throws AppError `overloaded` when a project is new, and as many are known as are kept */
  checkRoom(id: string): void {
    if (this.project(id) !== undefined) return;
    if (this.projects < this.#most.projects) return;
    throw new AppError(
      'overloaded',
      `this server knows ${this.#most.projects} projects, which is as many as it keeps: have it forget those that are no longer used (POST /delete)`,
    );
  }

  /** Names the project that answers requests which name none and carry no config. */
  setLastProject(id: string): void {
    if (this.#store.get(LAST) !== id) this.#store.put(LAST, id);
  }

  lastProject(): { id: string; project: Project } | undefined {
    const id = this.#store.get(LAST) as string | undefined;
    const project = id === undefined ? undefined : this.project(id);
    return project && { id: id!, project };
  }

  /** How many projects are known. */
  get projects(): number {
    return this.#store.count('project');
  }

  model(model: string, project: string): ModelState {
    const place = (key: string) => ['state', project, model, key];
    return {
      get: key => this.#store.get(place(key)),
      set: (key, value) => {
        const text: string | undefined = JSON.stringify(value);
        if (value !== undefined && text === undefined)
          throw new TypeError(`'${key}' is set to a ${typeof value}, which JSON cannot hold`);
        this.#checkShare(project, place(key), Buffer.byteLength(text ?? ''));
        this.#store.put(place(key), value);
      },
      has: key => this.#store.has(place(key)),
    };
  }

  /** The values of a key, of all projects of a model. */
  modelValues(model: string, key: string): { project: string; value: unknown }[] {
    // Keys alone: other values may be large.
    return this.#store
      .places('state')
      .filter(place => place[2] === model && place[3] === key)
      .map(place => ({ project: place[1]!, value: this.#store.get(place) }));
  }

  /** Forgets a project and what its models kept. */
  deleteProject(id: string): void {
    this.#store.change(write => {
      for (const place of this.#store.places('state', id)) write(place, undefined);
      write(['project', id], undefined);
      write(['undated', id], undefined);
      this.#projects.delete(id);
      if (this.#store.get(LAST) === id) write(LAST, undefined);
    });
  }

  /** @throws AppError `overloaded` when there is no room for a copy of a project */
  checkCopy(source: string, target: string): void {
    this.checkRoom(target);
    const places = [['project', source], ...this.#store.places('state', source)];
    this.#checkSize(places.reduce((sum, place) => sum + this.#store.size(place), 0));
  }

  /** Gives a project all that another one has. @throws AppError as `checkCopy` */
  duplicateProject(source: string, target: string): void {
    this.checkCopy(source, target);
    this.#store.change(write => {
      for (const { place, value } of this.#store.entries('state', source))
        write(['state', target, ...place.slice(2)], value);
      const project = this.project(source);
      if (project) write(['project', target], project);
      this.#noteUndated(target, write);
      this.#projects.delete(target);
    });
  }

  /** All jobs, in no order. */
  jobs(): Job[] {
    return this.#store.entries('job').map(({ value }) => value as Job);
  }

  /**
   * Keeps a job.
   * @param input what it is done with; null takes that away, and without it it stays as it is
   */
  setJob(job: Job, input?: JobInput | null): void {
    this.#store.change(write => {
      write(['job', job.id], job);
      if (input === null) write(['job-input', job.id], undefined);
      else if (input) write(['job-input', job.id], input);
    });
  }

  jobInput(id: string): JobInput | undefined {
    return this.#store.get(['job-input', id]) as JobInput | undefined;
  }

  deleteJob(id: string): void {
    this.#store.change(write => {
      write(['job', id], undefined);
      write(['job-input', id], undefined);
    });
  }

  pending(): Pending[] {
    return this.#store.entries('pending').map(({ value }) => value as Pending);
  }

  /**
   * Keeps what is pending, together with all that comes in the same turn of the event loop: there is one for each annotation.
   * @returns resolves when it is kept
   */
  setPending(pending: Pending): Promise<void> {
    return this.#store.putSoon(['pending', pending.project, pending.model], pending);
  }

  deletePending({ project, model }: Pick<Pending, 'model' | 'project'>): Promise<void> {
    return this.#store.putSoon(['pending', project, model], undefined);
  }

  /** Forgets processes that read the state and were killed at it; what they saw could not be written over. */
  forgetReaders(): void {
    this.#store.forgetReaders();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Notes since when a project is known that came with its id alone. */
  #noteUndated(key: string, write: (place: string[], value: unknown) => void): void {
    if (isUndated(key) && !this.undated(key)) write(['undated', key], { since: new Date().toISOString() });
  }

  /**
   * Checks that a project's values stay within its share, so that others find room.
   * @param bytes of the value that is to stand at a place
   * @throws AppError `overloaded`
   */
  #checkShare(project: string, place: string[], bytes: number): void {
    const more = bytes - this.#store.size(place);
    if (more <= 0) return;
    const share = this.#most.bytes / SHARES;
    const all = this.#store.places('state', project);
    const kept = all.reduce((sum, each) => sum + this.#store.size(each), 0);
    if (kept + more > share) {
      throw new AppError(
        'overloaded',
        `the values that models keep of project ${project} may have ${megabytes(share)} MB, and '${place.at(-1)}' would make it more: keep less, or keep it in a file`,
      );
    }
    this.#checkSize(more);
  }

  /**
   * Checks that there is room for so many bytes more. Each start copies the state and is to serve soon, so that its size is bounded.
   * @throws AppError `overloaded`
   */
  #checkSize(bytes: number): void {
    const most = this.#most.bytes;
    if (bytes <= 0 || this.#store.bytes + bytes <= most) return;
    throw new AppError(
      'overloaded',
      `this server keeps ${megabytes(most)} MB of projects and of what their models keep, and ${megabytes(bytes)} MB more would be too much: have it forget projects that are no longer used (POST /delete)`,
    );
  }
}

/** Whether a project's key is an id alone. */
function isUndated(key: string): boolean {
  return key !== '' && !isDated(key);
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 3 : 0);
}
