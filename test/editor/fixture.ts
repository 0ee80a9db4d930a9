import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { EditorCase } from './generate.js';

/** What the cases are made from; another seed makes others, of which the fixture would know nothing. */
export const SEED = 16;
export const FIXTURE = fileURLToPath(new URL('shown.jsonl', import.meta.url));

/** What an object tag shows. */
export interface Shown {
  /** Of a Text: line by line, whatever parted them. */
  text?: string;
  /** Of a HyperText: as it looks, white space and lines as a browser lays them out. */
  looks?: string;
  utterances?: string[];
  addresses?: string[];
  address?: string;
  frameRate?: number;
  /** Of a TimeSeries, read. */
  columns?: Record<string, unknown[]>;
  /** What a Table makes its rows of. */
  value?: unknown;
  items?: { id: string; lines: string[] }[];
}

/** A case with what the editor of Label Studio 1.23.2 shows of it. */
export interface ShownCase extends EditorCase {
  /** By the objects' names; null: an error in the place of it. An object that the editor could not make is missing. */
  shown: Record<string, Shown | null>;
}

/** The stored answers, in the order of the cases. */
export function shownCases(): ShownCase[] {
  return readFileSync(FIXTURE, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as ShownCase);
}
