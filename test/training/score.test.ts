import { assert } from 'chai';
import fc from 'fast-check';
import type { Target } from '../../src/regions/contract.js';
import { score, standardError } from '../../src/training/score.js';
import { runPython } from '../support/python.js';

const LABELS = ['a', 'b', 'c'];
const KINDS = {
  accuracy: fc.constantFrom(...LABELS),
  f1_micro: fc.subarray(LABELS),
  d2_absolute_error_score: fc.integer({ min: -50, max: 50 }).map(each => each / 4),
} as const;

interface Case {
  metric: keyof typeof KINDS;
  targets: Target[];
  first: Target[];
  second: Target[];
}

/** Targets, and the answers of two models that are right more often than not. */
function cases(): Case[] {
  return Object.entries(KINDS).flatMap(([metric, value]) => {
    const row = fc
      .tuple(value, value, value, fc.nat(3), fc.nat(3))
      .map(
        ([target, first, second, a, b]) => [target, a > 0 ? target : first, b > 0 ? target : second] as const,
      );
    const rows = fc.array(row, { minLength: 60, maxLength: 80 });
    return fc.sample(rows, { numRuns: 3, seed: 7 }).map(sample => ({
      metric: metric as keyof typeof KINDS,
      targets: sample.map(([target]) => target),
      first: sample.map(([, first]) => first),
      second: sample.map(([, , second]) => second),
    }));
  });
}

describe('scores', () => {
  it("are scikit-learn's, and the standard error of a difference is what leaving out rows gives", async () => {
    const all = cases();
    const expected = await runPython<{ value: number; difference: number; error: number }>(
      'test/training/scores.py',
      all,
    );
    assert.lengthOf(expected, all.length);
    for (const [index, { metric, targets, first, second }] of all.entries()) {
      const one = score(targets, first);
      const other = score(targets, second);
      const { value, difference, error } = expected[index]!;
      assert.equal(one.metric, metric);
      assert.approximately(one.value, value, 1e-12);
      assert.approximately(one.value - other.value, difference, 1e-12);
      // The medians that rows are left out of differ, which the formula takes for fixed.
      assert.approximately(standardError(one.influence, other.influence) / error, 1, 0.05, metric);
    }
  });

  it('count a missing answer as wrong', () => {
    assert.equal(score(['a', 'b'], ['a', null]).value, 0.5);
    assert.equal(score([['a'], []], [['a'], null]).value, 2 / 3);
    assert.equal(score([['a'], ['b', 'c']], [['a'], null]).value, 0.5);
    // As far off as any of the targets: 4 and 3 of a mean distance of 4/3.
    assert.approximately(score([1, 2, 5], [1, 2, null]).value, 1 - 4 / 3 / (4 / 3), 1e-12);
    assert.approximately(score([1, 2, 5], [1, null, 5]).value, 1 - 3 / 3 / (4 / 3), 1e-12);
  });

  it('are of parts of series by the labels of their steps, however they are cut', () => {
    const part = (label: string, first: number, end: number) => ({ steps: [first, end], labels: [label] });
    const target = [part('a', 0, 10), part('b', 20, 30)];
    assert.equal(score([target], [target]).value, 1);
    assert.equal(score([target], [[part('b', 20, 30), part('a', 4, 10), part('a', 0, 6)]]).value, 1);
    // 6 of the 10 steps of a, 4 steps that are not b, none of b: twice 6 of 20 and 10.
    assert.equal(score([target], [[part('a', 4, 10), part('b', 10, 14)]]).value, 12 / 30);
    assert.equal(score([target], [[part('b', 0, 10)]]).value, 0);
    // The second row has 10 steps that nobody found.
    assert.equal(score([target, [part('a', 0, 10)]], [target, null]).value, 40 / 50);
    assert.equal(score([target, [part('a', 0, 10)]], [target, []]).value, 40 / 50);
    const { metric, influence } = score([target, target], [target, []]);
    assert.equal(metric, 'f1_micro');
    assert.approximately(influence[0]! + influence[1]!, 0, 1e-12);
  });

  it('mean something also where all targets are the same, or none is', () => {
    assert.equal(score([3, 3, 3], [3, 2, null]).value, 1 / 3);
    assert.equal(score([[], []], [[], []]).value, 1);
    assert.deepEqual(score([[], []], [[], []]).influence, [0, 0]);
  });

  it('of which one lacks a single row are no further apart than one standard error', () => {
    for (const count of [2, 5, 100]) {
      const targets = new Array<string>(count).fill('a');
      const right = score(targets, targets);
      const wrong = score(targets, ['b', ...targets.slice(1)]);
      assert.approximately(standardError(right.influence, wrong.influence), 1 / count, 1e-12);
      assert.equal(standardError(right.influence, right.influence), 0);
    }
  });
});
