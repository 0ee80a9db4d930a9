import { mkdir } from 'node:fs/promises';
import { AppError } from '../errors.js';
import { State } from '../state.js';
import { type DataLayout, dataLayout } from './layout.js';
import { clearLeftovers } from './leftovers.js';
import { DataLock, type LockOptions } from './lock.js';
import { makePrivate } from './private.js';
import { damageSentence, renewState } from './state-file.js';
import { whyUnusable } from './unusable.js';

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
    const damage = await renewState(layout, options.signal);
    options.signal?.throwIfAborted();
    const state = State.open(root, taken.check);
    if (damage)
      options.log.error(
        { path: damage.aside, reason: damage.reason },
        damageSentence(layout, damage, state.projects),
      );
    const close = async () => {
      await state.close();
      await taken.release();
    };
    return { layout, lock: taken, state, close };
  } catch (error) {
    await lock?.release();
    options.signal?.throwIfAborted();
    if (error instanceof AppError) throw error;
    throw new AppError('setting_invalid', whyUnusable(root, error), { cause: error });
  }
}
