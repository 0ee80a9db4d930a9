import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAccepted } from './spdx.js';

/** Licences that ask for no more than a notice. */
const PERMISSIVE = new Set(
  '0BSD Apache-2.0 BlueOak-1.0.0 BSD-2-Clause BSD-3-Clause CC0-1.0 ISC MIT Unlicense Zlib'.split(' '),
);
const LESSER = /^LGPL-/;
/** What packages hold beside what their package.json says: mpg123 as WebAssembly, https://www.mpg123.de/ */
const HELD: Readonly<Record<string, string>> = { 'mpg123-decoder': 'MIT AND LGPL-2.1-only' };
const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;
/** The first line of a licence's text, which stands in capitals. */
const GNU_TEXT = /^\W*GNU (LESSER |LIBRARY |AFFERO )?GENERAL PUBLIC LICENSE/m;

interface Lock {
  packages: Record<string, { dev?: boolean; license?: string }>;
}

/**
 * Looks at the licences of all packages that `npm ci --omit=dev` installs, on any system. Of those that are installed here it
 * reads package.json and the licence files, of others what package-lock.json says.
 *
 * @param root a folder with package-lock.json, node_modules and README.md, which lists the packages under the LGPL
 * @returns what is wrong, one sentence a package
 */
export function licenceProblems(root: string): string[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const listed = listedPackages(readFileSync(join(root, 'README.md'), 'utf8'));
  const used = new Set<string>();
  const problems = Object.entries(lock.packages).flatMap(([path, entry]): string[] => {
    if (path === '' || entry.dev === true) return [];
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const folder = join(root, path);
    const told = HELD[name] ?? declared(folder) ?? entry.license;
    if (typeof told !== 'string') return [`${name} says no licence`];
    let isPermissive: boolean;
    try {
      if (!isAccepted(told, id => PERMISSIVE.has(id) || LESSER.test(id)))
        return [`${name} is under ${told}, which is not among the accepted licences`];
      isPermissive = isAccepted(told, id => PERMISSIVE.has(id));
    } catch {
      return [`${name} says "${told}", which is no SPDX expression`];
    }
    if (isPermissive) {
      const file = gnuText(folder);
      return file === undefined
        ? []
        : [
            `${name} says ${told}, and its ${file} holds the text of a GNU licence: say in HELD what it holds`,
          ];
    }
    const found = [...listed].find(each => matches(each, name));
    if (found === undefined) return [`${name} is under ${told}: list it in README.md, under Licence`];
    used.add(found);
    return [];
  });
  const unused = [...listed].filter(each => !used.has(each));
  return [...problems, ...unused.map(each => `README.md lists ${each}, which is not installed`)];
}

function declared(folder: string): string | undefined {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return undefined;
  const { license } = JSON.parse(readFileSync(path, 'utf8')) as { license?: string };
  return license;
}

function gnuText(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isFile() && LICENCE_FILE.test(entry.name))
    .find(({ name }) => GNU_TEXT.test(readFileSync(join(folder, name), 'utf8')))?.name;
}

/** The first column of the table in README's part on licences; a `*` stands for any end. */
function listedPackages(readme: string): Set<string> {
  const part = /^## Licence$([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(readme)?.[1] ?? '';
  const rows = part.match(/^\|[^|]*\|/gm) ?? [];
  return new Set(rows.flatMap(row => [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)));
}

function matches(listed: string, name: string): boolean {
  return listed.endsWith('*') ? name.startsWith(listed.slice(0, -1)) : name === listed;
}
