import { join } from 'node:path';
import { AppError, messageOf } from '../errors.js';
import { moveFolder, removeFolder } from './durable.js';
import { readVersion } from './manifest.js';
import type { Registry } from './registry.js';
import { listVersions, VERSION_NAME, VERSIONS } from './repository.js';
import type { Slot } from './shelf.js';
import { readTraining, type TrainingRecord } from './training-record.js';

/** What is known of a version; what its files do not tell is null. */
export interface VersionSummary
  extends Pick<TrainingRecord, 'accepted'>,
    Record<'job' | 'parent' | 'reason', string | null> {
  version: string;
  /** What Label Studio sees: `<model>:<version>`. */
  label: string;
  /** Whether it serves now. */
  active: boolean;
  created: string | null;
  metrics: Readonly<Record<string, unknown>> | null;
  gate: TrainingRecord['gate'];
  counts: TrainingRecord['counts'] | null;
  /** How long its training took. */
  seconds: number | null;
  /** Why it cannot serve; null: nothing is known against it. */
  problem: string | null;
}

/** The versions of a repository as people see and change them. */
export class Versions {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /**
   * A model's versions, newest first: those of a project, or the shipped ones (null).
   * @throws AppError `model_unknown`; `version_unusable` when its model.json is broken
   * @example
   * const [newest] = await versions.list({ project: '7', model: 'topics' });
   */
  async list(slot: Slot): Promise<VersionSummary[]> {
    const { names } = await this.#names(slot);
    return Promise.all(names.map(version => this.#summary(slot, version)));
  }

  /**
   * Lets a version serve its project, be it newer or older than the one that does, accepted or not. When this is done,
   * it serves.
   * @throws AppError `version_unknown`; `version_unusable` when it cannot be loaded: nothing has changed then;
   *   `version_read_only` for a shipped one
   */
  async activate({ project, model }: Slot, version: string): Promise<VersionSummary> {
    const slot = { project: ownProject(model, project, 'chosen'), model };
    await this.#registry.exclusively(() => this.#require(slot, version));
    try {
      await this.#registry.activate(slot, version);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'version_invalid') throw error;
      throw new AppError('version_unusable', `nothing has changed: ${error.message}`, { cause: error });
    }
    return this.#summary(slot, version);
  }

  /**
   * Removes a version of a project.
   * @throws AppError `version_unknown`, `version_in_use`; `version_read_only` for a shipped one
   */
  async remove({ project, model }: Slot, version: string): Promise<void> {
    const slot = { project: ownProject(model, project, 'removed'), model };
    await this.#registry.exclusively(async () => {
      await this.#require(slot, version);
      const { active } = await listVersions(this.#registry.folder(slot));
      if (version === active || this.#registry.isLoaded(slot, version)) {
        throw new AppError(
          'version_in_use',
          `${model}:${version} serves the project ${project}, or a request in flight holds it: let another one serve first`,
        );
      }
      await this.#remove(slot, version);
    });
  }

  /**
   * Moves a version's folder among those of a project, in one step. Nobody is served by it for that.
   * @throws AppError `version_invalid` when there is one of its name
   */
  async add(slot: Slot, version: string, folder: string): Promise<void> {
    await this.#registry.exclusively(async () => {
      try {
        await moveFolder(folder, this.#folder(slot, version));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
        throw new AppError('version_invalid', `there is a version ${slot.model}:${version} already`);
      }
    });
  }

  /** Removes all but the newest versions of a project; one that serves, or that a request holds, stays too. */
  async prune(slot: Slot, keep: number): Promise<string[]> {
    return this.#registry.exclusively(async () => {
      const { names, active } = await listVersions(this.#registry.folder(slot));
      const old = names
        .slice(keep)
        .filter(version => version !== active && !this.#registry.isLoaded(slot, version));
      for (const version of old) await this.#remove(slot, version);
      return old;
    });
  }

  /** The version that a job has made, if it came that far. */
  async ofJob(slot: Slot, job: string): Promise<{ version: string; record: TrainingRecord } | undefined> {
    const { names } = await listVersions(this.#registry.folder(slot));
    for (const version of names) {
      const record = await readTraining(this.#folder(slot, version)).catch(() => null);
      if (record?.job === job) return { version, record };
    }
    return undefined;
  }

  #folder(slot: Slot, version: string): string {
    return join(this.#registry.folder(slot), VERSIONS, version);
  }

  async #names(slot: Slot) {
    const { models } = this.#registry;
    if (!models.includes(slot.model))
      throw (
        this.#registry.broken(slot.model) ??
        new AppError(
          'model_unknown',
          `there is no model '${slot.model}'; there is ${models.join(', ') || 'none'}`,
        )
      );
    return listVersions(this.#registry.folder(slot));
  }

  async #require(slot: Slot, version: string): Promise<void> {
    const { names } = await this.#names(slot);
    if (VERSION_NAME.test(version) && names.includes(version)) return;
    const whose = slot.project === null ? 'shipped' : `of the project ${slot.project}`;
    throw new AppError(
      'version_unknown',
      `there is no version '${version}' of '${slot.model}'; ${whose} there is ${names.join(', ') || 'none'}`,
    );
  }

  async #remove(slot: Slot, version: string): Promise<void> {
    await removeFolder(this.#folder(slot, version));
    this.#registry.forget(slot, version);
  }

  async #summary(slot: Slot, version: string): Promise<VersionSummary> {
    const folder = this.#folder(slot, version);
    const [record, training] = await Promise.allSettled([
      readVersion(join(folder, 'version.json')),
      readTraining(folder),
    ]);
    const problem = [record, training].flatMap(read =>
      read.status === 'rejected' ? [messageOf(read.reason)] : [],
    );
    const known = record.status === 'fulfilled' ? record.value : null;
    const verdict = training.status === 'fulfilled' ? training.value : null;
    const current = this.#registry.current(slot.model, slot.project);
    return {
      version,
      label: `${slot.model}:${version}`,
      active: current?.version === version && current.project === slot.project,
      accepted: verdict?.accepted ?? training.status === 'fulfilled',
      created: verdict?.created ?? known?.created ?? null,
      metrics: known?.metrics ?? null,
      gate: verdict?.gate ?? null,
      reason: verdict?.reason ?? null,
      counts: verdict?.counts ?? null,
      parent: verdict?.parent ?? null,
      job: verdict?.job ?? null,
      seconds: verdict?.seconds ?? null,
      problem: problem[0] ?? this.#registry.problem(slot, version) ?? null,
    };
  }
}

/** @throws AppError `version_read_only` for what was shipped */
function ownProject(model: string, project: string | null, done: string): string {
  if (project !== null) return project;
  throw new AppError(
    'version_read_only',
    `the shipped versions of '${model}' cannot be ${done} here: name a project with ?project=<id>`,
  );
}
