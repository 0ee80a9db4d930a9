const SOURCES = new URL('../../src/', import.meta.url).href;
const COMPILED = new URL('../../dist/', import.meta.url).href;

/**
 * Node asks this for the address of what a module imports, in a thread of its own.
 *
 * @type {import('node:module').ResolveHook}
 */
export const resolve = (specifier, context, next) => {
  if (!specifier.startsWith('.') || context.parentURL === undefined) return next(specifier, context);
  const { href } = new URL(specifier, context.parentURL);
  return next(href.startsWith(SOURCES) ? href.replace(SOURCES, COMPILED) : specifier, context);
};
