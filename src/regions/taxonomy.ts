import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import type { LabelNode } from '../label-config/parse.js';
import type { BindTarget, RegionKind, RegionOptions } from './contract.js';
import { CLASSES, THRESHOLD } from './output-kinds.js';
import { classRow } from './outputs.js';
import { readLabel, readLabels, readOne, UNREADABLE } from './reading.js';
import { checkWholeTask, classesFor } from './whole-task.js';

/** Per class of the model, in the order of its columns: the path from the root to the node of the config. */
interface TaxonomyBinding {
  paths: readonly (readonly string[])[];
  /** In the place of the version's own, where it accepts any number of classes. */
  threshold?: number;
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
    },
    required: [],
  },
  overridable: ['model_score_threshold'],
  outputKinds: CLASSES,

  check(target) {
    checkWholeTask(target);
    checkNodes(target);
  },

  bind(target, output, options) {
    const paths = pathsOf(classesFor(target, output, 'many'), target, options);
    const threshold = options.model_score_threshold as number | undefined;
    return { paths, ...(threshold === undefined ? {} : { threshold }) };
  },

  encode(answer, output, binding) {
    const { chosen, score } = classRow(answer, output, binding.threshold);
    const paths = [...new Set(chosen.map(column => JSON.stringify(binding.paths[column])))].map(
      path => JSON.parse(path) as string[],
    );
    const value = { taxonomy: paths };
    return { results: paths.length === 0 ? [] : [score === null ? { value } : { value, score }], score };
  },

  // `maxUsages="1"`: the editor takes one node, and a target is one label.
  reader(target, options) {
    const byPath = namesByPath(target, options);
    const labels = [...new Set(byPath.values())];
    return {
      labels,
      read: results =>
        readOne(results, ({ taxonomy: chosen }) => {
          if (!Array.isArray(chosen)) return UNREADABLE;
          const names = chosen.map(path => byPath.get(JSON.stringify(path)));
          return attribute(target.attributes, 'maxUsages') === '1'
            ? readLabel(names)
            : readLabels(names, labels);
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

/** @throws AppError `no_model_fits` when the nodes are not in the config */
export function checkNodes({ name, parsed }: BindTarget): void {
  if (parsed.dynamic_labels) {
    throw new AppError(
      'no_model_fits',
      `needs the nodes of Taxonomy in the config; '${name}' has them from elsewhere`,
    );
  }
}

/**
 * The path of each of a model's classes, from the root.
 * @throws AppError `label_mismatch` when one has none, or several
 */
export function pathsOf(
  names: readonly string[],
  target: BindTarget,
  options: RegionOptions,
): (readonly string[])[] {
  const places = placesOf(target, options);
  const paths = names.map(name => find(name, places));
  const strange = names.filter((_, index) => typeof paths[index] === 'string');
  if (strange.length > 0) {
    const why = paths.find(path => typeof path === 'string') as string;
    const known = places.map(({ full }) => full[0]!).join(', ');
    throw new AppError(
      'label_mismatch',
      `predicts ${names.join(', ')}; the config's Taxonomy '${target.name}' has ${known} ('${strange[0]}' ${why})`,
    );
  }
  return paths as (readonly string[])[];
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
      const name = own.value || value;
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
          predicted: (own.predicted_values ?? '').split(',').map(each => each.trim()),
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

/** The path of the node that a class means, or why there is none. */
function find(name: string, places: readonly Place[]): readonly string[] | string {
  const lower = name.toLowerCase();
  const rules: ((place: Place) => boolean)[] = [
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
    if (found.length > 0) return 'is the name of several: give the class its full path';
  }
  return 'is not there';
}
