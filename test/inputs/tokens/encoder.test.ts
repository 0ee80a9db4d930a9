import { assert } from 'chai';
import fc from 'fast-check';
import type { EncodedBatch, TaskFailure } from '../../../src/inputs/contract.js';
import type { TextTokenizer, TokensMeta } from '../../../src/inputs/tokens/contract.js';
import { type RowOptions, TokensEncoder } from '../../../src/inputs/tokens/encoder.js';

/** A token for each letter: its code; 1 and 2 around them, and 0 to fill up. */
const letters: TextTokenizer = {
  before: [1],
  behind: [2],
  padding: 0,
  tokenize(text) {
    const places = Array.from(text, (_, index) => index);
    return {
      ids: Array.from(text, letter => letter.charCodeAt(0)),
      starts: places,
      ends: places.map(place => place + 1),
      words: places,
    };
  },
};

function encode(texts: readonly string[], options: RowOptions, tokenizer = letters) {
  const failures = new Map<number, TaskFailure>();
  const encoder = new TokensEncoder(tokenizer, options);
  const batches = [...encoder.encode(texts, (row, failure) => failures.set(row, failure))];
  return { batches, failures };
}

function rowsOf({ rows, feeds, metas }: EncodedBatch) {
  const [count, length] = feeds.input_ids!.dims as [number, number];
  return rows.map((value, row) => {
    const part = (name: string) =>
      Array.from(feeds[name]!.data.slice(row * length, (row + 1) * length), Number);
    assert.equal(count, rows.length);
    return { value, ids: part('input_ids'), mask: part('attention_mask'), meta: metas![row] as TokensMeta };
  });
}

describe('rows of tokens', () => {
  it('stand between special tokens, filled up to the longest of their batch', () => {
    const { batches } = encode(['abc', '', 'z'], {});
    const rows = rowsOf(batches[0]!).sort((a, b) => a.value - b.value);
    assert.lengthOf(batches, 1);
    assert.deepEqual(
      rows.map(({ ids, mask }) => [ids, mask]),
      [
        [
          [1, 97, 98, 99, 2],
          [1, 1, 1, 1, 1],
        ],
        [
          [1, 2, 0, 0, 0],
          [1, 1, 0, 0, 0],
        ],
        [
          [1, 122, 2, 0, 0],
          [1, 1, 1, 0, 0],
        ],
      ],
    );
    assert.deepEqual(
      Array.from(batches[0]!.feeds.token_type_ids!.data as BigInt64Array, Number),
      new Array(15).fill(0),
    );
  });

  it('need room for tokens', () => {
    assert.throws(() => encode([], { max_tokens: 2 }), /leave none/);
    assert.throws(() => encode([], { max_tokens: 4, overlap: 2 }), /leave none/);
  });

  it('are one of padding for a text of no token where nothing stands around it', () => {
    const bare = { ...letters, before: [], behind: [] };
    const [row] = rowsOf(encode([''], {}, bare).batches[0]!);
    assert.deepEqual([row!.ids, row!.mask, row!.meta.count], [[0], [1], 0]);
  });

  it('cut a longer text off, or into windows', () => {
    const [cut] = rowsOf(encode(['abcdefg'], { max_tokens: 5 }).batches[0]!);
    assert.deepEqual(
      [cut!.ids, cut!.meta.first, cut!.meta.count, cut!.meta.offset],
      [[1, 97, 98, 99, 2], 0, 3, 1],
    );
    const windows = rowsOf(encode(['abcdefg'], { max_tokens: 5, overlap: 1 }).batches[0]!);
    assert.deepEqual(
      windows.map(({ ids }) => String.fromCharCode(...ids.slice(1, -1))),
      ['abc', 'cde', 'efg'],
    );
  });

  it('hold each token of each text, whatever is cut; a text never leaves its batch', () => {
    const text = fc.string({ minLength: 0, maxLength: 60 });
    const options = fc
      .record({ capacity: fc.integer({ min: 1, max: 12 }), overlap: fc.integer({ min: 0, max: 11 }) })
      .filter(({ capacity, overlap }) => overlap < capacity);
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), options, (texts, { capacity, overlap }) => {
        const seen = texts.map(() => new Set<number>());
        const ended = new Set<number>();
        for (const batch of encode(texts, { max_tokens: capacity + 2, overlap }).batches) {
          let last = -1;
          for (const { value, ids, meta } of rowsOf(batch)) {
            assert.isFalse(value !== last && ended.has(value), 'rows of a text stand together');
            ended.add(value);
            last = value;
            for (let index = 0; index < meta.count; index++) {
              const at = meta.first + index;
              assert.equal(ids[meta.offset + index], texts[value]!.charCodeAt(at));
              seen[value]!.add(at);
            }
          }
        }
        assert.deepEqual(
          seen.map(({ size }) => size),
          texts.map(({ length }) => length),
        );
      }),
    );
  });

  it('come in batches of bounded size, and a text beyond all bounds fails alone', () => {
    const { batches, failures } = encode(['a'.repeat(20_000), 'b'], { max_tokens: 512, overlap: 64 });
    assert.lengthOf(batches, 1);
    assert.deepEqual([...failures.keys()], [0]);
    assert.match(failures.get(0)!.message, /^the text has 20000 tokens, .*at most 16384$/);
    const many = encode(new Array(100).fill('c'.repeat(500)), {}).batches;
    for (const { feeds } of many) assert.isAtMost(feeds.input_ids!.data.length, 8192);
    assert.equal(
      many.reduce((sum, { rows }) => sum + rows.length, 0),
      100,
    );
  });
});
