import { assert } from 'chai';
import fc from 'fast-check';
import { REGIONS } from '../../src/regions/index.js';
import { answered, numbers, readerOf, refused } from './bound.js';
import { metaOf, tensor } from './tagged.js';

const choices = REGIONS['Choices of regions']!;
const taxonomy = REGIONS['Taxonomy of spans']!;

describe('Choices of regions', () => {
  const xmlOf = (attributes = '') =>
    `<View><Image name="t" value="$t"/><Choices name="c" toName="t" perRegion="true" ${attributes}>` +
    '<Choice value="A"/><Choice value="B"/></Choices></View>';
  const input = { kind: 'image', width: 1, height: 1 };
  const output = { kind: 'probabilities', tensor: 'x', labels: ['B', 'A'] };
  const many = { ...output, decision: { rule: 'threshold' as const, threshold: 0.5 } };

  it('are those of each thing, told by its number', () => {
    const x = numbers([1, 2, 2], 0.25, 0.75, 0.625, 0.375);
    const { results, score } = answered(
      choices,
      { xml: xmlOf(), input, output, options: { choice: 'single' } },
      { x },
    );
    assert.deepEqual(results, [
      { value: { choices: ['A'] }, score: 0.75, regionKey: 'box 0' },
      { value: { choices: ['B'] }, score: 0.625, regionKey: 'box 1' },
    ]);
    assert.isNull(score);
    const bound = { xml: xmlOf('choice="multiple"'), input, output: many, options: { choice: 'multiple' } };
    const several = answered(choices, bound, { x: numbers([1, 2, 2], 0.25, 0.125, 0.75, 0.875) });
    assert.deepEqual(
      several.results.map(({ value, regionKey }) => [regionKey, value.choices]),
      [['box 1', ['B', 'A']]],
    );
  });

  it('are of the config, and of things that there are, whatever the numbers are', () => {
    const bound = { xml: xmlOf('choice="multiple"'), input, output: many, options: { choice: 'multiple' } };
    const share = fc.float({ noNaN: true, min: 0, max: 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(share, share), { minLength: 1 }), rows => {
        const { results } = answered(choices, bound, { x: numbers([1, rows.length, 2], ...rows.flat()) });
        const keys = rows.map((_, index) => `box ${index}`);
        for (const { value, regionKey } of results) {
          assert.include(keys, regionKey);
          assert.includeMembers(['A', 'B'], value.choices as string[]);
          assert.isNotEmpty(value.choices);
        }
      }),
    );
  });

  it('say what they cannot fill, and fail a task of other numbers', () => {
    const of = (xml: string, x = numbers([1, 1, 2], 0, 1)) =>
      answered(choices, { xml, input, output, options: { choice: 'single' } }, { x });
    assert.include(
      refused(() => of(xmlOf('perItem="true"'))),
      `the config's Choices 'c' has perItem="true"`,
    );
    assert.include(
      refused(() => of(xmlOf('choice="multiple"'))),
      `the config's 'c' has choice="multiple"`,
    );
    assert.include(
      refused(() => of(xmlOf(), numbers([1, 2], 0, 1))),
      "the model gives [1, 2], and not [rows, regions, 2], for 'out'",
    );
    assert.include(
      refused(() => of(xmlOf(), numbers([1, 1, 2], 0, Number.NaN))),
      'model_failed',
    );
  });

  it('teach the choices of each region', () => {
    const { read } = readerOf(choices, xmlOf());
    const results = [
      { value: { x: 1, y: 2, width: 3, height: 4, choices: ['A'] } },
      { value: { x: 1, y: 1, width: 3, height: 4, choices: ['gone'] } },
    ];
    assert.deepEqual(read(results), {
      target: [{ x: 1, y: 2, width: 3, height: 4, labels: ['A'] }],
      outdated: true,
    });
  });
});

describe('Taxonomy of spans', () => {
  const xmlOf = (attributes = '') =>
    `<View><Text name="t" value="$t"/><Taxonomy name="c" toName="t" labeling="true" ${attributes}>` +
    '<Choice value="Being"><Choice value="Person" alias="p" predicted_values="PER"/></Choice><Choice value="ORG"/></Taxonomy></View>';
  const output = { kind: 'tags', tensor: 'x', values: 'probabilities', labels: ['O', 'B-PER', 'B-ORG'] };
  const mark = (xml: string, ...rows: number[]) =>
    answered(
      taxonomy,
      { xml, input: { kind: 'tokens' }, output },
      { x: tensor(rows, [1, rows.length / 3, 3]) },
      [metaOf('😀 Ada IBM')],
    ).results;

  it('has the path of the node that the entity is', () => {
    assert.deepEqual(
      mark(xmlOf(), ...[1, 0, 0], ...[0.25, 0.75, 0], ...[0, 0.125, 0.875]).map(({ value }) => value),
      [
        { start: 2, end: 5, text: 'Ada', taxonomy: [['Being', 'p']] },
        { start: 6, end: 9, text: 'IBM', taxonomy: [['ORG']] },
      ],
    );
  });

  it('is not that of whole tasks, and says what it cannot fill', () => {
    assert.include(
      refused(() => mark(xmlOf('perItem="true"'), 1, 0, 0)),
      `marks spans; the config's Taxonomy 'c' has perItem="true"`,
    );
    assert.include(
      refused(() => mark(xmlOf().replace('ORG', 'Place').replace('PER', 'LOC'), 1, 0, 0)),
      "label_mismatch: the model 'm' marks PER, ORG; the config's Taxonomy 'c' has Being, Being/p, Place",
    );
  });

  it('leaves out the entities that are no nodes', () => {
    const xml = xmlOf().replace('<Choice value="ORG"/>', '');
    assert.deepEqual(
      mark(xml, ...[1, 0, 0], ...[0.25, 0.75, 0], ...[0, 0.125, 0.875]).map(({ value }) => value.text),
      ['Ada'],
    );
  });

  it('teaches spans by the names of their nodes', () => {
    const { labels, read } = readerOf(taxonomy, xmlOf());
    assert.deepEqual(labels, ['Being', 'Being/p', 'ORG']);
    const results = [['Being', 'p'], ['Gone']].map((path, start) => ({
      value: { start, end: 5, taxonomy: [path] },
    }));
    assert.deepEqual(read(results), { target: [{ start: 0, end: 5, labels: ['Being/p'] }], outdated: true });
    for (const value of [null, { start: 0, end: 1 }, { start: 2, end: 1, taxonomy: [['ORG']] }])
      assert.isNull(read([{ value }]).target);
  });
});
