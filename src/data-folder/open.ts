import { mkdir } from 'node:fs/promises';
import { getSystemErrorName } from 'node:util';
import { AppError, messageOf } from '../errors.js';
import { State } from '../state.js';
import { type DataLayout, dataLayout } from './layout.js';
import { clearLeftovers } from './leftovers.js';
import { DataLock, type LockOptions } from './lock.js';
import { makePrivate } from './private.js';
import { renewState } from './state-file.js';

/** An open `DATA_DIR`. */
export interface DataFolder {
  layout: DataLayout;
  lock: DataLock;
  state: State;
  /** Closes the state, and gives the folder up: nothing may be written there after that. */
  close(): Promise<void>;
}

/**
 * Opens `DATA_DIR` for the one server that uses it. The lock comes first: before it, nothing there is opened, cleared or written.
 * @throws AppError `setting_invalid` when another server uses it, or the file system does not let this one write there
 * @example
 * const { state, lock, close } = await openDataFolder('/data', { log, lost: () => process.exit(1) });
 */
export async function openDataFolder(root: string, options: LockOptions): Promise<DataFolder> {
  const layout = dataLayout(root);
  let lock: DataLock | undefined;
  try {
    const taken = await DataLock.take(layout, options);
    lock = taken;
    await makePrivate(layout, options.log);
    await clearLeftovers(layout);
    await mkdir(layout.temporary, { mode: 0o700 });
    await renewState(layout, options.log);
    const state = State.open(root, taken.check);
    const close = async () => {
      await state.close();
      await taken.release();
    };
    return { layout, lock: taken, state, close };
  } catch (error) {
    await lock?.release();
    throw error instanceof AppError ? error : unusable(root, error);
  }
}

/** Why a server cannot use the folder, and what to do. */
function unusable(root: string, error: unknown): AppError {
  const why = reasonOf(nameOf(error)) ?? `this server cannot use it: ${messageOf(error)}`;
  return new AppError('setting_invalid', `DATA_DIR=${root}: ${why}`, { cause: error });
}

function reasonOf(code: string | undefined): string | null {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'there is no room on its disk: free some space, or set DATA_DIR to another folder';
    case 'EROFS':
      return 'its disk is read-only: mount it writable, or set DATA_DIR to another folder';
    case 'EACCES':
    case 'EPERM':
      return `the user of this server (uid ${process.getuid?.()}) may not write there: give it the folder (chown), or set DATA_DIR to another one`;
    case 'EEXIST':
    case 'ENOTDIR':
      return 'a file has its place: remove the file, or set DATA_DIR to a folder';
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
