import { assert } from 'chai';
import type { ResultItem } from '../../src/inference/protocol.js';
import { addResults } from '../../src/inference/results.js';

const control = { control: 'label', toName: 'text', idPrefix: 'p-' };

describe('the results of a control', () => {
  it('have ids of their own after those of other controls, and keys of their own', () => {
    const result: ResultItem[] = [];
    addResults(result, { results: [{ value: { rating: 1 } }], score: null }, control, 'rating');
    const body = { value: { x: 1 }, score: 0.5, original_width: 640, original_height: 480 };
    addResults(result, { results: [body], score: 0.5 }, { ...control, control: 'box' }, 'rectangle');
    assert.deepEqual(result, [
      { id: 'p-0', from_name: 'label', to_name: 'text', type: 'rating', value: { rating: 1 } },
      { id: 'p-1', from_name: 'box', to_name: 'text', type: 'rectangle', ...body },
    ]);
  });

  it('name their parents and relations by those ids', () => {
    const result: ResultItem[] = [];
    addResults(result, { results: [{ value: {} }], score: null }, control, 'labels');
    const results = [{ value: { a: 1 } }, { value: { b: 2 }, parent: 0 }];
    const relations = [{ from: 1, to: 0, direction: 'right' as const, labels: ['of'] }];
    addResults(result, { results, relations, score: null }, control, 'labels');
    const common = { from_name: 'label', to_name: 'text', type: 'labels' };
    assert.deepEqual(result.slice(1), [
      { id: 'p-1', ...common, value: { a: 1 } },
      { id: 'p-2', ...common, value: { b: 2 }, parentID: 'p-1' },
      { type: 'relation', from_id: 'p-2', to_id: 'p-1', direction: 'right', labels: ['of'] },
    ]);
  });
});
