import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import { fitNames, type LabelRules } from '../label-config/fit-labels.js';
import type { OutputSpec } from '../registry/version.js';
import type { BindTarget, RegionOptions, RelationBody, RowOutputs } from './contract.js';
import { LABELS, TENSOR } from './output-kinds.js';

/**
 * What an output that lists regions may have beside them: the tensor `relations`, [rows, n, n] or [rows, n, n, labels], is
 * the probability that an arrow goes from one entry to another, with each of the `relation_labels`.
 */
export const RELATIONS = { tensor: { relations: TENSOR }, labels: { relation_labels: LABELS } };

/** The option for the least probability of an arrow. */
export const RELATION_THRESHOLD = {
  relation_score_threshold: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'the least score of a relation that is shown (default 0.5)',
  },
} as const;

const SCORE = 0.5;

export interface RelationsBinding {
  threshold: number;
  /** Per label of the model: the config's, null for one that it lacks. Null: the arrows have no labels. */
  labels: readonly (string | null)[] | null;
  /** Whether an arrow has one label at most. */
  single: boolean;
}

/**
 * Decides which arrows are shown: those with a label that a `<Relation>` of the config has; without any there, those of
 * any label, and unlabelled.
 *
 * @returns null when the output has no relations
 * @throws AppError `label_mismatch` when the config has other labels, see `fitLabels`
 */
export function bindRelations(
  { others }: BindTarget,
  output: OutputSpec,
  options: RegionOptions,
  rules: LabelRules,
): RelationsBinding | null {
  if (output.tensors?.relations === undefined) return null;
  const threshold = (options.relation_score_threshold as number | undefined) ?? SCORE;
  const single = others.some(
    ({ tag, attributes }) => tag === 'Relations' && attribute(attributes, 'choice') === 'single',
  );
  const known = new Map(
    others.flatMap(({ tag, attributes }) => {
      const value = attribute(attributes, 'value');
      return tag === 'Relation' && value ? [[value, attributes] as const] : [];
    }),
  );
  const names = output.relation_labels as readonly string[] | undefined;
  if (names === undefined || known.size === 0) return { threshold, labels: null, single };
  const target = {
    tag: 'Relations',
    name: '',
    parsed: { labels: [...known.keys()], labels_attrs: Object.fromEntries(known) },
  };
  const how = { scope: 'regions', verb: 'relates by', control: 'tag Relations' } as const;
  return { threshold, labels: fitNames(target, names, how, rules), single };
}

/**
 * The arrows between results. Two of the same labels that go to and fro are one in both directions.
 *
 * @param entries for each result, which of the graph's entries it is, counted over all of its rows: row * n + entry; more
 *   than one when windows have it in common
 * @param count n
 * @throws AppError `model_failed` when the tensor is of another shape, or what it holds is NaN
 */
export function relationsBetween(
  { outputs }: Pick<RowOutputs, 'outputs'>,
  output: OutputSpec,
  { threshold, labels, single }: RelationsBinding,
  entries: readonly (readonly number[])[],
  count: number,
): RelationBody[] {
  const { data, dims } = outputs[output.tensors!.relations!]!;
  const names = output.relation_labels as readonly string[] | undefined;
  const [, from, to, width = 1] = dims;
  if (
    from !== count ||
    to !== count ||
    dims.length !== (names === undefined ? 3 : 4) ||
    width !== (names?.length ?? 1)
  ) {
    throw new AppError(
      'model_failed',
      `the model gives [${dims.join(', ')}] for the relations of '${output.name}', and not ` +
        `[rows, ${count}, ${count}${names === undefined ? '' : `, ${names.length}`}]`,
    );
  }
  /** The largest score of a label over the windows that have both. */
  const scoreOf = (a: number, b: number, label: number): number => {
    let most = 0;
    for (const start of entries[a]!) {
      for (const end of entries[b]!) {
        if (Math.floor(start / count) !== Math.floor(end / count)) continue;
        const score = Number(data[(start * count + (end % count)) * width + label]);
        if (Number.isNaN(score))
          throw new AppError('model_failed', `the model gives NaN for the relations of '${output.name}'`);
        most = Math.max(most, score);
      }
    }
    return most;
  };
  /** The labels of an arrow, the surest first; undefined: there is none. */
  const arrow = (a: number, b: number): string[] | undefined => {
    const found = new Map<string, number>();
    let any = false;
    for (let label = 0; label < width; label++) {
      const score = scoreOf(a, b, label);
      if (score < threshold || score === 0) continue;
      any = true;
      const name = labels?.[label];
      if (typeof name === 'string') found.set(name, Math.max(found.get(name) ?? 0, score));
    }
    const sorted = [...found].sort(([, first], [, second]) => second - first).map(([name]) => name);
    if (labels === null ? !any : sorted.length === 0) return undefined;
    return single ? sorted.slice(0, 1) : sorted;
  };
  const relations: RelationBody[] = [];
  const add = (from: number, to: number, direction: RelationBody['direction'], chosen: readonly string[]) =>
    relations.push({ from, to, direction, ...(chosen.length === 0 ? {} : { labels: chosen }) });
  for (let a = 0; a < entries.length; a++) {
    for (let b = a + 1; b < entries.length; b++) {
      const [there, back] = [arrow(a, b), arrow(b, a)];
      if (there && back && [...there].sort().join('\n') === [...back].sort().join('\n'))
        add(a, b, 'bi', there);
      else {
        if (there) add(a, b, 'right', there);
        if (back) add(b, a, 'right', back);
      }
    }
  }
  return relations;
}
