/**
 * A part of something long (steps of a time series, samples of a recording, frames of a video) that is one row of a tensor.
 * What the numbers count is the input's.
 */
export interface Window {
  /** Where it begins. */
  first: number;
  /** How much of the whole it holds. */
  count: number;
  /** How long its row is; what is behind `count` fills it up. */
  size: number;
  /** How long the whole is. */
  total: number;
}

/**
 * Cuts something long into windows of the same size that share at least `overlap`; the last one ends where the whole does.
 *
 * @param size of a window
 * @param fixed whether a shorter whole is filled up to that size
 * @example
 * cutWindows(10, { size: 4, overlap: 1 }); // begin at 0, 3 and 6
 */
export function cutWindows(
  total: number,
  { size, overlap = 0, fixed = false }: { size: number; overlap?: number; fixed?: boolean },
): Window[] {
  if (total <= size) return [{ first: 0, count: total, size: fixed ? size : total, total }];
  const windows: Window[] = [];
  for (let first = 0; ; first += size - overlap) {
    const last = first + size >= total;
    windows.push({ first: last ? total - size : first, count: size, size, total });
    if (last) return windows;
  }
}

/** Rows of a run, about: those of one value are in one. */
const ROWS = 16;
/** Numbers of the rows of a run, about: small files can hold hours. */
const NUMBERS = 2 ** 24;

/**
 * Prepares values one after the other, and gives those together whose windows are of the same size.
 *
 * @param fail called for each value that cannot be prepared
 */
export async function* batchWindows<V, P extends { metas: readonly Window[] }>(
  values: readonly V[],
  prepare: (value: V) => Promise<P>,
  fail: (index: number, error: unknown) => void,
): AsyncGenerator<{ value: number; prepared: P }[]> {
  let held: { value: number; prepared: P }[] = [];
  const rowsOf = (all: readonly { prepared: P }[]) =>
    all.reduce((sum, { prepared }) => sum + prepared.metas.length, 0);
  const areFull = (size: number, next: P) =>
    rowsOf(held) >= ROWS || (rowsOf(held) + next.metas.length) * size > NUMBERS;
  for (const [value, each] of values.entries()) {
    let prepared: P;
    try {
      prepared = await prepare(each);
    } catch (error) {
      fail(value, error);
      continue;
    }
    const { size } = prepared.metas[0]!;
    if (held.length > 0 && (held[0]!.prepared.metas[0]!.size !== size || areFull(size, prepared))) {
      yield held;
      held = [];
    }
    held.push({ value, prepared });
  }
  if (held.length > 0) yield held;
}
