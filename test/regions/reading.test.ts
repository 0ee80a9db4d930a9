import { assert } from 'chai';
import fc from 'fast-check';
import { targetOf } from '../../src/label-config/bind-control.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { AnswerReader, Reading } from '../../src/regions/contract.js';
import { REGIONS } from '../../src/regions/index.js';
import { labelsIn } from '../../src/regions/reading.js';
import { encoded, probabilities } from './encoded.js';

const UNREADABLE = { target: null, outdated: false };
const OUTDATED = { target: null, outdated: true };
const says = (target: unknown) => ({ target, outdated: false });

/** A reader of annotations that hold one result. */
interface OneReader {
  labels: AnswerReader['labels'];
  read(value: Record<string, unknown>): Reading;
}

function readerOf(control: string, options: Record<string, unknown> = {}): OneReader {
  const config = readLabelConfig(`<View>${control}<Text name="text" value="$text"/></View>`);
  const { tag } = config.controls.get('c')!;
  const { labels, read } = REGIONS[tag]!.reader(targetOf(config, 'c', 'text'), options);
  return { labels, read: value => read([{ value }]) };
}

const CHOICES =
  '<Choices name="c" toName="text" choice="multiple"><Choice value="a"/><Choice value="Bee" alias="b"/>' +
  '<Choice value="c" predicted_values="x,y"/></Choices>';
const TREE =
  '<Choice value="Animal" alias="animal"><Choice value="Cat"/><Choice value="Dog"/></Choice><Choice value="Plant"/>';
const taxonomy = (attributes = '') => `<Taxonomy name="c" toName="text" ${attributes}>${TREE}</Taxonomy>`;

/** One reader of each kind, in each of its modes. */
const READERS = [
  readerOf(CHOICES, { choice: 'single' }),
  readerOf(CHOICES, { choice: 'multiple' }),
  readerOf(taxonomy()),
  readerOf(taxonomy('maxUsages="1"')),
  readerOf('<Rating name="c" toName="text"/>'),
  readerOf('<Number name="c" toName="text" min="0"/>'),
];

describe('reading annotations', () => {
  it('takes one choice for a label, and nothing else', () => {
    const { labels, read } = readerOf(CHOICES, { choice: 'single' });
    assert.deepEqual(labels, ['a', 'b', 'c']);
    assert.deepEqual(read({ choices: ['b'] }), says('b'));
    // What is shown for an alias, what a model calls it, and another case are not what Label Studio stores.
    for (const gone of ['Bee', 'x', 'A', '', '__proto__', 5, null, ['a']]) {
      assert.deepEqual(read({ choices: [gone] }), OUTDATED, String(gone));
    }
    for (const odd of [[], ['a', 'b'], 'a', null, { 0: 'a' }]) {
      assert.deepEqual(read({ choices: odd }), UNREADABLE, JSON.stringify(odd));
    }
  });

  it('takes several choices for those that are still there, once each, in the order of the config', () => {
    const { read } = readerOf(CHOICES, { choice: 'multiple' });
    assert.deepEqual(read({ choices: ['c', 'a', 'c'] }), says(['a', 'c']));
    assert.deepEqual(read({ choices: ['c', 'gone'] }), { target: ['c'], outdated: true });
    assert.deepEqual(read({ choices: ['gone'] }), OUTDATED);
    assert.deepEqual(read({ choices: [] }), UNREADABLE);
  });

  it('takes nodes of a taxonomy for their paths', () => {
    const { labels, read } = readerOf(taxonomy(), { separator: ' > ' });
    assert.deepEqual(labels, ['animal', 'animal > Cat', 'animal > Dog', 'Plant']);
    assert.deepEqual(read({ taxonomy: [['Plant'], ['animal', 'Cat']] }), says(['animal > Cat', 'Plant']));
    assert.deepEqual(read({ taxonomy: [['animal', 'Cow'], ['Plant']] }), {
      target: ['Plant'],
      outdated: true,
    });
    assert.deepEqual(read({ taxonomy: [['Cat']] }), OUTDATED);
    assert.deepEqual(read({ taxonomy: 'Plant' }), UNREADABLE);
    assert.deepEqual(readerOf(taxonomy('leafsOnly="true"')).read({ taxonomy: [['animal']] }), OUTDATED);
    const one = readerOf(taxonomy('maxUsages="1"')).read;
    assert.deepEqual(one({ taxonomy: [['animal', 'Cat']] }), says('animal/Cat'));
    assert.deepEqual(one({ taxonomy: [['animal', 'Cat'], ['Plant']] }), UNREADABLE);
  });

  it('takes stars and numbers within the bounds of the config', () => {
    const stars = readerOf('<Rating name="c" toName="text" maxRating="3"/>');
    assert.isNull(stars.labels);
    assert.deepEqual(stars.read({ rating: 3 }), says(3));
    assert.deepEqual(stars.read({ rating: 4 }), OUTDATED);
    for (const odd of [0, -1, 1.5, '3', null]) assert.deepEqual(stars.read({ rating: odd }), UNREADABLE);

    const number = readerOf('<Number name="c" toName="text" min="-1" max="2" step="0.5"/>');
    assert.isNull(number.labels);
    for (const inside of [-1, 0.3, 2]) assert.deepEqual(number.read({ number: inside }), says(inside));
    for (const outside of [-1.01, 3]) assert.deepEqual(number.read({ number: outside }), OUTDATED);
    for (const odd of ['1', null, Number.NaN, [1]])
      assert.deepEqual(number.read({ number: odd }), UNREADABLE);
  });

  it('never fails, whatever an annotation holds', () => {
    const item = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('a', 'gone', ['animal', 'Cat'], 3));
    const content = fc.oneof(item, fc.array(item, { maxLength: 3 }));
    const value = fc.dictionary(fc.constantFrom('choices', 'taxonomy', 'rating', 'number'), content);
    fc.assert(
      fc.property(value, annotated => {
        for (const { labels, read } of READERS) {
          const { target } = read(annotated);
          if (target === null) continue;
          if (labels === null) assert.isTrue(Number.isFinite(target));
          else assert.includeMembers([...labels], labelsIn(target));
        }
      }),
    );
  });

  it('names labels as a model of them names its classes: what it predicts reads as what it learnt', () => {
    const cases = [
      [CHOICES.replace('multiple', 'single'), { choice: 'single' }],
      [taxonomy(), {}],
      [taxonomy(), { separator: ' > ' }],
    ] as const;
    for (const [control, options] of cases) {
      const { labels, read } = readerOf(control, options);
      labels!.forEach((label, index) => {
        const row = labels!.map((_, column) => (column === index ? 1 : 0));
        const { results } = encoded(control, probabilities([...labels!]), row, options);
        assert.deepEqual([read(results[0]!.value).target].flat(), [label]);
      });
    }
  });
});
