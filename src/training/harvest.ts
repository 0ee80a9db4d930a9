import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VERSION_NAME } from '../registry/repository.js';
import { TRAINING_FILE } from '../registry/version-files.js';
import { failed } from './process.js';

/**
 * Finds the one version that a trainer left: a folder of the right name with nothing in it but plain files. What is in
 * them is checked when it is loaded.
 *
 * @param out the folder that the trainer wrote to
 * @returns the version's name
 * @throws AppError `training_failed`, saying what is there instead
 */
export async function findVersion(out: string): Promise<string> {
  const entries = await readdir(out, { withFileTypes: true });
  const [version] = entries;
  if (!version) throw failed('the trainer ended without an error, and left no version');
  if (entries.length > 1) {
    const names = entries.map(({ name }) => name).sort();
    throw failed(`the trainer left ${names.join(', ')}, where one version should be`);
  }
  const { name } = version;
  if (!version.isDirectory()) throw failed(`the trainer left '${name}', which is no folder`);
  if (!VERSION_NAME.test(name))
    throw failed(`the trainer left a folder '${name}', and a version's name matches ${VERSION_NAME.source}`);
  for (const entry of await readdir(join(out, name), { withFileTypes: true })) {
    if (!entry.isFile()) throw failed(`the new version ${name} has '${entry.name}', which is no plain file`);
    if (entry.name === TRAINING_FILE)
      throw failed(`the new version ${name} has a ${TRAINING_FILE}, which only the server writes`);
  }
  return name;
}
