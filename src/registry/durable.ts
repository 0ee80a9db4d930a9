import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { removeTree } from '../data-folder/remove-tree.js';
import { sync } from '../data-folder/sync.js';

/**
 * Changes of files that are whole or not there, whenever the process or the machine ends. Something half-done is left
 * only under a name that begins with a dot, which nobody reads.
 */

/** Makes a folder with those above it, so that they stay. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let each = path; each.length >= first.length; each = dirname(each)) await sync(dirname(each));
}

/** Writes a file, or replaces it in one step. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const staged = join(dirname(path), `.${basename(path)}`);
  const file = await open(staged, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(staged, path);
  await sync(dirname(path));
}

/** Moves a folder of files to where nothing is yet, in one step: it appears there whole. */
export async function moveFolder(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) await sync(join(from, name));
  await sync(from);
  await makeFolder(dirname(to));
  await rename(from, to);
  await sync(dirname(to));
}

/** Removes a folder, in one step to whoever looks; nothing happens when it is not there. */
export async function removeFolder(path: string): Promise<void> {
  const hidden = join(dirname(path), `.${basename(path)}`);
  await removeTree(hidden);
  try {
    await rename(path, hidden);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await sync(dirname(path));
  await removeTree(hidden);
}
