import { cp, lstat, mkdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DataLayout } from './data-folder/layout.js';
import { removeTree } from './data-folder/remove-tree.js';
import { removeFolder } from './registry/durable.js';
import type { Service } from './service.js';
import type { State } from './state.js';

export interface ProjectsDeps {
  layout: Pick<DataLayout, 'projects' | 'project'>;
  state: State;
  service: Service;
  /** Ends what a project's models are learning; resolves when nothing of it runs any more. */
  stopLearning(project: string): Promise<void>;
  /** Removes the copies of what a project's tasks point to. */
  forgetFiles(project: string): Promise<void>;
  /** Changes the versions of projects while nothing else does. */
  exclusively<T>(change: () => Promise<T>): Promise<T>;
  /** Reads the model repository again, and waits for what this project has there. */
  reload(project: string): Promise<void>;
}

/** What a project has on this server, as a whole: its state, its folder of trained versions, and its tasks' files. */
export class Projects {
  readonly #deps: ProjectsDeps;

  constructor(deps: ProjectsDeps) {
    this.#deps = deps;
  }

  /** Removes all that a project has here; nothing happens when it has nothing. */
  async remove(project: string): Promise<void> {
    const { state, service, stopLearning, forgetFiles, exclusively, reload } = this.#deps;
    // Before the folder goes: a training that ends well would make it again.
    await stopLearning(project);
    const [folder] = await Promise.allSettled([exclusively(() => removeFolder(this.#folder(project)))]);
    state.deleteProject(project);
    service.forget(project);
    await forgetFiles(project);
    await reload(project);
    // All else is gone by now; what is left of the folder is hidden, and goes at the next start.
    if (folder.status === 'rejected') throw folder.reason;
  }

  /**
   * Gives a project a copy of all that another one has here, but for its jobs.
   * @throws AppError `overloaded` as `State.checkRoom`; nothing is copied then
   */
  async duplicate(source: string, target: string): Promise<void> {
    if (source === target) return;
    const { state, service, exclusively, reload } = this.#deps;
    state.checkRoom(target);
    await exclusively(() => this.#copy(this.#folder(source), this.#folder(target)));
    state.duplicateProject(source, target);
    service.forget(target);
    await reload(target);
  }

  async #copy(source: string, target: string): Promise<void> {
    const { projects } = this.#deps.layout;
    const copy = join(projects, `.${basename(target)}-copy`);
    await mkdir(projects, { recursive: true });
    await removeTree(copy);
    try {
      await cp(source, copy, { recursive: true, filter: isCopied });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    await removeFolder(target);
    await rename(copy, target);
  }

  #folder(project: string): string {
    return this.#deps.layout.project(project);
  }
}

/** What begins with a dot is half-done, and pipes, sockets and devices cannot be copied. */
async function isCopied(path: string): Promise<boolean> {
  if (basename(path).startsWith('.')) return false;
  const stats = await lstat(path);
  return stats.isFile() || stats.isDirectory() || stats.isSymbolicLink();
}
