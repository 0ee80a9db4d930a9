import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

/** Does not wait for the other end of a pipe. */
const WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const PIECE = 65_536;

/**
 * Opens a file to read it. What is none is not opened: a pipe would wait for ever, and a device never ends.
 * @throws the file system's error, or one with what to do
 */
export async function openFile(path: string): Promise<FileHandle> {
  requireFile(await stat(path));
  const file = await open(path, WITHOUT_WAITING);
  try {
    requireFile(await file.stat());
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads a text file of bounded size.
 * @param most bytes
 * @throws Error with what is wrong and what to do; its `code` is that of the file system
 */
export async function readSmallFile(path: string, most: number): Promise<string> {
  try {
    const file = await openFile(path);
    try {
      const pieces: Buffer[] = [];
      for (let left = most + 1; left > 0; ) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(left, PIECE)));
        if (bytesRead === 0) return Buffer.concat(pieces).toString('utf8');
        pieces.push(buffer.subarray(0, bytesRead));
        left -= bytesRead;
      }
      throw new Error(`it is larger than ${most} bytes, the most that this server reads of such a file`);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw Object.assign(new Error(fileTrouble(error), { cause: error }), { code });
  }
}

/** @throws Error for a folder, a pipe, a socket or a device */
export function requireFile(stats: { isFile(): boolean; isDirectory(): boolean }): void {
  if (stats.isFile()) return;
  throw new Error(
    stats.isDirectory()
      ? 'it is a folder and should be a file: remove it'
      : 'it is a pipe, a socket or a device and should be a file: remove it',
  );
}

/** What is wrong with a path, and what to do, as the rest of a sentence. */
export function fileTrouble(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'ENOTDIR':
      return 'it is no folder: remove it, or put a folder in its place';
    case 'EACCES':
    case 'EPERM':
      return `the user of this server (uid ${process.getuid?.()}) may not read it: allow it (chmod, chown)`;
    case 'ELOOP':
      return 'its links lead round in a circle: replace them by what they should lead to';
    case 'ENAMETOOLONG':
      return 'its path is too long: give it a shorter name';
    default:
      return message;
  }
}
