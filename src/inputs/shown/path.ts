/** A place in a task's data. */
export interface DataPath {
  /** The key that is meant where the data have it: `a.b` may be one. */
  key: string;
  /** The keys that lead there otherwise, from the outermost. */
  keys: readonly string[];
}

/**
 * Reads a path as the editor of Label Studio 1.23.2 does, with `get` of es-toolkit 1.45: names between dots, and in brackets.
 * Dots with nothing between them count as one, and none at the end, so that `Hello $name.` finds `name`.
 *
 * @param text as it stands behind the `$`
 * @example
 * parsePath('reviews[0].body'); // { key: 'reviews[0].body', keys: ['reviews', '0', 'body'] }
 * @see https://es-toolkit.dev/reference/compat/object/get.html
 */
export function parsePath(text: string): DataPath {
  const isPath = /[.[\]]/.test(text);
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

function keysOf(text: string): string[] {
  const keys: string[] = text.startsWith('.') ? [''] : [];
  let key = '';
  let isInBrackets = false;
  const end = () => {
    if (key !== '') keys.push(key);
    key = '';
  };
  for (const character of text) {
    if (isInBrackets && character === ']') {
      // Brackets name a key even when there is nothing in them.
      keys.push(key);
      key = '';
      isInBrackets = false;
    } else if (isInBrackets || !'.['.includes(character)) key += character;
    else {
      end();
      isInBrackets = character === '[';
    }
  }
  end();
  return keys;
}
