import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from './at-end.js';

const made = new Set<string>();

/** A new empty folder that is removed when the tests have ended. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'label-studio-onnx-'));
  made.add(folder);
  return folder;
}

atEnd(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
  made.clear();
});
