import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VERSION_NAME } from '../../src/registry/repository.js';
import { readTraining } from '../../src/registry/training-record.js';
import type { SoakProject } from './label-studio.js';
import { DATA_DIR, MODEL } from './training-server.js';

/** A project's versions as they lie in `DATA_DIR`. */
export interface Stored {
  /** What the file `active` names. */
  active: string;
  accepted: string[];
  rejected: string[];
  /** What is among them and should not be, and files that are not as they were written. */
  broken: string[];
}

/** The folder of a project's versions. */
export function versionsOf({ key }: SoakProject): string {
  return join(DATA_DIR, 'projects', key, 'models', MODEL, 'versions');
}

export async function stored(project: SoakProject): Promise<Stored> {
  const model = join(versionsOf(project), '..');
  const found: Stored = { active: '', accepted: [], rejected: [], broken: [] };
  found.active = (await readFile(join(model, 'active'), 'utf8')).trim();
  for (const name of await readdir(join(model, 'versions'))) {
    const folder = join(model, 'versions', name);
    if (!VERSION_NAME.test(name)) {
      found.broken.push(`${name} is among the versions`);
      continue;
    }
    try {
      await verify(folder);
      found[(await readTraining(folder))!.accepted ? 'accepted' : 'rejected'].push(name);
    } catch (error) {
      found.broken.push(`${name}: ${(error as Error).message}`);
    }
  }
  for (const job of await readdir(join(DATA_DIR, 'jobs'))) {
    const names = await readdir(join(DATA_DIR, 'jobs', job));
    if (names.includes('out')) found.broken.push(`the job ${job} has left what its trainer wrote`);
  }
  return found;
}

/** @throws Error when a file is not what version.json says, by hashes that the server had no part in */
async function verify(folder: string): Promise<void> {
  const { files } = JSON.parse(await readFile(join(folder, 'version.json'), 'utf8')) as {
    files: Record<string, string>;
  };
  const there = (await readdir(folder)).sort().join();
  const listed = [...Object.keys(files), 'training.json', 'version.json'].sort().join();
  if (there !== listed) throw new Error(`there is ${there}, not ${listed}`);
  for (const [name, hash] of Object.entries(files)) {
    const bytes = await readFile(join(folder, name));
    if (createHash('sha256').update(bytes).digest('hex') !== hash) throw new Error(`${name} was changed`);
  }
}
