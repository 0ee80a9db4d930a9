import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FeaturesSpec, Step, TextStep } from '../../src/inputs/features/spec.js';

/** A text step with scikit-learn's defaults, and what differs from them. */
export function textStep(changes: Partial<TextStep> & Pick<TextStep, 'terms' | 'width'>): TextStep {
  return {
    type: 'text',
    analyzer: 'word',
    ngramRange: [1, 1],
    lowercase: true,
    stripAccents: null,
    stopWords: null,
    tokenPattern: '(?u)\\b\\w\\w+\\b',
    binary: false,
    dtype: 'float64',
    ...changes,
  };
}

/** Folders of versions that are removed together. */
export class Versions {
  readonly #root = mkdtempSync(join(tmpdir(), 'versions-'));
  #count = 0;

  /** Writes a version of one text step over a vocabulary. */
  ofTerms(
    terms: readonly string[],
    changes: Partial<TextStep> = {},
    spec: Partial<FeaturesSpec> = {},
  ): string {
    const root = textStep({ terms: { vocabulary: 'vocabulary.json' }, width: terms.length, ...changes });
    return this.of(root, { width: terms.length, ...spec }, { 'vocabulary.json': JSON.stringify(terms) });
  }

  /** Writes a version, and returns its folder. */
  of(
    root: Step,
    spec: Partial<FeaturesSpec>,
    files: Readonly<Record<string, string | Uint8Array>> = {},
  ): string {
    const folder = join(this.#root, String(this.#count++));
    mkdirSync(folder);
    const all = { format: 1, input: 'text', layout: 'sparse', dtype: 'float64', width: 0, root, ...spec };
    writeFileSync(join(folder, 'features.json'), JSON.stringify(all));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return folder;
  }

  remove(): void {
    rmSync(this.#root, { recursive: true });
  }
}

/** The bytes of a `.f64` file. */
export function doubles(...numbers: number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(numbers).buffer);
}

/** The message of the AppError that a promise rejects with, and its code. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
  throw new Error('it did not fail');
}
