import { createHash } from 'node:crypto';
import { lstat, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../errors.js';
import { fileTrouble, openFile, requireFile } from './small-file.js';

/** The verdict's file: the one that, like version.json itself, is not among the files that version.json lists. */
export const TRAINING_FILE = 'training.json';

const VERSION_FILE = 'version.json';
/** What Python leaves beside what it imports. Other programs' own files begin with a dot. */
const LEFT_BY_PYTHON = '__pycache__';
/** Names that are read of a version's folder. */
const MOST_NAMES = 10_000;

type Files = Readonly<Record<string, string>>;

/** Names of what lies in a version's folder, but for what no model reads: hidden files, such as `.DS_Store`. */
async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder)) {
      if (name.startsWith('.') || name === LEFT_BY_PYTHON) continue;
      if (names.push(name) > MOST_NAMES) break;
    }
  } catch (error) {
    throw invalid(`${folder} is not readable: ${fileTrouble(error)}`);
  }
  if (names.length > MOST_NAMES)
    throw invalid(`${folder} holds more than ${MOST_NAMES} files: take away what version.json does not list`);
  return names.sort();
}

/**
 * Checks that a version's folder holds the files that version.json lists, and nothing else, without reading them.
 * @throws AppError `version_invalid`, naming the file
 */
export async function checkNames(folder: string, files: Files): Promise<void> {
  const unknown = (await namesIn(folder)).find(
    name => name !== VERSION_FILE && name !== TRAINING_FILE && !Object.hasOwn(files, name),
  );
  if (unknown !== undefined)
    throw invalid(`${join(folder, unknown)} is not listed in version.json: take it away, or export again`);
  for (const name of Object.keys(files)) await requireReadable(join(folder, name));
}

async function requireReadable(path: string): Promise<void> {
  try {
    requireFile(await stat(path));
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * Checks each file of a version against its SHA-256. A changed byte of a graph often loads and runs all the same.
 * @returns throws when a file was changed since, and was perhaps loaded so
 * @throws AppError `version_invalid`, naming the file
 */
export async function verifyFiles(folder: string, files: Files): Promise<() => Promise<void>> {
  const before = await sealOf(folder, files);
  for (const [name, expected] of Object.entries(files)) {
    const path = join(folder, name);
    const hash = createHash('sha256');
    try {
      await pipeline((await openFile(path)).createReadStream(), hash);
    } catch (error) {
      throw unreadable(path, error);
    }
    if (hash.digest('hex') !== expected) {
      throw invalid(
        `${path} was changed after its export: its SHA-256 is not the one in version.json; export it again`,
      );
    }
  }
  return async () => {
    const after = await sealOf(folder, files);
    const changed = Object.keys(files).find(name => before.get(name) !== after.get(name));
    if (changed !== undefined)
      throw invalid(
        `${join(folder, changed)} was changed while it was loaded: write new files to a new version`,
      );
  };
}

/** What changes with each write to a file, and when another one takes its place. */
async function sealOf(folder: string, files: Files): Promise<Map<string, string>> {
  const seals = new Map<string, string>();
  for (const name of Object.keys(files)) {
    const path = join(folder, name);
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
      seals.set(name, [dev, ino, size, mtimeNs, ctimeNs].join(' '));
    } catch (error) {
      throw unreadable(path, error);
    }
  }
  return seals;
}

/** Changes when a file of the folder is added, removed or written. */
export async function fingerprint(folder: string): Promise<string> {
  const lines: string[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    // A link may lead nowhere, and a file may be gone by now.
    const stats = await stat(path).catch(() => lstat(path).catch(() => null));
    lines.push(`${name} ${stats?.size} ${stats?.mtimeMs}`);
  }
  return lines.join('\n');
}

function invalid(message: string): AppError {
  return new AppError('version_invalid', message);
}

function unreadable(path: string, error: unknown): AppError {
  return invalid(`${path} is listed in version.json but cannot be read: ${fileTrouble(error)}`);
}
