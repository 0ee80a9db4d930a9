import { assert } from 'chai';
import { ResultList } from '../../src/inference/results.js';
import type { Region } from '../../src/regions/contract.js';

const control = { control: 'label', toName: 'text', idPrefix: 'p-' };

describe('the results of a control', () => {
  it('have ids of their own after those of other controls, and keys of their own', () => {
    const list = new ResultList();
    list.add({ results: [{ value: { rating: 1 } }], score: null }, control, 'rating');
    const body = { value: { x: 1 }, score: 0.5, original_width: 640, original_height: 480 };
    list.add({ results: [body], score: 0.5 }, { ...control, control: 'box' }, 'rectangle');
    assert.deepEqual(list.finish().result, [
      { id: 'p-0', from_name: 'label', to_name: 'text', type: 'rating', value: { rating: 1 } },
      { id: 'p-1', from_name: 'box', to_name: 'text', type: 'rectangle', ...body },
    ]);
  });

  it('name their parents and relations by those ids', () => {
    const list = new ResultList();
    list.add({ results: [{ value: {} }], score: null }, control, 'labels');
    const results = [{ value: { a: 1 } }, { value: { b: 2 }, parent: 0 }];
    const relations = [{ from: 1, to: 0, direction: 'right' as const, labels: ['of'] }];
    list.add({ results, relations, score: null }, control, 'labels');
    const common = { from_name: 'label', to_name: 'text', type: 'labels' };
    assert.deepEqual(list.finish().result.slice(1), [
      { id: 'p-1', ...common, value: { a: 1 } },
      { id: 'p-2', ...common, value: { b: 2 }, parentID: 'p-1' },
      { type: 'relation', from_id: 'p-2', to_id: 'p-1', direction: 'right', labels: ['of'] },
    ]);
  });

  it('share an id where they share a key, and name parents of other controls, whichever comes first', () => {
    const list = new ResultList();
    const point = { value: { x: 1 }, parentKey: 'box 1' };
    const lost = { value: { x: 2 }, parentKey: 'box 9' };
    list.add({ results: [point, lost], score: null }, control, 'keypoint');
    list.add({ results: [{ value: { b: 1 }, key: 'box 1' }], score: null }, control, 'rectangle');
    list.add({ results: [{ value: { c: 1 }, key: 'box 1' }], score: null }, control, 'labels');
    const common = { from_name: 'label', to_name: 'text' };
    assert.deepEqual(list.finish().result, [
      { id: 'p-0', ...common, type: 'keypoint', value: { x: 1 }, parentID: 'p-2' },
      { id: 'p-1', ...common, type: 'keypoint', value: { x: 2 } },
      { id: 'p-2', ...common, type: 'rectangle', value: { b: 1 } },
      { id: 'p-2', ...common, type: 'labels', value: { c: 1 } },
    ]);
  });

  it('of regions get the id and the place of what they describe, and go where that is not shown', () => {
    const list = new ResultList();
    const text = { value: { text: ['a'] }, score: 0.25, regionKey: 'box 1' };
    const lost = { value: { text: ['b'] }, score: 0.125, regionKey: 'box 2' };
    list.add({ results: [text, lost], score: null }, control, 'textarea');
    const frame = { original_width: 640, original_height: 480, image_rotation: 0 };
    const box = { value: { x: 1, width: 2, rectanglelabels: ['A'] }, score: 0.5, key: 'box 1', ...frame };
    list.add({ results: [box], score: 0.5 }, { ...control, control: 'box' }, 'rectanglelabels');
    const { result, score } = list.finish();
    assert.deepEqual(result[0], {
      id: 'p-2',
      from_name: 'label',
      to_name: 'text',
      type: 'textarea',
      value: { x: 1, width: 2, text: ['a'] },
      score: 0.25,
      ...frame,
    });
    assert.lengthOf(result, 2);
    assert.equal(score, 0.25);
  });

  it('of regions are left out of those that the editor does not show them for, by label and control', () => {
    const shown = (regions: { label?: string; control?: string }) => {
      const list = new ResultList();
      const texts = [0, 1, 2, 3].map(at => ({
        value: { text: [`${at}`] },
        score: 0.5,
        regionKey: `box ${at}`,
      }));
      list.add({ results: texts, score: null }, { ...control, control: 'words', regions }, 'textarea');
      const boxes = [['A'], ['B', 'C'], []].map((rectanglelabels, at) => ({
        value: { x: at, rectanglelabels },
        key: `box ${at}`,
      }));
      list.add({ results: boxes, score: null }, { ...control, control: 'boxes' }, 'rectanglelabels');
      list.add({ results: [{ value: { x: 3 }, key: 'box 3' }], score: null }, control, 'rectangle');
      // Labels beside a shape without any.
      const beside = [2, 3].map(at => ({
        value: { labels: [at === 2 ? 'A' : 'D, E'] },
        key: `box ${at}`,
        regionKey: `box ${at}`,
      }));
      list.add({ results: beside, score: null }, { ...control, control: 'kinds' }, 'labels');
      const { result } = list.finish();
      return result.flatMap(each => (each.type === 'textarea' ? each.value.text : []) as string[]).join('');
    };
    assert.equal(shown({ label: 'A' }), '02');
    assert.equal(shown({ label: 'C,A' }), '012');
    assert.equal(shown({ label: 'D, E' }), '3');
    assert.equal(shown({ label: 'Stamp' }), '');
    assert.equal(shown({ control: 'kinds' }), '23');
    assert.equal(shown({ control: 'boxes', label: 'A' }), '0');
    assert.equal(shown({}), '0123');
  });

  it('leave what the annotator drew as it is, and describe that', () => {
    const region = {
      id: 'drawn',
      from_name: 'label',
      to_name: 'text',
      type: 'rectangle',
      value: { x: 7 },
      original_width: 640,
    };
    const label = { ...region, from_name: 'kind', type: 'labels', value: { x: 7, labels: ['a'] } };
    const list = new ResultList({ results: [region, label], key: 'box 0' });
    const found = { results: [{ value: { x: 8 }, key: 'box 0' }], score: 0.5 };
    list.add(found, control, 'rectangle');
    list.add(found, { ...control, control: 'kind' }, 'labels');
    const text = { value: { text: ['a'] }, regionKey: 'box 0' };
    list.add({ results: [text], score: null }, { ...control, control: 'words' }, 'textarea');
    assert.deepEqual(list.finish().result, [
      region,
      label,
      { ...region, from_name: 'words', type: 'textarea', value: { x: 7, text: ['a'] } },
    ]);
  });

  it('stand in the order of reading where texts do, each shape with what belongs to it', () => {
    const list = new ResultList();
    const shape = (order: number) => ({ value: { x: order }, key: `box ${order}`, order });
    const of = (order: number, value: Record<string, unknown>) => ({ value, regionKey: `box ${order}` });
    list.add({ results: [{ value: { rating: 3 } }], score: null }, control, 'rating');
    list.add(
      { results: [shape(2), shape(0), shape(1)], score: null },
      { ...control, control: 'box' },
      'rectangle',
    );
    const labels = [2, 0].map(order => ({ ...of(order, { labels: ['a'] }), key: `box ${order}` }));
    list.add({ results: labels, score: null }, control, 'labels');
    const texts = [0, 1, 3].map(order => of(order, { text: ['t'] }));
    list.add({ results: texts, score: null, inOrder: true }, control, 'textarea');
    assert.deepEqual(
      list.finish().result.map(each => {
        const { type, id, value } = each as Region;
        return [type, id, value.x];
      }),
      [
        ['rectangle', 'p-2', 0],
        ['labels', 'p-2', 0],
        ['textarea', 'p-2', 0],
        ['rectangle', 'p-3', 1],
        ['textarea', 'p-3', 1],
        ['rectangle', 'p-1', 2],
        ['labels', 'p-1', 2],
        ['rating', 'p-0', undefined],
      ],
    );
  });
});
