import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { temporaryFolder } from './folder.js';

const run = promisify(execFile);

/** A disk of its own, in memory. */
export interface SmallDisk {
  folder: string;
  /** Takes the disk away, whoever uses it still. */
  remove(): Promise<void>;
}

/**
 * Mounts a small disk.
 * @param options of `mount`, such as `size=1m`
 * @returns null where this user may not mount: root alone may
 */
export async function smallDisk(options: string): Promise<SmallDisk | null> {
  const folder = await temporaryFolder();
  try {
    await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  } catch {
    return null;
  }
  return { folder, remove: async () => void (await run('umount', ['-l', folder])) };
}
