import type { LabelConfig } from './parse.js';

/**
 * What is found in a labeling config once, and kept as long as the config is: it does not change.
 *
 * @example
 * const tags = oncePerConfig(({ controls }) => new Set([...controls.values()].map(({ tag }) => tag)));
 * tags(config) === tags(config); // true
 */
export function oncePerConfig<T extends object>(
  find: (config: LabelConfig) => T,
): (config: LabelConfig) => T {
  const known = new WeakMap<LabelConfig, T>();
  return config => {
    const found = known.get(config) ?? find(config);
    known.set(config, found);
    return found;
  };
}

/** Things by a key of theirs, in their order. */
export function grouped<K, T>(all: Iterable<T>, keyOf: (each: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const each of all) {
    const key = keyOf(each);
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
  }
  return groups;
}
