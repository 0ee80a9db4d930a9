import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const BENCH = dirname(fileURLToPath(import.meta.url));
export const ROOT = join(BENCH, '../..');
export const CACHE = join(ROOT, '.cache/bench');
/** The model repository, with the one model. */
export const MODELS = join(CACHE, 'models');
export const PIPELINE = join(CACHE, 'pipeline.joblib');
export const TEXTS = join(CACHE, 'texts.json');
export const INFO = join(CACHE, 'bench.json');
export const PYTHON_BIN = join(ROOT, '.venv-bench/bin');
export const PYTHON = join(PYTHON_BIN, 'python');
