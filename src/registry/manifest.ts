import { readFile } from 'node:fs/promises';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { CODE_MODELS } from '../code-models/index.js';
import { AppError, messageOf } from '../errors.js';
import { INPUTS } from '../inputs/index.js';
import { lazily } from '../lazily.js';
import { loadedKinds } from '../load-kinds.js';
import { CONTROL_TAGS, REGIONS, rowsOf } from '../regions/index.js';
import type { OutputKinds } from '../regions/output-kinds.js';
import type { InputSpec, VersionRecord } from './version.js';

/** `models/<name>/model.json`: what a model reads and which controls it fills. */
export interface Manifest {
  format: 1;
  /** A line for people. */
  title: string;
  description?: string;
  /** Whom to thank: data, licences. */
  credits?: string;
  /** The model that is code and answers, a word of `CODE_MODELS`; it has no versions. */
  code?: string;
  input: InputSpec;
  /** `optional`: the model serves configs without such a control as well. */
  outputs: readonly { name: string; control: string; optional?: boolean; [option: string]: unknown }[];
  train?: TrainSpec;
}

/** How a model learns from a project's annotations. */
export interface TrainSpec {
  /** A Python file in the model's folder, else in the server's own `scripts`. */
  script: string;
  /** Annotations that each label needs; absent: 2. */
  min?: number;
  /** The list of Python packages that the script needs, of `scripts/requirements`; absent: `base`. */
  requirements?: Requirements;
  /** What the script gets as it is. */
  options?: Readonly<Record<string, unknown>>;
}

/** The lists of Python packages that trainers can ask for. */
export const REQUIREMENTS = ['base', 'torch'] as const;
export type Requirements = (typeof REQUIREMENTS)[number];

const AJV_OPTIONS = {
  allErrors: true,
  verbose: true,
  discriminator: true,
  allowUnionTypes: true,
  strictRequired: false,
  // Files are few; to optimise the code that checks them takes longer than it saves.
  code: { optimize: false },
};

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

/** The kinds of output that any control takes. */
function outputKinds(): OutputKinds {
  return Object.assign({}, ...Object.values(REGIONS).map(row => row.outputKinds));
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

const manifestSchema = (isRecipe: boolean) => ({
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

const versionSchema = () => ({
  type: 'object',
  properties: {
    format: { const: 1 },
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
        oneOf: branches(outputKinds(), 'kind', { name: { type: 'string', minLength: 1 } }),
      },
    },
    metrics: { type: 'object' },
    parity: { type: 'object' },
    tools: { type: 'object', additionalProperties: { type: 'string' } },
  },
  required: ['format', 'created', 'files', 'outputs', 'metrics', 'parity', 'tools'],
  additionalProperties: false,
});

/** What the tables say of the files. */
interface Checks {
  rows: number;
  manifest: () => ValidateFunction<Manifest>;
  trained: () => ValidateFunction<Manifest>;
  version: () => ValidateFunction<VersionRecord>;
}

let compiled: Checks | undefined;

/** Compiled when they are first needed, and again where kinds were added to the tables since. */
function checks(): Checks {
  const rows = Object.keys(INPUTS).length + Object.keys(REGIONS).length;
  if (compiled?.rows !== rows) {
    // The server's own schemas are checked by its tests, not at each start, which would take as long as compiling them.
    const ajv = new Ajv({ ...AJV_OPTIONS, validateSchema: loadedKinds().length > 0 });
    compiled = {
      rows,
      manifest: lazily(() => ajv.compile<Manifest>(manifestSchema(false))),
      trained: lazily(() => ajv.compile<Manifest>(manifestSchema(true))),
      version: lazily(() => ajv.compile<VersionRecord>(versionSchema())),
    };
  }
  return compiled;
}

/** Compiles what checks the files of every model, while there is time for it. */
export function compileChecks(): void {
  checks().manifest();
  checks().version();
}

/** What an ajv error expected and found, at its place. */
function describe({ instancePath, keyword, message, params, data }: ErrorObject): string {
  const place = instancePath === '' ? 'the top level' : instancePath;
  switch (keyword) {
    case 'const':
      return `${place} must be ${JSON.stringify(params.allowedValue)}, not ${shown(data)}`;
    case 'enum':
      return `${place} must be one of ${params.allowedValues.join(', ')}, not ${shown(data)}`;
    case 'additionalProperties':
      return `${place} has '${params.additionalProperty}', which is not known there`;
    case 'required':
      return `${place} lacks '${params.missingProperty}'`;
    case 'discriminator':
      return `${place}/${params.tag} is ${shown(params.tagValue)}, which is not known`;
    default:
      return `${place} ${message}, not ${shown(data)}`;
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/**
 * Reads a JSON file and checks it.
 * @param hint what is added to the message when it is not valid
 * @throws AppError of the code, naming the file, the path in it and what was expected
 */
export async function readJson<T>(
  path: string,
  checkOf: (value: unknown) => ValidateFunction<T>,
  code: 'manifest_invalid' | 'version_invalid',
  hint: string,
): Promise<T> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new AppError(code, `${path} is not readable JSON: ${messageOf(error)}`, { cause: error });
  }
  const check = checkOf(value);
  if (check(value)) return value;
  // A missing word of a table is told as a missing property already.
  const wrong = (check.errors ?? []).filter(
    ({ keyword, params }) => keyword !== 'discriminator' || params.tagValue !== undefined,
  );
  throw new AppError(code, `${path}: ${wrong.map(describe).join('; ')}${hint}`);
}

/** The options that an input leaves to the training, by name. */
export function learntOptions(input: InputSpec): string[] {
  return (INPUTS[input.kind]!.recipe?.options ?? []).filter(option => input[option] === undefined);
}

/**
 * What a version reads: its own `input`, else the manifest's.
 * @throws AppError `version_invalid` when it reads another kind of thing, or neither says what
 */
export function inputOf(folder: string, { input }: VersionRecord, manifest: Manifest): InputSpec {
  const { kind } = manifest.input;
  if (input !== undefined && input.kind !== kind) {
    throw new AppError(
      'version_invalid',
      `${folder}/version.json has an input of the kind '${input.kind}', and model.json one of the kind '${kind}'`,
    );
  }
  const missing = input === undefined ? learntOptions(manifest.input) : [];
  if (missing.length > 0) {
    throw new AppError(
      'version_invalid',
      `${folder}/version.json has no input, and that of model.json lacks ${missing.join(', ')}`,
    );
  }
  return input ?? manifest.input;
}

/**
 * Reads and checks a manifest.
 * @throws AppError `manifest_invalid`, naming the file, the path in it and what was expected
 */
export function readManifest(path: string): Promise<Manifest> {
  const hint = ` (inputs: ${Object.keys(INPUTS).join(', ')}; controls: ${CONTROL_TAGS.join(', ')})`;
  const checkOf = (value: unknown) =>
    typeof value === 'object' && value !== null && 'train' in value
      ? checks().trained()
      : checks().manifest();
  return readJson(path, checkOf, 'manifest_invalid', hint);
}

/**
 * Reads and checks a version's record.
 * @throws AppError `version_invalid`, naming the file, the path in it and what was expected
 */
export function readVersion(path: string): Promise<VersionRecord> {
  return readJson(path, () => checks().version(), 'version_invalid', '');
}
