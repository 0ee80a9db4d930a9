import { assert } from 'chai';
import fc from 'fast-check';
import { boxOfRectangle, drawnRectangle } from '../../../src/inputs/image/drawn.js';
import type { Region } from '../../../src/regions/contract.js';
import { cornersOf, rectangleOf } from '../../../src/regions/image/geometry.js';
import { metaOf } from '../../regions/on-image.js';

describe('a rectangle that was drawn', () => {
  const result = (value: unknown, more = {}) =>
    ({ id: 'a', type: 'rectangle', from_name: 'r', to_name: 'page', value, ...more }) as unknown as Region;
  const sound = { x: 10, y: 20, width: 30, height: 15, rotation: 0 };

  it('is the last one on the object, with all results of its id', () => {
    const label = result({ ...sound, labels: ['A'] }, { type: 'labels', from_name: 'l' });
    const other = result(sound, { id: 'b' });
    assert.deepEqual(drawnRectangle({ result: [other, label, result(sound)] }, 'page'), [
      result(sound),
      label,
    ]);
    assert.isUndefined(drawnRectangle({ result: [result(sound)] }, 'other'));
    assert.isUndefined(drawnRectangle(null, 'page'));
  });

  it('is none of what anybody may send', () => {
    const broken = [
      ...[-1, 101, '10', null, Number.NaN].map(x => result({ ...sound, x })),
      result({ ...sound, width: 0 }),
      result({ ...sound, rotation: 'left' }),
      result(null),
      result(sound, { id: 5 }),
      result(sound, { type: 'ellipse' }),
      null,
      5,
    ] as Region[];
    for (const each of broken) assert.isUndefined(drawnRectangle({ result: [each] }, 'page'));
    assert.isUndefined(drawnRectangle({ result: 'all' as never }, 'page'));
  });

  it('is the box that the editor shows', () => {
    const meta = metaOf(400, 200);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 359 }), rotation => {
        const value = { x: 50, y: 50, width: 10, height: 8, rotation };
        const box = boxOfRectangle(result(value), meta);
        assert.approximately(cornersOf(box)[0]![0], 200, 1e-6);
        assert.approximately(cornersOf(box)[0]![1], 100, 1e-6);
        const shown = rectangleOf(box, meta)!;
        for (const [key, number] of Object.entries(value)) assert.approximately(shown[key]!, number, 1e-5);
      }),
    );
  });
});
