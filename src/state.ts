import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { LruMap } from './lru-map.js';

/** What `/setup` told of a project; kept, because Label Studio sends these only there. */
export interface Project {
  labelConfig: string;
  /** Label Studio's address and token as `/setup` carried them. */
  hostname: string | null;
  accessToken: string | null;
  extraParams: Readonly<Record<string, unknown>>;
}

/** A run of `fit` or of a training. */
export interface Job {
  id: string;
  model: string;
  project: string;
  status: 'queued' | 'started' | 'finished' | 'failed';
  /** ISO 8601, UTC. */
  created: string;
  error?: string;
}

/** State of a model for one project; survives a restart. Values are whatever JSON can hold. */
export interface ModelState {
  get(key: string): unknown;
  /** Undefined takes the value away. */
  set(key: string, value: unknown): void;
  has(key: string): boolean;
}

const LAST = ['last-project'];
/** Keys have a size limit, and nothing else was ever a job's id. */
const JOB_ID = /^[\w-]{1,64}$/;
const PROJECTS_KEPT = 1_000;

/**
 * Everything that must survive a restart and is not a file: what projects were set up with, what models keep, jobs.
 *
 * Writes are on disk when they return; they are rare (a setup with news, an event, a job).
 * @example
 * const state = State.open('data');
 * state.model('MyModel', '4').set('threshold', 0.5);
 */
export class State {
  readonly #db: RootDatabase<unknown, string[]>;
  /** Each request asks for its project; null: there is none. */
  readonly #projects = new LruMap<string, Project | null>(PROJECTS_KEPT);

  private constructor(db: RootDatabase<unknown, string[]>) {
    this.#db = db;
  }

  /** Opens the state below a folder, which is made if needed. */
  static open(dataDir: string): State {
    mkdirSync(dataDir, { recursive: true });
    return new State(open({ path: join(dataDir, 'state.mdb'), encoding: 'json' }));
  }

  project(id: string): Project | undefined {
    let project = this.#projects.get(id);
    if (project === undefined) {
      project = (this.#db.get(['project', id]) as Project | undefined) ?? null;
      this.#projects.set(id, project);
    }
    return project ?? undefined;
  }

  setProject(id: string, project: Project): void {
    if (JSON.stringify(this.project(id)) !== JSON.stringify(project))
      this.#db.putSync(['project', id], project);
    this.#projects.delete(id);
  }

  /** Names the project that answers requests which name none and carry no config. */
  setLastProject(id: string): void {
    if (this.#db.get(LAST) !== id) this.#db.putSync(LAST, id);
  }

  lastProject(): { id: string; project: Project } | undefined {
    const id = this.#db.get(LAST) as string | undefined;
    const project = id === undefined ? undefined : this.project(id);
    return project && { id: id!, project };
  }

  model(model: string, project: string): ModelState {
    const place = (key: string) => ['state', project, model, key];
    return {
      get: key => this.#db.get(place(key)),
      set: (key, value) => {
        if (value === undefined) this.#db.removeSync(place(key));
        else if (JSON.stringify(value) !== undefined) this.#db.putSync(place(key), value);
        else throw new TypeError(`'${key}' is set to a ${typeof value}, which JSON cannot hold`);
      },
      has: key => this.#db.doesExist(place(key)),
    };
  }

  /** Forgets a project and what its models kept. */
  deleteProject(id: string): void {
    this.#db.transactionSync(() => {
      for (const { key } of [...this.#below('state', id)]) this.#db.removeSync(key);
      this.#db.removeSync(['project', id]);
      this.#projects.delete(id);
      if (this.#db.get(LAST) === id) this.#db.removeSync(LAST);
    });
  }

  /** Gives a project all that another one has. */
  duplicateProject(source: string, target: string): void {
    this.#db.transactionSync(() => {
      for (const { key, value } of [...this.#below('state', source)])
        this.#db.putSync(['state', target, ...key.slice(2)], value);
      const project = this.project(source);
      if (project) this.#db.putSync(['project', target], project);
      this.#projects.delete(target);
    });
  }

  job(id: string): Job | undefined {
    if (!JOB_ID.test(id)) return undefined;
    return this.#db.get(['job', id]) as Job | undefined;
  }

  setJob(job: Job): void {
    this.#db.putSync(['job', job.id], job);
  }

  /** Marks what a run of the server left unfinished, which nothing will finish any more. */
  failUnfinishedJobs(): void {
    for (const { key, value } of [...this.#below('job')]) {
      const job = value as Job;
      if (job.status === 'queued' || job.status === 'started') {
        this.#db.putSync(key, { ...job, status: 'failed', error: 'the server stopped before it was done' });
      }
    }
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  #below(...place: string[]) {
    return this.#db.getRange({ start: place, end: [...place.slice(0, -1), `${place.at(-1)}\0`] });
  }
}
