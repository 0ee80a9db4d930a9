import { Ajv, type ValidateFunction } from 'ajv';
import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import type { BindTarget, RegionKind, RegionOptions } from './contract.js';

/** Attributes are texts: `model_score_threshold="0.5"` is a number. */
const ajv = new Ajv({ coerceTypes: true, allowUnionTypes: true });
const checks = new WeakMap<object, ValidateFunction>();

/** What of a JSON schema says which values an option can have. */
interface OptionSchema {
  type?: unknown;
  minimum?: number;
  maximum?: number;
}

/** The values of an option in words; undefined: its schema says more than that. */
function valuesOf({ type, minimum, maximum }: OptionSchema): string | undefined {
  if (type === 'boolean') return 'true or false';
  if (type !== 'number' && type !== 'integer') return undefined;
  const noun = type === 'integer' ? 'a whole number' : 'a number';
  if (minimum === undefined) return maximum === undefined ? noun : undefined;
  return maximum === undefined ? `${noun} of at least ${minimum}` : `${noun} from ${minimum} to ${maximum}`;
}

/**
 * A region kind's options as a project has them: an extra param of an option's name wins over the control's attribute of
 * that name, and that over the manifest.
 *
 * @throws AppError `no_model_fits` when a value is not one that the option can have; its message goes on from "the
 *   model '<name>' "
 * @example
 * // <Labels name="label" toName="text" model_score_threshold="0.5">
 * overridden(labels, { model_score_threshold: 0.1 }, target, {}); // { model_score_threshold: 0.5 }
 */
export function overridden(
  { overridable = [], optionsSchema }: Pick<RegionKind, 'overridable' | 'optionsSchema'>,
  options: RegionOptions,
  { name, tag, attributes }: BindTarget,
  extraParams: Readonly<Record<string, unknown>>,
): RegionOptions {
  const changed: Record<string, unknown> = { ...options };
  for (const option of overridable) {
    const [value, place] = Object.hasOwn(extraParams, option)
      ? [extraParams[option], 'the extra params have']
      : [attribute(attributes, option), `the config's ${tag} '${name}' has`];
    if (value === undefined) continue;
    const schema = (optionsSchema.properties as Record<string, OptionSchema>)[option]!;
    const check = checks.get(schema) ?? ajv.compile({ type: 'object', properties: { [option]: schema } });
    checks.set(schema, check);
    const holder = { [option]: value };
    if (!check(holder)) {
      const right = valuesOf(schema) ?? `a value that ${check.errors![0]!.message}`;
      throw new AppError(
        'no_model_fits',
        `takes ${right} as its ${option}; ${place} ${JSON.stringify(value)}`,
      );
    }
    changed[option] = holder[option];
  }
  return changed;
}
