import { constants, type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { tooLarge } from './body.js';
import { codeOf, Unreadable } from './reasons.js';
import { type StoredBytes, storedBytes } from './texts.js';

/**
 * The bytes of a file below a folder.
 *
 * @param path relative to `root`; a leading slash changes nothing
 * @throws Unreadable when it lies outside of the folder, also by a symbolic link, or is no regular file, or is larger
 *   than `maxBytes`; the file system's own error otherwise
 */
export async function storedLocalFile(root: string, path: string, maxBytes: number): Promise<StoredBytes> {
  const { handle } = await openChecked(root, path, maxBytes);
  return await storedBytes(handle, maxBytes);
}

/**
 * Where a file below a folder lies, for a child process to read. It may be another one by then: whoever changes files in
 * that folder in between has them decoded as what the model reads, and gets no bytes of them.
 *
 * @throws as `storedLocalFile`
 */
export async function localFile(root: string, path: string, maxBytes: number): Promise<string> {
  const { handle, file } = await openChecked(root, path, maxBytes);
  await handle.close();
  return file;
}

async function openChecked(
  root: string,
  path: string,
  maxBytes: number,
): Promise<{ handle: FileHandle; file: string }> {
  const folder = await realpath(root);
  const named = join(folder, path);
  // Before the disk is asked, so that the answer does not tell what exists outside.
  if (!isInside(folder, named)) throw outside();
  const file = await realpath(named);
  if (!isInside(folder, file)) throw outside();
  // A link put there since is refused, and a pipe does not block.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!isInside(folder, await placeOf(handle, file))) throw outside();
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Unreadable('it is not a regular file');
    if (stats.size > maxBytes) throw tooLarge(maxBytes);
    return { handle, file };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Where an open file lies, whatever link took the place of a folder above it meanwhile; Linux alone tells. */
async function placeOf(handle: FileHandle, file: string): Promise<string> {
  return process.platform === 'linux' ? await readlink(`/proc/self/fd/${handle.fd}`) : file;
}

/** Whether there is no such file: an error of the functions above. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function outside(): Unreadable {
  return new Unreadable('it lies outside of LOCAL_FILES_DOCUMENT_ROOT');
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
