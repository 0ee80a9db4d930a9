import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { filesFolder } from '../task-data/configured.js';
import { projectModels, VERSIONS } from './repository.js';

/**
 * Removes what a server that died in the middle of a change has left below `DATA_DIR`: what begins with a dot among the
 * projects, their versions and the files that tasks point to, and what trainers wrote and nobody took. To be called before anything else is done there.
 */
export async function clearLeftovers(dataDir: string): Promise<void> {
  const jobs = join(dataDir, 'jobs');
  for (const job of await names(jobs)) await remove(join(jobs, job, 'out'));
  await clear(filesFolder(dataDir));
  const projects = join(dataDir, 'projects');
  for (const project of await clear(projects)) {
    const models = projectModels(dataDir, project);
    for (const model of await clear(models)) {
      await clear(join(models, model));
      await clear(join(models, model, VERSIONS));
    }
  }
}

/** Removes what in a folder is hidden. @returns the names of the rest */
async function clear(folder: string): Promise<string[]> {
  const all = await names(folder);
  for (const name of all.filter(isHidden)) await remove(join(folder, name));
  return all.filter(name => !isHidden(name));
}

function isHidden(name: string): boolean {
  return name.startsWith('.');
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

function remove(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}
