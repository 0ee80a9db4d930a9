import { AppError } from '../errors.js';
import { fitNames } from '../label-config/fit-labels.js';
import type { RegionKind } from './contract.js';
import { probability } from './failed.js';
import { CLASSES, PARTIAL, RENORMALISE, VALUE } from './output-kinds.js';
import { type ClassRules, classRow, classRules, valueRow } from './outputs.js';
import { readOne, UNREADABLE } from './reading.js';
import { checkWholeTask, classesFor } from './whole-task.js';

const SIDES = ['left', 'right'] as const;
type Side = (typeof SIDES)[number];

interface PairwiseBinding extends Omit<ClassRules, 'labels'> {
  /** Per class of the model, in the order of its columns: its side, null for one that is left out. Null: the output is a value. */
  sides: readonly (Side | null)[] | null;
}

/**
 * Two classes, `left` and `right`, or the probability that the left one is preferred, to `<Pairwise>`.
 *
 * Results name the first object of `toName`: the editor writes the control's own name there, and the validator of the same
 * Label Studio refuses that. It also takes `selected` of any text.
 *
 * Format: https://labelstud.io/tags/pairwise
 */
export const pairwise: RegionKind<PairwiseBinding> = {
  tag: 'Pairwise',
  type: 'pairwise',
  optionsSchema: { properties: { renormalise: RENORMALISE, partial: PARTIAL }, required: [] },
  overridable: ['renormalise', 'partial'],
  outputKinds: { ...CLASSES, ...VALUE },

  check(target) {
    checkWholeTask(target);
    const names = target.parsed.to_name;
    if (names.length !== 2 || names[0] === names[1]) {
      throw new AppError(
        'no_model_fits',
        `needs a Pairwise of two objects, toName="left,right"; the config's '${target.name}' has toName="${names.join(',')}"`,
      );
    }
    if (target.toName !== names[0]) {
      throw new AppError(
        'no_model_fits',
        `reads '${target.toName}', and results of a Pairwise name the first of its objects; the config's '${target.name}' has ` +
          `toName="${names.join(',')}": put an object that the model reads first`,
      );
    }
  },

  bind(target, output, options, rules = {}) {
    if (output.kind === 'value') return { sides: null };
    const names = classesFor(target, output, 'one');
    const parsed = { labels: [...SIDES], labels_attrs: {} };
    const how = { scope: 'class', verb: 'predicts', areFixed: true } as const;
    const sides = fitNames({ ...target, parsed }, names, how, rules) as (Side | null)[];
    return { sides, ...classRules(options) };
  },

  encode(answer, output, { sides, ...rules }) {
    if (sides === null) {
      const left = probability(output, valueRow(answer, output));
      const score = Math.max(left, 1 - left);
      return { results: [{ value: { selected: left >= 0.5 ? 'left' : 'right' }, score }], score };
    }
    const { chosen, score } = classRow(answer, output, { labels: sides, ...rules });
    const value = { selected: sides[chosen[0]!]! };
    return { results: [score === null ? { value } : { value, score }], score };
  },

  reader: () => ({
    labels: SIDES,
    read: results =>
      readOne(results, ({ selected }) =>
        SIDES.includes(selected as Side) ? { target: selected as Side, outdated: false } : UNREADABLE,
      ),
  }),

  example: {
    control: '<Pairwise name="control" toName="object,other"/><Text name="other" value="$other"/>',
    options: {},
    output: { name: 'better', tensor: 'scores', kind: 'probabilities', labels: ['Right', 'Left'] },
    outputs: { scores: { type: 'float32', data: Float32Array.of(0.25, 0.75), dims: [1, 2] } },
    encoded: { results: [{ value: { selected: 'left' }, score: 0.75 }], score: 0.75 },
    target: 'left',
  },
  otherExamples: [
    {
      control: '<Pairwise name="control" toName="object,other"/><Text name="other" value="$other"/>',
      options: {},
      output: { name: 'better', tensor: 'left', kind: 'value' },
      outputs: { left: { type: 'float32', data: Float32Array.of(0.25), dims: [1] } },
      encoded: { results: [{ value: { selected: 'right' }, score: 0.75 }], score: 0.75 },
      target: 'right',
    },
  ],
};
