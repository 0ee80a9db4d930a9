import type { Target } from '../regions/contract.js';
import { isStepsTarget, type StepsTarget } from '../regions/frames/steps.js';

/** The names are those of scikit-learn. */
export type Metric = 'accuracy' | 'f1_micro' | 'd2_absolute_error_score';

/** A score on some rows. It is a ratio of two sums over them, which is what the standard error is taken from. */
export interface Score {
  metric: Metric;
  /** At most 1, which is perfect; `d2_absolute_error_score` has no least value, 0 is what the median of all targets gets. */
  value: number;
  /** For each row by how much it lifts the score above what the others make of it; the sum is 0. */
  influence: readonly number[];
}

/**
 * Scores answers against targets of one kind.
 *
 * - one label: accuracy
 * - several labels, or spans with theirs: F1 over all pairs of row and label, or of row and whole span (`f1_micro`)
 * - parts of series: the same over all labels of steps, as people hardly agree on the very step where a part ends
 * - numbers: the mean absolute error as a share of the targets' mean distance from their median, taken from 1
 *   (`d2_absolute_error_score`, https://scikit-learn.org/stable/modules/model_evaluation.html#d2-score)
 *
 * @param answers null where there is none: as wrong as an answer can be, for numbers as far off as any of the targets
 * @example
 * score(['a', 'b'], ['a', null]).value; // 0.5
 */
export function score(targets: readonly Target[], answers: readonly (Target | null)[]): Score {
  const [first] = targets;
  const metric =
    typeof first === 'number'
      ? 'd2_absolute_error_score'
      : typeof first === 'string'
        ? 'accuracy'
        : 'f1_micro';
  const pairs = METRICS[metric](targets, answers);
  const won = sum(pairs.map(([part]) => part));
  const all = sum(pairs.map(([, whole]) => whole));
  const value = all === 0 ? 1 : won / all;
  return {
    metric,
    value,
    influence: pairs.map(([part, whole]) => (all === 0 ? 0 : (part - value * whole) / all)),
  };
}

/**
 * The standard error of the difference between two scores on the same rows, or between the means of several such.
 *
 * A score is a ratio r = Σa / Σb. To first order, row i moves it by (aᵢ - r bᵢ) / Σb (the estimator of a ratio's
 * variance, Cochran, Sampling Techniques, 1977, 6.4). With dᵢ the difference of what row i does to both scores, the
 * standard error is √(n/(n-1) Σdᵢ²), which for accuracy is that of a paired test.
 *
 * @param influences of both scores on each row
 */
export function standardError(first: readonly number[], second: readonly number[]): number {
  const n = first.length;
  return Math.sqrt((n / (n - 1)) * sum(first.map((each, row) => (each - second[row]!) ** 2)));
}

/** For each row the parts of the numerator and of the denominator. */
type Pairs = (targets: readonly Target[], answers: readonly (Target | null)[]) => [number, number][];

const METRICS: Readonly<Record<Metric, Pairs>> = {
  accuracy: (targets, answers) => targets.map((target, row) => [Number(target === answers[row]), 1]),

  f1_micro: (targets, answers) =>
    targets.map((target, row) => {
      const given = answers[row];
      if (areSteps(target)) return stepPairs(target, Array.isArray(given) ? given : []);
      const wanted = new Set((target as readonly unknown[]).map(keyOf));
      if (!Array.isArray(given)) return [0, Math.max(wanted.size, 1)];
      const labels = new Set(given.map(keyOf));
      return [2 * [...labels].filter(label => wanted.has(label)).length, labels.size + wanted.size];
    }),

  d2_absolute_error_score(targets, answers) {
    const numbers = targets as readonly number[];
    const middle = median(numbers);
    const least = numbers.reduce((a, b) => Math.min(a, b));
    const most = numbers.reduce((a, b) => Math.max(a, b));
    const errors = numbers.map((target, row) => {
      const given = answers[row];
      return typeof given === 'number' ? Math.abs(given - target) : Math.max(target - least, most - target);
    });
    const spread = sum(numbers.map(target => Math.abs(target - middle))) / numbers.length;
    // All targets are the same: what is not that is wrong.
    if (spread === 0) return errors.map((error, row) => [Number(error === 0 && answers[row] !== null), 1]);
    return errors.map(error => [1 - error / spread, 1]);
  },
};

/** Spans are the same when all of them is. */
function keyOf(part: unknown): string {
  return typeof part === 'string' ? part : JSON.stringify(part);
}

function areSteps(target: Target): target is readonly StepsTarget[] {
  return Array.isArray(target) && target.length > 0 && target.every(isStepsTarget);
}

/** Twice the steps that have a label in both, and all that have it in one of them. */
function stepPairs(wanted: readonly StepsTarget[], given: readonly StepsTarget[]): [number, number] {
  const labels = new Set([...wanted, ...given].flatMap(each => each.labels));
  let shared = 0;
  let all = 0;
  for (const label of labels) {
    const first = rangesOf(wanted, label);
    const second = rangesOf(given, label);
    all += lengthOf(first) + lengthOf(second);
    const parts = [...first, ...second].sort(([a], [b]) => a - b);
    // What two lists of ranges share is what they have together less what is left when they are joined.
    shared += lengthOf(parts) - lengthOf(joined(parts));
  }
  return [2 * shared, all];
}

type Range = readonly [first: number, end: number];

/** Where a label is, each step once. */
function rangesOf(regions: readonly StepsTarget[], label: string): Range[] {
  const own = regions.filter(({ labels }) => labels.includes(label)).map(({ steps }) => steps);
  return joined(own.sort(([a], [b]) => a - b));
}

/** @param ranges in the order in which they begin */
function joined(ranges: readonly Range[]): Range[] {
  const whole: [number, number][] = [];
  for (const [first, end] of ranges) {
    const last = whole.at(-1);
    if (last && first <= last[1]) last[1] = Math.max(last[1], end);
    else whole.push([first, end]);
  }
  return whole;
}

function lengthOf(ranges: readonly Range[]): number {
  return sum(ranges.map(([first, end]) => end - first));
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
