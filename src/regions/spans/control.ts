import type { TokensMeta } from '../../inputs/tokens/contract.js';
import { fitNames, type LabelRules } from '../../label-config/fit-labels.js';
import type { OutputSpec } from '../../registry/version.js';
import type { BindTarget, EncodedRow, RegionBody, RegionOptions, RowOutputs } from '../contract.js';
import { LABELS, type OutputKinds, PARTIAL, TENSOR, THRESHOLD } from '../output-kinds.js';
import {
  bindRelations,
  RELATION_THRESHOLD,
  RELATIONS,
  type RelationsBinding,
  relationsBetween,
} from '../relations.js';
import { listedSpans } from './list.js';
import { type Span, schemeOf, spansOfWords, type Tag } from './scheme.js';
import { tagWords } from './tags.js';

/**
 * The outputs of taggers: `tags` has numbers of each tag for each token, [rows, tokens, labels], and its labels are
 * named by a scheme (see `schemeOf`); `spans` lists spans, in tokens of the row or in characters (code points) of the
 * text, and may tell how they are related (see `RELATIONS`).
 */
export const SPANS: OutputKinds = {
  tags: {
    properties: {
      tensor: TENSOR,
      labels: LABELS,
      values: { enum: ['logits', 'probabilities'] },
    },
    required: ['tensor', 'labels', 'values'],
    check: (answer, output) => void tagWords(answer, output, schemeOf(output.labels!).tags),
  },
  spans: {
    properties: {
      tensors: {
        type: 'object',
        properties: { starts: TENSOR, ends: TENSOR, labels: TENSOR, scores: TENSOR, ...RELATIONS.tensor },
        required: ['starts', 'ends', 'labels', 'scores'],
        additionalProperties: false,
      },
      labels: LABELS,
      unit: { enum: ['tokens', 'characters'] },
      ...RELATIONS.labels,
    },
    required: ['tensors', 'labels', 'unit'],
    check: checkSpans,
  },
};

/** Checks listed spans, and how they are related, when a version is loaded. @throws AppError `model_failed` */
function checkSpans(answer: RowOutputs, output: OutputSpec): void {
  const spans = listedSpans(answer, output, output.labels!.length);
  if (output.tensors!.relations === undefined) return;
  const [, count = 0] = answer.outputs[output.tensors!.starts!]!.dims;
  const all = { threshold: 0, labels: null, single: false };
  relationsBetween(
    answer,
    output,
    all,
    spans.map(({ entries = [] }) => entries),
    count,
  );
}

/** The options of a control of spans. */
export const SPAN_OPTIONS = {
  optionsSchema: {
    properties: { model_score_threshold: THRESHOLD, partial: PARTIAL, ...RELATION_THRESHOLD },
    required: [],
  },
  overridable: ['model_score_threshold', 'relation_score_threshold', 'partial'],
} as const;

export interface SpansBinding {
  /** The config's label of each entity, or the path to it; null for one that is left out. */
  labels: readonly (string | readonly string[] | null)[];
  /** Null: the graph lists spans. */
  tags: readonly Tag[] | null;
  threshold: number;
  /** Null: the output tells nothing of relations. */
  relations: RelationsBinding | null;
}

/** @throws AppError `label_mismatch` */
export function bindSpans(
  target: BindTarget,
  output: OutputSpec,
  options: RegionOptions,
  rules: LabelRules = {},
): SpansBinding {
  return bindSpansTo(target, output, options, rules, (entities, how) =>
    fitNames(target, entities, how, rules),
  );
}

const HOW = { scope: 'regions', verb: 'marks' } as const;

/** @param labelsOf gives the config's labels of a model's entities, null for one that is left out */
export function bindSpansTo(
  target: BindTarget,
  output: OutputSpec,
  options: RegionOptions,
  rules: LabelRules,
  labelsOf: (entities: readonly string[], how: typeof HOW) => SpansBinding['labels'],
): SpansBinding {
  const scheme = output.kind === 'tags' ? schemeOf(output.labels!) : { entities: output.labels!, tags: null };
  return {
    labels: labelsOf(scheme.entities, HOW),
    tags: scheme.tags,
    threshold: (options.model_score_threshold as number | undefined) ?? 0,
    relations: bindRelations(target, output, options, rules),
  };
}

/**
 * What a tagger found in a text. A prediction is as certain as its least certain word is of its tag, marked or not; of
 * listed spans, as the least certain of those that are shown.
 *
 * @param placesOf the value of each region but for its labels, given the spans that are sure enough; undefined for a span
 *   that the control cannot show
 */
export function encodeSpans(
  answer: RowOutputs,
  output: OutputSpec,
  { labels, tags, threshold, relations }: SpansBinding,
  key: string,
  placesOf: (meta: TokensMeta, spans: readonly Span[]) => (Record<string, unknown> | undefined)[],
): EncodedRow {
  const words = tags === null ? null : tagWords(answer, output, tags);
  const found = words === null ? listedSpans(answer, output, labels.length) : spansOfWords(words);
  const sure = found.filter(({ entity, score }) => score >= threshold && labels[entity] !== null);
  const places = placesOf(answer.metas[0] as TokensMeta, sure);
  const shown = new Map<string, number>();
  const results: RegionBody[] = [];
  const entries: number[][] = [];
  for (const [index, { entity, score, entries: own = [] }] of sure.entries()) {
    const place = places[index];
    if (place === undefined) continue;
    const value = { ...place, [key]: [labels[entity]!] };
    // Two spans can be one where the control shows less of them.
    const text = JSON.stringify(value);
    const same = shown.get(text);
    if (same !== undefined) entries[same]!.push(...own);
    else {
      shown.set(text, results.length);
      results.push({ value, score });
      entries.push([...own]);
    }
  }
  const certainties = words?.map(({ probability }) => probability) ?? sure.map(({ score }) => score);
  const score = certainties.reduce((least, each) => Math.min(least, each), 1);
  const row = { results, score: certainties.length === 0 ? null : score };
  if (relations === null) return row;
  const [, count = 0] = answer.outputs[output.tensors!.starts!]!.dims;
  return { ...row, relations: relationsBetween(answer, output, relations, entries, count) };
}
