import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import {
  aliasesOf,
  fitLabels,
  LabelMismatchError,
  type LabelRules,
  type Labels,
} from '../label-config/fit-labels.js';
import type { LabelNode } from '../label-config/parse.js';
import type { BindTarget, RegionKind, RegionOptions } from './contract.js';
import { numberOf } from './numbers.js';
import { CLASSES, PARTIAL, RENORMALISE, THRESHOLD } from './output-kinds.js';
import { type ClassRules, classRow, classRules } from './outputs.js';
import { readLabel, readLabels, readOne, UNREADABLE } from './reading.js';
import { checkWholeTask, classesFor } from './whole-task.js';

/**
 * Per class of the model, in the order of its columns: the path from the root to the node of the config, null for one that is
 * left out.
 */
interface TaxonomyBinding extends Omit<ClassRules, 'labels'> {
  paths: readonly (readonly string[] | null)[];
}

/** A node as a class can name it. */
interface Place {
  /** What Label Studio stores. */
  path: readonly string[];
  isLeaf: boolean;
  /** The node's own names: `predicted_values` or not, `alias`, `value`. */
  predicted: readonly string[];
  own: readonly string[];
  /** The same from the root on, joined by the separator. */
  full: readonly string[];
}

const SEPARATOR = '/';

/**
 * Class probabilities to `<Taxonomy>`: each class is a node, and the value is its path from the root.
 *
 * A class finds its node by the node's `predicted_values` (a list with commas), by the full path joined with the
 * separator (`Eukarya/Mammalia/Cat`), or by the node's `alias` or `value`, in that order, then in another case. A name
 * that several nodes have means the only leaf among them, and is refused when there is not just one.
 *
 * Format: https://labelstud.io/tags/taxonomy. The validator checks names and not paths, so paths are made here from
 * the config's tree alone.
 */
export const taxonomy: RegionKind<TaxonomyBinding> = {
  tag: 'Taxonomy',
  type: 'taxonomy',
  perItem: true,
  optionsSchema: {
    properties: {
      separator: {
        type: 'string',
        minLength: 1,
        description: `what stands between the names of a class that is a full path (default ${SEPARATOR})`,
      },
      model_score_threshold: THRESHOLD,
      renormalise: RENORMALISE,
      partial: PARTIAL,
    },
    required: [],
  },
  overridable: ['model_score_threshold', 'renormalise', 'partial'],
  outputKinds: CLASSES,

  check(target) {
    checkWholeTask(target);
    checkNodes(target);
    mostNodes(target);
  },

  bind(target, output, options, rules = {}) {
    const how = { scope: 'class', verb: 'predicts' } as const;
    const most = mostNodes(target);
    const names = classesFor(target, output, most === 1 ? 'one' : 'many');
    return { paths: pathsOf(names, target, options, how, rules), most, ...classRules(options) };
  },

  encode(answer, output, { paths: labels, ...rules }) {
    const { chosen, score } = classRow(answer, output, { labels, ...rules });
    const paths = [...new Set(chosen.map(column => JSON.stringify(labels[column])))].map(
      path => JSON.parse(path) as string[],
    );
    const value = { taxonomy: paths };
    return { results: paths.length === 0 ? [] : [score === null ? { value } : { value, score }], score };
  },

  // Where the editor takes one node, a target is one label.
  reader(target, options) {
    const most = mostNodes(target);
    const byPath = namesByPath(target, options);
    const labels = [...new Set(byPath.values())];
    return {
      labels,
      read: results =>
        readOne(results, ({ taxonomy: chosen }) => {
          if (!Array.isArray(chosen)) return UNREADABLE;
          const names = chosen.map(path => byPath.get(JSON.stringify(path)));
          return most === 1 ? readLabel(names) : readLabels(names, labels);
        }),
    };
  },

  example: {
    control:
      '<Taxonomy name="control" toName="object"><Choice value="Eukarya"><Choice value="Mammalia"><Choice value="Cat"/>' +
      '<Choice value="Dog" alias="dog"/></Choice><Choice value="Fungi"/></Choice><Choice value="Other"/></Taxonomy>',
    options: { separator: '/' },
    output: {
      name: 'species',
      tensor: 'probabilities',
      kind: 'probabilities',
      labels: ['Other', 'Eukarya/Mammalia/Cat', 'Dog', 'Eukarya/Fungi'],
    },
    outputs: {
      probabilities: { type: 'float32', data: Float32Array.of(0.125, 0.25, 0.5, 0.125), dims: [1, 4] },
    },
    encoded: {
      results: [{ value: { taxonomy: [['Eukarya', 'Mammalia', 'dog']] }, score: 0.5 }],
      score: 0.5,
    },
    target: ['Eukarya/Mammalia/dog'],
  },
};

/**
 * How many nodes the control takes: the editor does not submit more. Null: any number.
 * @throws AppError `no_model_fits` when it takes none
 */
function mostNodes({ name, attributes }: BindTarget): number | null {
  const given = attribute(attributes, 'maxUsages');
  const most = numberOf(given ?? '');
  if (most === null || most >= 1) return most && Math.floor(most);
  throw new AppError(
    'no_model_fits',
    `needs a Taxonomy that takes a node; the config's '${name}' has maxUsages="${given}"`,
  );
}

/** @throws AppError `no_model_fits` when the nodes are not in the config */
export function checkNodes({ name, parsed, attributes }: BindTarget): void {
  if (parsed.dynamic_labels || attribute(attributes, 'apiUrl')) {
    throw new AppError(
      'no_model_fits',
      `needs the nodes of Taxonomy in the config; '${name}' has them from elsewhere`,
    );
  }
}

/**
 * The path of each of a model's classes, from the root; null for one that is left out.
 * @throws AppError `label_mismatch` when they do not fit (see `fitLabels`), or when one is the name of several nodes
 */
export function pathsOf(
  names: readonly string[],
  target: BindTarget,
  options: RegionOptions,
  how: Pick<Labels<string>, 'scope' | 'verb'>,
  rules: LabelRules,
): (readonly string[] | null)[] {
  const places = placesOf(target, options);
  const known = places.map(({ full }) => full[0]!);
  const mapped = names.map(name => find(name, places, rules.trained));
  const unclear = names.find((_, index) => mapped[index] === SEVERAL);
  if (unclear !== undefined) {
    throw new LabelMismatchError(
      `${how.verb} ${unclear}, which is the name of several nodes of the config's Taxonomy '${target.name}': give the ` +
        `class its full path, such as ${known.find(each => each.endsWith(unclear)) ?? known[0]}`,
      'part',
      target.name,
    );
  }
  const paths = mapped.filter(path => path !== null && path !== SEVERAL);
  // A node is answered as well by what is above it, or below.
  const above = new Set(
    paths.flatMap(path => path.map((_, index) => JSON.stringify(path.slice(0, index + 1)))),
  );
  const own = new Set(paths.map(path => JSON.stringify(path)));
  const isAnswered = ({ path }: Place) =>
    above.has(JSON.stringify(path)) ||
    path.some((_, index) => own.has(JSON.stringify(path.slice(0, index + 1))));
  const unknown = places.filter(place => !isAnswered(place));
  const labels = {
    names,
    mapped: mapped as (readonly string[] | null)[],
    unknown: unknown.map(({ full }) => full[0]!),
    aliases: unknown.flatMap(({ full, own, predicted }) => aliasesOf(full[0]!, own, predicted.join(','))),
    known,
    target: target.name,
    control: `Taxonomy '${target.name}'`,
    ...how,
  };
  return fitLabels(labels, rules);
}

/** What a trainer calls a node, by its path as JSON. */
export function namesByPath(target: BindTarget, options: RegionOptions): Map<string, string> {
  return new Map(placesOf(target, options).map(({ path, full }) => [JSON.stringify(path), full[0]!]));
}

/** The nodes that can be chosen. */
function placesOf({ labelTree = [], attributes }: BindTarget, options: RegionOptions): Place[] {
  const separator = (options.separator as string | undefined) ?? SEPARATOR;
  const places: Place[] = [];
  const visit = (nodes: readonly LabelNode[], above: readonly string[], shown: readonly string[]) => {
    const seen = new Set<string>();
    for (const { value, attributes: own, children } of nodes) {
      const name = attribute(own, 'value') || value;
      // Of siblings with the same value the editor shows the first.
      if (seen.has(name)) continue;
      seen.add(name);
      const path = [...above, value];
      const names = [...shown, name];
      const isLeaf = children.length === 0;
      if (isLeaf || attribute(attributes, 'leafsOnly') !== 'true') {
        places.push({
          path,
          isLeaf,
          predicted: (attribute(own, 'predicted_values') ?? '').split(',').map(each => each.trim()),
          own: [value, name],
          full: [path.join(separator), names.join(separator)],
        });
      }
      visit(children, path, names);
    }
  };
  visit(labelTree, [], []);
  return places;
}

/** A name of several nodes. */
const SEVERAL = 'several';

/**
 * The path of the node that a class means; null: there is none.
 * @param isOwn whether it was a node of the config itself, see `buildLabelMap`
 */
function find(
  name: string,
  places: readonly Place[],
  isOwn = false,
): readonly string[] | typeof SEVERAL | null {
  const lower = name.toLowerCase();
  const rules: ((place: Place) => boolean)[] = [
    ({ full }) => isOwn && full[0] === name,
    ({ predicted }) => name !== '' && predicted.includes(name),
    ({ full }) => full.includes(name),
    ({ own }) => own.includes(name),
    ({ full }) => full.some(each => each.toLowerCase() === lower),
    ({ own }) => own.some(each => each.toLowerCase() === lower),
  ];
  for (const rule of rules) {
    const found = places.filter(rule);
    const clear = found.length > 1 ? found.filter(({ isLeaf }) => isLeaf) : found;
    if (clear.length === 1) return clear[0]!.path;
    if (found.length > 0) return SEVERAL;
  }
  return null;
}
