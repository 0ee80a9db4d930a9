import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Encoder, TaskFailure } from '../../src/inputs/contract.js';
import { INPUTS } from '../../src/inputs/index.js';
import { batchesOf } from './batches.js';

/** Non-zero entries of a row, by column. */
export type Entries = Map<number, number>;

/** What scikit-learn made of some values: a row each, or null where it raised. */
interface Expected<V> {
  texts: V[];
  rows: ([indices: number[], values: (number | null)[]] | null)[];
}

/** The Python with scikit-learn: `PYTHON`, or the project's own environment. */
const PYTHON = process.env.PYTHON ?? '.venv/bin/python';

/** What a script of this folder wrote. */
export interface Fitted {
  folder: string;
  cases: string[];
  remove(): Promise<void>;
}

/** Runs a script of this folder into a new folder, whose sub-folders are the cases. */
export async function fitted(script: string): Promise<Fitted> {
  const folder = await mkdtemp(join(tmpdir(), 'features-'));
  await promisify(execFile)(PYTHON, [join(import.meta.dirname, script), folder]);
  return { folder, cases: readdirSync(folder), remove: () => rm(folder, { recursive: true }) };
}

function readExpected<V>(folder: string, name: string): Expected<V> {
  return JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8'));
}

/** Encodes values one batch after the other and takes the rows apart again; null where the encoder failed. */
export function encodeRows(
  encoder: Encoder,
  values: readonly unknown[],
): { rows: (Entries | null)[]; failures: TaskFailure[] } {
  const rows: (Entries | null)[] = values.map(() => null);
  const failures: TaskFailure[] = [];
  for (const batch of batchesOf(encoder, values, (_, failure) => failures.push(failure))) {
    const encoded = batch.rows.map(() => new Map<number, number>());
    const { row, feature, value, input } = batch.feeds;
    if (input === undefined) {
      for (let i = 0; i < row!.data.length; i++) {
        const number = Number(value!.data[i]);
        if (number !== 0) encoded[Number(row!.data[i])]!.set(Number(feature!.data[i]), number);
      }
    } else {
      const width = input.dims[1]!;
      for (const [i, number] of (input.data as Float64Array).entries()) {
        if (number !== 0) encoded[Math.floor(i / width)]!.set(i % width, number);
      }
    }
    for (const [i, source] of batch.rows.entries()) rows[source] = encoded[i]!;
  }
  return { rows, failures };
}

/** How far two rows are apart: the largest difference, of values above 1 the relative one. NaN is null in JSON. */
function distance(row: Entries, [indices, values]: [number[], (number | null)[]]): number {
  const expected = new Map(indices.map((index, i) => [index, values[i] ?? Number.NaN] as const));
  let worst = 0;
  for (const index of new Set([...row.keys(), ...expected.keys()])) {
    const found = row.get(index) ?? 0;
    const value = expected.get(index) ?? 0;
    if (Number.isNaN(found) && Number.isNaN(value)) continue;
    const far = Math.abs(found - value) / Math.max(1, Math.abs(value));
    worst = Math.max(worst, Number.isNaN(far) ? Number.POSITIVE_INFINITY : far);
  }
  return worst;
}

/**
 * Encodes what scikit-learn encoded, and says where the rows differ.
 * @param cases the folder's cases
 * @param tolerance how far the values of a case may be apart
 */
export async function differences(
  { folder, cases }: Pick<Fitted, 'folder' | 'cases'>,
  tolerance: (name: string) => number,
): Promise<string[]> {
  const found: string[] = [];
  for (const name of cases) {
    const { texts: values, rows: expected } = readExpected<unknown>(folder, name);
    const spec = JSON.parse(readFileSync(join(folder, name, 'features.json'), 'utf8'));
    const kind = INPUTS[spec.input === 'text' ? 'text' : 'tabular']!;
    const encoder = await kind.load(join(folder, name), { columns: spec.columns });
    const { rows } = encodeRows(encoder, [...values, encoder.warmUp]);
    if (rows.pop() === null) found.push(`${name}: the warm-up value cannot be encoded`);
    for (const [i, row] of rows.entries()) {
      const known = expected[i]!;
      const far =
        row === null || known === null ? Number((row === null) !== (known === null)) : distance(row, known);
      if (!(far <= tolerance(name)))
        found.push(`${name}: ${JSON.stringify(values[i])?.slice(0, 200)} is off by ${far}`);
    }
  }
  return found;
}
