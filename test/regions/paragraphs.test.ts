import { assert } from 'chai';
import fc from 'fast-check';
import type { InputPlace } from '../../src/inputs/contract.js';
import { INPUTS } from '../../src/inputs/index.js';
import { parseShown } from '../../src/inputs/shown/value.js';
import { bindModel, targetOf } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import { REGIONS } from '../../src/regions/index.js';
import { collect } from '../support/predictions.js';

const kind = REGIONS.ParagraphLabels!;
const XML =
  '<View><Paragraphs name="p" value="$talk" textKey="says"/>' +
  '<ParagraphLabels name="c" toName="p"><Label value="A"/><Label value="B"/></ParagraphLabels></View>';
const manifest = {
  format: 1 as const,
  title: 'M',
  input: { kind: 'tokens' },
  outputs: [{ name: 'out', control: 'ParagraphLabels' }],
};

/** What is shown of spans that a graph lists in the characters of the joined utterances. */
function encode(utterances: readonly string[], spans: readonly (readonly [number, number])[]) {
  const output = {
    name: 'out',
    kind: 'spans',
    unit: 'characters',
    labels: ['A', 'B'],
    tensors: { starts: 'starts', ends: 'ends', labels: 'labels', scores: 'scores' },
  };
  const { binding } = bindModel({ name: 'm', manifest, outputs: [output] }, readLabelConfig(XML));
  const text = utterances.join('\n');
  const tokens = { ids: [], starts: [], ends: [], words: [] };
  const tensor = (data: number[]) => ({
    type: 'float32' as const,
    data: Float32Array.from(data),
    dims: [1, data.length],
  });
  const outputs = {
    starts: tensor(spans.map(([start]) => start)),
    ends: tensor(spans.map(([, end]) => end)),
    labels: tensor(spans.map((_, index) => index % 2)),
    scores: tensor(spans.map(() => 0.5)),
  };
  const meta = { text, utterances, tokens, first: 0, count: 0, offset: 0 };
  const answer = kind.encode({ outputs, row: 0, metas: [meta] }, output, binding.controls[0]!.data);
  const common = { from_name: 'c', to_name: 'p', type: 'paragraphlabels' };
  const result = answer.results.map((body, index) => ({ id: String(index), ...common, ...body }));
  collect(XML, [{ result, score: answer.score, model_version: 'm:1' }]);
  return answer.results.map(({ value }) => value);
}

describe('ParagraphLabels', () => {
  it('gets spans within one utterance, in UTF-16 units of it', () => {
    assert.deepEqual(
      encode(
        ['😀 a', 'b c'],
        [
          [2, 3],
          [4, 7],
          [2, 5],
        ],
      ),
      [
        { start: '0', end: '0', startOffset: 3, endOffset: 4, text: 'a', paragraphlabels: ['A'] },
        { start: '1', end: '1', startOffset: 0, endOffset: 3, text: 'b c', paragraphlabels: ['B'] },
      ],
    );
  });

  it('never marks what is outside of an utterance, or empty', () => {
    const unit = fc.constantFrom('a', ' ', '😀', '\n', 'b');
    const utterances = fc.array(fc.string({ unit, maxLength: 6 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        utterances,
        fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { minLength: 1, maxLength: 4 }),
        (list, pairs) => {
          const characters = [...list.join('\n')];
          const spans = pairs.filter(
            ([start, end]) => characters.slice(start, end).join('').trim() !== '' && end <= characters.length,
          );
          for (const { start, end, startOffset, endOffset, text } of encode(list, spans)) {
            assert.equal(start, end);
            assert.equal(list[Number(start)]!.slice(startOffset as number, endOffset as number), text);
            assert.match(text as string, /\S/);
          }
        },
      ),
    );
  });

  it('is refused on other objects', () => {
    const refused = (xml: string, message: RegExp) =>
      assert.throws(() => bindModel({ name: 'm', manifest, outputs: null }, readLabelConfig(xml)), message);
    refused(
      XML.replace('Paragraphs ', 'Text '),
      /fills ParagraphLabels on Paragraphs; the labeling config has/,
    );
  });

  it('reads utterances by their key, and says which has none', () => {
    const place: InputPlace = {
      object: 'p',
      tag: 'Paragraphs',
      attributes: { textKey: 'says' },
      shown: parseShown('$talk'),
      isUrl: false,
    };
    const read = (talk: unknown) => INPUTS.tokens!.read({ talk }, place, {}, null);
    assert.deepEqual(read([{ says: 'a', who: 'x' }, { says: '' }]), { utterances: ['a', ''] });
    assert.throws(() => read('a'), /needs a list of utterances under 'talk'/);
    assert.throws(
      () => read([{ says: null }, { text: 'b' }]),
      /none of the 2 utterances under 'talk' has a text under 'says'/,
    );
  });

  it('keeps the place of an utterance without a text', () => {
    const place = {
      object: 'p',
      tag: 'Paragraphs',
      attributes: { TextKey: 'says' },
      shown: parseShown('$a.talk'),
      isUrl: false,
    };
    const talk = [
      { says: null },
      { says: 5 },
      {},
      null,
      { says: ['a', 'b'] },
      { says: true },
      { says: 'end' },
    ];
    assert.deepEqual(INPUTS.tokens!.read({ a: { talk } }, place, {}, null), {
      utterances: ['', '5', '', '', 'ab', '', 'end'],
    });
  });

  it('teaches regions of phrases, and nothing of what is none', () => {
    const { read } = kind.reader(targetOf(readLabelConfig(XML), 'c', 'p'), {});
    const region = { start: '0', end: 1, startOffset: 2, endOffset: 1, paragraphlabels: ['B'] };
    assert.deepEqual(read([{ value: region }]).target, [
      { start: 0, startOffset: 2, end: 1, endOffset: 1, labels: ['B'] },
    ]);
    for (const odd of [
      { end: '0' },
      { end: '-1' },
      { startOffset: -1 },
      { start: '2' },
      { endOffset: undefined },
    ])
      assert.isNull(read([{ value: { ...region, ...odd } }]).target, JSON.stringify(odd));
  });
});
