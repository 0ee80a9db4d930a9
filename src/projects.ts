import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Service } from './service.js';
import type { State } from './state.js';

export interface ProjectsDeps {
  dataDir: string;
  state: State;
  service: Service;
  /** Reads the model repository again. */
  reload(): Promise<void>;
}

/** What a project has on this server, as a whole: its state and its folder of trained versions. */
export class Projects {
  readonly #deps: ProjectsDeps;

  constructor(deps: ProjectsDeps) {
    this.#deps = deps;
  }

  /** Removes all that a project has here; nothing happens when it has nothing. */
  async remove(project: string): Promise<void> {
    await rm(this.#folder(project), { recursive: true, force: true });
    this.#deps.state.deleteProject(project);
    this.#deps.service.forget(project);
    await this.#deps.reload();
  }

  /** Gives a project a copy of all that another one has here. */
  async duplicate(source: string, target: string): Promise<void> {
    if (source === target) return;
    const copy = join(this.#deps.dataDir, 'projects', `.${target}-copy`);
    await mkdir(join(this.#deps.dataDir, 'projects'), { recursive: true });
    await rm(copy, { recursive: true, force: true });
    try {
      await cp(this.#folder(source), copy, { recursive: true });
      await rm(this.#folder(target), { recursive: true, force: true });
      await rename(copy, this.#folder(target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    this.#deps.state.duplicateProject(source, target);
    this.#deps.service.forget(target);
    await this.#deps.reload();
  }

  #folder(project: string): string {
    return join(this.#deps.dataDir, 'projects', project);
  }
}
