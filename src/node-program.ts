import { fileURLToPath } from 'node:url';

/**
 * What Node is given to run a module of this project in a process of its own. From sources it is TypeScript and needs tsx;
 * compiled, it is JavaScript.
 *
 * @param from `import.meta.url` of who starts it
 * @param entry the module, relative to that, without its extension
 * @example
 * spawn(process.execPath, nodeProgram(import.meta.url, './child'));
 */
export function nodeProgram(from: string, entry: string): string[] {
  const extension = from.slice(from.lastIndexOf('.'));
  const path = fileURLToPath(new URL(`${entry}${extension}`, from));
  return extension === '.ts' ? ['--import', 'tsx', path] : [path];
}
