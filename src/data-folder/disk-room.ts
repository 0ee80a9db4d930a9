import { statfsSync } from 'node:fs';

/** Bytes that stay free beside what is written: for lmdb's own pages, and for what others write meanwhile. */
const RESERVE = 2 ** 20;

/**
 * Whether a file system has room for so many bytes more, and a reserve beside them.
 *
 * lmdb is asked to write only where it has: when it meets a full disk, it writes the message of that failure beyond its memory,
 * which ends the process.
 * @param folder any folder of the file system
 */
export function hasRoom(folder: string, bytes: number): boolean {
  const { blocks, bavail, bsize } = statfsSync(folder);
  // Without blocks there is nothing to go by: a disk in memory that has no limit.
  return blocks === 0 || bavail * bsize >= bytes + RESERVE;
}
