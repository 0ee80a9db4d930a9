import { assert } from 'chai';
import { batchWindows, cutWindows } from '../../src/inputs/windows.js';

/** How many values are in each batch, of values that are so long. */
async function batchesOf(totals: readonly number[], size: number): Promise<number[]> {
  const prepare = async (total: number) => ({ metas: cutWindows(total, { size }) });
  const batches: number[] = [];
  for await (const held of batchWindows(totals, prepare, () => assert.fail())) batches.push(held.length);
  return batches;
}

describe('windows of several values', () => {
  it('go together up to a number of rows', async () => {
    assert.deepEqual(await batchesOf(new Array(20).fill(10), 10), [16, 4]);
  });

  it('go together up to a number of numbers: those of an hour each are far too large for a batch', async () => {
    assert.deepEqual(await batchesOf([2 ** 26, 2 ** 26, 2 ** 26], 2 ** 26), [1, 1, 1]);
    assert.deepEqual(await batchesOf(new Array(5).fill(2 ** 23), 2 ** 23), [2, 2, 1]);
    assert.deepEqual(await batchesOf([2 ** 26, 2 ** 26], 2 ** 20), [1, 1]);
  });
});
