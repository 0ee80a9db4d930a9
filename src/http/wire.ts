import { Ajv, type ValidateFunction } from 'ajv';
import { AppError } from '../errors.js';
import { isRecord } from '../is-record.js';
import type { Context } from '../model.js';
import { createdOf, PROJECT_PATTERN, type ProjectName, readProjectName } from '../project-key.js';
import type { Project } from '../state.js';
import { withoutQuote } from './errors.js';

/**
 * What Label Studio sends, checked. Unknown fields are let through everywhere; only what is read is checked.
 * The shapes are those that Label Studio 1.23 sends and that the Python SDK's clients send.
 */

/** The schemas themselves are not checked: that would take longer, at each start, than to compile them. */
const ajv = new Ajv({ allErrors: false, verbose: true, allowUnionTypes: true, validateSchema: false });
const TEXT_OR_NULL = { type: ['string', 'null'] };
/** What is kept for each project: an address, which each of its tasks is held against, and a token. */
const ADDRESS_OR_NULL = { ...TEXT_OR_NULL, maxLength: 2_000 };
const TOKEN_OR_NULL = { ...TEXT_OR_NULL, maxLength: 10_000 };
/** Characters of extra params as JSON, which are kept for each project. */
const EXTRA_PARAMS = 100_000;
const PROJECT = { type: ['string', 'number', 'object', 'null'] };
const OBJECT_OR_NULL = { type: ['object', 'null'] };

function body<T>(
  properties: Record<string, unknown>,
  required: readonly string[] = [],
): (value: unknown) => T {
  const check: ValidateFunction = ajv.compile({ type: 'object', properties, required });
  return value => {
    if (check(value)) return value as T;
    const { instancePath, keyword, message = 'is not valid', params } = check.errors![0]!;
    const place = instancePath === '' ? 'the body' : `the body's ${instancePath}`;
    const types = [params.type]
      .flat()
      .map(type => (/^[aeiou]/.test(type) ? `an ${type}` : type === 'null' ? type : `a ${type}`));
    if (keyword === 'required')
      throw new AppError('request_invalid', `${place} lacks '${params.missingProperty}'`);
    throw new AppError(
      'request_invalid',
      `${place} ${keyword === 'type' ? `must be ${types.join(' or ')}` : message}`,
    );
  };
}

interface Raw {
  project?: unknown;
  label_config?: string | null;
  params?: { context?: Context | null } | null;
}

/** The body of `/predict`. */
export interface PredictBody extends Raw {
  tasks: Record<string, unknown>[];
}

export const predictBody = body<PredictBody>(
  {
    tasks: { type: 'array', items: { type: 'object' } },
    project: PROJECT,
    label_config: TEXT_OR_NULL,
    params: { ...OBJECT_OR_NULL, properties: { context: OBJECT_OR_NULL } },
  },
  ['tasks'],
);

export const setupBody = body<{
  project?: unknown;
  schema: string;
  hostname?: string | null;
  access_token?: string | null;
  extra_params?: unknown;
}>(
  {
    project: PROJECT,
    schema: { type: 'string', minLength: 1 },
    hostname: ADDRESS_OR_NULL,
    access_token: TOKEN_OR_NULL,
    extra_params: { type: ['object', 'string', 'array', 'number', 'boolean', 'null'] },
  },
  ['schema'],
);

export const webhookBody = body<Record<string, unknown> & { action: string; project?: unknown }>(
  { action: { type: 'string', maxLength: 100 }, project: PROJECT },
  ['action'],
);

export const trainBody = body<Record<string, unknown> & Raw>({
  project: PROJECT,
  label_config: TEXT_OR_NULL,
});
export const jobBody = body<{ job: string }>({ job: { type: 'string' } }, ['job']);
export const validateBody = body<{ config: string }>({ config: { type: 'string' } }, ['config']);
export const deleteBody = body<{ project: unknown }>({ project: PROJECT }, ['project']);
export const duplicateBody = body<{ project_src: unknown; project_dst: unknown }>(
  { project_src: PROJECT, project_dst: PROJECT },
  ['project_src', 'project_dst'],
);

/**
 * How Label Studio names a project: `4.1795520884` (id and time of creation) in its own calls, the whole project in webhooks;
 * others send an id alone.
 * @returns null when there is none
 * @throws AppError `request_invalid` for an id that could not be the name of a folder
 */
export function projectName(project: unknown): ProjectName | null {
  const isObject = typeof project === 'object' && project !== null;
  const { id, created_at } = isObject
    ? (project as { id?: unknown; created_at?: unknown })
    : { id: project, created_at: undefined };
  if (id === undefined || id === null || id === '') return null;
  // The digits after a number's point are no time: it loses the zeros at its end. An object may have a `toString` that is none.
  const text =
    typeof id === 'string' ? id : typeof id === 'number' && Number.isFinite(id) ? String(Math.trunc(id)) : '';
  const name = readProjectName(text);
  if (!name) {
    throw new AppError('request_invalid', `the project is no id: it matches ${PROJECT_PATTERN}`);
  }
  return name.created === null ? { ...name, created: createdOf(created_at) } : name;
}

/** The project in a query, `?project=4` or `?project=4.1795520884`. */
export function projectOf({
  project,
}: Readonly<Record<string, string | string[] | undefined>>): ProjectName | null {
  return projectName(Array.isArray(project) ? project[0] : project);
}

/** The same, where there must be one. */
export function requiredProject(project: unknown): ProjectName {
  const name = projectName(project);
  if (name === null) throw new AppError('request_invalid', 'the body names no project');
  return name;
}

const NOT_OBJECT = 'use an object such as {"model": "<name>"}, or leave them empty';

/**
 * What a user typed as extra params: an object, or an object as text, which is what Label Studio's form sends. An empty form has none.
 * @throws AppError `request_invalid` when they are something else, or too large to be kept
 */
export function extraParams(value: unknown): Project['extraParams'] {
  const typed = typeof value === 'string' ? typedParams(value) : value;
  const parsed = typed ?? {};
  if (!isRecord(parsed)) {
    const what = Array.isArray(parsed)
      ? 'a list'
      : typeof parsed === 'string'
        ? 'a text'
        : `a ${typeof parsed}`;
    throw new AppError('request_invalid', `the extra params are ${what}: ${NOT_OBJECT}`);
  }
  let length: number;
  try {
    ({ length } = JSON.stringify(parsed));
  } catch {
    throw new AppError('request_invalid', "the body's /extra_params is nested too deeply");
  }
  if (length > EXTRA_PARAMS) {
    throw new AppError(
      'request_invalid',
      `the body's /extra_params has ${length} characters, and this server keeps at most ${EXTRA_PARAMS} of a project`,
    );
  }
  return parsed;
}

function typedParams(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = withoutQuote(error as SyntaxError);
    throw new AppError('request_invalid', `the extra params are not JSON (${reason}): ${NOT_OBJECT}`);
  }
}
