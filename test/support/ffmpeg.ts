import { mkdir, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { temporaryFolder } from './folder.js';
import { runPython } from './python.js';

/**
 * Puts the ffmpeg of the tests' Python environment on the PATH, for this process and those that it starts: no machine needs
 * one of its own to run the tests.
 */
export async function useFfmpeg(): Promise<void> {
  const [program] = await runPython<string>('test/support/ffmpeg.py', []);
  const folder = join(await temporaryFolder(), 'bin');
  await mkdir(folder);
  await symlink(program!, join(folder, 'ffmpeg'));
  process.env.PATH = `${folder}${delimiter}${process.env.PATH}`;
}

/** Does some work as on a machine that has no ffmpeg. */
export async function withoutFfmpeg<T>(work: () => Promise<T>): Promise<T> {
  const { PATH } = process.env;
  process.env.PATH = await temporaryFolder();
  try {
    return await work();
  } finally {
    process.env.PATH = PATH;
  }
}
