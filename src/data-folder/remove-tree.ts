import type { Dirent } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of a path beyond which what lies there is moved up. A system takes 4096 at most. */
const LONG_PATH = 2_000;

/**
 * Removes a file or a folder with all that is in it, also where that lies deeper than a path can say; nothing happens when it is
 * not there.
 * @throws the file system's error
 */
export async function removeTree(path: string): Promise<void> {
  for (let turn = 0; ; turn++) {
    try {
      return await rm(path, { recursive: true, force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw error;
      const deep = await findDeep(path);
      if (deep === null) throw error;
      await rename(deep, join(path, `.deep-${process.pid}-${turn}`));
    }
  }
}

/** A folder in a folder whose path is long. */
async function findDeep(path: string): Promise<string | null> {
  const open = [path];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    if (folder.length > LONG_PATH) return folder;
    const isFolder = (entry: Dirent) => entry.isDirectory();
    const entries = await readdir(folder, { withFileTypes: true });
    for (const { name } of entries.filter(isFolder)) open.push(join(folder, name));
  }
  return null;
}
