import { assert } from 'chai';
import fc from 'fast-check';
import { type Split, Splitter } from '../../src/training/split.js';

type Tasks = ReadonlyMap<number, readonly string[]>;

function splitOf(tasks: Tasks, min = 2): Map<number, Split> {
  const splitter = new Splitter(min);
  for (const [id, labels] of tasks) splitter.add(id, labels);
  const split = splitter.decide();
  return new Map([...tasks.keys()].map(id => [id, split(id)]));
}

/** Where a task lies when nothing moves it: among many others of its label. */
const natural = new Splitter(0).decide();

/** Tasks of each label on each side. */
function sides(tasks: Tasks, split: ReadonlyMap<number, Split>): Map<string, Record<Split, number>> {
  const counts = new Map<string, Record<Split, number>>();
  for (const [id, labels] of tasks) {
    for (const label of labels) {
      const count = counts.get(label) ?? { train: 0, held_out: 0 };
      count[split.get(id)!]++;
      counts.set(label, count);
    }
  }
  return counts;
}

const LABELS = ['a', 'b', 'c', 'd'];
const single = fc.constantFrom(...LABELS).map(label => [label]);
const several = fc.subarray(LABELS, { minLength: 1 });
const tasksOf = (labels: fc.Arbitrary<string[]>) =>
  fc
    .uniqueArray(fc.tuple(fc.nat(1_000_000), labels), { selector: ([id]) => id, maxLength: 60 })
    .map(entries => new Map(entries.toSorted(([a], [b]) => a - b)));
const min = fc.integer({ min: 1, max: 4 });

describe('the split of tasks', () => {
  it('holds out about a fifth of each label, whatever the ids look like', () => {
    const tasks = new Map(
      Array.from({ length: 20_000 }, (_, id) => [id * 3, [id % 10 === 0 ? 'rare' : 'common']]),
    );
    for (const [label, { train, held_out }] of sides(tasks, splitOf(tasks))) {
      assert.approximately(held_out / (train + held_out), 0.2, 0.02, label);
    }
  });

  it('is the same for ever', () => {
    const heldOut = Array.from({ length: 60 }, (_, id) => id).filter(id => natural(id) === 'held_out');
    assert.deepEqual(heldOut, [0, 14, 18, 30, 37, 43, 47, 48, 50, 53, 54, 57, 58]);
  });

  it('leaves each label `min` tasks to be fitted on, and holds one out of five', () => {
    fc.assert(
      fc.property(tasksOf(single), min, (tasks, least) => {
        const split = splitOf(tasks, least);
        for (const [label, { train, held_out }] of sides(tasks, split)) {
          const count = train + held_out;
          assert.isAtLeast(train, Math.min(least, count), label);
          if (count >= 5) assert.isAtLeast(held_out, 1, label);
        }
      }),
    );
  });

  it('leaves each label `min` tasks also where tasks have several', () => {
    fc.assert(
      fc.property(tasksOf(several), min, (tasks, least) => {
        for (const [label, { train, held_out }] of sides(tasks, splitOf(tasks, least))) {
          assert.isAtLeast(train, Math.min(least, train + held_out), label);
        }
      }),
    );
  });

  it('holds one task out of a few, when its label can spare it', () => {
    const few = (count: number, least: number) => [
      ...splitOf(new Map(Array.from({ length: count }, (_, index) => [index + 1, ['a']])), least).values(),
    ];
    assert.notInclude(few(2, 2), 'held_out');
    assert.include(few(3, 2), 'held_out');
    assert.include(few(6, 5), 'held_out');
    assert.notInclude(few(5, 5), 'held_out');
  });

  it('moves a task only where its label would lack something', () => {
    fc.assert(
      fc.property(tasksOf(single), min, (tasks, least) => {
        const split = splitOf(tasks, least);
        const untouched = sides(tasks, new Map([...tasks.keys()].map(id => [id, natural(id)])));
        const nothingHeldOut = [...untouched.values()].every(({ held_out }) => held_out === 0);
        for (const [id, [label]] of tasks) {
          if (split.get(id) === natural(id)) continue;
          const { train, held_out } = untouched.get(label!)!;
          if (split.get(id) === 'train') assert.isBelow(train, least);
          else assert.isTrue(held_out === 0 || nothingHeldOut || train < least, `${train} ${held_out}`);
        }
      }),
    );
  });

  it('leaves tasks where they are as others come, once their labels have what they need', () => {
    fc.assert(
      fc.property(tasksOf(single), tasksOf(single), min, (first, more, least) => {
        const before = splitOf(first, least);
        const after = splitOf(new Map([...more, ...first]), least);
        const untouched = sides(first, new Map([...first.keys()].map(id => [id, natural(id)])));
        const has = (label: string) => {
          const { train, held_out } = untouched.get(label)!;
          return train >= least && held_out >= 1;
        };
        for (const [id, labels] of first) {
          if (!labels.every(has)) continue;
          assert.equal(before.get(id), natural(id));
          assert.equal(after.get(id), natural(id));
        }
      }),
    );
  });

  it('moves no task any more once there are many of each label', () => {
    const tasks: Tasks = new Map(Array.from({ length: 400 }, (_, id) => [id, [LABELS[id % 4]!]]));
    for (const [id, side] of splitOf(tasks)) assert.equal(side, natural(id));
  });
});
