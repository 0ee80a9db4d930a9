import { ROOT } from './python.js';

const COMPILED = process.execArgv.some(option => option.endsWith('test/compiled/register.js'));

/**
 * What Node is given to run a module of `src` as a program: what is compiled of it where the tests run that, and else the
 * source with tsx.
 * @param name its path below `src` without an extension, such as `cli/start`
 */
export function program(name: string): string[] {
  return COMPILED ? [`${ROOT}dist/${name}.js`] : ['--import', 'tsx', `${ROOT}src/${name}.ts`];
}
