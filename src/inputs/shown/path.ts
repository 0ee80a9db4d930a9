/** A place in a task's data. */
export interface DataPath {
  /** The key that is meant where the data have it: `a.b` may be one. */
  key: string;
  /** The keys that lead there otherwise, from the outermost. */
  keys: readonly string[];
}

/**
 * Reads a path as the editor does, which is lodash's `get`: names between dots, and in brackets.
 *
 * @param text as it stands behind the `$`
 * @example
 * parsePath('reviews[0].body'); // { key: 'reviews[0].body', keys: ['reviews', '0', 'body'] }
 * @see https://lodash.com/docs#get
 */
export function parsePath(text: string): DataPath {
  const isPath = /\.|\[[^[\]]*\]/.test(text);
  return { key: text, keys: isPath ? keysOf(text) : [text] };
}

/** What stands at a path; undefined: nothing. */
export function valueAt(data: Readonly<Record<string, unknown>>, { key, keys }: DataPath): unknown {
  if (Object.hasOwn(data, key)) return data[key];
  let value: unknown = keys.length > 0 ? data : undefined;
  for (const each of keys) {
    if (value === null || value === undefined || !Object.hasOwn(Object(value), each)) return undefined;
    value = (value as Record<string, unknown>)[each];
  }
  return value;
}

/** A dot or an empty pair of brackets with nothing between it and the next one names the empty key. */
const EMPTY_KEY = /^(?:\.|\[\])(?:\.|\[\]|$)/;
const DECIMAL = /^\[(\d+\.\d+)\]/;

function keysOf(text: string): string[] {
  const keys: string[] = text.startsWith('.') ? [''] : [];
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    // The one key with a dot in it.
    const decimal = DECIMAL.exec(rest);
    const name = decimal ?? /^[^.[\]]+/.exec(rest);
    if (name) keys.push(decimal?.[1] ?? name[0]);
    else if (EMPTY_KEY.test(rest)) keys.push('');
    at += name?.[0].length ?? 1;
  }
  return keys;
}
