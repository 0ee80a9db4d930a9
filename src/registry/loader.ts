import { join } from 'node:path';
import { AppError } from '../errors.js';
import type { Pool } from '../inference/pool.js';
import { CLASSES } from '../regions/output-kinds.js';
import { inputOf, type Manifest, readVersion } from './manifest.js';
import type { ServedVersion } from './shelf.js';
import { readTraining } from './training-record.js';
import type { VersionRecord } from './version.js';
import { checkNames, fingerprint } from './version-files.js';

/** A version's folder that may come to serve. */
export interface Candidate extends Pick<ServedVersion, 'project' | 'model' | 'version' | 'manifest'> {
  folder: string;
}

/** What the files of a version say, with what is still to be done before it serves: its graph is loaded. */
export interface Prepared extends Pick<ServedVersion, 'fingerprint' | 'record' | 'controls'> {
  candidate: Candidate;
  manifest: Manifest;
}

/** Checks versions and loads them into the pool. */
export class Loader {
  readonly #pool: Pool;
  /** Versions that failed to load, so that they are not tried again until a file of theirs changes. */
  readonly #broken = new Map<string, { state: string; error: AppError }>();
  #loads = 0;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Why a version's folder could not be loaded when it was last tried. */
  problem(folder: string): string | undefined {
    return this.#broken.get(folder)?.error.message;
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
   * Reads what a version's folder says, wherever it lies. This takes no time; what takes some is done by `load`.
   * @param again whether a version is tried that failed before, and that was not changed since
   * @throws AppError `version_invalid`
   */
  async prepare(candidate: Candidate, again = true): Promise<Prepared> {
    const { folder, manifest: source } = candidate;
    // Before anything is read: what is changed meanwhile is seen by the next look.
    const print = await fingerprint(folder);
    const broken = this.#broken.get(folder);
    if (!again && broken?.state === stateOf(print, source)) throw broken.error;
    return this.#remembering(candidate, print, async () => {
      const record = await readVersion(join(folder, 'version.json'));
      const manifest = { ...source, input: inputOf(folder, record, source) };
      const outputs = manifest.outputs.map(({ name }) => {
        const output = record.outputs.find(each => each.name === name);
        if (output) return output;
        throw new AppError(
          'version_invalid',
          `${folder}/version.json has no output '${name}', which model.json names; it has ${namesOf(record)}`,
        );
      });
      await checkNames(folder, record.files);
      // A verdict that cannot be read is reported elsewhere; a version may serve all the same when it is chosen.
      const controls = (await readTraining(folder).catch(() => null))?.controls;
      return {
        candidate,
        manifest,
        fingerprint: print,
        record: { ...record, outputs },
        ...(controls && { controls: new Set(controls) }),
      };
    });
  }

  /**
   * Loads a version: its files are compared with their hashes where they are read.
   * @param signal gives it up
   * @throws AppError `version_invalid`, and those of the pool
   */
  async load(prepared: Prepared, signal?: AbortSignal): Promise<ServedVersion> {
    const { candidate, manifest, record, controls, fingerprint: print } = prepared;
    const { project, model, version, folder, manifest: source } = candidate;
    const label = `${model}:${version}`;
    const key = `${label}#${++this.#loads}`;
    const { outputs, files } = record;
    const loadable = { key, label, folder, files, input: manifest.input, outputs };
    const { ofRegions } = await this.#remembering(candidate, print, () => this.#pool.load(loadable, signal));
    this.#broken.delete(folder);
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
      fingerprint: print,
      record: { ...record, outputs: known },
      ...(controls && { controls }),
    };
  }

  async #remembering<T>({ folder, manifest }: Candidate, print: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AppError && error.code === 'version_invalid')
        this.#broken.set(folder, { state: stateOf(print, manifest), error });
      throw error;
    }
  }
}

/** What a version's success hangs on. */
function stateOf(print: string, manifest: Manifest): string {
  return `${print}\n${JSON.stringify(manifest)}`;
}

function namesOf({ outputs }: VersionRecord): string {
  return outputs.map(({ name }) => name).join(', ');
}
