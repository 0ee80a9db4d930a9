import { open } from 'node:fs/promises';
import type { RawTask } from '../inputs/values.js';
import type { Target } from './contract.js';

/** A task that no trainer learnt from, with what its annotations say. */
export interface HeldOutRow {
  task: RawTask;
  /** By the output's name. */
  targets: Readonly<Record<string, Target>>;
}

/**
 * Reads the held-out rows of a `tasks.jsonl`.
 * @param most rows of a chunk, at most
 */
export async function* heldOutRows(path: string, most: number): AsyncGenerator<HeldOutRow[], void> {
  const file = await open(path);
  try {
    let chunk: HeldOutRow[] = [];
    for await (const line of file.readLines()) {
      const { split, targets, ...task } = JSON.parse(line) as RawTask & Pick<HeldOutRow, 'targets'>;
      if (split !== 'held_out') continue;
      chunk.push({ task, targets });
      if (chunk.length < most) continue;
      yield chunk;
      chunk = [];
    }
    if (chunk.length > 0) yield chunk;
  } finally {
    await file.close();
  }
}
