import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import { fitNames } from '../label-config/fit-labels.js';
import type { BindTarget, RegionKind, RegionOptions } from './contract.js';
import { CLASSES, PARTIAL, RENORMALISE, THRESHOLD } from './output-kinds.js';
import { type ClassRules, classRow, classRules } from './outputs.js';
import { readLabel, readLabels, readOne, UNREADABLE } from './reading.js';
import { checkWholeTask, classesFor } from './whole-task.js';

/** Per class of the model, in the order of its columns: the choice of the config, null for one that is left out. */
export interface ChoicesBinding extends Omit<ClassRules, 'labels'> {
  choices: readonly (string | null)[];
}

/**
 * Class probabilities to `<Choices>`: one choice (`choice="single"` or `single-radio`, Label Studio's default), or
 * each class that the version's decision rule accepts (`multiple`).
 *
 * When the rule accepts none, the prediction has no result: Label Studio's validator takes an empty list of choices,
 * but its editor has no such state.
 *
 * Format: https://labelstud.io/tags/choices
 */
export const choices: RegionKind<ChoicesBinding> = {
  tag: 'Choices',
  type: 'choices',
  perItem: true,
  optionsSchema: {
    properties: {
      choice: { enum: ['single', 'multiple'], description: 'the mode of the control that this output fills' },
      model_score_threshold: THRESHOLD,
      renormalise: RENORMALISE,
      partial: PARTIAL,
    },
    required: ['choice'],
  },
  overridable: ['model_score_threshold', 'renormalise', 'partial'],
  outputKinds: CLASSES,

  check(target, options) {
    checkWholeTask(target);
    checkChoice(target, options);
  },

  bind(target, output, options, rules = {}) {
    const names = classesFor(target, output, options.choice === 'multiple' ? 'many' : 'one');
    const how = { scope: 'class', verb: 'predicts' } as const;
    return { choices: fitNames(target, names, how, rules), ...classRules(options) };
  },

  encode(answer, output, { choices: labels, ...rules }) {
    const { chosen, score } = classRow(answer, output, { labels, ...rules });
    const names = [...new Set(chosen.map(column => labels[column]!))];
    const value = { choices: names };
    return { results: names.length === 0 ? [] : [score === null ? { value } : { value, score }], score };
  },

  reader({ parsed: { labels } }, { choice }) {
    const known = new Set(labels);
    return {
      labels,
      read: results =>
        readOne(results, ({ choices: chosen }) => {
          if (!Array.isArray(chosen)) return UNREADABLE;
          const names = chosen.map(each => (known.has(each) ? (each as string) : undefined));
          return choice === 'multiple' ? readLabels(names, labels) : readLabel(names);
        }),
    };
  },

  example: {
    control:
      '<Choices name="control" toName="object" choice="multiple"><Choice value="Billing"/><Choice value="Delivery"/>' +
      '<Choice value="Quality" alias="quality" predicted_values="broken, dirty"/></Choices>',
    options: { choice: 'multiple' },
    output: {
      name: 'topics',
      tensor: 'probabilities',
      kind: 'probabilities',
      labels: ['billing', 'Delivery', 'broken'],
      decision: { rule: 'threshold', threshold: 0.5 },
    },
    outputs: {
      probabilities: { type: 'float64', data: Float64Array.of(0.75, 0.125, 0.625), dims: [1, 3] },
    },
    encoded: { results: [{ value: { choices: ['Billing', 'quality'] }, score: 0.625 }], score: 0.625 },
    target: ['Billing', 'quality'],
  },
};

/** @throws AppError `no_model_fits` when the control holds other choices than the model makes */
export function checkChoice({ name, attributes }: BindTarget, options: RegionOptions): void {
  const mode = attribute(attributes, 'choice') === 'multiple' ? 'multiple' : 'single';
  if (mode !== options.choice) {
    throw new AppError(
      'no_model_fits',
      `fills Choices with choice="${options.choice}"; the config's '${name}' has choice="${mode}"`,
    );
  }
  // The editor then wants paths, and the validator of the same Label Studio refuses them.
  if (attribute(attributes, 'allowNested') === 'true') {
    throw new AppError(
      'no_model_fits',
      `fills Choices without allowNested; the config's '${name}' has it: use Taxonomy for nested classes`,
    );
  }
}
