/**
 * What an output of a version can be: for each `kind` the JSON schema of its entry in version.json beside `name` and
 * `kind`. Control tags that take the same kind share its schema, because version.json names no control.
 */
export type OutputKinds = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The name of one of the graph's outputs. */
export const TENSOR = { type: 'string', minLength: 1 } as const;

/** The model's labels. */
export const LABELS = { type: 'array', items: { type: 'string' }, minItems: 1, uniqueItems: true } as const;

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

const COLUMNS = {
  properties: { tensor: TENSOR, labels: LABELS, decision: DECISION },
  required: ['tensor'],
};

/** Classes: `probabilities` are in 0..1; `scores` are decision scores and never called probabilities. */
export const CLASSES: OutputKinds = { probabilities: COLUMNS, scores: COLUMNS };

/** A regression. */
export const VALUE: OutputKinds = { value: COLUMNS };

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
