import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { temporaryFolder } from '../support/folder.js';
import { licenceProblems } from './check.js';
import { isAccepted } from './spdx.js';

interface Package {
  /** What package.json says; null: the package is not installed. */
  installed: string | null | undefined;
  locked?: string;
  dev?: boolean;
  files?: Record<string, string>;
}

async function problemsOf(packages: Record<string, Package>, readme = '## Licence\n'): Promise<string[]> {
  const root = await temporaryFolder();
  const entries = Object.entries(packages).map(([name, { locked, dev }]) => [
    `node_modules/${name}`,
    { ...(locked !== undefined && { license: locked }), ...(dev !== undefined && { dev }) },
  ]);
  const lock = { packages: { '': { license: 'Apache-2.0' }, ...Object.fromEntries(entries) } };
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock));
  await writeFile(join(root, 'README.md'), readme);
  for (const [name, { installed, files = {} }] of Object.entries(packages)) {
    if (installed === null) continue;
    const folder = join(root, 'node_modules', name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name, license: installed }));
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  }
  return licenceProblems(root);
}

describe('the check of licences', () => {
  it('understands SPDX expressions', () => {
    const accepts = (expression: string) => isAccepted(expression, id => id === 'MIT' || id === 'ISC');
    for (const yes of ['MIT', '(MIT OR GPL-3.0-only)', 'MIT AND ISC', 'GPL-2.0 OR MIT AND ISC', 'MIT WITH x'])
      assert.isTrue(accepts(yes), yes);
    for (const no of ['GPL-2.0+', 'MIT AND GPL-3.0-only', '(MIT OR ISC) AND GPL-2.0', 'GPL-2.0 WITH x'])
      assert.isFalse(accepts(no), no);
    for (const none of ['', 'MIT OR', 'MIT ISC', '(MIT', 'AND', 'SEE LICENSE IN file'])
      assert.throws(() => accepts(none), /not an SPDX licence expression/, none);
  });

  it('refuses the GPL, what it does not know, and no licence, of packages that are served with', async () => {
    const problems = await problemsOf({
      'decode-aac': { installed: 'GPL-2.0' },
      network: { installed: 'AGPL-3.0-or-later' },
      '@other/system': { installed: null, locked: 'GPL-3.0-only' },
      nested: { installed: 'MIT AND GPL-2.0-or-later' },
      own: { installed: 'SEE LICENSE IN terms.txt' },
      silent: { installed: undefined },
      choice: { installed: '(MIT OR GPL-2.0)' },
      tool: { installed: 'GPL-3.0-only', dev: true },
      good: { installed: 'MIT' },
    });
    assert.deepEqual(problems, [
      'decode-aac is under GPL-2.0, which is not among the accepted licences',
      'network is under AGPL-3.0-or-later, which is not among the accepted licences',
      '@other/system is under GPL-3.0-only, which is not among the accepted licences',
      'nested is under MIT AND GPL-2.0-or-later, which is not among the accepted licences',
      'own says "SEE LICENSE IN terms.txt", which is no SPDX expression',
      'silent says no licence',
    ]);
  });

  it('reads the texts of licences', async () => {
    const text = '\n          GNU GENERAL PUBLIC LICENSE\n             Version 2, June 1991\n';
    const [problem] = await problemsOf({ decoder: { installed: 'MIT', files: { 'LICENSE.faad2': text } } });
    assert.match(String(problem), /^decoder says MIT, and its LICENSE.faad2 holds the text of a GNU licence/);
  });

  it('holds the list of the README', async () => {
    const readme =
      '## Licence\n\n| package |\n|---|\n| `parser`, `@img/*` |\n| `gone` |\n\n## More\n\n| `x` |\n';
    const problems = await problemsOf(
      {
        parser: { installed: 'LGPL-3.0-or-later' },
        '@img/vips-linux': { installed: 'LGPL-3.0-or-later' },
        'mpg123-decoder': { installed: 'MIT' },
      },
      readme,
    );
    assert.deepEqual(problems, [
      'mpg123-decoder is under MIT AND LGPL-2.1-only: list it in README.md, under Licence',
      'README.md lists gone, which is not installed',
    ]);
  });
});
