import { getSystemErrorName } from 'node:util';
import { messageOf } from '../errors.js';

/**
 * Why `DATA_DIR` cannot be used, and what to do.
 * @param error of the file system, or of lmdb
 * @param needed bytes that a start needs, where that is why
 */
export function whyUnusable(root: string, error: unknown, needed?: number): string {
  return `DATA_DIR=${root}: ${reasonOf(nameOf(error), needed) ?? `this server cannot use it: ${messageOf(error)}`}`;
}

function reasonOf(code: string | undefined, needed?: number): string | null {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `there is no room on its disk${needed === undefined ? '' : `, and a start needs ${needed / 2 ** 20} MB`}: free some space, or set DATA_DIR to another folder`;
    // So lmdb calls a page that was written in part.
    case 'EIO':
      return 'its disk is full, or fails: free some space, or set DATA_DIR to another folder';
    case 'EMFILE':
    case 'ENFILE':
      return 'there are no file descriptors left: start the server with a higher limit (ulimit -n)';
    case 'EROFS':
      return 'its disk is read-only: mount it writable, or set DATA_DIR to another folder';
    case 'EACCES':
    case 'EPERM':
      return `the user of this server (uid ${process.getuid?.()}) may not write there: give it the folder (chown), or set DATA_DIR to another one`;
    case 'EEXIST':
    case 'ENOTDIR':
      return 'a file has its place: set DATA_DIR to a folder, or move the file away';
    default:
      return null;
  }
}

/** The code of a file system's error, which lmdb gives as a number. */
function nameOf(error: unknown): string | undefined {
  const { code } = error as { code?: string | number };
  if (typeof code !== 'number' || code <= 0) return typeof code === 'string' ? code : undefined;
  return getSystemErrorName(-code);
}
