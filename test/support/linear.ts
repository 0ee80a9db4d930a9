import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FeaturesSpec } from '../../src/inputs/features/spec.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { textStep } from '../inputs/versions.js';
import { runPython } from './python.js';

/** A linear model over the counts of some words. */
export interface LinearSpec {
  words: readonly string[];
  /** For each word a number for each column. */
  weights: readonly (readonly number[])[];
  bias?: readonly number[];
  /** One of the classes, any number of them, or a number. */
  link: 'softmax' | 'sigmoid' | 'identity';
  output: Pick<OutputSpec, 'name' | 'labels' | 'decision'>;
}

/** The files of a version, by name. */
export type VersionContent = ReadonlyMap<string, Buffer>;

/** Makes the versions' files; Python is started once for all. */
export async function linearVersions<const S extends readonly LinearSpec[]>(
  specs: S,
): Promise<{ -readonly [K in keyof S]: VersionContent }> {
  const lines = specs.map(({ weights, link, bias }) => ({
    weights: weights.map(row => row.map(String)),
    bias: bias ?? weights[0]!.map(() => 0),
    link,
  }));
  const graphs = await runPython<string>('test/support/linear.py', lines);
  const all = specs.map((spec, index) => contentOf(spec, Buffer.from(graphs[index]!, 'base64')));
  return all as { -readonly [K in keyof S]: VersionContent };
}

function contentOf({ words, link, output }: LinearSpec, graph: Buffer): VersionContent {
  const width = words.length;
  const features: FeaturesSpec = {
    format: 1,
    input: 'text',
    layout: 'dense',
    dtype: 'float64',
    width,
    root: textStep({ terms: { vocabulary: 'vocabulary.json' }, width }),
  };
  const spec: OutputSpec =
    link === 'identity'
      ? { ...output, tensor: 'values', kind: 'value' }
      : { ...output, tensor: 'probabilities', kind: 'probabilities' };
  const content = new Map([
    ['model.onnx', graph],
    ['features.json', Buffer.from(JSON.stringify(features))],
    ['vocabulary.json', Buffer.from(JSON.stringify(words))],
  ]);
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  const files = Object.fromEntries([...content].map(([name, bytes]) => [name, sha256(bytes)]));
  const record = { format: 1, created: '2026-01-01T00:00:00Z', files, outputs: [spec] };
  const whole = { ...record, metrics: { accuracy: 0.5 }, parity: {}, tools: {} };
  return content.set('version.json', Buffer.from(JSON.stringify(whole)));
}

/** Writes a version's files. */
export async function writeVersion(folder: string, content: VersionContent): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of content) await writeFile(join(folder, name), bytes);
}
