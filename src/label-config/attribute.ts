/**
 * An attribute of a tag, whatever the case of its name: the editor writes all names in lower case before it reads them.
 * Where a tag has one in two spellings, the last one counts, as in the editor.
 *
 * @example
 * attribute({ valuetype: 'url' }, 'valueType'); // 'url'
 * @see `attrsToProps` in https://github.com/HumanSignal/label-studio/blob/develop/web/libs/editor/src/core/Tree.tsx
 */
export function attribute(attributes: Readonly<Record<string, string>>, name: string): string | undefined {
  let found: string | undefined;
  // Read for each task: most tags do not have what is looked for, which lengths tell.
  for (const own in attributes)
    if (own.length === name.length && own.toLowerCase() === name.toLowerCase()) found = attributes[own];
  return found;
}
