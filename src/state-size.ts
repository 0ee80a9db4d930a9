import type { RootDatabase } from 'lmdb';
import { AppError } from './errors.js';

/**
 * Checks that there is room for so many bytes more. Each start copies the state and is to serve soon, so that its size is bounded.
 * @param most bytes that the state may take
 * @throws AppError `overloaded`
 */
export function checkSize(db: RootDatabase<unknown, string[]>, bytes: number, most: number): void {
  if (bytes <= 0 || sizeOf(db) + bytes <= most) return;
  throw new AppError(
    'overloaded',
    `this server keeps ${megabytes(most)} MB of projects and of what their models keep, and ${megabytes(bytes)} MB more would be too much: have it forget projects that are no longer used (POST /delete)`,
  );
}

/** Bytes of the pages in use: those that deleted entries have left do not count. */
function sizeOf(db: RootDatabase<unknown, string[]>): number {
  const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = db.getStats() as Stats;
  return pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages);
}

type Stats = Record<'pageSize' | 'treeBranchPageCount' | 'treeLeafPageCount' | 'overflowPages', number>;

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 3 : 0);
}
