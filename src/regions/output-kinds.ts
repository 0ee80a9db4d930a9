import type { OutputSpec } from '../registry/version.js';
import type { RowOutputs } from './contract.js';
import { checkClasses, checkValue } from './outputs.js';

/** A kind of output of a version: what version.json says of it, and whether a graph gives what it says. */
export interface OutputKind {
  /** JSON schema of its entry in version.json beside `name` and `kind`. */
  properties: Readonly<Record<string, unknown>>;
  required?: readonly string[];
  /**
   * Checks what the graph gives against what is declared, and decodes all of it, when a version is loaded: shape, width,
   * type and range. Absent: nothing but the tensor's name is checked.
   *
   * @param answer of the input's warm-up value
   * @param others the version's other outputs
   * @throws Error or AppError whose message ends the sentence "... cannot be served: "
   */
  check?(answer: RowOutputs, output: OutputSpec, others: readonly OutputSpec[]): void;
}

/**
 * What an output of a version can be, by `kind`. Control tags that take the same kind share it, because version.json names
 * no control.
 */
export type OutputKinds = Readonly<Record<string, OutputKind>>;

/** The name of one of the graph's outputs. */
export const TENSOR = { type: 'string', minLength: 1 } as const;

/** The model's labels. A name may stand for several numbers, as `N/A` does in those of COCO. */
export const LABELS = { type: 'array', items: { type: 'string' }, minItems: 1 } as const;

const DECISION = {
  type: 'object',
  discriminator: { propertyName: 'rule' },
  required: ['rule'],
  oneOf: [
    { properties: { rule: { const: 'argmax' } }, additionalProperties: false },
    {
      properties: { rule: { const: 'threshold' }, threshold: { type: 'number' } },
      required: ['threshold'],
      additionalProperties: false,
    },
    {
      properties: { rule: { const: 'label' }, tensor: TENSOR },
      required: ['tensor'],
      additionalProperties: false,
    },
  ],
};

/** What makes scores of a graph's numbers; `none`: they are scores already. */
export const ACTIVATION = { enum: ['none', 'sigmoid', 'softmax'] } as const;

const COLUMNS = { tensor: TENSOR, labels: LABELS, decision: DECISION };

/**
 * Classes: `probabilities` are in 0..1, once `activation` was applied; `scores` are decision scores and never called
 * probabilities. One column for two labels is about the second one.
 */
export const CLASSES: OutputKinds = {
  probabilities: {
    properties: { ...COLUMNS, activation: ACTIVATION },
    required: ['tensor'],
    check: checkClasses,
  },
  scores: { properties: COLUMNS, required: ['tensor'], check: checkClasses },
};

/** A regression. */
export const VALUE: OutputKinds = {
  value: { properties: COLUMNS, required: ['tensor'], check: checkValue },
};

/**
 * The option `model_score_threshold`, an attribute of controls that Label Studio's own examples of backends read:
 * https://github.com/HumanSignal/label-studio-ml-backend/tree/master/label_studio_ml/examples/yolo
 */
export const THRESHOLD = {
  type: 'number',
  minimum: 0,
  maximum: 1,
  description: 'the least score of what is shown',
} as const;

/** The option `partial` of a control with labels, see `fitLabels`. */
export const PARTIAL = {
  type: 'boolean',
  description: 'whether it is enough that the model and the config have some labels in common',
} as const;

/** The option `renormalise` of a control that holds one of several classes. */
export const RENORMALISE = {
  type: 'boolean',
  description:
    "whether the score of a class is its share among the project's classes alone (default: as the model gives it)",
} as const;
