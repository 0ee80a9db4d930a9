import type { Logger } from 'pino';
import { AppError } from './errors.js';
import { type ProjectName, projectIdOf, projectKey } from './project-key.js';
import type { State, UndatedProject } from './state.js';

export interface ProjectKeysDeps {
  state: Pick<State, 'project' | 'projectKeys' | 'undated' | 'setUndated'>;
  /** The keys of the projects that have folders below `DATA_DIR`. */
  folders(): Iterable<string>;
  log: Logger;
}

/** How far the clock of a Label Studio may be ahead of this one, in milliseconds. */
const CLOCKS_APART = 60_000;
/** The time in the name of a project whose creation nobody has told yet, where it must be told from others of its id. */
const UNKNOWN = 0;

/**
 * Which project of this server a request means. Two Label Studios, or one whose database was reset, have projects of one id:
 * they are told apart by when they were created.
 */
export class ProjectKeys {
  readonly #deps: ProjectKeysDeps;

  constructor(deps: ProjectKeysDeps) {
    this.#deps = deps;
  }

  /**
   * The key of a project. An id alone means the only project here that has it. A project that was known by its id alone, as to
   * earlier releases, takes on the first time of creation that it may have.
   *
   * @param hostname the address that the project's Label Studio tells of itself
   * @throws AppError `project_ambiguous` for an id alone that several projects here have; `data_dir_unwritable`
   * @example
   * keys.of({ id: '4', created: 1795520884 }); // '4.1795520884'
   * keys.of({ id: '4', created: null }); // '4.1795520884', once that is the only one
   */
  of(name: ProjectName, hostname: string | null = null): string {
    const { id, created } = name;
    if (created === null) return this.#only(id);
    const { state, log } = this.#deps;
    const key = projectKey(name);
    const undated = state.undated(id);
    if (!undated || state.project(key) !== undefined) return key;
    const isUnknown = undated.created === undefined;
    if (created === (undated.created ?? UNKNOWN)) return id;
    if (!isUnknown || !this.#mayBe(id, undated, created, hostname)) return key;
    state.setUndated(id, { ...undated, created });
    log.info({ project: id }, `project ${id}, which was known by its id alone, is ${key} from now on`);
    return id;
  }

  #mayBe(id: string, { since }: UndatedProject, created: number, hostname: string | null): boolean {
    if (created * 1_000 > Date.parse(since) + CLOCKS_APART) return false;
    const before = this.#deps.state.project(id)?.hostname ?? null;
    return before === null || hostname === null || before === hostname;
  }

  #only(id: string): string {
    const { state, folders } = this.#deps;
    const setUp = state.projectKeys(id);
    const all = setUp.length > 0 ? setUp : [...new Set(folders())].filter(key => projectIdOf(key) === id);
    if (all.length <= 1) return all[0] ?? id;
    const told = all.map(key => this.#told(key)).join(' and ');
    throw new AppError(
      'project_ambiguous',
      `${all.length} projects of this server have the id ${id}: ${told}; name the one that is meant so, or have this server forget the other ones (POST /delete)`,
    );
  }

  #told(key: string): string {
    const { state } = this.#deps;
    const name = key.includes('.')
      ? key
      : projectKey({ id: key, created: state.undated(key)?.created ?? UNKNOWN });
    const hostname = state.project(key)?.hostname;
    return hostname ? `${name} of ${hostname}` : name;
  }
}
