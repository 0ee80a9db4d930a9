import { type FileHandle, open } from 'node:fs/promises';
import { tooLarge } from './body.js';
import type { TaskFile } from './file-cache.js';

/** Bytes that lie on the disk until they are read, so that many of them take no memory. */
export interface StoredBytes {
  /** How many they are. */
  bytes: number;
  read(): Promise<Buffer>;
  /** Called when they are not needed any more. */
  release(): void;
}

/** The same as a text. */
export interface StoredText {
  /** What it takes in memory. */
  bytes: number;
  /**
   * Reads it, without a byte order mark.
   * @throws AppError `task_unreadable` for bytes that are not UTF-8
   */
  read(): Promise<string>;
  /** Called when it is not needed any more. */
  release(): void;
}

/**
 * The bytes of a file that is there until its release.
 * @throws Unreadable when they are more than the limit; the file system's own error
 */
export async function storedFile({ path, release }: TaskFile, maxBytes: number): Promise<StoredBytes> {
  try {
    const handle = await open(path);
    return await storedBytes(handle, maxBytes, release);
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * The bytes of an open file, as many as it has now; it is closed by the release.
 * @throws Unreadable when they are more than the limit; then it is closed
 */
export async function storedBytes(
  handle: FileHandle,
  maxBytes: number,
  released: () => void = () => {},
): Promise<StoredBytes> {
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw tooLarge(maxBytes);
    return {
      bytes: size,
      read: () => bytesOf(handle, size),
      release() {
        void handle.close();
        released();
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function bytesOf(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let end = 0;
  while (end < size) {
    const { bytesRead } = await handle.read(bytes, end, size - end, end);
    if (bytesRead === 0) break;
    end += bytesRead;
  }
  return bytes.subarray(0, end);
}
