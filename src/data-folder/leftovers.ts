import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VERSIONS } from '../registry/repository.js';
import type { DataLayout } from './layout.js';
import { removeTree } from './remove-tree.js';

/**
 * Removes what a server that died in the middle of a change has left below `DATA_DIR`: what begins with a dot among the
 * projects, their versions and the files that tasks point to, what trainers wrote and nobody took, and temporary files.
 * To be called before anything else is done there, and with the lock.
 */
export async function clearLeftovers(layout: DataLayout): Promise<void> {
  await removeTree(layout.temporary);
  for (const job of await names(layout.jobs)) await removeTree(layout.job(job).output);
  await clear(layout.files);
  for (const project of await clear(layout.projects)) {
    const models = layout.projectModels(project);
    for (const model of await clear(models)) {
      await clear(join(models, model));
      await clear(join(models, model, VERSIONS));
    }
  }
}

/** Removes what in a folder is hidden. @returns the names of the rest */
async function clear(folder: string): Promise<string[]> {
  const all = await names(folder);
  for (const name of all.filter(isHidden)) await removeTree(join(folder, name));
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
    // What may not be read was not left by this server; the registry tells of it.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return [];
    throw error;
  }
}
