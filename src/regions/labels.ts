import type { TokensMeta } from '../inputs/tokens/contract.js';
import type { RegionExample, RegionKind } from './contract.js';
import { codePointOffsets } from './spans/code-points.js';
import { bindSpans, encodeSpans, SPAN_OPTIONS, SPANS, type SpansBinding } from './spans/control.js';
import { isOffset, regionReader } from './spans/reading.js';
import type { Span } from './spans/scheme.js';

const INPUT_EXAMPLE = {
  kind: 'tokens',
  options: { tokenizer: 'words.json' },
  object: '<Text name="object" value="$text"/>',
  data: { text: '😀 Ada Lovelace met IBM' },
  files: {
    'words.json': {
      format: 1,
      pattern: '\\w+|[^\\w\\s]',
      lowercase: true,
      vocabulary: ['<padding>', '<unknown>', 'ada', 'met'],
      unknown: 1,
      padding: 0,
    },
  },
  feeds: { input_ids: { type: 'int64', data: BigInt64Array.of(1n, 2n, 1n, 3n, 1n), dims: [1, 5] } },
} satisfies RegionExample['input'];

/**
 * Tags of tokens, or listed spans, to `<Labels>` on Text.
 *
 * Offsets are code points, as the editor counts them, the end exclusive; spans of nothing but white space are never
 * given. The validator takes negative, reversed and fractional offsets.
 *
 * Format: https://labelstud.io/tags/labels
 */
export const labels: RegionKind<SpansBinding> = {
  tag: 'Labels',
  type: 'labels',
  ...SPAN_OPTIONS,
  outputKinds: SPANS,
  needs: ['tokens'],
  objectTags: ['Text'],

  check() {},

  bind: bindSpans,

  encode: (answer, output, binding) => encodeSpans(answer, output, binding, 'labels', placesInText),

  reader: ({ parsed }) =>
    regionReader(parsed.labels, 'labels', ({ start, end }) =>
      isOffset(start) && isOffset(end) && start < end ? { start, end } : undefined,
    ),

  example: {
    control:
      '<Labels name="control" toName="object"><Label value="Person" predicted_values="PER"/><Label value="ORG"/></Labels>',
    options: { model_score_threshold: 0.5 },
    input: INPUT_EXAMPLE,
    output: {
      name: 'entities',
      kind: 'tags',
      tensor: 'tags',
      values: 'probabilities',
      labels: ['O', 'B-PER', 'I-PER', 'B-ORG', 'I-ORG'],
    },
    outputs: {
      tags: {
        type: 'float32',
        data: Float32Array.of(
          ...[1, 0, 0, 0, 0],
          ...[0.125, 0.875, 0, 0, 0],
          ...[0.25, 0.125, 0.625, 0, 0],
          ...[1, 0, 0, 0, 0],
          ...[0.375, 0.125, 0, 0.4375, 0.0625],
        ),
        dims: [1, 5, 5],
      },
    },
    encoded: {
      results: [{ value: { start: 2, end: 14, text: 'Ada Lovelace', labels: ['Person'] }, score: 0.75 }],
      score: 0.4375,
    },
    target: [{ start: 2, end: 14, labels: ['Person'] }],
  },
  otherExamples: [
    {
      control:
        '<Labels name="control" toName="object"><Label value="Person"/><Label value="ORG"/></Labels>' +
        '<Relations><Relation value="works for" predicted_values="employer"/></Relations>',
      options: {},
      input: INPUT_EXAMPLE,
      output: {
        name: 'entities',
        kind: 'spans',
        tensors: {
          starts: 'starts',
          ends: 'ends',
          labels: 'labels',
          scores: 'scores',
          relations: 'relations',
        },
        labels: ['Person', 'ORG'],
        unit: 'tokens',
        relation_labels: ['child', 'employer'],
      },
      outputs: {
        starts: { type: 'int64', data: BigInt64Array.of(4n, 1n), dims: [1, 2] },
        ends: { type: 'int64', data: BigInt64Array.of(5n, 3n), dims: [1, 2] },
        labels: { type: 'int64', data: BigInt64Array.of(1n, 0n), dims: [1, 2] },
        scores: { type: 'float32', data: Float32Array.of(0.75, 0.875), dims: [1, 2] },
        relations: {
          type: 'float32',
          data: Float32Array.of(0, 0, 0, 0.25, 0.75, 0.625, 0, 0),
          dims: [1, 2, 2, 2],
        },
      },
      encoded: {
        results: [
          { value: { start: 2, end: 14, text: 'Ada Lovelace', labels: ['Person'] }, score: 0.875 },
          { value: { start: 19, end: 22, text: 'IBM', labels: ['ORG'] }, score: 0.75 },
        ],
        relations: [{ from: 0, to: 1, direction: 'right', labels: ['works for'] }],
        score: 0.75,
      },
      target: [
        { start: 2, end: 14, labels: ['Person'] },
        { start: 19, end: 22, labels: ['ORG'] },
      ],
    },
  ],
};

/** Where spans are in a text, in code points. */
export function placesInText({ text }: TokensMeta, spans: readonly Span[]) {
  const offsets = codePointOffsets(
    text,
    spans.flatMap(({ start, end }) => [start, end]),
  );
  return spans.map(({ start, end }, index) => ({
    start: offsets[2 * index]!,
    end: offsets[2 * index + 1]!,
    text: text.slice(start, end),
  }));
}
