import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BENCH, CACHE, INFO, PYTHON, ROOT } from './paths.js';

/** What `model.py` writes of the model that it made. */
export interface ModelInfo {
  key: string;
  terms: number;
  meanWords: number;
  meanTermsKnown: number;
  fitSeconds: number;
  exportSeconds: number;
  /** `versions/<version>/`. */
  folder: string;
}

function hash(files: readonly string[]): string {
  const digest = createHash('sha256');
  for (const file of files) digest.update(readFileSync(file));
  return digest.digest('hex').slice(0, 16);
}

function readInfo(): ModelInfo | null {
  return existsSync(INFO) ? (JSON.parse(readFileSync(INFO, 'utf8')) as ModelInfo) : null;
}

/**
 * The model in `.cache/bench`: fitted again when what fits it has changed, exported again when the exporter has.
 * @throws Error when the Python environment is missing
 */
export async function prepare(): Promise<ModelInfo> {
  if (!existsSync(PYTHON)) throw new Error('there is no .venv-bench: run `make bench`, which makes it');
  if (!existsSync(join(ROOT, 'dist/cli/start.js')))
    throw new Error('there is no dist/: run `make setup` first');
  const exporter = join(ROOT, 'scripts/labelstudio_export');
  const sources = readdirSync(exporter).filter(name => name.endsWith('.py'));
  const fitted = hash([join(BENCH, 'model.py'), join(BENCH, 'requirements.txt')]);
  const exported = hash(sources.sort().map(name => join(exporter, name)));
  const key = `${fitted} ${exported}`;
  const known = readInfo();
  if (known?.key === key) return known;
  const again = known?.key.startsWith(fitted) ? [] : ['--fit'];
  await promisify(execFile)(PYTHON, [join(BENCH, 'model.py'), CACHE, '--key', key, ...again]);
  return readInfo()!;
}
