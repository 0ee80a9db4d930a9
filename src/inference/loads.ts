import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import { ChildLost, type InferenceChild } from './child-process.js';
import type { VersionSource } from './protocol.js';

export interface LoadsOptions {
  /** A version that takes longer than this to load, in milliseconds, hangs. */
  loadLimit: number;
  log: Logger;
}

/** A process may stand still for another reason than the version. */
const HUNG_TRIES = 2;

/** Loads versions into children that serve, or will, and takes them out again. */
export class Loads {
  readonly #options: LoadsOptions;
  /** How often a version hung in a process that was to take another's place. */
  readonly #hung = new Map<string, number>();

  constructor(options: LoadsOptions) {
    this.#options = options;
  }

  /**
   * @param limit milliseconds
   * @returns whether it was done within the limit; otherwise the child is ended
   */
  async load(child: InferenceChild, version: VersionSource, limit: number): Promise<boolean> {
    const { log } = this.#options;
    let isHung = false;
    const hung = setTimeout(() => {
      isHung = true;
      log.error({ pid: child.pid, limit }, `${version.folder} hangs while it is loaded again`);
      child.end();
    }, limit);
    try {
      await child.request('load', { version });
    } catch (error) {
      if (!isHung) throw error;
    } finally {
      clearTimeout(hung);
    }
    return !isHung;
  }

  /**
   * Loads a version that serves into a new child; one that is no longer sound costs its own requests, not all.
   * @throws ChildLost when it hung for the first times
   */
  async loadAgain(child: InferenceChild, version: VersionSource): Promise<boolean> {
    const { loadLimit, log } = this.#options;
    const hung = this.#hung.get(version.key) ?? 0;
    if (hung >= HUNG_TRIES) return false;
    try {
      if (await this.load(child, version, loadLimit)) return true;
      this.#hung.set(version.key, hung + 1);
      throw new ChildLost(true);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'version_invalid') throw error;
      log.error({ pid: child.pid, err: error }, error.message);
      return false;
    }
  }

  /** @returns false when the child still holds it: it must be replaced */
  async takeOut(child: InferenceChild, key: string): Promise<boolean> {
    try {
      await child.request('unload', { key });
    } catch (error) {
      // One that has ended holds nothing.
      if (error instanceof ChildLost) return true;
      this.#options.log.error(
        { pid: child.pid, err: error },
        'a version could not be released in an inference process; the process is replaced',
      );
      return false;
    }
    return true;
  }

  /** Forgets what is known of a version. */
  forget(key: string): void {
    this.#hung.delete(key);
  }
}
