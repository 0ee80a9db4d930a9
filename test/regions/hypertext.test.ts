import { assert } from 'chai';
import fc from 'fast-check';
import { readHtml } from '../../src/inputs/html/text.js';
import { INPUTS } from '../../src/inputs/index.js';
import { parseShown } from '../../src/inputs/shown/value.js';
import type { TokensMeta } from '../../src/inputs/tokens/contract.js';
import { REGIONS } from '../../src/regions/index.js';
import { runPython } from '../support/python.js';
import { answered, numbers, readerOf } from './bound.js';

const kind = REGIONS.HyperTextLabels!;
const xmlOf = (attributes = '') =>
  `<View><HyperText name="t" value="$html" ${attributes}/><HyperTextLabels name="c" toName="t">` +
  '<Label value="A"/><Label value="B"/></HyperTextLabels></View>';

interface Place {
  start: string;
  end: string;
  startOffset: number;
  endOffset: number;
  globalOffsets: { start: number; end: number };
  text: string;
}

function metaOf(html: string): TokensMeta {
  const tokens = { ids: [], starts: [], ends: [], words: [] };
  return { ...readHtml(html, false), tokens, first: 0, count: 0, offset: 0 };
}

/** What is marked for spans in code points of the document's text. */
function mark(html: string, spans: readonly (readonly [number, number])[], xml = xmlOf()): Place[] {
  const tensors = { starts: 'starts', ends: 'ends', labels: 'labels', scores: 'scores' };
  const output = { kind: 'spans', tensors, unit: 'characters', labels: ['a'] };
  const dims = [1, spans.length];
  const outputs = {
    starts: numbers(dims, ...spans.map(([start]) => start)),
    ends: numbers(dims, ...spans.map(([, end]) => end)),
    labels: numbers(dims, ...spans.map(() => 0)),
    scores: numbers(dims, ...spans.map(() => 0.5)),
  };
  const { results } = answered(kind, { xml, input: { kind: 'tokens' }, output }, outputs, [metaOf(html)]);
  for (const { value } of results) assert.deepEqual(value.hypertextlabels, ['A']);
  return results.map(({ value }) => value as unknown as Place);
}

/** Documents that parsers of HTML 4 and 5 read alike. */
const inline: fc.Arbitrary<string> = fc.letrec<{ inline: string }>(tie => ({
  inline: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('Ada', 'é ', '😀', '&amp;', ' b', '<br>', '<!-- c -->'),
    fc
      .tuple(fc.constantFrom('b', 'i', 'span'), fc.array(tie('inline'), { maxLength: 3 }))
      .map(([tag, parts]) => `<${tag}>${parts.join('')}</${tag}>`),
  ),
})).inline;
const documents = fc
  .array(
    fc
      .tuple(fc.constantFrom('p', 'h2', 'div'), fc.array(inline, { minLength: 1, maxLength: 5 }))
      .map(([tag, parts]) => `<${tag}>${parts.join('')}</${tag}>`),
    { minLength: 1, maxLength: 4 },
  )
  .map(blocks => `<html><body>${blocks.join('')}</body></html>`);

describe('HyperTextLabels', () => {
  it('marks where XPath and code points find the same text', async () => {
    const cases = fc
      .sample(
        fc.tuple(documents, fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { minLength: 1, maxLength: 4 })),
        150,
      )
      .map(([html, pairs]) => {
        const characters = [...readHtml(html, false).text];
        const spans = pairs
          .map(pair => pair.map(each => Math.min(each, characters.length)).sort((a, b) => a - b))
          .filter(([start, end]) => characters.slice(start, end).join('').trim() !== '') as [
          number,
          number,
        ][];
        return { html, places: spans.length === 0 ? [] : mark(html, spans) };
      });
    assert.isAbove(cases.flatMap(({ places }) => places).length, 100);
    const found = await runPython<[string, number, number][]>('test/inputs/html/places.py', cases);
    for (const [index, { html, places }] of cases.entries()) {
      for (const [at, { text, globalOffsets, startOffset, endOffset, start, end }] of places.entries()) {
        assert.deepEqual(
          found[index]![at],
          [text.replaceAll('\n', ''), globalOffsets.start, globalOffsets.end],
          html,
        );
        assert.isTrue(start !== end || startOffset < endOffset);
        assert.equal(text, text.trim());
      }
    }
  });

  it('reads the document as the tag shows it', () => {
    const html = '<p>a</p>';
    const read = (attributes: Record<string, string>) =>
      INPUTS.tokens!.read(
        { html },
        { object: 't', tag: 'HyperText', attributes, shown: parseShown('$html'), isUrl: false },
        {},
        null,
      );
    assert.deepEqual(read({ inline: 'true' }), { html, inline: true });
    assert.deepEqual(read({}), { html, inline: false });
  });

  it('reads a document that is encoded', () => {
    const html = '<p>é</p>';
    const place = {
      object: 't',
      tag: 'HyperText',
      attributes: { encoding: 'base64unicode', inline: 'true' },
      shown: parseShown('$html'),
      isUrl: false,
    };
    const data = { html: Buffer.from(html).toString('base64') };
    assert.deepEqual(INPUTS.tokens!.read(data, place, {}, null), { html, inline: true });
    assert.doesNotThrow(() => mark(html, [[0, 1]], xmlOf('encoding="base64"')));
  });

  it('teaches the places that annotators marked', () => {
    const { labels, read } = readerOf(kind, xmlOf());
    assert.deepEqual(labels, ['A', 'B']);
    const value = { start: '/p[1]/text()[1]', startOffset: 2, end: '/p[1]/text()[1]', endOffset: 5 };
    assert.deepEqual(read([{ value: { ...value, hypertextlabels: ['B'] } }]).target, [
      { ...value, labels: ['B'] },
    ]);
    for (const broken of [
      { startOffset: 5 },
      { startOffset: -1 },
      { start: '' },
      { end: 3 },
      { endOffset: 1.5 },
    ])
      assert.isNull(read([{ value: { ...value, ...broken, hypertextlabels: ['B'] } }]).target);
  });
});
