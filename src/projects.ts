import { cp, lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasRoomForCopy } from './data-folder/disk-room.js';
import type { DataLayout } from './data-folder/layout.js';
import { removeTree } from './data-folder/remove-tree.js';
import { whyUnusable } from './data-folder/unusable.js';
import { AppError } from './errors.js';
import { removeFolder } from './registry/durable.js';
import type { Service } from './service.js';
import type { State } from './state.js';

export interface ProjectsDeps {
  layout: Pick<DataLayout, 'root' | 'projects' | 'project'>;
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
   * @throws AppError `overloaded` as `State.checkCopy`, `data_dir_unwritable` when its disk has no room for it; nothing is copied
   *   then
   */
  async duplicate(source: string, target: string): Promise<void> {
    if (source === target) return;
    const { state, service, exclusively, reload } = this.#deps;
    await exclusively(async () => {
      state.checkCopy(source, target);
      await this.#copy(this.#folder(source), this.#folder(target));
      state.duplicateProject(source, target);
    });
    service.forget(target);
    await reload(target);
  }

  async #copy(source: string, target: string): Promise<void> {
    const { root, projects } = this.#deps.layout;
    const copy = join(projects, `.${basename(target)}-copy`);
    await mkdir(projects, { recursive: true });
    await removeTree(copy);
    try {
      const bytes = await bytesOf(source);
      if (!hasRoomForCopy(projects, bytes)) throw noRoom(root, bytes);
      await cp(source, copy, { recursive: true, filter: isCopied });
    } catch (error) {
      await removeTree(copy);
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      if (error instanceof AppError) throw error;
      throw new AppError('data_dir_unwritable', whyUnusable(root, error), { cause: error });
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

function noRoom(root: string, bytes: number): AppError {
  const size = `${Math.ceil(bytes / 2 ** 20)} MB`;
  return new AppError(
    'data_dir_unwritable',
    `DATA_DIR=${root}: a copy of the project takes ${size}, which would leave too little room on its disk: free some space, or set DATA_DIR to another folder`,
  );
}

/** Files take whole blocks of a disk. */
const BLOCK = 4096;

/** What a copy of a file or folder takes on the disk. */
async function bytesOf(path: string): Promise<number> {
  if (!(await isCopied(path))) return 0;
  const stats = await lstat(path);
  let bytes = Math.ceil(stats.size / BLOCK) * BLOCK;
  if (stats.isDirectory()) for (const name of await readdir(path)) bytes += await bytesOf(join(path, name));
  return bytes;
}
