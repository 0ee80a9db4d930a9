import type { SeriesMeta } from '../../inputs/time-series/contract.js';
import type { RegionTarget, Target } from '../contract.js';

/** A part of a series as a model is to find it: its first step and the one behind its last, from 0. */
export interface StepsTarget extends RegionTarget {
  steps: readonly [first: number, end: number];
}

/** A part by the times of its first and its last step. */
interface TimesTarget extends RegionTarget {
  start: number | string;
  end: number | string;
}

/** Whether a region is a part of a series. */
export function isStepsTarget(region: unknown): region is StepsTarget {
  return typeof region === 'object' && region !== null && 'steps' in region;
}

/**
 * Finds the steps of parts that are told by times, in the order in which they begin. A time that is a number may lie
 * between two steps; another is one of the data, as they write it.
 *
 * @param meta that of the whole series (`SeriesMeta`)
 * @returns null when no part has a step
 * @example
 * placeInSteps([{ start: 10, end: 25, labels: ['Run'] }], { times: [0, 10, 20, 30], ... });
 * // [{ steps: [1, 3], labels: ['Run'] }]
 */
export function placeInSteps(target: Target, meta: unknown): StepsTarget[] | null {
  const { times } = meta as SeriesMeta;
  const found = (target as readonly TimesTarget[]).flatMap(({ start, end, labels }): StepsTarget[] => {
    const first = firstAt(times, start);
    const last = lastAt(times, end);
    return first === undefined || last === undefined || first > last
      ? []
      : [{ steps: [first, last + 1], labels }];
  });
  found.sort(({ steps: [a, b] }, { steps: [c, d] }) => a - c || b - d);
  return found.length === 0 ? null : found;
}

type Times = SeriesMeta['times'];

/** The first step at a time, or behind it. */
function firstAt(times: Times, time: number | string): number | undefined {
  const found =
    typeof time === 'number' ? times.findIndex(each => isAtLeast(each, time)) : times.indexOf(time);
  return found < 0 ? undefined : found;
}

/** The last step at a time, or before it. */
function lastAt(times: Times, time: number | string): number | undefined {
  const found =
    typeof time === 'number' ? times.findLastIndex(each => isAtLeast(time, each)) : times.lastIndexOf(time);
  return found < 0 ? undefined : found;
}

function isAtLeast(time: number | string, least: number | string): boolean {
  return typeof time === 'number' && typeof least === 'number' && time >= least;
}
