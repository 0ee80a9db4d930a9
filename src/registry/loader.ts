import { join } from 'node:path';
import { AppError } from '../errors.js';
import type { Pool } from '../inference/pool.js';
import { CLASSES } from '../regions/output-kinds.js';
import { inputOf, readVersion } from './manifest.js';
import { fingerprint, verifyFiles } from './repository.js';
import type { ServedVersion } from './shelf.js';
import { readTraining } from './training-record.js';

/** A version's folder that may come to serve. */
export interface Candidate extends Pick<ServedVersion, 'project' | 'model' | 'version' | 'manifest'> {
  folder: string;
}

/** Checks versions and loads them into the pool. */
export class Loader {
  readonly #pool: Pool;
  /** Versions that failed to load, so that they are not tried again until a file of theirs changes. */
  readonly #broken = new Map<string, { fingerprint: string; error: AppError }>();
  #loads = 0;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Why a version's folder could not be loaded when it was last tried. */
  problem(folder: string): string | undefined {
    return this.#broken.get(folder)?.error.message;
  }

  /**
   * Loads a version of the repository, unless it failed before and no file of it was changed since.
   * @param again whether it is tried in any case
   * @throws AppError `version_invalid`
   */
  async loadOnce(candidate: Candidate, again = false): Promise<ServedVersion> {
    const { folder, manifest } = candidate;
    const state = `${await fingerprint(folder)}\n${JSON.stringify(manifest)}`;
    const broken = this.#broken.get(folder);
    if (broken?.fingerprint === state && !again) throw broken.error;
    try {
      const loaded = await this.load(candidate);
      this.#broken.delete(folder);
      return loaded;
    } catch (error) {
      if (error instanceof AppError && error.code === 'version_invalid')
        this.#broken.set(folder, { fingerprint: state, error });
      throw error;
    }
  }

  /** Takes a version out of the pool. */
  unload({ key }: ServedVersion): Promise<void> {
    return this.#pool.unload(key);
  }

  /** Forgets what was wrong with a folder that is gone. */
  forget(folder: string): void {
    this.#broken.delete(folder);
  }

  /**
   * Checks a version's files and loads it, wherever its folder lies.
   * @throws AppError `version_invalid`
   */
  async load({ project, model, version, folder, manifest: source }: Candidate): Promise<ServedVersion> {
    const record = await readVersion(join(folder, 'version.json'));
    const manifest = { ...source, input: inputOf(folder, record, source) };
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
    // A verdict that cannot be read is reported elsewhere; a version may serve all the same when it is chosen.
    const controls = (await readTraining(folder).catch(() => null))?.controls;
    const label = `${model}:${version}`;
    const key = `${label}#${++this.#loads}`;
    const { ofRegions } = await this.#pool.load({ key, label, folder, input: manifest.input, outputs });
    const known = outputs.map(output => ({
      ...output,
      ...(Object.hasOwn(CLASSES, output.kind) && { ofRegions: ofRegions.includes(output.name) }),
    }));
    return {
      key,
      model,
      project,
      version,
      label,
      manifest,
      source,
      record: { ...record, outputs: known },
      ...(controls && { controls: new Set(controls) }),
    };
  }
}
