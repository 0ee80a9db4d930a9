import { constants, open, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { collect, tooLarge, Unreadable } from './reasons.js';

/**
 * Reads a file below a folder.
 *
 * @param path relative to `root`; a leading slash changes nothing
 * @throws Unreadable when it lies outside of the folder, also by a symbolic link, or is no regular file, or is larger
 *   than `maxBytes`; the file system's own error otherwise
 */
export async function readLocalFile(
  root: string,
  path: string,
  limits: { maxBytes: number; signal: AbortSignal },
): Promise<Buffer> {
  const folder = await realpath(root);
  const named = join(folder, path);
  // Before the disk is asked, so that the answer does not tell what exists outside.
  if (!isInside(folder, named)) throw outside();
  const file = await realpath(named);
  if (!isInside(folder, file)) throw outside();
  // A link put there since is refused, and a pipe does not block.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Unreadable('it is not a regular file');
    if (stats.size > limits.maxBytes) throw tooLarge(limits.maxBytes);
    return await collect(handle.createReadStream({ autoClose: false }), [], limits);
  } finally {
    await handle.close();
  }
}

function outside(): Unreadable {
  return new Unreadable('it lies outside of LOCAL_FILES_DOCUMENT_ROOT');
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
