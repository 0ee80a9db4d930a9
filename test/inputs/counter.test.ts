import { assert } from 'chai';
import { Counter } from '../../src/inputs/features/counter.js';
import { Row } from '../../src/inputs/features/row.js';
import { seeded } from '../soak/random.js';

/** What scikit-learn hashes into at most. */
const WIDEST = 2 ** 31 - 1;

describe('Counter', () => {
  function entries(counter: Counter): [number, number][] {
    const row = new Row();
    counter.drain(row);
    return Array.from({ length: row.size }, (_, i) => [row.indices[i]!, row.values[i]!]);
  }

  for (const width of [1, 3, 64, 65, 1_000, 230_000, WIDEST]) {
    it(`sums amounts of ${width} columns, ascending, however many there are`, () => {
      const counter = new Counter(width);
      const random = seeded(1);
      for (const count of [0, 1, 2, 255, 256, 257, 600, 3_000, 40_000, 5]) {
        const expected = new Map<number, number>();
        for (let i = 0; i < count; i++) {
          const index = random(width);
          const amount = random(10) < 3 ? -1 : 1;
          counter.add(index, amount);
          expected.set(index, (expected.get(index) ?? 0) + amount);
        }
        assert.deepEqual(
          entries(counter),
          [...expected].sort(([a], [b]) => a - b),
        );
      }
    });
  }

  it('keeps an index whose sum is 0 again', () => {
    const counter = new Counter(10);
    counter.add(4, 1);
    counter.add(4, -1);
    assert.deepEqual(entries(counter), [[4, 0]]);
  });

  it('sorts the indices of one part, the highest first', () => {
    const counter = new Counter(1_000_000);
    for (let index = 250; index > 0; index--) counter.add(index, 1);
    assert.deepEqual(
      entries(counter),
      Array.from({ length: 250 }, (_, i) => [i + 1, 1]),
    );
  });

  it('forgets what a text left behind that failed', () => {
    for (const count of [10, 300]) {
      const counter = new Counter(1_000);
      for (let index = 0; index < count; index++) counter.add(index, 1);
      counter.clear();
      counter.add(999, 1);
      assert.deepEqual(entries(counter), [[999, 1]]);
    }
  });
});
