import { open } from 'node:fs/promises';

/** Asks the system to have a file or a folder's list of names on the disk. */
export async function sync(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
