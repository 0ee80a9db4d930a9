/** By labels: for each column the first one of the same label; null: no two are the same. */
const HEADS = new WeakMap<readonly unknown[], readonly number[] | null>();

/** Which columns of a model mean the same label of the config, see `HEADS`. */
export function headsOf(labels: readonly unknown[]): readonly number[] | null {
  const known = HEADS.get(labels);
  if (known !== undefined) return known;
  const first = new Map<string, number>();
  const heads = labels.map((label, column) => {
    if (label === null) return column;
    const key = JSON.stringify(label);
    if (!first.has(key)) first.set(key, column);
    return first.get(key)!;
  });
  const found = heads.some((head, column) => head !== column) ? heads : null;
  HEADS.set(labels, found);
  return found;
}

/**
 * Gives the first column of each label what all of its columns say.
 * @param isSum whether they are probabilities that add up; otherwise the largest counts
 */
export function join(numbers: Float64Array | Float32Array, heads: readonly number[], isSum: boolean): void {
  for (const [column, head] of heads.entries()) {
    if (head === column) continue;
    // A sum of probabilities may be above 1 by rounding.
    numbers[head] = isSum
      ? Math.min(numbers[head]! + numbers[column]!, 1)
      : Math.max(numbers[head]!, numbers[column]!);
  }
}
