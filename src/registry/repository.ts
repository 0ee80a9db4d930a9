import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { dataLayout } from '../data-folder/layout.js';
import { AppError } from '../errors.js';
import { TRAINING_FILE } from './training-record.js';
import type { VersionRecord } from './version.js';

/** A model's name: a folder's name that is safe in a URL and in a file system. */
export const MODEL_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** `YYYYMMDD-HHMMSS-<6 hex>`, UTC. */
export const VERSION_NAME = /^\d{8}-\d{6}-[0-9a-f]{6}$/;
/** A project's id as it may be part of a path. */
export const PROJECT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The folder of a model that its versions are in. */
export const VERSIONS = 'versions';
/** The file of a model's folder that names the version which serves. */
export const ACTIVE_FILE = 'active';

/** Names of the folders in a folder; none when it does not exist. */
async function folders(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(entry => entry.name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The models of a repository, by folder name, and the folders whose names cannot be a model's. */
export async function listModels(root: string): Promise<{ names: string[]; strange: string[] }> {
  const all = (await folders(root)).sort();
  return {
    names: all.filter(name => MODEL_NAME.test(name)),
    strange: all.filter(name => !MODEL_NAME.test(name)),
  };
}

/** The projects that have folders of their own below `DATA_DIR`. */
export async function listProjects(dataDir: string): Promise<string[]> {
  return (await folders(dataLayout(dataDir).projects)).filter(name => PROJECT_ID.test(name));
}

/** Where a project's own version folders of its models are. */
export function projectModels(dataDir: string, project: string): string {
  return dataLayout(dataDir).projectModels(project);
}

/** A model folder's versions. */
export interface Versions {
  /** Newest first. */
  names: string[];
  /** What the file `active` names, be it there or not. */
  active?: string;
}

/** Lists a model folder's versions. */
export async function listVersions(modelFolder: string): Promise<Versions> {
  const names = (await folders(join(modelFolder, VERSIONS)))
    .filter(name => VERSION_NAME.test(name))
    .sort()
    .reverse();
  try {
    return { names, active: (await readFile(join(modelFolder, ACTIVE_FILE), 'utf8')).trim() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { names };
    throw error;
  }
}

/**
 * Checks each file of a version against its SHA-256. A changed byte of a graph often loads and runs all the same.
 * @throws AppError `version_invalid`, naming the file
 */
export async function verifyFiles(folder: string, record: VersionRecord): Promise<void> {
  const unknown = (await readdir(folder)).filter(
    name => name !== 'version.json' && name !== TRAINING_FILE && !Object.hasOwn(record.files, name),
  );
  if (unknown.length > 0) {
    throw new AppError(
      'version_invalid',
      `${join(folder, unknown[0]!)} is not listed in version.json: take it away, or export again`,
    );
  }
  for (const [name, expected] of Object.entries(record.files)) {
    const path = join(folder, name);
    const hash = createHash('sha256');
    try {
      await pipeline(createReadStream(path), hash);
    } catch (error) {
      throw new AppError(
        'version_invalid',
        `${path} is listed in version.json but cannot be read: ${(error as Error).message}`,
      );
    }
    if (hash.digest('hex') !== expected) {
      throw new AppError(
        'version_invalid',
        `${path} was changed after its export: its SHA-256 is not the one in version.json; export it again`,
      );
    }
  }
}

/** Changes when a file of the folder is added, removed or written. */
export async function fingerprint(folder: string): Promise<string> {
  const names = (await readdir(folder)).sort();
  const stats = await Promise.all(names.map(name => stat(join(folder, name))));
  return names.map((name, index) => `${name} ${stats[index]!.size} ${stats[index]!.mtimeMs}`).join('\n');
}
