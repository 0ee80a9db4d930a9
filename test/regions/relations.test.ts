import { assert } from 'chai';
import fc from 'fast-check';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { REGIONS } from '../../src/regions/index.js';
import { answered, numbers, refused } from './bound.js';
import { metaOf } from './tagged.js';

const kind = REGIONS.Labels!;
const xmlOf = (relations: string, attributes = '') =>
  `<View><Text name="t" value="$t"/>${relations}<Labels name="c" toName="t" ${attributes}><Label value="A"/></Labels></View>`;
const NEAR =
  '<Relations><Relation value="near"/><Relation value="part" predicted_values="of, in"/></Relations>';
const TEXT = 'one two three four';

interface Case {
  relations?: string;
  attributes?: string;
  names?: string[] | undefined;
  starts?: number[];
  metas?: ReturnType<typeof metaOf>[];
  tensor: PlainTensor;
}

/** The arrows between spans of one token each. */
function arrows({ relations = NEAR, attributes = '', names, starts = [0, 1, 2], metas, tensor }: Case) {
  const output = {
    kind: 'spans',
    tensors: { starts: 'starts', ends: 'ends', labels: 'labels', scores: 'scores', relations: 'relations' },
    unit: 'tokens',
    labels: ['A'],
    ...(names ? { relation_labels: names } : {}),
  };
  const rows = metas?.length ?? 1;
  const dims = [rows, starts.length / rows];
  const outputs = {
    starts: numbers(dims, ...starts),
    ends: numbers(dims, ...starts.map(start => start + 1)),
    labels: numbers(dims, ...starts.map(() => 0)),
    scores: numbers(dims, ...starts.map(() => 1)),
    relations: tensor,
  };
  const bound = { xml: xmlOf(relations, attributes), input: { kind: 'tokens' }, output };
  return answered(kind, bound, outputs, metas ?? [metaOf(TEXT)]);
}

/** A tensor [1, 3, 3] or [1, 3, 3, labels] of the given arrows alone. */
function tensorOf(
  entries: [from: number, to: number, score: number, label?: number][],
  labels = 0,
): PlainTensor {
  const width = Math.max(labels, 1);
  const tensor = numbers(labels === 0 ? [1, 3, 3] : [1, 3, 3, labels], ...new Array(9 * width).fill(0));
  for (const [from, to, score, label = 0] of entries) tensor.data[(from * 3 + to) * width + label] = score;
  return tensor;
}

describe('relations of listed spans', () => {
  it('go from one to another, or both ways, and from none to itself', () => {
    const tensor = tensorOf([
      [0, 1, 0.5],
      [2, 1, 0.875],
      [1, 2, 0.75],
      [2, 2, 1],
      [2, 0, 0.375],
    ]);
    assert.deepEqual(arrows({ relations: '', tensor }).relations, [
      { from: 0, to: 1, direction: 'right' },
      { from: 1, to: 2, direction: 'bi' },
    ]);
    const more = arrows({ relations: '', attributes: 'relation_score_threshold="0.25"', tensor }).relations;
    assert.deepInclude(more!, { from: 2, to: 0, direction: 'right' });
  });

  it('have the labels of the config, and are not shown with others', () => {
    const names = ['of', 'near', 'unknown', 'in'];
    const tensor = tensorOf(
      [
        [0, 1, 0.625, 0],
        [0, 1, 0.75, 1],
        [1, 0, 0.625, 1],
        [1, 2, 0.875, 2],
        [2, 0, 0.875, 3],
        [2, 0, 0.75, 0],
      ],
      4,
    );
    assert.deepEqual(arrows({ names, tensor }).relations, [
      { from: 0, to: 1, direction: 'right', labels: ['near', 'part'] },
      { from: 1, to: 0, direction: 'right', labels: ['near'] },
      { from: 2, to: 0, direction: 'right', labels: ['part'] },
    ]);
    const single = NEAR.replace('<Relations>', '<Relations choice="single">');
    assert.deepEqual(arrows({ relations: single, names, tensor }).relations, [
      { from: 0, to: 1, direction: 'bi', labels: ['near'] },
      { from: 2, to: 0, direction: 'right', labels: ['part'] },
    ]);
    assert.lengthOf(arrows({ relations: '', names, tensor }).relations!, 3);
    assert.include(
      refused(() => arrows({ names: ['other'], tensor: tensorOf([], 1) })),
      "label_mismatch: the model 'm' relates by other; the config's tag Relations has near, part",
    );
  });

  it('hold for the spans that are shown, in whichever window they are', () => {
    const meta = metaOf(TEXT);
    // The windows are the tokens 0..2 and 2..4; both list the third word.
    const metas = [
      { ...meta, first: 0, count: 3 },
      { ...meta, first: 2, count: 2 },
    ];
    const tensor = numbers([2, 2, 2], ...[0, 1, 0, 0], ...[0, 0.75, 0, 0]);
    const { results, relations } = arrows({ relations: '', starts: [0, 2, 0, 1], metas, tensor });
    assert.deepEqual(
      results.map(({ value }) => value.text),
      ['one', 'three', 'four'],
    );
    assert.deepEqual(relations, [
      { from: 0, to: 1, direction: 'right' },
      { from: 1, to: 2, direction: 'right' },
    ]);
  });

  it('are between regions that there are, with labels that the config has, whatever the numbers are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true }), { minLength: 18, maxLength: 18 }),
        fc.constantFrom('', NEAR),
        (scores, relations) => {
          const tensor = numbers([1, 3, 3, 2], ...scores);
          const answer = arrows({ relations, names: ['near', 'x'], tensor });
          for (const { from, to, direction, labels = [] } of answer.relations!) {
            assert.isTrue(from !== to && from in answer.results && to in answer.results);
            assert.include(['right', 'bi'], direction);
            assert.deepEqual(labels, relations === '' ? [] : ['near']);
          }
        },
      ),
    );
  });

  it('fail the task when they are of another shape, or no number', () => {
    assert.include(
      refused(() => arrows({ tensor: numbers([1, 2, 2], 0, 0, 0, 0) })),
      "the model gives [1, 2, 2] for the relations of 'out', and not [rows, 3, 3]",
    );
    assert.include(
      refused(() => arrows({ names: ['near'], tensor: tensorOf([]) })),
      'and not [rows, 3, 3, 1]',
    );
    assert.include(
      refused(() => arrows({ tensor: tensorOf([[0, 1, Number.NaN]]) })),
      'the model gives NaN for the relations',
    );
  });
});
