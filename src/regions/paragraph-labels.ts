import { UTTERANCE_BREAK } from '../inputs/paragraphs.js';
import type { TokensMeta } from '../inputs/tokens/contract.js';
import type { RegionKind } from './contract.js';
import { bindSpans, encodeSpans, SPAN_OPTIONS, SPANS, type SpansBinding } from './spans/control.js';
import { isOffset, regionReader } from './spans/reading.js';
import type { Span } from './spans/scheme.js';

/**
 * Tags of tokens, or listed spans, to `<ParagraphLabels>` on Paragraphs.
 *
 * The graph gets the utterances as one text, with a line break between them; what it marks across a break ends with the
 * utterance in which it begins. Phrases are numbered from 0 as texts; offsets are UTF-16 units within the utterance, as
 * the editor counts them here and unlike in Text, the end exclusive. The validator takes regions without offsets.
 *
 * Format: https://labelstud.io/tags/paragraphlabels
 */
export const paragraphLabels: RegionKind<SpansBinding> = {
  tag: 'ParagraphLabels',
  type: 'paragraphlabels',
  ...SPAN_OPTIONS,
  outputKinds: SPANS,
  needs: ['tokens'],
  objectTags: ['Paragraphs'],

  check() {},

  bind: bindSpans,

  encode: (answer, output, binding) =>
    encodeSpans(answer, output, binding, 'paragraphlabels', placesInUtterances),

  reader: ({ parsed }) =>
    regionReader(parsed.labels, 'paragraphlabels', value => {
      const [start, end] = [indexOf(value.start), indexOf(value.end)];
      const { startOffset, endOffset } = value;
      if (start === undefined || end === undefined || !isOffset(startOffset) || !isOffset(endOffset))
        return undefined;
      const isForward = start < end || (start === end && startOffset < endOffset);
      return isForward ? { start, startOffset, end, endOffset } : undefined;
    }),

  example: {
    control:
      '<ParagraphLabels name="control" toName="object"><Label value="Person" predicted_values="PER"/></ParagraphLabels>',
    options: {},
    input: {
      kind: 'tokens',
      options: { tokenizer: 'words.json' },
      object: '<Paragraphs name="object" value="$dialogue" layout="dialogue" nameKey="who" textKey="says"/>',
      data: {
        dialogue: [
          { who: 'A', says: 'Who?' },
          { who: 'B', says: '😀 Ada' },
        ],
      },
      files: {
        'words.json': {
          format: 1,
          pattern: '\\w+',
          lowercase: true,
          vocabulary: ['<padding>', '<unknown>', 'ada', 'who'],
          unknown: 1,
          padding: 0,
        },
      },
      feeds: { input_ids: { type: 'int64', data: BigInt64Array.of(3n, 2n), dims: [1, 2] } },
    },
    output: { name: 'people', kind: 'tags', tensor: 'tags', values: 'probabilities', labels: ['O', 'PER'] },
    outputs: { tags: { type: 'float32', data: Float32Array.of(0.875, 0.125, 0.25, 0.75), dims: [1, 2, 2] } },
    encoded: {
      results: [
        {
          value: {
            start: '1',
            end: '1',
            startOffset: 3,
            endOffset: 6,
            text: 'Ada',
            paragraphlabels: ['Person'],
          },
          score: 0.75,
        },
      ],
      score: 0.75,
    },
    target: [{ start: 1, startOffset: 3, end: 1, endOffset: 6, labels: ['Person'] }],
  },
};

function placesInUtterances({ text, utterances = [] }: TokensMeta, spans: readonly Span[]) {
  const begins: number[] = [];
  let next = 0;
  for (const utterance of utterances) {
    begins.push(next);
    next += utterance.length + UTTERANCE_BREAK.length;
  }
  return spans.map(({ start, end }) => {
    const index = begins.findLastIndex(begin => begin <= start);
    const utterance = utterances[index];
    const begin = begins[index];
    if (utterance === undefined || begin === undefined) return undefined;
    const covered = text.slice(start, Math.min(end, begin + utterance.length)).trimEnd();
    if (covered === '') return undefined;
    const startOffset = start - begin;
    const phrase = String(index);
    return {
      start: phrase,
      end: phrase,
      startOffset,
      endOffset: startOffset + covered.length,
      text: covered,
    };
  });
}

/** The number of a phrase; Label Studio writes texts, and takes numbers. */
function indexOf(value: unknown): number | undefined {
  const index = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return isOffset(index) ? index : undefined;
}
