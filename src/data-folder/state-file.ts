import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Logger } from 'pino';
import { endWithServer } from '../guardian.js';
import { nodeProgram } from '../node-program.js';
import { startProgram } from '../start-program.js';
import type { DataLayout } from './layout.js';
import { sync } from './sync.js';

const PROGRAM = nodeProgram(import.meta.url, './state-copy');

/** What lmdb maps into memory must be there: a write to a page that finds no room ends the process by a signal. */
const ROOM = 2 ** 20;
const UNWRITABLE = 2;
/** A copy that takes longer goes round in circles. */
const LONGEST_MS = 600_000;

type Way = 'whole' | 'forward' | 'backward';

/**
 * Makes the state's file anew before it is opened: record by record, by a process that may die of what it reads.
 *
 * So a damaged file ends no server. What can still be read of it is kept, and the file itself is set aside. So, too, a server
 * that was stopped in the middle of a write, and may wake at any moment, has another file open than the one that counts, with
 * locks of its own; and nothing stays of what was deleted.
 *
 * @param signal ends it; nothing is changed then
 * @throws the file system's error: no room, most of all
 */
export async function renewState(layout: DataLayout, log: Logger, signal?: AbortSignal): Promise<void> {
  const { state, root } = layout;
  const target = `${state}.new`;
  const size = existsSync(state) ? (await stat(state)).size : 0;
  for (const path of [target, lockOf(target), lockOf(state)]) await rm(path, { force: true });
  await reserve(target, size + ROOM);
  // An empty file is what a server leaves that was killed before its first write.
  if (size === 0) return rm(state, { force: true });
  const wrong = await copy(state, target, 'whole', signal);
  if (wrong === null) return replace(state, target);

  await rm(target, { force: true });
  for (const way of ['forward', 'backward'] as const) {
    await rm(lockOf(state), { force: true });
    await copy(state, target, way, signal);
  }
  const aside = `${state}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  await rename(state, aside);
  await replace(state, target);
  log.error(
    { path: aside, reason: wrong },
    `DATA_DIR=${root}: ${state} was damaged. What could be read of it is kept; trained versions are not in it. It is set aside as ${aside}: delete that file when you miss nothing. A project whose setup is lost is known again when Label Studio sends its next /setup`,
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

/** Finds out whether there is room for so many bytes. */
async function reserve(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    const piece = Buffer.alloc(ROOM);
    for (let written = 0; written < bytes; written += ROOM) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

/** The file that lmdb keeps beside a database. */
function lockOf(database: string): string {
  return `${database}-lock`;
}
