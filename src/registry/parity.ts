import type { TaskFailure } from '../inputs/contract.js';

/**
 * `parity.json` of a version: rows with the answers of the model that it was exported from, so that the comparison
 * can be made again without that model.
 */
export interface ParityFile {
  format: 1;
  /** The largest difference that passes: absolute for probabilities, relative beyond 1 for scores and values. */
  tolerance: number;
  rows: readonly ParityRow[];
}

export interface ParityRow {
  /** A text, or a task's data. */
  value: unknown;
  /** The original's numbers by output name; texts stand for numbers that JSON lacks. An output may be left out. */
  expected: Readonly<Record<string, readonly (number | string)[]>>;
  /** The classes that the original's `predict` gave, by output name. */
  predicted: Readonly<Record<string, readonly number[]>>;
  /** Outputs whose class hangs on a difference within the tolerance: either answer is right. */
  ties?: readonly string[];
}

/** One row's comparison. */
export interface RowDifference {
  row: number;
  difference: number;
  /** Outputs whose class is another one, ties aside. */
  changed: readonly string[];
  error?: string;
}

type Answer =
  | {
      values: Readonly<Record<string, readonly number[]>>;
      chosen: Readonly<Record<string, readonly number[]>>;
    }
  | { error: TaskFailure };

/** Compares what a version answered for one row with what the original did. */
export function compareRow(row: number, expected: ParityRow, answer: Answer): RowDifference {
  if ('error' in answer)
    return { row, difference: Number.POSITIVE_INFINITY, changed: [], error: answer.error.message };
  let difference = 0;
  for (const [name, numbers] of Object.entries(expected.expected)) {
    const values = answer.values[name] ?? [];
    if (values.length !== numbers.length) difference = Number.POSITIVE_INFINITY;
    for (const [column, number] of numbers.entries()) {
      difference = Math.max(difference, distance(Number(number), values[column]!));
    }
  }
  const changed = Object.entries(expected.predicted)
    .filter(([name, classes]) => !expected.ties?.includes(name) && !same(classes, answer.chosen[name] ?? []))
    .map(([name]) => name);
  return { row, difference, changed };
}

/** Absolute up to 1, relative beyond; equal infinities and two NaN are no difference. */
function distance(expected: number, got: number): number {
  if (Object.is(expected, got) || expected === got) return 0;
  const difference = Math.abs(expected - got) / Math.max(1, Math.abs(expected));
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
