import { assert } from 'chai';
import { GraphRows, joined } from '../../src/inference/rows.js';
import type { Graph } from '../../src/inference/runtime.js';
import type { PlainTensor } from '../../src/inputs/contract.js';

/** Of the things in an image: which image of the run it is, and a number. */
const list = (...things: number[][]): PlainTensor => ({
  type: 'float32',
  data: Float32Array.from(things.flat()),
  dims: [things.length, 2],
});

/** A graph of four images a run, which lists four things of the first of them. */
const GRAPH: Graph = {
  inputs: [{ name: 'x', type: 'float32', shape: [4, 1] }],
  outputs: [
    { name: 'things', type: 'float32', shape: ['n', 2] },
    { name: 'sums', type: 'float32', shape: [4, 1] },
  ],
  run: async ({ x }) => ({ things: list([0, 1], [0, 2], [0, 3], [0, 4]), sums: x! }),
  release: async () => {},
};
const rowsOf = (...numbers: number[]): { x: PlainTensor } => ({
  x: { type: 'float32', data: Float32Array.from(numbers), dims: [numbers.length, 1] },
});

describe('the rows of a graph of a fixed batch', () => {
  it('are cut to those that were given, and lists of things are not, however many things they have', async () => {
    const [part] = await new GraphRows(GRAPH, new Set(['things'])).parts(rowsOf(5, 6), 2);
    assert.deepEqual(part!.outputs.sums!.dims, [2, 1]);
    assert.deepEqual(Array.from(part!.outputs.sums!.data as Float32Array), [5, 6]);
    assert.deepEqual(part!.outputs.things!.dims, [4, 2]);
  });

  it('fill up the last run, and stand one after the other when runs are put together', async () => {
    const parts = await new GraphRows(GRAPH, new Set(['things'])).parts(rowsOf(1, 2, 3, 4, 5, 6), 6);
    assert.deepEqual(
      parts.map(({ first, count }) => [first, count]),
      [
        [0, 4],
        [4, 2],
      ],
    );
    const sums = joined(parts.map(({ outputs, ...part }) => ({ ...part, outputs: { sums: outputs.sums! } })));
    assert.deepEqual(Array.from(sums.sums!.data as Float32Array), [1, 2, 3, 4, 5, 6]);
    assert.throws(() => joined(parts), /gives \[4, 2\] for 'things'/);
  });
});
