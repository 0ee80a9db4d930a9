import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type JobLayout, jobLayout } from '../data-folder/layout.js';
import type { Guard } from '../data-folder/lock.js';
import { removeTree } from '../data-folder/remove-tree.js';

/** The folders of jobs, which hold what they read and write. What cannot be removed is told, and holds up nothing. */
export class JobFolders {
  readonly #root: string;
  readonly #log: Pick<Logger, 'warn'>;
  readonly #guard: Guard;

  /**
   * @param root `DATA_DIR/jobs`
   * @param guard called before anything is removed
   */
  constructor(root: string, log: Pick<Logger, 'warn'>, guard: Guard) {
    this.#root = root;
    this.#log = log;
    this.#guard = guard;
  }

  of(id: string): JobLayout {
    return jobLayout(join(this.#root, id));
  }

  /** The jobs that have a folder. */
  list(): Promise<string[]> {
    return readdir(this.#root).catch(() => []);
  }

  /** Removes all of a job's folder but its log: the texts of tasks, most of all. */
  async clear(id: string): Promise<void> {
    const { folder, log } = this.of(id);
    const names = await readdir(folder).catch(() => []);
    for (const name of names) if (join(folder, name) !== log) await this.#remove(id, join(folder, name));
  }

  remove(id: string): Promise<void> {
    return this.#remove(id, this.of(id).folder);
  }

  async #remove(id: string, path: string): Promise<void> {
    try {
      this.#guard();
      await removeTree(path);
    } catch (error) {
      this.#log.warn({ err: error, job: id }, `what a job has left could not be removed: ${path}`);
    }
  }
}
