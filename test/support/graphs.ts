import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlainTensor } from '../../src/inputs/contract.js';
import type { Manifest } from '../../src/registry/manifest.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { runPython } from './python.js';

type Tensors = Readonly<Record<string, PlainTensor>>;

/**
 * A graph that takes inputs like these, gives them back as `same_<name>`, and answers with constants; one that takes
 * `input_ids` gives each row what belongs to the row with the same first token, and one of several rows of numbers what
 * belongs to the row like it.
 */
export interface GraphSpec {
  inputs: Tensors;
  outputs: Tensors;
}

/** Makes such graphs. */
export async function makeGraphs(specs: readonly GraphSpec[]): Promise<Buffer[]> {
  const lines = specs.map(({ inputs, outputs }) => ({
    tokens: tokensOf(inputs),
    rows: rowsOf(inputs),
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, { type, dims }]) => [name, { type, rank: dims.length }]),
    ),
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, { type, dims, data }]) => [
        name,
        { type, dims, data: Array.from(data as Float64Array, number => String(number)) },
      ]),
    ),
  }));
  const texts = await runPython<string>('test/support/graphs.py', lines);
  return texts.map(text => Buffer.from(text, 'base64'));
}

/** Several rows of numbers of the first input. */
function rowsOf(inputs: Tensors): { name: string; dims: readonly number[]; data: number[] } | null {
  const [[name, { type, dims, data }]] = Object.entries(inputs) as [[string, PlainTensor]];
  const areNumbers = type === 'float32' && dims.length > 1 && dims[0]! > 1;
  return areNumbers ? { name, dims, data: Array.from(data as Float32Array) } : null;
}

/** The rows of `input_ids`, if there are any. */
function tokensOf({ input_ids }: Tensors): number[][] | null {
  if (input_ids === undefined) return null;
  const { data, dims } = input_ids;
  const [rows = 0, length = 0] = dims;
  const ids = Array.from(data as BigInt64Array, Number);
  return Array.from({ length: rows }, (_, row) => ids.slice(row * length, (row + 1) * length));
}

/** The parts of a model with one version. */
export interface ModelParts {
  manifest: Omit<Manifest, 'format' | 'title'>;
  outputs: readonly OutputSpec[];
  graph: Buffer;
  /** The version's other files by name; their content is JSON. */
  files: Readonly<Record<string, unknown>>;
  /** Graphs beside `graph`, by file name. */
  graphs?: Readonly<Record<string, Buffer>>;
}

/**
 * Writes a model with one version into a model repository.
 * @returns the version's folder
 */
export async function addModel(root: string, name: string, parts: ModelParts): Promise<string> {
  const folder = join(root, name, 'versions', '20260101-000000-abcdef');
  await mkdir(folder, { recursive: true });
  const contents = new Map<string, Buffer>([
    ['model.onnx', parts.graph],
    ...Object.entries(parts.graphs ?? {}),
  ]);
  for (const [file, value] of Object.entries(parts.files))
    contents.set(file, Buffer.from(JSON.stringify(value)));
  const files: Record<string, string> = {};
  for (const [file, content] of contents) {
    files[file] = createHash('sha256').update(content).digest('hex');
    await writeFile(join(folder, file), content);
  }
  const record = { format: 2, created: '2026-01-01T00:00:00Z', files, outputs: parts.outputs };
  const whole = { ...record, metrics: {}, parity: {}, tools: {} };
  await writeFile(join(folder, 'version.json'), JSON.stringify(whole));
  const manifest = { format: 1, title: name, ...parts.manifest };
  await writeFile(join(root, name, 'model.json'), JSON.stringify(manifest));
  return folder;
}
