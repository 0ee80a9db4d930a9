import { CODE_MODELS } from '../code-models/index.js';
import { INPUTS } from '../inputs/index.js';
import { CONTROL_TAGS, REGIONS, rowsOf } from '../regions/index.js';
import type { OutputKinds } from '../regions/output-kinds.js';

/** The lists of Python packages that trainers can ask for. */
export const REQUIREMENTS = ['base', 'torch'] as const;

/**
 * One branch a row of a table: the row's word, and the options that the row itself declares.
 *
 * @param base what each branch must have
 * @param more what it may have
 */
function branches(
  schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  word: string,
  base: object,
  more: object = {},
) {
  return Object.entries(schemas).map(([name, schema]) => ({
    ...schema,
    properties: { [word]: { const: name }, ...base, ...more, ...(schema.properties as object) },
    required: [word, ...Object.keys(base), ...((schema.required as string[]) ?? [])],
    additionalProperties: false,
  }));
}

/** A row of a table, with the options that it declares, and which of them a recipe may leave out. */
interface TableRow {
  optionsSchema: Readonly<Record<string, unknown>>;
  recipe?: { options: readonly string[] };
}

/** @param isRecipe whether options may be left to the training */
function optionsOf(table: Readonly<Record<string, TableRow>>, isRecipe = false) {
  return Object.fromEntries(
    Object.entries(table).map(([name, { optionsSchema, recipe }]) => {
      const left = isRecipe ? (recipe?.options ?? []) : [];
      const required = ((optionsSchema.required as string[]) ?? []).filter(option => !left.includes(option));
      return [name, { ...optionsSchema, required }];
    }),
  );
}

/** The options of each control tag: those of all its rows. */
function controlOptions() {
  const merged = (tag: string) => {
    const schemas = rowsOf(tag).map(row => row.optionsSchema);
    return {
      properties: Object.assign({}, ...schemas.map(({ properties }) => properties)),
      required: schemas.length === 1 ? schemas[0]!.required : [],
    };
  };
  return Object.fromEntries(CONTROL_TAGS.map(tag => [tag, merged(tag)]));
}

/** The schemas of the kinds of output that any control takes. */
function outputSchemas() {
  const kinds: OutputKinds = Object.assign({}, ...Object.values(REGIONS).map(row => row.outputKinds));
  return Object.fromEntries(Object.entries(kinds).map(([kind, { check: _, ...schema }]) => [kind, schema]));
}

/** @param isRecipe whether options may be left to the training */
function inputSchema(isRecipe: boolean) {
  return {
    type: 'object',
    discriminator: { propertyName: 'kind' },
    required: ['kind'],
    oneOf: branches(optionsOf(INPUTS, isRecipe), 'kind', {}),
  };
}

/**
 * The schema of `model.json`, as the tables are now.
 * @param isRecipe whether options may be left to the training
 */
export const manifestSchema = (isRecipe: boolean) => ({
  type: 'object',
  properties: {
    format: { const: 1 },
    title: { type: 'string', minLength: 1 },
    description: { type: 'string' },
    credits: { type: 'string' },
    code: { enum: Object.keys(CODE_MODELS) },
    input: inputSchema(isRecipe),
    train: {
      type: 'object',
      properties: {
        script: { type: 'string', pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]*\\.py$' },
        min: { type: 'integer', minimum: 1 },
        requirements: { enum: REQUIREMENTS },
        options: { type: 'object' },
      },
      required: ['script'],
      additionalProperties: false,
    },
    outputs: {
      type: 'array',
      minItems: 1,
      // Each of them is tried with each control of a labeling config.
      maxItems: 100,
      items: {
        type: 'object',
        discriminator: { propertyName: 'control' },
        required: ['control'],
        oneOf: branches(
          controlOptions(),
          'control',
          { name: { type: 'string', minLength: 1 } },
          { optional: { type: 'boolean' } },
        ),
      },
    },
  },
  required: ['format', 'title', 'input', 'outputs'],
  additionalProperties: false,
});

/** The schema of `version.json`, as the tables are now. */
export const versionSchema = () => ({
  type: 'object',
  properties: {
    format: { enum: [1, 2] },
    created: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?Z$' },
    files: {
      type: 'object',
      required: ['model.onnx'],
      propertyNames: { pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]*$' },
      additionalProperties: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    },
    input: inputSchema(false),
    outputs: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        discriminator: { propertyName: 'kind' },
        required: ['kind'],
        oneOf: branches(outputSchemas(), 'kind', { name: { type: 'string', minLength: 1 } }),
      },
    },
    metrics: { type: 'object' },
    parity: { type: 'object' },
    tools: { type: 'object', additionalProperties: { type: 'string' } },
  },
  required: ['format', 'created', 'files', 'outputs', 'metrics', 'parity', 'tools'],
  additionalProperties: false,
});
