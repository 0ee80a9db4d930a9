import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FILLER = 'filler';
const MORE_THAN_FITS = 256 * 2 ** 20;

/** The code with which a write to a folder fails; null: it does not fail. */
export async function writeFailure(folder: string): Promise<string | null> {
  const path = join(folder, 'probe');
  try {
    await writeFile(path, Buffer.alloc(8_192));
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}

/** Lays a file into a folder that takes all the room of its disk. @returns takes it away */
export async function fill(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, FILLER);
  // What fits is written before it fails.
  await writeFile(path, Buffer.alloc(MORE_THAN_FITS)).catch(() => {});
  return () => rm(path);
}

/** Makes a disk read-only, or writable. @throws Error while a file on it is open for writing */
export async function remount(folder: string, how: 'ro' | 'rw'): Promise<void> {
  await run('mount', ['-o', `remount,${how}`, folder]);
}
