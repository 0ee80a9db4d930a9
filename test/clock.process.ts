import { existsSync } from 'node:fs';
import { cp, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import { temporaryFolder } from './support/folder.js';
import { startProcess } from './support/process.js';
import { ROOT } from './support/python.js';

describe('a clock that is set while the server runs', () => {
  const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

  it('stops no reload and floods no log', async function () {
    if (!existsSync(FAKETIME)) return this.skip();
    this.timeout(120_000);
    const work = await temporaryFolder();
    const models = await temporaryFolder();
    const stamp = join(work, 'time');
    const set = async (to: string) => {
      await writeFile(`${stamp}.new`, to);
      await rename(`${stamp}.new`, stamp);
    };
    const add = (name: string) => cp(join(ROOT, 'models/sentiment'), join(models, name), { recursive: true });
    await set('+0d');
    await add('first');
    const server = await startProcess({
      MODEL_DIR: models,
      RELOAD_CRON: '*/2 * * * * *',
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: stamp,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    });
    try {
      for (const [index, to] of ['-30s', '+400d', '-1d'].entries()) {
        const name = `late-${index}`;
        await add(name);
        await set(to);
        await server.log.line(({ msg }) => msg.startsWith(`${name}:`) && msg.endsWith('serves now'));
        const { status } = await server.get('/health');
        assert.equal(status, 200);
      }
      await setTimeout(500);
      assert.isBelow(server.log.lines.length, 100);
    } finally {
      await server.stop();
    }
  });
});
