import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Guard } from '../data-folder/lock.js';
import { AppError, messageOf } from '../errors.js';
import type { Pool } from '../inference/pool.js';
import { replaceFile } from './durable.js';
import { type Candidate, Loader } from './loader.js';
import { type Manifest, readManifest } from './manifest.js';
import {
  ACTIVE_FILE,
  listModels,
  listProjects,
  listVersions,
  MODEL_NAME,
  projectModels,
  VERSIONS,
} from './repository.js';
import { type Lease, place, type ServedVersion, Shelf, type Slot } from './shelf.js';
import { isAccepted } from './training-record.js';

export type { Lease, ServedVersion } from './shelf.js';

/** What is wrong with a folder of the repository, in words. */
export interface Problem {
  model: string;
  message: string;
}

export interface RegistryOptions {
  modelDir: string;
  dataDir: string;
  pool: Pool;
  log: Logger;
  /** Called before the files of projects are changed. */
  guard?: Guard;
}

type Report = (place: string, model: string, error: unknown) => void;

/**
 * The model repository in memory: which version of which model serves whom.
 *
 * @example
 * const registry = new Registry({ modelDir, dataDir, pool, log });
 * await registry.reload();
 * const lease = registry.lease('sentiment', null);
 */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #loader: Loader;
  readonly #shelf: Shelf;
  #manifests = new Map<string, Manifest>();
  #problems = new Map<string, Problem>();
  /** Why nothing serves in a slot that has versions, by `place`. */
  #unusable = new Map<string, AppError>();
  #reloading: Promise<void> | undefined;
  /** The reload that begins when this one has ended. */
  #next: Promise<void> | undefined;
  /** What changes the repository, one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #manifestChanges = 0;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#loader = new Loader(options.pool);
    this.#shelf = new Shelf(async version => {
      await this.#loader.unload(version);
      options.log.info({ version: version.label }, `${version.label} is unloaded`);
    }, options.log);
  }

  /** Names of the models, recipes included. */
  get models(): readonly string[] {
    return [...this.#manifests.keys()];
  }

  /** Counts the times that the models or the versions that serve have changed. */
  get generation(): number {
    return this.#manifestChanges + this.#shelf.changes;
  }

  /** What the last reload found wrong. */
  get problems(): readonly Problem[] {
    return [...this.#problems.values()];
  }

  manifest(model: string): Manifest | undefined {
    return this.#manifests.get(model);
  }

  /** The version that serves a project: its own, else the shipped one; undefined for a recipe. */
  current(model: string, project: string | null): ServedVersion | undefined {
    return this.#shelf.current(model, project);
  }

  /**
   * Why a model that has versions serves none of them: its own of the project, else the shipped one, cannot be loaded.
   * Undefined when one serves, and when there is none.
   */
  unusable(model: string, project: string | null): AppError | undefined {
    if (this.current(model, project)) return undefined;
    const own = project === null ? undefined : this.#unusable.get(place({ project, model }));
    return own ?? this.#unusable.get(place({ project: null, model }));
  }

  /** Why a model has no manifest though its folder is there; undefined for one that has, and for one without a folder. */
  broken(model: string): AppError | undefined {
    if (this.#manifests.has(model)) return undefined;
    const problem = this.#problems.get(model);
    // Other problems are filed under their paths.
    if (problem?.model !== model) return undefined;
    return new AppError('version_unusable', `${model} cannot be served: ${problem.message}`);
  }

  /** All versions of a model that serve somebody, newest first. */
  served(model: string): readonly ServedVersion[] {
    return this.#shelf.all
      .filter(each => each.model === model)
      .sort((a, b) => (a.version < b.version ? 1 : -1));
  }

  /** Holds the version that serves a project. */
  lease(model: string, project: string | null): Lease | undefined {
    return this.#shelf.lease(model, project);
  }

  /** Whether a version is loaded, be it that it serves or that a request still holds it. */
  isLoaded(slot: Slot, version: string): boolean {
    return this.#shelf.has(slot, version);
  }

  /** The folder of a model: the shipped one (null), or what a project has of it. */
  folder({ project, model }: Slot): string {
    const { modelDir, dataDir } = this.#options;
    return join(project === null ? modelDir : projectModels(dataDir, project), model);
  }

  /** Why a version could not be loaded when it was last tried. */
  problem(slot: Slot, version: string): string | undefined {
    return this.#loader.problem(join(this.folder(slot), VERSIONS, version));
  }

  /** Changes the repository's files while nothing else does, and while they are not read. */
  exclusively<T>(change: () => Promise<T>): Promise<T> {
    const run = this.#last.then(() => {
      this.#options.guard?.();
      return change();
    });
    this.#last = run.catch(() => {}); // whoever asked for it is told
    return run;
  }

  /**
   * Loads a version that need not be in the repository, for as long as somebody works with it.
   * @throws AppError `version_invalid` when it cannot be loaded
   */
  async tryOut<T>(candidate: Candidate, work: (version: ServedVersion) => Promise<T>): Promise<T> {
    const version = await this.#loader.load(candidate);
    try {
      return await work(version);
    } finally {
      await this.#loader.unload(version);
    }
  }

  /**
   * Lets a version of a project serve from now on, whatever was decided about it: it is checked and loaded, then the
   * file `active` names it, then it takes over. When this is done, it serves. To be called within `exclusively`.
   * @throws AppError `version_invalid` when it cannot be loaded: nothing has changed then; `version_unusable` when the
   *   model.json is broken; `model_unknown`
   */
  async activate(slot: Slot & { project: string }, version: string): Promise<void> {
    const manifest = this.#manifests.get(slot.model);
    if (!manifest)
      throw this.broken(slot.model) ?? new AppError('model_unknown', `there is no model '${slot.model}'`);
    const modelFolder = this.folder(slot);
    const folder = join(modelFolder, VERSIONS, version);
    const next = await this.#loader.loadOnce({ ...slot, version, folder, manifest }, true);
    try {
      await replaceFile(join(modelFolder, ACTIVE_FILE), `${version}\n`);
    } catch (error) {
      await this.#loader.unload(next);
      throw error;
    }
    this.#problems.delete(folder);
    this.#problems.delete(join(modelFolder, ACTIVE_FILE));
    this.#serve(next);
  }

  /** Forgets what was wrong with a version that was removed. */
  forget(slot: Slot, version: string): void {
    const folder = join(this.folder(slot), VERSIONS, version);
    this.#loader.forget(folder);
    this.#problems.delete(folder);
  }

  /**
   * Reads the repository again: new versions are checked, loaded, warmed up and swapped in; what was replaced is
   * unloaded once nobody holds it; what is broken is reported, and the version that served before keeps serving.
   * A call during a reload waits for one more, since that one may have passed by what is new.
   */
  reload(): Promise<void> {
    if (!this.#reloading) {
      this.#reloading = this.exclusively(() => this.#reload()).finally(() => {
        this.#reloading = undefined;
      });
      return this.#reloading;
    }
    this.#next ??= this.#reloading
      .catch(() => {}) // whoever asked for it is told
      .then(() => {
        this.#next = undefined;
        return this.reload();
      });
    return this.#next;
  }

  async #reload(): Promise<void> {
    const { modelDir, dataDir } = this.#options;
    const problems = new Map<string, Problem>();
    const report: Report = (place, model, error) => {
      const message = messageOf(error);
      // A stop of the server, or what passes, is no fault of the model.
      const level = error instanceof AppError && error.retryable ? 'warn' : 'error';
      if (this.#problems.get(place)?.message !== message) this.#options.log[level]({ model }, message);
      problems.set(place, { model, message });
    };

    const { names, strange } = await listModels(modelDir);
    for (const name of strange) {
      report(
        name,
        name,
        `${join(modelDir, name)}: a model's folder name matches ${MODEL_NAME.source}; rename it`,
      );
    }
    const manifests = new Map<string, Manifest>();
    for (const name of names) {
      try {
        manifests.set(name, await readManifest(join(modelDir, name, 'model.json')));
      } catch (error) {
        report(name, name, error);
        const before = this.#manifests.get(name);
        if (before) manifests.set(name, before);
      }
    }

    const slots: Slot[] = names.map(model => ({ project: null, model }));
    for (const project of await listProjects(dataDir)) {
      const own = await listModels(projectModels(dataDir, project));
      for (const model of own.names) slots.push({ project, model });
    }
    const wanted = slots.filter(({ model }) => manifests.has(model));
    for (const slot of wanted) await this.#refresh(slot, manifests.get(slot.model)!, report);
    this.#shelf.keep(wanted);
    if (JSON.stringify([...manifests]) !== JSON.stringify([...this.#manifests])) this.#manifestChanges++;
    this.#manifests = manifests;
    this.#problems = problems;
  }

  /**
   * Lets the version serve that should: the one that `active` names, else the newest that was not rejected; when one
   * is broken, the next.
   */
  async #refresh(slot: Slot, manifest: Manifest, report: Report): Promise<void> {
    const { project, model } = slot;
    const modelFolder = this.folder(slot);
    const current = this.#shelf.at(slot);
    const { names, active } = await listVersions(modelFolder);
    if (active !== undefined && !names.includes(active)) {
      const place = join(modelFolder, ACTIVE_FILE);
      report(place, model, `${place} names the version '${active}', which is not there`);
    }
    let any = false;
    let first: AppError | undefined;
    for (const version of [...names].sort((a, b) => Number(b === active) - Number(a === active))) {
      const folder = join(modelFolder, VERSIONS, version);
      try {
        if (version !== active && !(await isAccepted(folder))) continue;
        any = true;
        if (current?.version === version && JSON.stringify(current.source) === JSON.stringify(manifest))
          return;
        this.#serve(await this.#loader.loadOnce({ project, model, version, folder, manifest }));
        return;
      } catch (error) {
        any = true;
        report(folder, model, error);
        first ??= unusable(`${model}:${version}`, folder, error);
        if (current?.version === version) return;
      }
    }
    // Without a single folder left it was taken away on purpose; with only broken ones the old version serves on.
    if (!any) this.#shelf.clear(slot);
    if (first) this.#unusable.set(place(slot), first);
    else this.#unusable.delete(place(slot));
  }

  #serve(next: ServedVersion): void {
    const replaced = this.#shelf.at(next);
    this.#unusable.delete(place(next));
    this.#shelf.put(next);
    this.#options.log.info(
      { project: next.project, version: next.label, replaced: replaced?.label },
      `${next.label} serves now`,
    );
  }
}

/** A version that cannot be loaded as those who need it are told: the reason before the place. */
function unusable(label: string, folder: string, error: unknown): AppError {
  const message = messageOf(error).replace(`${folder} cannot be served: `, '');
  return new AppError('version_unusable', `${label} cannot be served: ${message}`, { cause: error });
}
