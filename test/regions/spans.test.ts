import { assert } from 'chai';
import fc from 'fast-check';
import type { AppError } from '../../src/errors.js';
import { bindModel } from '../../src/label-config/bind.js';
import { targetOf } from '../../src/label-config/bind-control.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { EncodedRow } from '../../src/regions/contract.js';
import { REGIONS } from '../../src/regions/index.js';
import {
  BIO,
  config,
  encode,
  LABELS,
  metaOf,
  refusal,
  SPANS,
  TAGS,
  tagged,
  tensor,
  values,
} from './tagged.js';

describe('Labels on Text', () => {
  it('gets words of one entity as one span, its mean probability, and the least certain word as the score', () => {
    const row = [
      [0.75, 0.25, 0, 0, 0],
      [0, 1, 0, 0, 0],
      [0.25, 0.25, 0.5, 0, 0],
      [0.625, 0, 0, 0.375, 0],
    ].flat();
    const meta = metaOf('met Ada Lovelace today');
    assert.deepEqual(encode({ tags: tensor(row, [1, 4, 5]) }, TAGS, [meta]), {
      results: [{ value: { start: 4, end: 16, text: 'Ada Lovelace', labels: ['Person'] }, score: 0.75 }],
      score: 0.5,
    });
  });

  it('takes tags that break the scheme for the best', () => {
    const text = 'a b c d';
    assert.deepEqual(values(tagged(text, ['I-PER', 'I-PER', 'I-ORG', 'B-ORG'])), [
      [0, 3, 'a b', 'Person'],
      [4, 5, 'c', 'ORG'],
      [6, 7, 'd', 'ORG'],
    ]);
  });

  it('turns logits into probabilities', () => {
    const output = { ...TAGS, values: 'logits', labels: ['O', 'PER'] };
    const outputs = { tags: tensor([0, Math.log(3), 1000, -1000], [1, 2, 2]) };
    const { results, score } = encode(outputs, output, [metaOf('Ada met')], config('', LABELS));
    assert.closeTo(results[0]!.score!, 0.75, 1e-6);
    assert.closeTo(score!, 0.75, 1e-6);
  });

  it('leaves out what is less certain than the threshold', () => {
    const tags = ['B-PER', 'O', 'O'];
    assert.lengthOf(tagged('a b c', tags, config('model_score_threshold="0.75"')).results, 1);
    assert.lengthOf(tagged('a b c', tags, config('model_score_threshold="0.76"')).results, 0);
  });

  it('counts code points, whatever is before a name', () => {
    for (const text of [
      '👨🏻‍🚒 Ada Lovelace in Cambridge',
      'line one\r\nAda Lovelace\r\nCambridge\r\n',
      '\ufeffAda Lovelace',
      'İİİ Ada Lovelace',
      'a\u00a0b\u2028Ada Lovelace',
    ]) {
      const tags = metaOf(text).tokens.starts.map(at =>
        text.startsWith('Ada', at) ? 'B-PER' : text.startsWith('Lovelace', at) ? 'I-PER' : 'O',
      );
      const [span, ...others] = values(tagged(text, tags));
      assert.lengthOf(others, 0);
      const [start, end] = span as [number, number];
      assert.equal([...text].slice(start, end).join(''), 'Ada Lovelace', JSON.stringify(text));
      assert.deepEqual(span!.slice(2), ['Ada Lovelace', 'Person']);
    }
  });

  it('takes no notice of labels without a value', () => {
    const labels =
      '<Label/><Label value=""/><Label value="Person" predicted_values="PER"/><Label value="ORG"/>';
    assert.deepEqual(values(tagged('Ada met', ['B-PER', 'O'], config('', labels))), [
      [0, 3, 'Ada', 'Person'],
    ]);
    const empty = () => tagged('Ada', ['O'], config('', '<Label/><Label value=""/><Label value="Date"/>'));
    assert.match(refusal(empty), /^label_mismatch: .*Date/);
  });

  it('has no result and no score for a text of no word', () => {
    const meta = metaOf('  ');
    assert.deepEqual(encode({ tags: tensor([1, 0, 0, 0, 0], [1, 1, 5]) }, TAGS, [meta]), {
      results: [],
      score: null,
    });
  });

  it('reads of each token the window in which it has the most around it', () => {
    const whole = metaOf('a b c d e f');
    // Tokens 0-3 and 2-5 behind one special token: c is read from the first window, d from the second.
    const windows = [
      { ...whole, first: 0, count: 4, offset: 1 },
      { ...whole, first: 2, count: 4, offset: 1 },
    ];
    const word = (tag: number) => BIO.map((_, index) => (index === tag ? 1 : 0));
    const rows = [
      [4, 0, 0, 1, 3, 4],
      [4, 3, 2, 0, 0, 4],
    ];
    const data = rows.flat().flatMap(word);
    assert.deepEqual(values(encode({ tags: tensor(data, [2, 6, 5]) }, TAGS, windows)), [
      [4, 7, 'c d', 'Person'],
    ]);
  });

  it('leaves out words that were cut off', () => {
    const meta = { ...metaOf('Ada met Bob'), count: 1 };
    const outputs = { tags: tensor([0, 1, 0, 0, 0], [1, 1, 5]) };
    assert.deepEqual(values(encode(outputs, TAGS, [meta])), [[0, 3, 'Ada', 'Person']]);
  });

  it('never gives a span out of the text, empty, overlapping, of an unknown label or score', () => {
    const word = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 4 }),
      fc.constantFrom('😀', '  ', 'Ada', '\n'),
    );
    const text = fc.array(word, { maxLength: 8 }).map(words => words.join(' '));
    const logit = fc.double({ noNaN: true, min: -1e6, max: 1e6 });
    const probability = fc.double({ noNaN: true, min: 0, max: 1 });
    const row = (number: typeof logit) => fc.array(number, { minLength: 5 * 12, maxLength: 5 * 12 });
    const tags = fc.oneof(
      row(logit).map(numbers => ({ numbers, values: 'logits' })),
      row(probability).map(numbers => ({ numbers, values: 'probabilities' })),
    );
    fc.assert(
      fc.property(text, tags, (of, { numbers, values }) => {
        const meta = metaOf(of);
        const output = { ...TAGS, values };
        const { results, score } = encode({ tags: tensor(numbers, [1, 12, 5]) }, output, [
          { ...meta, count: Math.min(meta.count, 12) },
        ]);
        const characters = [...of];
        let end = 0;
        for (const result of results) {
          const { start, end: to, text: covered, labels } = result.value as Record<string, number>;
          assert.isAtLeast(start!, end);
          assert.isAbove(to!, start!);
          assert.isAtMost(to!, characters.length);
          assert.equal(covered, characters.slice(start, to).join('') as never);
          assert.include([['Person'], ['ORG']].map(String), String(labels));
          assert.isTrue(result.score! >= 0 && result.score! <= 1);
          end = to!;
        }
        assert.isTrue(score === null || (score >= 0 && score <= 1));
      }),
    );
  });

  it('gets listed spans, each once, without white space around them', () => {
    const outputs = {
      starts: tensor([0, 4, 2, -1], [1, 4]),
      ends: tensor([1, 7, 7, -1], [1, 4]),
      labels: tensor([1, 0, 0, 0], [1, 4]),
      scores: tensor([0.5, 0.25, 0.75, 0], [1, 4]),
    };
    const answer = encode(outputs, SPANS, [metaOf('😀 a Ada')], config('model_score_threshold="0.5"'));
    assert.deepEqual(values(answer), [
      [0, 1, '😀', 'ORG'],
      [2, 7, 'a Ada', 'Person'],
    ]);
    assert.equal(answer.score, 0.5);
    const twice = [metaOf('a b '), metaOf('a b ')];
    const rows = {
      starts: tensor([2, 1], [2, 1]),
      ends: tensor([4, 3], [2, 1]),
      labels: tensor([0, 0], [2, 1]),
      scores: tensor([0.5, 0.625], [2, 1]),
    };
    assert.deepEqual(encode(rows, SPANS, twice).results, [
      { value: { start: 2, end: 3, text: 'b', labels: ['Person'] }, score: 0.625 },
    ]);
  });

  it('takes listed spans in tokens of the row', () => {
    const meta = { ...metaOf('met Ada Lovelace'), offset: 1 };
    const outputs = {
      starts: tensor([2], [1, 1]),
      ends: tensor([4], [1, 1]),
      labels: tensor([0], [1, 1]),
      scores: tensor([0.75], [1, 1]),
    };
    assert.deepEqual(encode(outputs, { ...SPANS, unit: 'tokens' }, [meta]), {
      results: [{ value: { start: 4, end: 16, text: 'Ada Lovelace', labels: ['Person'] }, score: 0.75 }],
      score: 0.75,
    });
    assert.match(
      refusal(() =>
        encode({ ...outputs, scores: tensor([1.5], [1, 1]) }, { ...SPANS, unit: 'tokens' }, [meta]),
      ),
      /^model_failed: the model gives 1.5 as a score, which must be 0 to 1 /,
    );
  });

  it('never takes a listed span that is none of the text', () => {
    const number = fc.oneof(fc.integer({ min: -2, max: 8 }), fc.constantFrom(0.5, Number.NaN, 1e9));
    const part = fc.array(number, { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(
        part,
        part,
        part,
        part,
        fc.constantFrom('tokens', 'characters'),
        (starts, ends, labels, scores, unit) => {
          const text = '😀 b  cd';
          const parts = { starts, ends, labels, scores };
          const outputs = Object.fromEntries(
            Object.entries(parts).map(([name, data]) => [name, tensor(data, [1, 2])]),
          );
          let answer: EncodedRow;
          try {
            answer = encode(outputs, { ...SPANS, unit }, [metaOf(text)]);
          } catch (error) {
            assert.equal((error as AppError).code, 'model_failed');
            return;
          }
          for (const [start, end, covered, label] of values(answer)) {
            assert.equal(covered, [...text].slice(start as number, end as number).join(''));
            assert.match(covered as string, /^\S(.*\S)?$/u);
            assert.oneOf(label, ['Person', 'ORG']);
          }
          for (const { score } of answer.results) assert.isTrue(score! >= 0 && score! <= 1);
        },
      ),
    );
  });

  it('says what does not fit', () => {
    const meta = [metaOf('a b')];
    assert.equal(
      refusal(() => encode({}, { ...TAGS, labels: ['O', 'B-LOC', 'I-LOC'] }, meta)),
      "label_mismatch: the model 'm' marks LOC; the config's Labels 'c' has Person, ORG. None is in common: map them, such as with predicted_values=\"LOC\" on a label, or use another model",
    );
    assert.equal(
      refusal(() => encode({}, { name: 'out', kind: 'value', tensor: 'x' }, meta)),
      "no_model_fits: the model 'm' gives a value output for 'out'; the config's Labels 'c' needs tags or spans",
    );
    assert.match(
      refusal(() => encode({ tags: tensor([1, 0], [1, 1, 2]) }, TAGS, meta)),
      /^model_failed: the model gives \[1, 1, 2\], and not \[rows, tokens, 5\], for 'out'$/,
    );
    assert.match(
      refusal(() => encode({ tags: tensor(new Array(10).fill(Number.NaN), [1, 2, 5]) }, TAGS, meta)),
      /^model_failed: .*NaN/,
    );
  });

  it('is refused to an input that does not tell where its tokens are', () => {
    const manifest = {
      format: 1 as const,
      title: 'M',
      input: { kind: 'text' },
      outputs: [{ name: 'out', control: 'Labels' }],
    };
    assert.equal(
      refusal(() => bindModel({ name: 'm', manifest, outputs: null }, readLabelConfig(config()))),
      "no_model_fits: the model 'm' fills Labels from an input 'text', which does not tell where something is; " +
        "Labels needs an input 'tokens'",
    );
  });
});

describe('annotations of Labels on Text', () => {
  const { labels, read } = REGIONS.Labels!.reader(targetOf(readLabelConfig(config()), 'c', 't'), {});
  const of = (...all: unknown[]) => read(all.map(value => ({ value })));

  it('are regions in their order, with the labels that the config has', () => {
    assert.deepEqual(labels, ['Person', 'ORG']);
    const late = { start: 10, end: 12, text: 'xy', labels: ['ORG', 'gone', 'Person'] };
    assert.deepEqual(of(late, { start: 2, end: 5, labels: ['ORG'] }), {
      target: [
        { start: 2, end: 5, labels: ['ORG'] },
        { start: 10, end: 12, labels: ['Person', 'ORG'] },
      ],
      outdated: false,
    });
    assert.deepEqual(of({ start: 0, end: 1, labels: ['gone'] }), { target: null, outdated: true });
  });

  it('leave out what is no region, whatever it holds', () => {
    for (const odd of [
      null,
      5,
      {},
      { start: 2, end: 2, labels: ['ORG'] },
      { start: -1, end: 2, labels: ['ORG'] },
    ]) {
      assert.deepEqual(of(odd), { target: null, outdated: false });
      assert.deepEqual(of(odd, { start: 0, end: 1, labels: ['ORG'] }).target, [
        { start: 0, end: 1, labels: ['ORG'] },
      ]);
    }
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 3 }), { minLength: 1, maxLength: 3 }), all => {
        assert.isNull(of(...all).target);
      }),
    );
  });
});
