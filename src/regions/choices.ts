import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import { buildLabelMap } from '../label-config/label-map.js';
import type { BindTarget, RegionKind, RegionOptions } from './contract.js';
import { CLASSES, THRESHOLD } from './output-kinds.js';
import { classRow } from './outputs.js';
import { readLabel, readLabels, readOne, UNREADABLE } from './reading.js';
import { checkWholeTask, classesFor } from './whole-task.js';

/** Per class of the model, in the order of its columns: the choice of the config. */
export interface ChoicesBinding {
  choices: readonly string[];
  /** In the place of the version's own, where it accepts any number of classes. */
  threshold?: number;
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
    },
    required: ['choice'],
  },
  overridable: ['model_score_threshold'],
  outputKinds: CLASSES,

  check(target, options) {
    checkWholeTask(target);
    checkChoice(target, options);
  },

  bind(target, output, options) {
    const names = classesFor(target, output, options.choice === 'multiple' ? 'many' : 'one');
    const map = buildLabelMap(target.parsed, names);
    if (names.some(name => !map.has(name))) {
      throw new AppError(
        'label_mismatch',
        `predicts ${names.join(', ')}; the config's Choices '${target.name}' has ${target.parsed.labels.join(', ')}`,
      );
    }
    const threshold = options.model_score_threshold as number | undefined;
    return {
      choices: names.map(name => map.get(name)!),
      ...(threshold === undefined ? {} : { threshold }),
    };
  },

  encode(answer, output, binding) {
    const { chosen, score } = classRow(answer, output, binding.threshold);
    const labels = [...new Set(chosen.map(column => binding.choices[column]!))];
    const value = { choices: labels };
    return { results: labels.length === 0 ? [] : [score === null ? { value } : { value, score }], score };
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
