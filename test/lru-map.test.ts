import { assert } from 'chai';
import { LruMap } from '../src/lru-map.js';

describe('LruMap', () => {
  it('keeps the entries that were used last, by number and by weight', () => {
    const map = new LruMap<string, string>(3, (_, value) => value.length, 10);
    for (const key of ['a', 'b', 'c']) map.set(key, 'x');
    map.get('a');
    map.set('d', 'x');
    assert.deepEqual([...map.keys()], ['c', 'a', 'd']);
    map.set('c', 'x'.repeat(9));
    assert.deepEqual([...map.keys()], ['d', 'c']);
    map.set('c', 'x');
    map.set('e', 'x'.repeat(8));
    assert.deepEqual([...map.keys()], ['d', 'c', 'e']);
    map.delete('e');
    map.set('f', 'x'.repeat(8));
    assert.deepEqual([...map.keys()], ['d', 'c', 'f']);
    map.set('g', 'x'.repeat(11));
    assert.isEmpty([...map.keys()]);
  });
});
