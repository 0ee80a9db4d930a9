import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../errors.js';
import { readDataUri } from '../task-data/resolve.js';
import type { InputPlace, TaskFailure } from './contract.js';
import { shownValue, whereShown } from './shown/value.js';

/** The value of a kind whose tasks hold the address of a file; what else the kind wants of the task stands beside it. */
export interface FileValue {
  /**
   * The address as the task has it. In the child: the path where the server has put the file, or a `data:` URI, which
   * is left as it is.
   */
  file: string;
}

/** @throws AppError `task_invalid` when there is no address */
export function readAddress(
  data: Readonly<Record<string, unknown>>,
  { shown }: Pick<InputPlace, 'shown'>,
): string {
  const value = shownValue(data, shown);
  // The editor shows a list of one as what is in it.
  const address = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (typeof address === 'string' && address !== '') return address;
  throw new AppError(
    'task_invalid',
    `the task's data needs the address of a file ${whereShown(shown)}, and has ${Array.isArray(value) && value.length > 1 ? `a list of ${value.length}: to show a list as pages, give the Image valueList in place of value` : 'none'}`,
  );
}

/**
 * The bytes of a value's file, in the child.
 *
 * @throws the file system's own error: the server has put the file there
 */
export async function fileBytes({ file }: FileValue): Promise<Buffer> {
  return readDataUri(file)?.bytes ?? (await readFile(file));
}

/**
 * Where a value's file lies, in the child, for programs that want a path. What a `data:` URI holds is written to a
 * temporary one until its release.
 */
export async function filePath({ file }: FileValue): Promise<{ path: string; release(): Promise<void> }> {
  const data = readDataUri(file);
  if (data === undefined) return { path: file, release: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'label-studio-onnx-'));
  const path = join(folder, 'file');
  await writeFile(path, data.bytes);
  return { path, release: () => rm(folder, { recursive: true, force: true }) };
}

/** What is answered for a file that its kind cannot decode. */
export function undecodable(what: string, reason: string): TaskFailure {
  return { code: 'task_unreadable', message: `its file cannot be read as ${what}: ${reason}` };
}
