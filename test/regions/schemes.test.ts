import { assert } from 'chai';
import fc from 'fast-check';
import { codePointOffsets, utf16Offsets } from '../../src/regions/spans/code-points.js';
import { type Place, schemeOf, spansOfWords } from '../../src/regions/spans/scheme.js';

describe('schemes of tags', () => {
  const scheme = {
    BIO: ['O', 'B-PER', 'I-PER', 'B-ORG', 'I-ORG'],
    BILOU: ['B-PER', 'I-PER', 'L-PER', 'U-PER', 'O', 'B-ORG', 'I-ORG', 'L-ORG', 'U-ORG'],
    BIOES: ['O', 'B_PER', 'I_PER', 'E_PER', 'S_PER', 'B_ORG', 'I_ORG', 'E_ORG', 'S_ORG'],
    IO: ['O', 'PER', 'ORG'],
    'IO with prefixes': ['I-PER', 'I-ORG', 'O'],
  };

  it('are told by the names of the labels', () => {
    for (const [name, labels] of Object.entries(scheme))
      assert.deepEqual(schemeOf(labels).entities, ['PER', 'ORG'], name);
    // A name that only looks like a place makes no scheme of the others.
    assert.deepEqual(schemeOf(['O', 'S-Bahn', 'Bus']).entities, ['S-Bahn', 'Bus']);
  });

  /** Lengths of stretches and their entities, -1 for outside. */
  const stretches = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: -1, max: 1 })), {
    maxLength: 8,
  });

  for (const [name, labels] of Object.entries(scheme)) {
    it(`give back what was written in ${name}`, () => {
      const { tags } = schemeOf(labels);
      const isInside = name.startsWith('IO');
      const tagOf = (entity: number, index: number, length: number) => {
        const has = (place: Place) => tags.find(tag => tag.entity === entity && tag.place === place);
        if (entity < 0) return has('O')!;
        if (length === 1) return has('S') ?? has('B') ?? has('I')!;
        if (index === 0) return has('B') ?? has('I')!;
        return (index === length - 1 && has('L')) || has('I')!;
      };
      fc.assert(
        fc.property(stretches, parts => {
          const words: Parameters<typeof spansOfWords>[0][number][] = [];
          const expected: { start: number; end: number; entity: number }[] = [];
          for (const [length, entity] of parts) {
            const start = words.length;
            for (let index = 0; index < length; index++) {
              const at = start + index;
              words.push({ start: at, end: at + 1, tag: tagOf(entity, index, length), probability: 0.5 });
            }
            if (entity < 0) continue;
            const last = expected.at(-1);
            // Where nothing tells a beginning, neighbours of one entity are one.
            if (isInside && last?.entity === entity && last.end === start) last.end += length;
            else expected.push({ start, end: start + length, entity });
          }
          assert.deepEqual(
            spansOfWords(words),
            expected.map(span => ({ ...span, score: 0.5 })),
          );
        }),
      );
    });
  }
});

describe('offsets in code points', () => {
  it('are those of the characters, and back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), text => {
        const places = utf16Offsets(text);
        assert.deepEqual(
          codePointOffsets(text, places),
          places.map((_, index) => index),
        );
        assert.deepEqual(
          codePointOffsets(text, [...places].reverse()),
          places.map((_, index) => index).reverse(),
        );
      }),
    );
  });
});
