import type { TextNode } from '../inputs/html/text.js';
import type { TokensMeta } from '../inputs/tokens/contract.js';
import type { RegionKind } from './contract.js';
import { codePointOffsets } from './spans/code-points.js';
import { bindSpans, encodeSpans, SPAN_OPTIONS, SPANS, type SpansBinding } from './spans/control.js';
import { isOffset, regionReader } from './spans/reading.js';
import type { Span } from './spans/scheme.js';

/**
 * Tags of tokens, or listed spans, of the text of an HTML document to `<HyperTextLabels>`.
 *
 * `start` and `end` are XPaths of text nodes from the document's body (or from the fragment, with `inline="true"`);
 * `startOffset` and `endOffset` are code points within them, and `globalOffsets` code points in all text nodes of the body,
 * a `<br>` counted as one: those of styles and forms count, and are never marked. Ends are exclusive. The validator takes
 * regions without offsets.
 *
 * Format: https://labelstud.io/tags/hypertext. How the editor counts is in `DomManager` of
 * https://github.com/HumanSignal/label-studio/tree/develop/web/libs/editor/src/tags/object/RichText
 */
export const hyperTextLabels: RegionKind<SpansBinding> = {
  tag: 'HyperTextLabels',
  type: 'hypertextlabels',
  ...SPAN_OPTIONS,
  outputKinds: SPANS,
  needs: ['tokens'],
  objectTags: ['HyperText'],

  check() {},

  bind: bindSpans,

  encode: (answer, output, binding) =>
    encodeSpans(answer, output, binding, 'hypertextlabels', placesInDocument),

  reader: ({ parsed }) =>
    regionReader(parsed.labels, 'hypertextlabels', ({ start, end, startOffset, endOffset }) => {
      const isPlace = [start, end].every(path => typeof path === 'string' && path !== '');
      if (!isPlace || !isOffset(startOffset) || !isOffset(endOffset)) return undefined;
      if (start === end && startOffset >= endOffset) return undefined;
      return { start, startOffset, end, endOffset };
    }),

  example: {
    control:
      '<HyperTextLabels name="control" toName="object"><Label value="Person" predicted_values="PER"/></HyperTextLabels>',
    options: {},
    input: {
      kind: 'tokens',
      options: { tokenizer: 'words.json' },
      object: '<HyperText name="object" value="$html"/>',
      data: { html: '<p>😀<br>Hello</p><!-- a --><p><b>Ada</b> Lovelace</p>' },
      files: {
        'words.json': {
          format: 1,
          pattern: '\\w+',
          lowercase: true,
          vocabulary: ['<padding>', '<unknown>', 'ada', 'hello'],
          unknown: 1,
          padding: 0,
        },
      },
      feeds: { input_ids: { type: 'int64', data: BigInt64Array.of(3n, 2n, 1n), dims: [1, 3] } },
    },
    output: { name: 'people', kind: 'tags', tensor: 'tags', values: 'probabilities', labels: ['O', 'PER'] },
    outputs: {
      tags: { type: 'float32', data: Float32Array.of(0.875, 0.125, 0.25, 0.75, 0.25, 0.75), dims: [1, 3, 2] },
    },
    encoded: {
      results: [
        {
          value: {
            start: '/p[2]/b[1]/text()[1]',
            end: '/p[2]/text()[1]',
            startOffset: 0,
            endOffset: 9,
            globalOffsets: { start: 7, end: 19 },
            text: 'Ada Lovelace',
            hypertextlabels: ['Person'],
          },
          score: 0.75,
        },
      ],
      score: 0.75,
    },
    target: [
      {
        start: '/p[2]/b[1]/text()[1]',
        startOffset: 0,
        end: '/p[2]/text()[1]',
        endOffset: 9,
        labels: ['Person'],
      },
    ],
  },
};

function placesInDocument({ text, nodes = [] }: TokensMeta, spans: readonly Span[]) {
  const ends = spans.map(({ start, end }) => [nodeAt(nodes, start), nodeAt(nodes, end - 1)] as const);
  const places = spans.flatMap(({ start, end }, index) => {
    const [first, last] = ends[index]!;
    return [start, first?.start ?? 0, end, last?.start ?? 0];
  });
  const offsets = codePointOffsets(text, places);
  return spans.map(({ start, end }, index) => {
    const [first, last] = ends[index]!;
    if (first === undefined || last === undefined) return undefined;
    const [from, firstAt, to, lastAt] = offsets.slice(4 * index, 4 * index + 4) as [
      number,
      number,
      number,
      number,
    ];
    const [startOffset, endOffset] = [from - firstAt, to - lastAt];
    return {
      start: first.path,
      end: last.path,
      startOffset,
      endOffset,
      globalOffsets: { start: first.before + startOffset, end: last.before + endOffset },
      text: text.slice(start, end),
    };
  });
}

/** The node of a place in the text; undefined for the line breaks between nodes. */
function nodeAt(nodes: readonly TextNode[], place: number): TextNode | undefined {
  let [low, high] = [0, nodes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (nodes[middle]!.start <= place) low = middle + 1;
    else high = middle;
  }
  const node = nodes[low - 1];
  return node !== undefined && place < node.start + node.text.length ? node : undefined;
}
