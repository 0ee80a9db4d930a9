import { chmod, lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { DataLayout } from './layout.js';

/** What group and others may do. */
const OTHERS = 0o077;

/**
 * Takes `DATA_DIR`, and all that lies there already, away from the other users of the machine: it holds Label Studio's
 * token, and what people annotate. Folders get 0700, files 0600. What belongs to another user stays as it is, and is told.
 * The packages of Python environments hold no secrets: their folder alone is closed.
 */
export async function makePrivate(layout: DataLayout, log: Logger): Promise<void> {
  const packages = new Set([layout.python('base'), layout.python('torch')]);
  const foreign: string[] = [];

  async function close(path: string): Promise<void> {
    const stats = await lstat(path);
    // A link has no mode of its own, and what it points to is not the server's.
    if (stats.isSymbolicLink() && path !== layout.root) return;
    try {
      const { mode } = stats;
      if ((mode & OTHERS) !== 0) await chmod(path, mode & 0o777 & ~OTHERS);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
      foreign.push(path);
    }
    if (packages.has(path) || !(stats.isDirectory() || path === layout.root)) return;
    try {
      for await (const { name } of await opendir(path)) {
        // A file may go meanwhile: trainers of a server that died may still run. And what lies too deep is behind closed folders.
        await close(join(path, name)).catch(ignoreUnreachable);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EACCES' || path === layout.root) throw error;
      foreign.push(path);
    }
  }

  await close(layout.root);
  if (foreign.length > 0) {
    log.warn(
      { path: foreign[0], count: foreign.length },
      `DATA_DIR=${layout.root}: other users may read it, because it belongs to another user; give it to the user of this server (chown)`,
    );
  }
}

function ignoreUnreachable(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT' && error.code !== 'ENAMETOOLONG') throw error;
}
