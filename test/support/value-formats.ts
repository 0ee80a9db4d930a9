import { readFile } from 'node:fs/promises';

/** A row of value-formats.json: a result type on some object tags, as Label Studio's editor and validator have it. */
export interface Format {
  entry: string;
  tag: string;
  result_type: string;
  object_tags: string[];
  value_key: string | null;
  value_fields: { name: string; type: string; required: boolean }[];
  in_oss_editor_1_23_2: boolean;
  label_config: string;
  example_result: { type: string; from_name: string }[];
}

const { tags } = JSON.parse(
  await readFile(new URL('../conformance/value-formats.json', import.meta.url), 'utf8'),
) as { tags: Format[] };

/** All formats of results that Label Studio has. */
export const FORMATS: readonly Format[] = tags;

/** Whether a value is of a type as the table writes it; types of objects are left to the validator. */
function isOf(type: string, value: unknown): boolean {
  if (type.includes(' | ')) return type.split(' | ').some(each => isOf(each, value));
  if (type.startsWith('"')) return value === JSON.parse(type);
  if (type.startsWith('{') && !type.endsWith('[]')) return typeof value === 'object' && !Array.isArray(value);
  if (type.endsWith('[]')) return Array.isArray(value) && value.every(each => isOf(type.slice(0, -2), each));
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'number') return Number.isFinite(value);
  if (type === 'string' || type === 'boolean') return typeof value === type;
  return value !== undefined;
}

/**
 * What keeps a result's value from being one of a format; empty: nothing.
 *
 * @param hasPlace whether it gets its place elsewhere
 */
export function strangeIn(
  format: Format,
  value: Readonly<Record<string, unknown>>,
  hasPlace: boolean,
): string[] {
  const found: string[] = [];
  const fields = format.value_fields;
  const isPlaced = hasPlace || Object.keys(value).some(key => key !== format.value_key);
  for (const { name, type, required } of fields) {
    if (name.startsWith('<')) {
      if (!isPlaced) found.push(`no ${name}`);
    } else if ((required || value[name] !== undefined) && !isOf(type, value[name]))
      found.push(`${name} is no ${type}`);
  }
  const known = fields.map(({ name }) => name);
  const others = Object.keys(value).filter(key => !known.includes(key));
  if (!known.some(name => name.startsWith('<')) && others.length > 0) found.push(`the keys ${others}`);
  return found;
}
