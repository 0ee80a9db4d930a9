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
  return leaves(folder, bytes, () => RESERVE);
}

/** What copies leave free of a disk: this part of it, and so many bytes at most. */
const PART_LEFT = 0.1;
const MOST_LEFT = 2 ** 30;

/**
 * Whether a file system has room for a copy of so many bytes, and a good part left for what cannot wait.
 * @param folder any folder of the file system
 */
export function hasRoomForCopy(folder: string, bytes: number): boolean {
  return leaves(folder, bytes, size => Math.min(PART_LEFT * size, MOST_LEFT));
}

/** The same of what is fetched for tasks, which goes again soon. */
const MOST_LEFT_BY_FILES = 2 ** 26;

/**
 * Whether a file system has room for so many bytes more of a file that is fetched, and some left for what must be kept.
 * @param folder any folder of the file system
 */
export function hasRoomForFile(folder: string, bytes: number): boolean {
  return leaves(folder, bytes, size => Math.min(PART_LEFT * size, MOST_LEFT_BY_FILES));
}

/** Bytes between two looks at a disk. */
const LOOK_EVERY = 2 ** 20;

/**
 * Looks at a disk now and then, while something of unknown size is written there.
 * @param hasRoom what is asked of it
 * @returns to be told of each piece before it is written: whether it may be
 */
export function watchRoom(folder: string, hasRoom: typeof hasRoomForFile): (bytes: number) => boolean {
  let left = 0;
  return bytes => {
    left -= bytes;
    if (left >= 0) return true;
    left = LOOK_EVERY;
    return hasRoom(folder, LOOK_EVERY);
  };
}

/** @param rest the bytes that stay free of a disk of so many */
function leaves(folder: string, bytes: number, rest: (size: number) => number): boolean {
  const { blocks, bavail, bsize } = statfsSync(folder);
  // Without blocks there is nothing to go by: a disk in memory that has no limit.
  return blocks === 0 || bavail * bsize >= bytes + rest(blocks * bsize);
}
