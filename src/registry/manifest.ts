import { dirname } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { AppError, messageOf } from '../errors.js';
import { INPUTS } from '../inputs/index.js';
import { isRecord } from '../is-record.js';
import { lazily } from '../lazily.js';
import { loadedKinds } from '../load-kinds.js';
import { CONTROL_TAGS, REGIONS } from '../regions/index.js';
import { manifestSchema, type REQUIREMENTS, versionSchema } from './schemas.js';
import { readSmallFile } from './small-file.js';
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

/** A list of Python packages that a trainer can ask for. */
export type Requirements = (typeof REQUIREMENTS)[number];

/** What the tables say of the files. */
interface Checks {
  manifest: () => ValidateFunction<Manifest>;
  trained: () => ValidateFunction<Manifest>;
  version: () => ValidateFunction<VersionRecord>;
}

/** By whether all that is wrong is told, for the tables as they were with so many rows. */
let compiled = new Map<boolean, Checks>();
let compiledRows = 0;

/** Characters beyond which the first thing that is wrong is told alone: there may be as many as there are characters. */
const LARGE = 262_144;

/** A version.json may list every word of a vocabulary as a class; one that is larger is none. */
const MOST_BYTES = 16 * 2 ** 20;
/** Things that are wrong with a file, as they are told at once. */
const MOST_ERRORS = 10;

/** Compiled when they are first needed, and again where kinds were added to the tables since. */
function checks(allErrors = true): Checks {
  const rows = Object.keys(INPUTS).length + Object.keys(REGIONS).length;
  if (compiledRows !== rows) compiled = new Map();
  compiledRows = rows;
  let known = compiled.get(allErrors);
  if (!known) {
    const ajv = new Ajv({
      allErrors,
      verbose: true,
      discriminator: true,
      allowUnionTypes: true,
      strictRequired: false,
      // Files are few; to optimise the code that checks them takes longer than it saves.
      code: { optimize: false },
      // The server's own schemas are checked by its tests, not at each start, which would take as long as compiling them.
      validateSchema: loadedKinds().length > 0,
    });
    known = {
      manifest: lazily(() => ajv.compile<Manifest>(manifestSchema(false))),
      trained: lazily(() => ajv.compile<Manifest>(manifestSchema(true))),
      version: lazily(() => ajv.compile<VersionRecord>(versionSchema())),
    };
    compiled.set(allErrors, known);
  }
  return known;
}

/** Compiles what checks the files of every model, while there is time for it. */
export function compileChecks(): void {
  try {
    checks().manifest();
    checks().version();
  } catch {
    // A kind's schema is none: each file that is checked tells of it.
  }
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
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    return 'a value that is nested too deeply';
  }
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/**
 * Reads a JSON file and checks it.
 * @param hint what is added to the message when it is not valid
 * @throws AppError of the code, naming the file, the path in it and what was expected
 */
export async function readJson<T>(
  path: string,
  checkOf: (value: unknown, isSmall: boolean) => ValidateFunction<T>,
  code: 'manifest_invalid' | 'version_invalid',
  hint: (errors: readonly ErrorObject[]) => string,
): Promise<T> {
  let value: unknown;
  let isSmall: boolean;
  try {
    const text = await readSmallFile(path, MOST_BYTES);
    isSmall = text.length < LARGE;
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError(code, `${path} is not readable JSON: ${messageOf(error)}`, { cause: error });
  }
  const check = checkOf(value, isSmall);
  if (check(value)) return value;
  // A missing word of a table is told as a missing property already.
  const wrong = (check.errors ?? [])
    .filter(({ keyword, params }) => keyword !== 'discriminator' || params.tagValue !== undefined)
    .slice(0, MOST_ERRORS);
  throw new AppError(code, `${path}: ${wrong.map(describe).join('; ')}${hint(wrong)}`);
}

/** The options that an input leaves to the training, by name. */
export function learntOptions(input: InputSpec): string[] {
  return (INPUTS[input.kind]!.recipe?.options ?? []).filter(option => input[option] === undefined);
}

/** Inputs whose tensors are others since format 2 of version.json. */
const OF_PIXELS: ReadonlySet<string> = new Set(['image', 'image-prompts', 'ocr', 'video']);

/** How a model is brought from format 1 to the present one. */
function upgrade(modelFolder: string): string {
  return `\`python3 scripts/upgrade_model.py ${modelFolder}\` exports it anew`;
}

/**
 * What a version reads: its own `input`, else the manifest's.
 *
 * @param folder that of the version
 * @throws AppError `version_invalid` when it reads another kind of thing, neither says what, or its format is too old for it
 */
export function inputOf(folder: string, { format, input }: VersionRecord, manifest: Manifest): InputSpec {
  const { kind } = manifest.input;
  if (format === 1 && OF_PIXELS.has(kind)) {
    const model = dirname(dirname(folder));
    throw new AppError(
      'version_invalid',
      `its version.json has format 1, from when pixels were scaled in another way than in training: ${upgrade(model)}`,
    );
  }
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

/** The kinds of input and the controls that there are, where an error is about such a word: the lists are long. */
function known(errors: readonly ErrorObject[]): string {
  const unknown = (tag: string) =>
    errors.some(({ keyword, params }) => keyword === 'discriminator' && params.tag === tag);
  const lists = [
    ...(unknown('kind') ? [`inputs: ${Object.keys(INPUTS).join(', ')}`] : []),
    ...(unknown('control') ? [`controls: ${CONTROL_TAGS.join(', ')}`] : []),
  ];
  return lists.length > 0 ? ` (${lists.join('; ')})` : '';
}

/**
 * Reads and checks a manifest.
 * @throws AppError `manifest_invalid`, naming the file, the path in it and what was expected
 */
export function readManifest(path: string): Promise<Manifest> {
  let hint = known;
  const checkOf = (value: unknown, isSmall: boolean) => {
    const { input, train } = isRecord(value) ? value : {};
    if (isRecord(input) && input.kernel !== undefined)
      hint = () => ` ("kernel" has become "resample": ${upgrade(dirname(path))})`;
    return train === undefined ? checks(isSmall).manifest() : checks(isSmall).trained();
  };
  return readJson(path, checkOf, 'manifest_invalid', errors => hint(errors));
}

/**
 * Reads and checks a version's record.
 * @throws AppError `version_invalid`, naming the file, the path in it and what was expected
 */
export function readVersion(path: string): Promise<VersionRecord> {
  return readJson(
    path,
    (_, isSmall) => checks(isSmall).version(),
    'version_invalid',
    () => '',
  );
}
