import type { Row } from './row.js';

/** A compiled step. */
export interface Stage {
  /** The columns of the rows that it leaves. */
  readonly width: number;
  /** Whether those are rounded to float32. */
  readonly single: boolean;
  /** Whether an entry may be 0 or less, so that it has no logarithm. */
  readonly signed: boolean;
  /**
   * Works on one row in place. A source fills it from the raw values (one text, or the columns of a record that were
   * chosen for it), a transform changes what it finds there.
   * @throws AppError `task_invalid` when this task's values cannot be used
   */
  apply(values: readonly unknown[], row: Row): void;
}

/** The same number; stands where a single-precision stage has `Math.fround`. */
export const exact = (value: number): number => value;
