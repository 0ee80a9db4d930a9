/**
 * Makes something when it is first asked for.
 * @example
 * const check = lazily(() => ajv.compile(schema));
 * check()(value); // compiles
 * check()(value);
 */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
