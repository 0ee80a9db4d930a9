import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import { dataLayout } from '../../src/data-folder/layout.js';
import { clearLeftovers } from '../../src/data-folder/leftovers.js';
import { temporaryFolder } from '../support/folder.js';
import { ROOT } from '../support/python.js';
import { openChurn, SLOT } from './churn.js';

const KILLS = 6;

describe('a server that is killed while it lets new versions serve', () => {
  it('serves the last one, whole, when it starts again, and the next training works', async function () {
    this.timeout(60_000);
    const root = await temporaryFolder();
    const data = join(root, 'data');
    let turns = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const child = spawn(process.execPath, [...process.execArgv, 'test/registry/churn.ts', root], {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let last = '';
      const lines = createInterface({ input: child.stdout }).on('line', line => {
        last = line;
        turns++;
      });
      const ended = once(child, 'close');
      // One that ends by itself says no line.
      await Promise.race([once(lines, 'line'), ended]);
      await setTimeout(Math.random() * 100);
      child.kill('SIGKILL');
      await ended;

      await clearLeftovers(dataLayout(data));
      const all = await readdir(data, { recursive: true });
      assert.deepEqual(
        all.filter(path => path.includes('/.') || path.includes('/out')),
        [],
      );
      const { registry, turn } = await openChurn(root);
      assert.deepEqual(registry.problems, []);
      // What was told of serves, or the next one does already.
      const serving = registry.current(SLOT.model, SLOT.project)!.version;
      assert.isTrue(serving >= last, `${serving} serves after ${last}`);
      assert.equal((await readFile(join(registry.folder(SLOT), 'active'), 'utf8')).trim(), serving);
      const next = await turn();
      assert.equal(registry.current(SLOT.model, SLOT.project)!.version, next);
      assert.includeMembers(await readdir(join(registry.folder(SLOT), 'versions')), [next]);
    }
    assert.isAbove(turns, KILLS * 2);
  });
});
