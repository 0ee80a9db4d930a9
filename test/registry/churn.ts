import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Pool } from '../../src/inference/pool.js';
import { Registry } from '../../src/registry/registry.js';
import { Versions } from '../../src/registry/versions.js';
import { CapturedLog } from '../support/log.js';

export const SLOT = { project: '7', model: 'topics' };
const KEEP = 2;

/** Takes every version for good: what is on the disk is what matters here. */
const pool: Pool = {
  load: async () => ({ ofRegions: [] }),
  unload: async () => {},
  run: () => Promise.reject(new Error('it is not asked to run')),
};

/** A repository with what a training does to it. */
export interface Churn {
  registry: Registry;
  /** Puts a new version there, lets it serve, and removes old ones. @returns its name */
  turn(): Promise<string>;
}

/** Opens a repository whose model is a recipe. */
export async function openChurn(root: string): Promise<Churn> {
  const modelDir = join(root, 'models');
  const dataDir = join(root, 'data');
  await mkdir(join(modelDir, SLOT.model), { recursive: true });
  const outputs = [{ name: 'topic', control: 'Choices', choice: 'single' }];
  const manifest = { format: 1, title: 'Topics', input: { kind: 'text' }, outputs };
  await writeFile(join(modelDir, SLOT.model, 'model.json'), JSON.stringify(manifest));
  const registry = new Registry({ modelDir, dataDir, pool, log: new CapturedLog().logger });
  await registry.reload();
  const versions = new Versions(registry);
  return {
    registry,
    async turn() {
      const names = await readdir(join(registry.folder(SLOT), 'versions')).catch(() => [] as string[]);
      const last =
        names
          .filter(name => !name.startsWith('.'))
          .sort()
          .at(-1) ?? '20260101-000000';
      const name = `20260101-${String(Number(last.slice(9, 15)) + 1).padStart(6, '0')}-abcdef`;
      const staged = join(dataDir, 'jobs/j/out', name);
      await rm(staged, { recursive: true, force: true });
      await writeContent(staged, name);
      await versions.add(SLOT, name, staged);
      await versions.activate(SLOT, name);
      await versions.prune(SLOT, KEEP);
      return name;
    },
  };
}

async function writeContent(folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const graph = Buffer.alloc(20_000, name);
  const files = { 'model.onnx': createHash('sha256').update(graph).digest('hex') };
  const labels = ['Red', 'Blue'];
  const outputs = [{ name: 'topic', tensor: 'probabilities', kind: 'probabilities', labels }];
  const record = {
    format: 1,
    created: '2026-01-01T00:00:00Z',
    files,
    outputs,
    metrics: {},
    parity: {},
    tools: {},
  };
  const verdict = {
    format: 1,
    job: name,
    project: SLOT.project,
    parent: null,
    created: '2026-01-01T00:00:00Z',
    seconds: 1,
    counts: {},
    gate: null,
    accepted: true,
    reason: '',
  };
  await writeFile(join(folder, 'model.onnx'), graph);
  await writeFile(join(folder, 'version.json'), JSON.stringify(record));
  await writeFile(join(folder, 'training.json'), JSON.stringify(verdict));
}

// Run as a program it goes on until it is killed, and tells of each version that serves.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { turn } = await openChurn(process.argv[2]!);
  for (;;) process.stdout.write(`${await turn()}\n`);
}
