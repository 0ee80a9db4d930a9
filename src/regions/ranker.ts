import { AppError } from '../errors.js';
import { list } from '../inputs/list.js';
import type { TokensMeta } from '../inputs/tokens/contract.js';
import { attribute } from '../label-config/attribute.js';
import { fitNames } from '../label-config/fit-labels.js';
import type { OtherTag } from '../label-config/parse.js';
import type {
  AnnotatedResult,
  BindTarget,
  Reading,
  RegionExample,
  RegionKind,
  RegionTarget,
} from './contract.js';
import { CLASSES, PARTIAL, RENORMALISE, VALUE } from './output-kinds.js';
import { type ClassRules, classRow, classRules, valueRow } from './outputs.js';
import { readOne, UNREADABLE } from './reading.js';
import { classesFor } from './whole-task.js';

interface RankerBinding extends Omit<ClassRules, 'labels'> {
  /** What is shown side by side: the control's own name, or its buckets. */
  columns: readonly string[];
  /** Per class of the model, in the order of its columns: its bucket, null for one that is left out. Null: the output is a value. */
  buckets: readonly (string | null)[] | null;
}

/** Where the editor shows what is in no bucket, if none of them is `default`. */
const UNASSIGNED = '_';

const LIST_EXAMPLE = { kind: list.kind, ...list.example };

/**
 * The items of a `<List>` to `<Ranker>`: by a value for each, the largest first; or, where it has `<Bucket>`, by a class for
 * each. The model gets each item as a row (see the input `list`).
 *
 * Every item stands in exactly one column: the validator takes columns that the control does not have, and none at all.
 *
 * Format: https://labelstud.io/tags/ranker
 */
export const ranker: RegionKind<RankerBinding> = {
  tag: 'Ranker',
  type: 'ranker',
  optionsSchema: { properties: { renormalise: RENORMALISE, partial: PARTIAL }, required: [] },
  overridable: ['renormalise', 'partial'],
  outputKinds: { ...CLASSES, ...VALUE },
  needs: ['items'],
  objectTags: ['List'],

  check() {},

  bind(target, output, options, rules = {}) {
    const columns = columnsOf(target);
    const hasBuckets = bucketsOf(target).length > 0;
    if (!hasBuckets && output.kind === 'value') return { columns, buckets: null };
    if (!hasBuckets) {
      throw new AppError(
        'no_model_fits',
        `gives classes for '${output.name}'; the config's Ranker '${target.name}' has no Bucket, and needs a value for each item`,
      );
    }
    const names = classesFor(target, output, 'one');
    const buckets = bucketsOf(target);
    const attributes = buckets.map(({ name, attributes: own }) => {
      const predicted_values = attribute(own, 'predicted_values') ?? '';
      return [name, { value: attribute(own, 'title') ?? name, predicted_values }] as const;
    });
    // What stands in no bucket can be answered, and needs not be.
    const labels = names.includes(UNASSIGNED) ? columns : buckets.map(({ name }) => name);
    const parsed = { labels: [...labels], labels_attrs: Object.fromEntries(attributes) };
    const how = { scope: 'class', verb: 'predicts' } as const;
    return { columns, buckets: fitNames({ ...target, parsed }, names, how, rules), ...classRules(options) };
  },

  encode({ outputs, row, metas }, output, { columns, buckets, ...rules }) {
    const items = (metas as readonly TokensMeta[]).map(({ item }, index) => {
      const answer = { outputs, row: row + index };
      if (buckets === null)
        return { id: item!, column: columns[0]!, rank: valueRow(answer, output), score: null };
      const { chosen, score } = classRow(answer, output, { labels: buckets, ...rules });
      return { id: item!, column: buckets[chosen[0]!]!, rank: score ?? 0, score };
    });
    items.sort((a, b) => b.rank - a.rank);
    const idsOf = (column: string) => items.filter(each => each.column === column).map(({ id }) => id);
    const value = { ranker: Object.fromEntries(columns.map(column => [column, idsOf(column)])) };
    const scores = items.flatMap(({ score }) => score ?? []);
    const score = scores.length === items.length ? Math.min(...scores) : null;
    return { results: [score === null ? { value } : { value, score }], score };
  },

  reader(target) {
    const buckets = bucketsOf(target).map(({ name }) => name);
    const columns = columnsOf(target);
    return {
      labels: buckets.length === 0 ? null : buckets,
      read: results => readRanking(results, columns, buckets),
    };
  },

  example: {
    control: '<Ranker name="control" toName="object"/>',
    options: {},
    input: LIST_EXAMPLE,
    output: { name: 'relevance', tensor: 'values', kind: 'value' },
    outputs: { values: { type: 'float32', data: Float32Array.of(-0.5, 1.5), dims: [2] } },
    encoded: { results: [{ value: { ranker: { control: ['2', 'a'] } } }], score: null },
    target: ['2', 'a'],
  },
  otherExamples: [
    {
      control:
        '<Ranker name="control" toName="object"><Bucket name="good"/><Bucket name="poor" title="Bad"/></Ranker>',
      options: {},
      input: LIST_EXAMPLE,
      output: { name: 'relevance', tensor: 'classes', kind: 'probabilities', labels: ['Bad', 'good'] },
      outputs: {
        classes: { type: 'float32', data: Float32Array.of(0.25, 0.75, 0.875, 0.125), dims: [2, 2] },
      },
      encoded: {
        results: [{ value: { ranker: { [UNASSIGNED]: [], good: ['a'], poor: ['2'] } }, score: 0.75 }],
        score: 0.75,
      },
      target: [
        { item: 'a', labels: ['good'] },
        { item: '2', labels: ['poor'] },
      ],
    } satisfies RegionExample,
  ],
};

/** A column of a control, with the attributes of its tag. */
interface Bucket {
  name: string;
  attributes: OtherTag['attributes'];
}

function bucketsOf({ name: ranker, others }: BindTarget): Bucket[] {
  return others.flatMap(({ tag, attributes, control }) => {
    const name = attribute(attributes, 'name');
    return tag === 'Bucket' && control === ranker && name ? [{ name, attributes }] : [];
  });
}

function columnsOf(target: BindTarget): string[] {
  const buckets = bucketsOf(target);
  if (buckets.length === 0) return [target.name];
  const names = buckets.map(({ name }) => name);
  return buckets.some(bucket => attribute(bucket.attributes, 'default') === 'true')
    ? names
    : [UNASSIGNED, ...names];
}

/** Without buckets the ids in their order; with them each item in its bucket. */
function readRanking(
  results: readonly AnnotatedResult[],
  columns: readonly string[],
  buckets: readonly string[],
): Reading {
  return readOne(results, ({ ranker: ranking }) => {
    if (typeof ranking !== 'object' || ranking === null) return UNREADABLE;
    const entries = Object.entries(ranking);
    const isIds = (ids: unknown): ids is string[] =>
      Array.isArray(ids) && ids.every(id => typeof id === 'string');
    if (entries.length === 0 || !entries.every(([, ids]) => isIds(ids))) return UNREADABLE;
    const outdated = entries.some(([name, ids]) => ids.length > 0 && !columns.includes(name));
    const known = entries.filter(([name]) => columns.includes(name));
    if (buckets.length === 0) {
      const ids = known.flatMap(([, each]) => each as string[]);
      return { target: ids.length === 0 ? null : ids, outdated };
    }
    const target = known.flatMap(([name, ids]): RegionTarget[] =>
      name === UNASSIGNED ? [] : (ids as string[]).map(item => ({ item, labels: [name] })),
    );
    return { target: target.length === 0 ? null : target, outdated };
  });
}
