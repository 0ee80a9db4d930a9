import { readdirSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import 'tsx';

// `.mocharc.json` loads this before the tests: what they import of `src` is what is compiled of it. That is what users run,
// and a child process of it starts in a quarter of the time that one of the sources needs, which compiles itself each time.

const SOURCES = new URL('../../src/', import.meta.url);

const built =
  statSync(new URL('../../dist/.built', import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0;
for (const name of readdirSync(fileURLToPath(SOURCES), { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.ts') || statSync(new URL(name, SOURCES)).mtimeMs <= built) continue;
  throw new Error(`src/${name} is newer than what is compiled of it in dist: run \`make setup\``);
}
register('./resolve.js', import.meta.url);
