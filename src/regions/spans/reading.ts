import type { AnnotatedResult, AnswerReader, RegionTarget } from '../contract.js';

/**
 * Reads the regions of an annotation; those that cannot be read or have no label of the config are left out.
 *
 * @param key where the labels are in a result's value; null: it has none
 * @param placeOf where a region is, in the words of its kind; undefined when it says nothing of that
 */
export function regionReader(
  labels: readonly string[],
  key: string | null,
  placeOf: (
    value: Readonly<Record<string, unknown>>,
    result: AnnotatedResult,
  ) => Record<string, unknown> | undefined,
): AnswerReader {
  const read = (result: AnnotatedResult): RegionTarget | 'outdated' | 'unreadable' => {
    const { value } = result;
    if (typeof value !== 'object' || value === null) return 'unreadable';
    const place = placeOf(value as Record<string, unknown>, result);
    if (place !== undefined && key === null) return { ...place, labels: [] };
    const chosen = key === null ? undefined : (value as Record<string, unknown>)[key];
    if (place === undefined || !Array.isArray(chosen) || chosen.length === 0) return 'unreadable';
    const known = labels.filter(label => chosen.includes(label));
    return known.length === 0 ? 'outdated' : { ...place, labels: known };
  };
  return {
    labels,
    areRegions: true,
    read(results) {
      const all = results.map(read);
      const regions = all.filter(region => typeof region !== 'string');
      const numbers = (region: RegionTarget) =>
        Object.values(region).filter(each => typeof each === 'number');
      regions.sort((a, b) => {
        const [first, second] = [numbers(a), numbers(b)];
        const index = first.findIndex((each, at) => each !== second[at]);
        return index < 0 ? 0 : first[index]! - second[index]!;
      });
      const outdated = all.includes('outdated');
      return { target: regions.length === 0 ? null : regions, outdated };
    },
  };
}

/** Whether a value that nobody has checked is an offset. */
export function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
