import { Tokenizer } from '@huggingface/tokenizers';
import { assert } from 'chai';
import fc from 'fast-check';
import { HuggingFaceTokenizer } from '../../../src/inputs/tokens/huggingface.js';
import { TOKENIZERS } from './tokenizers.js';

const fragment = fc.oneof(
  fc.constantFrom(
    'the ',
    'Ada Lovelace',
    ' loving',
    'un',
    'wanted',
    '  ',
    '\n',
    '\t',
    '. ',
    '(1815–1852)',
    '中文',
  ),
  fc.constantFrom(
    'É',
    'e\u0301',
    'ﬁ',
    'ＡＢ',
    '½',
    'Σ',
    'ΟΔΟΣ ',
    '가',
    '\u1100\u1161',
    'İ',
    'ß',
    '\u00ad',
    '\u0000',
  ),
  fc.constantFrom(
    '😀',
    '👩‍👩‍👧',
    '[SEP]',
    '<mask>',
    '</s>',
    '▁',
    ' ▁',
    '##ing',
    '\u3000',
    '\u00a0',
    'ｶﾞ',
    'क्ष',
  ),
  fc.constantFrom('the', 'x'.repeat(25), '12', "it's", 'naïve', '\ud83d', 'Ĳ', '☃☃', '<0x41>', 'Ġ', '\u200b'),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const anyText = fc.array(fragment, { maxLength: 12 }).map(parts => parts.join(''));

/** White space at either end of a text. */
const isTrimmed = (text: string) => text === text.trim() || /^[\ufeff]|[\ufeff]$/.test(text);

/** JavaScript knows a sigma at the end of a word, and lowers it to another letter; Hugging Face's own library does not. */
const lowersLetters = ({ normalizer }: Tokenizer) => normalizer?.('Σ') === 'σ';

for (const [name, file] of Object.entries(TOKENIZERS)) {
  describe(`tokens of ${name}`, () => {
    const library = new Tokenizer(file, {});
    const own = new HuggingFaceTokenizer(file);

    it('are those of the library, special ones included', () => {
      fc.assert(
        fc.property(anyText, text => {
          // The library's own white space pieces end at letters beyond ASCII.
          fc.pre(!name.includes('ends of words') || !/[^\0-\x7f]/.test(text));
          const { ids } = own.tokenize(text);
          assert.deepEqual(
            [...own.before, ...ids, ...own.behind],
            library.encode(lowersLetters(library) ? text.replaceAll('Σ', 'σ') : text).ids,
          );
        }),
        { numRuns: 300 },
      );
    });

    it('lie in the text in order, without white space around them, words without gaps', () => {
      fc.assert(
        fc.property(anyText, text => {
          const { ids, starts, ends, words } = own.tokenize(text);
          let start = 0;
          let end = 0;
          let word = -1;
          for (const index of ids.keys()) {
            assert.isAtLeast(starts[index]!, start);
            assert.isAtLeast(ends[index]!, starts[index]!);
            assert.isAtMost(ends[index]!, text.length);
            const covered = text.slice(starts[index]!, ends[index]!);
            assert.isTrue(isTrimmed(covered), JSON.stringify(covered));
            start = starts[index]!;
            if (covered === '') {
              assert.equal(words[index], -1);
              continue;
            }
            assert.isAtLeast(ends[index]!, end);
            assert.oneOf(words[index]!, [word, word + 1]);
            if (words[index] === word) assert.notMatch(text.slice(end, starts[index]!), /\s/);
            word = words[index]!;
            end = ends[index]!;
          }
        }),
        { numRuns: 300 },
      );
    });

    it('are the same, at the same places of their own text, when texts are put side by side', () => {
      const plain = fc.stringMatching(/^[a-zäöüé]{1,9}$/);
      fc.assert(
        fc.property(fc.array(plain, { minLength: 1, maxLength: 8 }), list => {
          const text = list.join(' ');
          const { starts, ends, words } = own.tokenize(text);
          let from = 0;
          for (const [index, each] of list.entries()) {
            const pieces = starts.flatMap((start, token) =>
              words[token] === index ? [[start, ends[token]!]] : [],
            );
            assert.equal(pieces[0]?.[0], from, `${each} in ${text}`);
            assert.equal(pieces.at(-1)?.[1], from + each.length, `${each} in ${text}`);
            for (let piece = 1; piece < pieces.length; piece++)
              assert.isAtMost(pieces[piece]![0]!, pieces[piece - 1]![1]!);
            from += each.length + 1;
          }
        }),
        { numRuns: 200 },
      );
    });
  });
}

describe('the place of a token', () => {
  const placed = (name: keyof typeof TOKENIZERS, text: string) => {
    const { starts, ends } = new HuggingFaceTokenizer(TOKENIZERS[name]).tokenize(text);
    return starts.map((start, index) => text.slice(start, ends[index]));
  };

  it('is that of its characters before they were folded, joined or taken apart', () => {
    const lower = 'WordPiece, lower case without accents';
    assert.deepEqual(placed(lower, 'Ádà  Lovelace'), ['Ádà', 'Love', 'lace']);
    assert.deepEqual(placed(lower, 'e\u0301 中文!'), ['e\u0301', '中', '文', '!']);
    assert.deepEqual(placed(lower, 'to ☃☃ ☃ at'), ['t', 'o', '☃☃', '☃', 'a', 't']);
    assert.deepEqual(placed('Unigram with Metaspace', 'Ｔhe  ﬁ'), ['Ｔhe', '', 'ﬁ', 'ﬁ']);
    assert.deepEqual(placed('byte-level BPE', 'the ä😀'), ['the', '', 'ä', '😀', '😀', '😀']);
    assert.deepEqual(placed('BPE with byte fallback', 'the 😀!'), ['the', '', '😀', '😀', '😀', '😀', '!']);
    assert.deepEqual(placed('BPE with ends of words', 'Théing 12'), ['Th', 'é', 'ing', '1', '2']);
  });
});
