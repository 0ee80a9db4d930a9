import { join } from 'node:path';
import type { Requirements } from '../registry/manifest.js';

/** Where everything lies below `DATA_DIR`. No other module knows the names. */
export interface DataLayout {
  root: string;
  /** The claims of the servers that use the folder: see `lock.ts`. */
  lock: string;
  /** The database of everything that is not a file. */
  state: string;
  /** Copies of what tasks point to. */
  files: string;
  /** What processes of the server write for a moment; empty when a server starts. */
  temporary: string;
  jobs: string;
  projects: string;
  job(id: string): JobLayout;
  project(id: string): string;
  /** The models that a project has trained versions of. Below, it is laid out like `MODEL_DIR`. */
  projectModels(id: string): string;
  /** Python environments for a list of requirements. */
  python(requirements: Requirements): string;
}

/** Where everything lies below a job's folder. */
export interface JobLayout {
  folder: string;
  /** What its programs wrote: this alone is kept when the job has ended well. */
  log: string;
  /** Where its trainer puts the new version. */
  output: string;
  /** Copies of what tasks point to, as long as a `fit` runs. */
  files: string;
}

/**
 * The layout of `DATA_DIR`.
 * @example
 * dataLayout('/data').job('1f6').log; // '/data/jobs/1f6/log.txt'
 */
export function dataLayout(root: string): DataLayout {
  const at = (...names: string[]) => join(root, ...names);
  return {
    root,
    lock: at('lock'),
    state: at('state.mdb'),
    files: at('cache', 'files'),
    temporary: at('tmp'),
    jobs: at('jobs'),
    projects: at('projects'),
    job: id => jobLayout(at('jobs', id)),
    project: id => at('projects', id),
    projectModels: id => at('projects', id, 'models'),
    python: requirements => at(requirements === 'base' ? 'python' : `python-${requirements}`),
  };
}

/** The layout of a job's folder. */
export function jobLayout(folder: string): JobLayout {
  const at = (name: string) => join(folder, name);
  return { folder, log: at('log.txt'), output: at('out'), files: at('files') };
}
