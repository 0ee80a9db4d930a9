import type { SeriesMeta } from '../../inputs/time-series/contract.js';
import { timeReader } from '../../inputs/time-series/times.js';
import type { RegionTarget, Target } from '../contract.js';

/** A part of a series as a model is to find it: its first step and the one behind its last, from 0. */
export interface StepsTarget extends RegionTarget {
  steps: readonly [first: number, end: number];
}

/** A part by the times of its first and its last step, as the editor writes them. */
interface TimesTarget extends RegionTarget {
  start: number | string;
  end: number | string;
}

/** Whether a region is a part of a series. */
export function isStepsTarget(region: unknown): region is StepsTarget {
  return typeof region === 'object' && region !== null && 'steps' in region;
}

/**
 * Finds the steps of parts that are told by times, in the order in which they begin. A time may lie between two steps.
 *
 * @param meta that of the whole series (`SeriesMeta`)
 * @returns null when no part has a step
 * @example
 * placeInSteps([{ start: 10, end: 25, labels: ['Run'] }], { times: [0, 10, 20, 30], ... });
 * // [{ steps: [1, 3], labels: ['Run'] }]
 */
export function placeInSteps(target: Target, meta: unknown): StepsTarget[] | null {
  const { times, timeFormat } = meta as SeriesMeta;
  const read = timeReader(timeFormat);
  const found = (target as readonly TimesTarget[]).flatMap(({ start, end, labels }): StepsTarget[] => {
    const [from, to] = [read(start), read(end)];
    if (from === undefined || to === undefined) return [];
    const first = times.findIndex(time => time >= from);
    const last = times.findLastIndex(time => time <= to);
    return first < 0 || first > last ? [] : [{ steps: [first, last + 1], labels }];
  });
  found.sort(({ steps: [a, b] }, { steps: [c, d] }) => a - c || b - d);
  return found.length === 0 ? null : found;
}
