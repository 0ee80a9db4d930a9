import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { AppError } from '../errors.js';
import { endWithServer } from '../guardian.js';
import { nodeProgram } from '../node-program.js';
import { startProgram } from '../start-program.js';
import type { DataLayout } from './layout.js';
import { sync } from './sync.js';
import { whyUnusable } from './unusable.js';

const PROGRAM = nodeProgram(import.meta.url, './state-copy');

/** What lmdb maps into memory must be there: a write to a page that finds no room ends the process by a signal. */
const ROOM = 2 ** 20;
const UNWRITABLE = 2;
/** A copy that takes longer goes round in circles. */
const LONGEST_MS = 600_000;

type Way = 'whole' | 'forward' | 'backward';

/** A state's file that was found damaged. */
export interface Damage {
  reason: string;
  /** Where the file lies now. */
  aside: string;
}

/**
 * Makes the state's file anew before it is opened: record by record, by a process that may die of what it reads.
 *
 * So a damaged file ends no server. What can still be read of it is kept, and the file itself is set aside. So, too, a server
 * that was stopped in the middle of a write, and may wake at any moment, has another file open than the one that counts, with
 * locks of its own; and nothing stays of what was deleted.
 *
 * @param signal ends it; nothing is changed then
 * @returns null when nothing was wrong
 * @throws AppError `setting_invalid` when there is no room for it; the file system's error
 */
export async function renewState({ root, state }: DataLayout, signal?: AbortSignal): Promise<Damage | null> {
  const target = `${state}.new`;
  const size = existsSync(state) ? (await stat(state)).size : null;
  for (const path of [target, lockOf(target), lockOf(state)]) await rm(path, { force: true });
  await reserve(root, target, (size ?? 0) + ROOM);
  if (size === null) return null;
  const wrong = size === 0 ? 'it is empty' : await copy(state, target, 'whole', signal);
  if (wrong === null) {
    await replace(state, target);
    return null;
  }

  await rm(target, { force: true });
  for (const way of size === 0 ? [] : (['forward', 'backward'] as const)) {
    await rm(lockOf(state), { force: true });
    await copy(state, target, way, signal);
  }
  const aside = `${state}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  await rename(state, aside);
  await replace(state, target);
  return { reason: wrong, aside };
}

/** What a damage means to an operator, once the state is open. */
export function damageSentence({ root, state }: DataLayout, { aside }: Damage, projects: number): string {
  return (
    `DATA_DIR=${root}: ${basename(state)} was damaged or empty. Projects kept: ${projects}. ` +
    'Trained versions are not in it. A lost project is known again with its next /setup. ' +
    `The file is now ${basename(aside)}: delete it when you miss nothing`
  );
}

/**
 * @returns what was wrong; null: nothing
 * @throws the signal's reason, when nothing of the copy runs any more
 */
async function copy(
  source: string,
  target: string,
  way: Way,
  stop: AbortSignal | undefined,
): Promise<string | null> {
  stop?.throwIfAborted();
  const child = await startProgram(process.execPath, [...PROGRAM, source, target, way], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  });
  child.once('exit', endWithServer(child.pid!));
  const kill = () => void child.kill('SIGKILL');
  stop?.addEventListener('abort', kill);
  const [[code, signal], said] = await Promise.all([once(child, 'close'), text(child.stderr!)]);
  stop?.removeEventListener('abort', kill);
  stop?.throwIfAborted();
  if (code === 0) return null;
  if (code === UNWRITABLE) throw new Error(`${target} cannot be written: ${said}`);
  return signal ? `reading it ended by ${signal}` : said.trim();
}

async function replace(state: string, target: string): Promise<void> {
  // A copy that died before its first record has left none.
  if (existsSync(target)) {
    await sync(target);
    await rename(target, state);
  }
  for (const path of [lockOf(target), lockOf(state)]) await rm(path, { force: true });
  await sync(dirname(state));
}

/**
 * Finds out whether there is room for so many bytes.
 * @throws AppError `setting_invalid`, with what a start needs
 */
async function reserve(root: string, path: string, bytes: number): Promise<void> {
  const pieces = Math.ceil(bytes / ROOM);
  const file = await open(path, 'w', 0o600);
  try {
    const piece = Buffer.alloc(ROOM);
    for (let written = 0; written < pieces; written++) await file.writeFile(piece);
    await file.sync();
  } catch (error) {
    // Beside it there are the lock, and what lmdb needs to write anything.
    throw new AppError('setting_invalid', whyUnusable(root, error, (pieces + 1) * ROOM), { cause: error });
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

/** The file that lmdb keeps beside a database. */
function lockOf(database: string): string {
  return `${database}-lock`;
}
