import type { Target } from '../regions/contract.js';
import { linesOf } from './lines.js';
import type { WrittenTask } from './readable.js';

/** A task that no trainer learnt from, with what its annotations say. */
export interface HeldOutRow {
  task: WrittenTask;
  /** By the output's name. */
  targets: Readonly<Record<string, Target>>;
}

/**
 * Reads the held-out rows of a `tasks.jsonl`.
 * @param most rows of a chunk, at most
 */
export async function* heldOutRows(path: string, most: number): AsyncGenerator<HeldOutRow[], void> {
  let chunk: HeldOutRow[] = [];
  for await (const line of linesOf(path)) {
    const { split, targets, ...task } = JSON.parse(line.toString()) as WrittenTask &
      Pick<HeldOutRow, 'targets'>;
    if (split !== 'held_out') continue;
    chunk.push({ task, targets });
    if (chunk.length < most) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
