import type { Logger } from 'pino';
import { AppError } from './errors.js';
import { isDated, type ProjectName, projectIdOf, projectKey } from './project-key.js';
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
   * The key of a project. An id alone means the only project here that has it. One that is known by its id alone, as to
   * earlier releases, is meant by every time of creation that it may have, until a `/setup` says which it is.
   *
   * @throws AppError `project_ambiguous` for an id alone that several projects here have
   * @example
   * keys.of({ id: '4', created: 1795520884 }); // '4.1795520884'
   * keys.of({ id: '4', created: null }); // '4.1795520884', once that is the only one
   */
  of(name: ProjectName): string {
    const { id, created } = name;
    return created === null ? this.#only(id) : this.#dated(id, created, undated => mayBe(undated, created));
  }

  /**
   * The key of a project that is to be changed: one that is known by its id alone is meant by its id alone.
   * @throws AppError as `of`
   */
  exactly(name: ProjectName): string {
    const { id, created } = name;
    return created === null ? this.#only(id) : this.#dated(id, created, () => false);
  }

  /**
   * The key of a project that is set up. One that is known by its id alone takes on the time of creation, if it may be the same and comes
   * from the same Label Studio.
   *
   * @param hostname the address that its Label Studio tells of itself
   * @throws AppError as `of`, and `data_dir_unwritable`
   */
  ofSetup(name: ProjectName, hostname: string | null): string {
    const { id, created } = name;
    if (created === null) return this.#only(id);
    return this.#dated(id, created, undated => {
      const { state, log } = this.#deps;
      const key = projectKey(name);
      const before = state.project(id)?.hostname ?? null;
      if (!mayBe(undated, created)) return false;
      if (before !== null && before !== hostname) {
        log.warn(
          { project: key },
          `project ${key} of ${hostname ?? 'an unknown address'} is not taken for project ${id} of ${before}, which is known by its id alone; if it is the same, POST /duplicate_model {"project_src": "${id}.${UNKNOWN}", "project_dst": "${key}"} gives it what was learnt`,
        );
        return false;
      }
      state.setUndated(new Map([[id, { ...undated, created }]]));
      log.info({ project: id }, `project ${id}, which was known by its id alone, is ${key} from now on`);
      return true;
    });
  }

  /** Whether nobody has told yet when a project was created. */
  isUndated(key: string): boolean {
    return !isDated(key) && this.#deps.state.undated(key)?.created === undefined;
  }

  /** @param isSame whether a project, of which nobody has told yet when it was created, is this one */
  #dated(id: string, created: number, isSame: (undated: UndatedProject) => boolean): string {
    const { state } = this.#deps;
    const key = projectKey({ id, created });
    const undated = state.undated(id);
    if (!undated || state.project(key) !== undefined) return key;
    if (undated.created !== undefined) return undated.created === created ? id : key;
    return created === UNKNOWN || isSame(undated) ? id : key;
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
    const name = isDated(key)
      ? key
      : projectKey({ id: key, created: state.undated(key)?.created ?? UNKNOWN });
    const hostname = state.project(key)?.hostname;
    return hostname ? `${name} of ${hostname}` : name;
  }
}

/** A project was created before anybody here knew it. */
function mayBe({ since }: UndatedProject, created: number): boolean {
  return created * 1_000 <= Date.parse(since) + CLOCKS_APART;
}
