import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dataLayout } from '../data-folder/layout.js';
import { readProjectName } from '../project-key.js';
import { fileTrouble, readSmallFile } from './small-file.js';

/** A model's name: a folder's name that is safe in a URL and in a file system. */
export const MODEL_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** `YYYYMMDD-HHMMSS-<6 hex>`, UTC. */
export const VERSION_NAME = /^\d{8}-\d{6}-[0-9a-f]{6}$/;

/** The folder of a model that its versions are in. */
export const VERSIONS = 'versions';
/** The file of a model's folder that names the version which serves. */
export const ACTIVE_FILE = 'active';

/** Entries of a folder that are read. */
const MOST_ENTRIES = 10_000;
/** Bytes of a file that holds one name. */
const MOST_ACTIVE = 4_096;

/** What is wrong with a path, and what to do. */
export interface Trouble {
  path: string;
  message: string;
}

/** The folders in a folder. */
export interface Folders {
  /** Ascending; links to folders are among them. */
  names: string[];
  troubles: Trouble[];
  /** It is there and could not be read: what it holds is not known. */
  isUnknown: boolean;
}

/** Lists the folders in a folder; none when it does not exist. Hidden ones are nobody's business. */
async function folders(path: string): Promise<Folders> {
  const names: string[] = [];
  const troubles: Trouble[] = [];
  const tell = (at: string, why: string) => troubles.push({ path: at, message: `${at}: ${why}` });
  try {
    let count = 0;
    for await (const entry of await opendir(path)) {
      if (++count > MOST_ENTRIES) {
        tell(path, `it holds more than ${MOST_ENTRIES} entries, and the others are not looked at`);
        break;
      }
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) names.push(entry.name);
      else if (entry.isSymbolicLink()) {
        const target = join(path, entry.name);
        try {
          if ((await stat(target)).isDirectory()) names.push(entry.name);
        } catch (error) {
          tell(target, `it is a link that cannot be followed, because ${fileTrouble(error)}`);
        }
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { names: [], troubles, isUnknown: false };
    tell(path, fileTrouble(error));
    return { names: [], troubles, isUnknown: true };
  }
  return { names: names.sort(), troubles, isUnknown: false };
}

/** The models of a repository, by folder name. A folder whose name cannot be a model's is a trouble. */
export async function listModels(root: string): Promise<Folders> {
  const all = await folders(root);
  const strange = all.names.filter(name => !MODEL_NAME.test(name));
  return {
    ...all,
    names: all.names.filter(name => MODEL_NAME.test(name)),
    troubles: [
      ...all.troubles,
      ...strange.map(name => ({
        path: join(root, name),
        message: `${join(root, name)}: a model's folder name matches ${MODEL_NAME.source}; rename it`,
      })),
    ],
  };
}

/** The projects that have folders of their own below `DATA_DIR`. */
export async function listProjects(dataDir: string): Promise<Folders> {
  const all = await folders(dataLayout(dataDir).projects);
  return { ...all, names: all.names.filter(name => readProjectName(name) !== undefined) };
}

/** Where a project's own version folders of its models are. */
export function projectModels(dataDir: string, project: string): string {
  return dataLayout(dataDir).projectModels(project);
}

/** A model folder's versions. */
export interface Versions extends Folders {
  /** Newest first. */
  names: string[];
  /** What the file `active` names, be it there or not. */
  active?: string;
}

/** Lists a model folder's versions. */
export async function listVersions(modelFolder: string): Promise<Versions> {
  const all = await folders(join(modelFolder, VERSIONS));
  const names = all.names.filter(name => VERSION_NAME.test(name)).reverse();
  const path = join(modelFolder, ACTIVE_FILE);
  try {
    return { ...all, names, active: (await readSmallFile(path, MOST_ACTIVE)).trim() };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { ...all, names };
    const trouble = { path, message: `${path} names no version: ${message}` };
    return { ...all, names, troubles: [...all.troubles, trouble] };
  }
}
