import { join } from 'node:path';
import type { Logger } from 'pino';
import { AppError, messageOf } from '../errors.js';
import type { Pool } from '../inference/pool.js';
import { type Manifest, readManifest, readVersion } from './manifest.js';
import {
  fingerprint,
  listModels,
  listProjects,
  listVersions,
  MODEL_NAME,
  projectModels,
  verifyFiles,
} from './repository.js';
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
  manifest: Manifest;
  record: VersionRecord;
}

/** A version held until the answer is sent: it stays loaded until `release`, also when another replaced it. */
export interface Lease {
  version: ServedVersion;
  release(): void;
}

/** What is wrong with a folder of the repository, in words. */
export interface Problem {
  model: string;
  message: string;
}

/** A version's folder that may come to serve. */
interface Candidate extends Pick<ServedVersion, 'project' | 'model' | 'version' | 'manifest'> {
  folder: string;
}

interface Held extends ServedVersion {
  leases: number;
  retired: boolean;
}

export interface RegistryOptions {
  modelDir: string;
  dataDir: string;
  pool: Pool;
  log: Logger;
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
  #manifests = new Map<string, Manifest>();
  readonly #served = new Map<string, Held>();
  #problems = new Map<string, Problem>();
  #reloading: Promise<void> | undefined;
  /** The reload that begins when this one has ended. */
  #next: Promise<void> | undefined;
  /** Versions that failed to load, so that they are not tried again until a file of theirs changes. */
  readonly #broken = new Map<string, { fingerprint: string; error: AppError }>();
  #loads = 0;
  #generation = 0;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** Names of the models, recipes included. */
  get models(): readonly string[] {
    return [...this.#manifests.keys()];
  }

  /** Counts the times that the models or the versions that serve have changed. */
  get generation(): number {
    return this.#generation;
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
    return (
      (project === null ? undefined : this.#served.get(slot(project, model))) ??
      this.#served.get(slot(null, model))
    );
  }

  /** All versions of a model that serve somebody, newest first. */
  served(model: string): readonly ServedVersion[] {
    return [...this.#served.values()]
      .filter(each => each.model === model)
      .sort((a, b) => (a.version < b.version ? 1 : -1));
  }

  /** Holds the version that serves a project. */
  lease(model: string, project: string | null): Lease | undefined {
    const held = this.current(model, project) as Held | undefined;
    if (!held) return undefined;
    held.leases++;
    let released = false;
    return {
      version: held,
      release: () => {
        if (released) return;
        released = true;
        held.leases--;
        this.#unloadIfIdle(held);
      },
    };
  }

  /**
   * Reads the repository again: new versions are checked, loaded, warmed up and swapped in; what was replaced is
   * unloaded once nobody holds it; what is broken is reported, and the version that served before keeps serving.
   * A call during a reload waits for one more, since that one may have passed by what is new.
   */
  reload(): Promise<void> {
    if (!this.#reloading) {
      this.#reloading = this.#reload().finally(() => {
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
    const report = (place: string, model: string, error: unknown) => {
      const message = messageOf(error);
      if (this.#problems.get(place)?.message !== message) this.#options.log.error({ model }, message);
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

    const wanted = new Set<string>();
    const refresh = async (project: string | null, model: string, folder: string) => {
      const manifest = manifests.get(model);
      if (!manifest) return;
      wanted.add(slot(project, model));
      await this.#refresh(project, model, folder, manifest, (version, error) =>
        report(`${folder}/${version}`, model, error),
      );
    };
    for (const name of names) await refresh(null, name, join(modelDir, name));
    for (const project of await listProjects(dataDir)) {
      const root = projectModels(dataDir, project);
      for (const name of (await listModels(root)).names) await refresh(project, name, join(root, name));
    }
    for (const [place, held] of this.#served) {
      if (!wanted.has(place)) {
        this.#served.delete(place);
        this.#retire(held);
      }
    }
    if (JSON.stringify([...manifests]) !== JSON.stringify([...this.#manifests])) this.#generation++;
    this.#manifests = manifests;
    this.#problems = problems;
  }

  async #refresh(
    project: string | null,
    model: string,
    folder: string,
    manifest: Manifest,
    report: (version: string, error: unknown) => void,
  ): Promise<void> {
    const place = slot(project, model);
    const current = this.#served.get(place);
    const { names: versions, absent } = await listVersions(folder);
    if (absent !== undefined) {
      report(
        'active',
        new AppError(
          'version_invalid',
          `${join(folder, 'active')} names the version '${absent}', which is not there`,
        ),
      );
    }
    for (const version of versions) {
      if (current?.version === version && JSON.stringify(current.manifest) === JSON.stringify(manifest))
        return;
      try {
        const candidate = { project, model, version, folder: join(folder, 'versions', version), manifest };
        const next = await this.#loadOnce(candidate);
        this.#served.set(place, next);
        this.#generation++;
        if (current) this.#retire(current);
        this.#options.log.info(
          { project, version: next.label, replaced: current?.label },
          `${next.label} serves now`,
        );
        return;
      } catch (error) {
        report(version, error);
        if (current?.version === version) return;
      }
    }
    // Without a single folder left it was taken away on purpose; with only broken ones the old version serves on.
    if (current && versions.length === 0) {
      this.#served.delete(place);
      this.#retire(current);
    }
  }

  async #loadOnce(candidate: Candidate): Promise<Held> {
    const { folder, manifest } = candidate;
    const state = `${await fingerprint(folder)}\n${JSON.stringify(manifest)}`;
    const broken = this.#broken.get(folder);
    if (broken?.fingerprint === state) throw broken.error;
    try {
      const held = await this.#load(candidate);
      this.#broken.delete(folder);
      return held;
    } catch (error) {
      if (error instanceof AppError && error.code === 'version_invalid')
        this.#broken.set(folder, { fingerprint: state, error });
      throw error;
    }
  }

  async #load({ project, model, version, folder, manifest }: Candidate): Promise<Held> {
    const record = await readVersion(join(folder, 'version.json'));
    const outputs = manifest.outputs.map(({ name }) => {
      const output = record.outputs.find(each => each.name === name);
      if (output) return output;
      const names = record.outputs.map(each => each.name).join(', ');
      throw new AppError(
        'version_invalid',
        `${folder}/version.json has no output '${name}', which model.json names; it has ${names}`,
      );
    });
    await verifyFiles(folder, record);
    const label = `${model}:${version}`;
    const key = `${label}#${++this.#loads}`;
    await this.#options.pool.load({ key, label, folder, input: manifest.input, outputs });
    return {
      key,
      model,
      project,
      version,
      label,
      manifest,
      record: { ...record, outputs },
      leases: 0,
      retired: false,
    };
  }

  #retire(held: Held): void {
    this.#generation++;
    held.retired = true;
    this.#unloadIfIdle(held);
  }

  #unloadIfIdle(held: Held): void {
    if (held.retired && held.leases === 0) {
      void this.#options.pool
        .unload(held.key)
        .then(() => this.#options.log.info({ version: held.label }, `${held.label} is unloaded`));
    }
  }
}

function slot(project: string | null, model: string): string {
  return `${project ?? ''}/${model}`;
}
