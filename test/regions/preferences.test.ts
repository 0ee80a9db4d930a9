import { assert } from 'chai';
import fc from 'fast-check';
import { INPUTS } from '../../src/inputs/index.js';
import { parseShown } from '../../src/inputs/shown/value.js';
import { REGIONS } from '../../src/regions/index.js';
import { answered, numbers, readerOf, refused } from './bound.js';

const { Pairwise: pairwise, Ranker: ranker } = REGIONS as Record<string, (typeof REGIONS)[string]>;
const tabular = { kind: 'tabular', columns: [] };
const pairXml = (toName = 'l,r') =>
  `<View><Pairwise name="c" toName="${toName}"/><Text name="l" value="$a"/><Text name="r" value="$b"/></View>`;
const classes = (...labels: string[]) => ({ kind: 'probabilities', tensor: 'x', labels });

describe('Pairwise', () => {
  const pair = (output: object, ...row: number[]) =>
    answered(
      pairwise!,
      { xml: pairXml(), input: tabular, output: output as never },
      { x: numbers([1, row.length], ...row) },
    );

  it('gets the side that the model prefers, whatever the order of its classes', () => {
    assert.deepEqual(pair(classes('left', 'right'), 0.25, 0.75), {
      results: [{ value: { selected: 'right' }, score: 0.75 }],
      score: 0.75,
    });
    assert.equal(pair(classes('RIGHT', 'Left'), 0.25, 0.75).results[0]!.value.selected, 'left');
    const scores = { ...classes('left', 'right'), kind: 'scores' };
    assert.deepEqual(pair(scores, 3, -2), { results: [{ value: { selected: 'left' } }], score: null });
  });

  it('gets the side that a probability of the left one tells, and refuses what is no probability', () => {
    const left = { kind: 'value', tensor: 'x' };
    assert.deepEqual(pair(left, 0.125).results, [{ value: { selected: 'right' }, score: 0.875 }]);
    for (const no of [1.5, -0.1])
      assert.include(
        refused(() => pair(left, no)),
        'as a score, which must be 0 to 1',
      );
    fc.assert(
      fc.property(fc.double(), number => {
        try {
          const { results, score } = pair(left, number);
          assert.equal(results[0]!.value.selected, number >= 0.5 ? 'left' : 'right');
          assert.isTrue(score! >= 0.5 && score! <= 1);
        } catch (error) {
          if (number >= 0 && number <= 1) throw error;
        }
      }),
    );
  });

  it('says which controls and classes it cannot fill', () => {
    for (const names of ['l', 'l,l', 'l,r,l']) {
      const bound = { xml: pairXml(names), input: tabular, output: classes('left', 'right') };
      assert.include(
        refused(() => answered(pairwise!, bound, {})),
        `needs a Pairwise of two objects, toName="left,right"; the config's 'c' has toName="${names}"`,
      );
    }
    assert.include(
      refused(() => pair(classes('left', 'both'), 1, 0)),
      "label_mismatch: the model 'm' predicts left, both; the config's Pairwise 'c' has left, right. In common: left. To fill only",
    );
  });

  it('is refused to a model that reads the right object alone: results name the left one', () => {
    const xml = (toName: string) =>
      `<View><Image name="i" value="$i"/><Text name="t" value="$t"/><Pairwise name="c" toName="${toName}"/></View>`;
    const bind = (toName: string) =>
      answered(
        pairwise!,
        { xml: xml(toName), input: { kind: 'text' }, output: classes('left', 'right') },
        { x: numbers([1, 2], 0.75, 0.25) },
      );
    assert.equal(bind('t,i').results[0]!.value.selected, 'left');
    assert.equal(
      refused(() => bind('i,t')),
      "no_model_fits: the model 'm' reads 't', and results of a Pairwise name the first of its objects; the config's 'c' has " +
        'toName="i,t": put an object that the model reads first',
    );
  });

  it('teaches the side that an annotator chose', () => {
    const { labels, read } = readerOf(pairwise!, pairXml());
    assert.deepEqual(labels, ['left', 'right']);
    assert.deepEqual(read([{ value: { selected: 'right' } }]), { target: 'right', outdated: false });
    for (const selected of ['none', 'banana', ['left'], null])
      assert.isNull(read([{ value: { selected } }]).target);
  });
});

describe('Ranker', () => {
  const xml = (buckets = '') =>
    `<View><List name="l" value="$items"/><Ranker name="c" toName="l">${buckets}</Ranker></View>`;
  const BUCKETS =
    '<Bucket name="good"/><View><Bucket name="bad" title="Not good" predicted_values="poor"/></View>';
  const metas = (...ids: string[]) => ids.map(item => ({ item }));
  const rank = (ids: string[], scores: number[]) =>
    answered(
      ranker!,
      { xml: xml(), input: { kind: 'list' }, output: { kind: 'value', tensor: 'x' } },
      { x: numbers([ids.length], ...scores) },
      metas(...ids),
    );
  const sort = (labels: string[], buckets: string, ids: string[], ...rows: number[]) =>
    answered(
      ranker!,
      { xml: xml(buckets), input: { kind: 'list' }, output: classes(...labels) },
      { x: numbers([ids.length, labels.length], ...rows) },
      metas(...ids),
    );

  it('gets the items in the order of their values, those alike in that of the list', () => {
    const { results, score } = rank(['a', 'b', 'c', 'd'], [1, 3, 1, 2]);
    assert.deepEqual(results, [{ value: { ranker: { c: ['b', 'd', 'a', 'c'] } } }]);
    assert.isNull(score);
  });

  it('gets each item in the bucket of its class, the surest first', () => {
    const { results, score } = sort(
      ['poor', 'good'],
      BUCKETS,
      ['a', 'b', 'c'],
      0.375,
      0.625,
      0.75,
      0.25,
      0,
      1,
    );
    assert.deepEqual(results[0]!.value, { ranker: { _: [], good: ['c', 'a'], bad: ['b'] } });
    assert.equal(score, 0.625);
    const byDefault = '<Bucket name="rest" default="true"/><Bucket name="best"/>';
    assert.deepEqual(sort(['BEST', 'rest'], byDefault, ['a'], 1, 0).results[0]!.value, {
      ranker: { rest: [], best: ['a'] },
    });
    assert.deepEqual(sort(['_', 'good', 'Not good'], BUCKETS, ['a'], 1, 0, 0).results[0]!.value, {
      ranker: { _: ['a'], good: [], bad: [] },
    });
  });

  it('reads the attributes of its buckets in any case', () => {
    const buckets =
      '<Bucket Name="a" Title="Good" DEFAULT="true"/><Bucket name="b" Predicted_Values="poor"/>';
    assert.deepEqual(sort(['poor', 'Good'], buckets, ['x', 'y'], 1, 0, 0.25, 0.75).results[0]!.value, {
      ranker: { a: ['y'], b: ['x'] },
    });
  });

  it('shows every item once, in a column that there is, whatever the numbers are', () => {
    const numbersOf = (length: number) =>
      fc.array(fc.double({ noNaN: true, min: 0, max: 1 }), { minLength: length, maxLength: length });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 6 }).chain(ids => {
          return fc.tuple(fc.constant(ids), numbersOf(ids.length), numbersOf(2 * ids.length));
        }),
        ([ids, scores, rows]) => {
          const { c } = rank(ids, scores).results[0]!.value.ranker as Record<string, string[]>;
          assert.sameMembers(c!, ids);
          const sorted = sort(['bad', 'good'], BUCKETS, ids, ...rows).results[0]!.value.ranker;
          assert.sameMembers(Object.keys(sorted as object), ['_', 'good', 'bad']);
          assert.sameMembers(Object.values(sorted as Record<string, string[]>).flat(), ids);
        },
      ),
    );
  });

  it('says what it cannot fill, and fails a task whose numbers are none', () => {
    assert.include(
      refused(() => sort(['good', 'so so'], BUCKETS, ['a'], 1, 0)),
      "label_mismatch: the model 'm' predicts good, so so; the config's Ranker 'c' has good, bad. In common: good. To fill only",
    );
    assert.include(
      refused(() => sort(['good', 'bad'], '', ['a'], 1, 0)),
      "the config's Ranker 'c' has no Bucket, and needs a value for each item",
    );
    assert.include(
      refused(() => rank(['a', 'b'], [1, Number.NaN])),
      'model_failed',
    );
    const bound = { xml: xml(BUCKETS), input: { kind: 'list' }, output: { kind: 'value', tensor: 'x' } };
    assert.include(
      refused(() => answered(ranker!, bound, {})),
      "gives a number for 'out' and no class; the config's Ranker 'c' needs classes",
    );
  });

  it('teaches an order, or the buckets of items', () => {
    const order = readerOf(ranker!, xml());
    assert.isNull(order.labels);
    assert.deepEqual(order.read([{ value: { ranker: { c: ['b', 'a'] } } }]).target, ['b', 'a']);
    const { labels, read } = readerOf(ranker!, xml(BUCKETS));
    assert.deepEqual(labels, ['good', 'bad']);
    assert.deepEqual(read([{ value: { ranker: { bad: ['a'], _: ['b'], gone: ['c'] } } }]), {
      target: [{ item: 'a', labels: ['bad'] }],
      outdated: true,
    });
    for (const ranking of [['a'], {}, { good: 'a' }, { good: [1] }, null])
      assert.isNull(read([{ value: { ranker: ranking } }]).target);
  });
});

describe('pairs as columns of a task', () => {
  const columns = ['a', 'b'].map(name => ({ name, kind: 'text' }));
  const place = { object: 'l', tag: 'Text', attributes: {}, shown: parseShown('$a'), isUrl: false };
  const read = (data: Record<string, unknown>) => INPUTS.tabular!.read(data, place, { columns }, null);

  it('may be equal, and are texts where they are numbers', () => {
    assert.deepEqual(read({ a: 'same', b: 'same' }), ['same', 'same']);
    assert.deepEqual(read({ a: 5, b: 'five' }), ['5', 'five']);
  });

  it('fail with the name of a side that is missing, or no text', () => {
    assert.throws(() => read({ a: 'left' }), "the task's data has no column 'b'; it has a");
    for (const b of [null, { text: 'x' }])
      assert.throws(() => read({ a: 'left', b }), /'b'.* and the model needs a text there/);
  });
});
