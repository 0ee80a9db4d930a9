import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { batchesOf } from '../inputs/batches.js';
import { ROOT } from './paths.js';
import type { Texts } from './workload.js';

/**
 * Features and `session.run` in one process, without HTTP or a pool: how many texts a second.
 *
 * Arguments: the version's folder, the file of texts, batch sizes. It answers each line on stdin, a number of seconds,
 * with one of JSON, as `rate.py` does for scikit-learn.
 */

type Loaded = typeof import('../../src/inference/loaded-version.js');
type Inputs = typeof import('../../src/inputs/index.js');

export interface RawRates {
  /** Texts a second by batch size. */
  rates: Record<string, number>;
  /** Of the largest batch: milliseconds of the features alone, and of all. */
  featuresMs: number;
  allMs: number;
  /** The largest difference to scikit-learn's probabilities. */
  difference: number;
}

const [folder = '', textsFile = '', ...sizes] = process.argv.slice(2);
// The compiled server is measured, not what runs through tsx.
const { LoadedVersion } = (await import(join(ROOT, 'dist/inference/loaded-version.js'))) as Loaded;
const { INPUTS } = (await import(join(ROOT, 'dist/inputs/index.js'))) as Inputs;

const { texts, positive } = JSON.parse(readFileSync(textsFile, 'utf8')) as Texts;
const { outputs } = JSON.parse(readFileSync(join(folder, 'version.json'), 'utf8'));
const input = { kind: 'text' };
const source = { key: 'bench', label: 'bench', folder, input, outputs };
const version = await LoadedVersion.load(source, { name: 'cpu', device: 0 });
const encoder = await INPUTS.text!.load(folder, input);

/** How often `once` ran in a second, with how many texts. */
async function rate(size: number, seconds: number, once: (values: string[]) => unknown): Promise<number> {
  const begin = performance.now();
  let done = 0;
  while (performance.now() - begin < seconds * 1000) {
    const first = done % texts.length;
    await once(texts.slice(first, first + size));
    done += size;
  }
  return (done / (performance.now() - begin)) * 1000;
}

const encode = (values: string[]) => [...batchesOf(encoder, values, () => {})];
const run = (values: string[]) => version.run(values, () => {});

let difference = 0;
await version.run(texts, (text, { outputs: { probabilities }, row }) => {
  const { data, dims } = probabilities!;
  const last = (row + 1) * dims[1]! - 1;
  difference = Math.max(difference, Math.abs(Number(data[last]) - positive[text]!));
});

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const rates: Record<string, number> = {};
  for (const size of sizes) rates[size] = await rate(Number(size), Number(line), run);
  const features = await rate(texts.length, Number(line), encode);
  const all = rates[texts.length] ?? Number.NaN;
  const found: RawRates = {
    rates,
    featuresMs: (texts.length / features) * 1000,
    allMs: (texts.length / all) * 1000,
    difference,
  };
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
process.exit(0);
