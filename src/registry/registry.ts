import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Guard } from '../data-folder/lock.js';
import { AppError } from '../errors.js';
import type { Pool } from '../inference/pool.js';
import { replaceFile } from './durable.js';
import { type Candidate, Loader } from './loader.js';
import type { Manifest } from './manifest.js';
import { type Problem, Problems } from './problems.js';
import { Refresher } from './refresher.js';
import { ACTIVE_FILE, listVersions, projectModels, VERSIONS } from './repository.js';
import { ALL, scanRepository } from './scan.js';
import { type Lease, place, type ServedVersion, Shelf, type Slot } from './shelf.js';

export type { Lease, ServedVersion } from './shelf.js';

export interface RegistryOptions {
  modelDir: string;
  dataDir: string;
  pool: Pool;
  log: Logger;
  /** Called before the files of projects are changed. */
  guard?: Guard;
}

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
  readonly #problems: Problems;
  readonly #refresher: Refresher;
  #manifests: ReadonlyMap<string, Manifest> = new Map();
  /** Those that the last scan found, by `place`; null: there was none yet. */
  #slots: ReadonlyMap<string, Slot> | null = null;
  #scanning: Promise<void> | undefined;
  /** The scan that begins when this one has ended. */
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
    this.#problems = new Problems(options.log);
    this.#refresher = new Refresher({
      loader: this.#loader,
      shelf: this.#shelf,
      problems: this.#problems,
      exclusively: change => this.exclusively(change),
      folder: slot => this.folder(slot),
      manifest: slot => (this.#slots?.has(place(slot)) ? this.#manifests.get(slot.model) : undefined),
      serve: version => this.#serve(version),
    });
  }

  /** Names of the models, recipes included. */
  get models(): readonly string[] {
    return [...this.#manifests.keys()];
  }

  /** Counts the times that the models or the versions that serve have changed. */
  get generation(): number {
    return this.#manifestChanges + this.#shelf.changes;
  }

  /** What is wrong with the repository, as far as it was read. */
  get problems(): readonly Problem[] {
    return this.#problems.all;
  }

  /** The versions that are being loaded, as Label Studio sees them. */
  get loading(): readonly string[] {
    return this.#refresher.loading;
  }

  manifest(model: string): Manifest | undefined {
    return this.#manifests.get(model);
  }

  /** The version that serves a project: its own, else the shipped one; undefined for a recipe. */
  current(model: string, project: string | null): ServedVersion | undefined {
    return this.#shelf.current(model, project);
  }

  /**
   * Why a model that has versions serves none of them: its own of the project, else the shipped one, is being loaded, or
   * cannot be. Undefined when one serves, and when there is none.
   */
  unusable(model: string, project: string | null): AppError | undefined {
    if (this.current(model, project)) return undefined;
    const own = project === null ? undefined : this.#refresher.unusable({ project, model });
    return own ?? this.#refresher.unusable({ project: null, model });
  }

  /** Why a model has no manifest though its folder is there; undefined for one that has, and for one without a folder. */
  broken(model: string): AppError | undefined {
    if (this.#manifests.has(model)) return undefined;
    const problem = this.#problems.get(ALL, model);
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

  /** The projects that have folders of their own. */
  get projects(): string[] {
    return [...(this.#slots?.values() ?? [])].flatMap(({ project }) => project ?? []);
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
    const version = await this.#loader.load(await this.#loader.prepare(candidate));
    try {
      return await work(version);
    } finally {
      await this.#loader.unload(version);
    }
  }

  /**
   * Lets a version of a project serve from now on, whatever was decided about it: it is checked and loaded, then the
   * file `active` names it, then it takes over. When this is done, it serves. Others may change the repository while it is loaded.
   * @throws AppError `version_invalid` when it cannot be loaded: nothing has changed then; `version_unusable` when the
   *   model.json is broken; `model_unknown`; `version_unknown` when it was removed meanwhile
   */
  async activate(slot: Slot & { project: string }, version: string): Promise<void> {
    const modelFolder = this.folder(slot);
    const folder = join(modelFolder, VERSIONS, version);
    const manifest = this.#require(slot.model);
    const prepared = await this.exclusively(() =>
      this.#loader.prepare({ ...slot, version, folder, manifest }),
    );
    const next = await this.#loader.load(prepared);
    try {
      await this.exclusively(async () => {
        this.#require(slot.model);
        if (!(await listVersions(modelFolder)).names.includes(version))
          throw new AppError('version_unknown', `${next.label} was removed while it was loaded`);
        await replaceFile(join(modelFolder, ACTIVE_FILE), `${version}\n`);
        this.#problems.forget(place(slot), folder);
        this.#problems.forget(place(slot), join(modelFolder, ACTIVE_FILE));
        this.#serve(next);
      });
    } catch (error) {
      await this.#loader.unload(next);
      throw error;
    }
  }

  #require(model: string): Manifest {
    const manifest = this.#manifests.get(model);
    if (manifest) return manifest;
    throw this.broken(model) ?? new AppError('model_unknown', `there is no model '${model}'`);
  }

  /** Forgets what was wrong with a version that was removed. */
  forget(slot: Slot, version: string): void {
    const folder = join(this.folder(slot), VERSIONS, version);
    this.#loader.forget(folder);
    this.#problems.forget(place(slot), folder);
  }

  /**
   * Reads the repository again: new versions are checked, loaded, warmed up and swapped in; what was replaced is
   * unloaded once nobody holds it; what is broken is reported, and the version that served before keeps serving.
   * A call during a reload waits for one more look at the files, since that one may have passed by what is new.
   * @param fits of what it waits; by default of all. The others are loaded in the background
   */
  async reload(fits: (slot: Slot) => boolean = () => true): Promise<void> {
    await this.#scanOnce();
    const all = [...(this.#slots?.values() ?? [])].map(slot => {
      const done = this.#refresher.refresh(slot);
      done.catch(() => {}); // those who wait for it are told
      return { slot, done };
    });
    await Promise.all(all.filter(({ slot }) => fits(slot)).map(({ done }) => done));
  }

  /** Resolves when nothing is loaded any more. Stop the pool first, so that this is soon. */
  close(): Promise<void> {
    return this.#refresher.close();
  }

  #scanOnce(): Promise<void> {
    if (!this.#scanning) {
      this.#scanning = this.exclusively(() => this.#scan()).finally(() => {
        this.#scanning = undefined;
      });
      return this.#scanning;
    }
    this.#next ??= this.#scanning
      .catch(() => {}) // whoever asked for it is told
      .then(() => {
        this.#next = undefined;
        return this.#scanOnce();
      });
    return this.#next;
  }

  async #scan(): Promise<void> {
    const { modelDir, dataDir } = this.#options;
    const look = this.#problems.look(ALL);
    const before = this.#slots && { manifests: this.#manifests, slots: this.#slots };
    const { manifests, slots } = await scanRepository(modelDir, dataDir, before, look);
    if (JSON.stringify([...manifests]) !== JSON.stringify([...this.#manifests])) this.#manifestChanges++;
    this.#manifests = manifests;
    this.#slots = new Map(slots.map(slot => [place(slot), slot]));
    this.#shelf.keep(slots);
    look.end();
    this.#problems.keep(new Set([ALL, ...this.#slots.keys()]));
    this.#refresher.keep(slots);
  }

  #serve(next: ServedVersion): void {
    const replaced = this.#shelf.at(next);
    this.#refresher.forget(next);
    this.#shelf.put(next);
    this.#options.log.info(
      { project: next.project, version: next.label, replaced: replaced?.label },
      `${next.label} serves now`,
    );
  }
}
