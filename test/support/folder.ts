import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made = new Set<string>();

/** A new empty folder that is removed at the end of the run. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'label-studio-onnx-'));
  made.add(folder);
  return folder;
}

after(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});
