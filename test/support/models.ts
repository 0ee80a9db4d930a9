import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from './folder.js';
import { ROOT } from './python.js';

const SHIPPED = join(ROOT, 'models/sentiment');

/** The folder of the version of `models/sentiment` that is in the repository. */
export async function shippedVersion(): Promise<string> {
  const names = await readdir(join(SHIPPED, 'versions'));
  return join(SHIPPED, 'versions', names.sort().at(-1)!);
}

/** A model repository with copies of the shipped model under these names. */
export async function modelRepository(...names: string[]): Promise<string> {
  const root = await temporaryFolder();
  for (const name of names) await cp(SHIPPED, join(root, name), { recursive: true });
  return root;
}

/** A model repository with copies of these models of the repository `models/`. */
export async function shippedRepository(...names: string[]): Promise<string> {
  const root = await temporaryFolder();
  for (const name of names) await cp(join(ROOT, 'models', name), join(root, name), { recursive: true });
  return root;
}

/** A model folder that has a manifest and no version. */
export async function addRecipe(root: string, name: string): Promise<void> {
  await mkdir(join(root, name), { recursive: true });
  await cp(join(SHIPPED, 'model.json'), join(root, name, 'model.json'));
}

/**
 * Puts a copy of the shipped version under another name into a model's folder, in one step as an export does.
 * @param spoil changes the copy before it is seen
 */
export async function addVersion(
  modelFolder: string,
  name: string,
  spoil: (folder: string) => Promise<void> = async () => {},
): Promise<void> {
  const staged = join(await temporaryFolder(), name);
  await cp(await shippedVersion(), staged, { recursive: true });
  await spoil(staged);
  await mkdir(join(modelFolder, 'versions'), { recursive: true });
  await rename(staged, join(modelFolder, 'versions', name));
}

/** Changes one byte in the middle of a file. */
export async function flipByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(path, bytes);
}

/** Changes a JSON file. */
export async function editJson(path: string, edit: (value: Record<string, unknown>) => void): Promise<void> {
  const value = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  edit(value);
  await writeFile(path, JSON.stringify(value));
}

/** Replaces a file of a version and corrects its hash in version.json. */
export async function replaceFile(folder: string, name: string, content: Buffer): Promise<void> {
  await writeFile(join(folder, name), content);
  await editJson(join(folder, 'version.json'), value => {
    (value.files as Record<string, string>)[name] = createHash('sha256').update(content).digest('hex');
  });
}
