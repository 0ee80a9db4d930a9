import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { assert } from 'chai';
import { createBackend } from '../src/backend.js';
import { readConfig } from '../src/config.js';
import { State } from '../src/state.js';
import { settings, startBackend } from './support/backend.js';
import { temporaryFolder } from './support/folder.js';
import { CapturedLog } from './support/log.js';

const processes = () => process.getActiveResourcesInfo().filter(kind => kind === 'ProcessWrap').length;

describe('createBackend', () => {
  it('leaves nothing running and nothing open when it fails', async () => {
    const folder = await temporaryFolder();
    const notAFolder = join(folder, 'models');
    await writeFile(notAFolder, '');
    const before = processes();
    const env = { DATA_DIR: join(folder, 'data'), MODEL_DIR: notAFolder };
    const error = await startBackend(env).then(
      () => null,
      (thrown: Error) => thrown,
    );
    assert.include(error?.message, notAFolder);
    // A process that has ended keeps its handle until its streams are closed.
    while (processes() > before) await setImmediate();
    await State.open(env.DATA_DIR).close();
  });

  it('serves without a model, and says that it is not ready', async () => {
    const backend = await startBackend({ MODEL_DIR: join(await temporaryFolder(), 'none') });
    try {
      assert.equal((await backend.get('/health')).status, 200);
      const ready = await backend.get('/ready');
      assert.equal(ready.status, 503);
      assert.include(ready.body as object, { code: 'not_ready' });
      const setup = await backend.setup({ schema: '<View/>' });
      assert.include(setup.body as object, {
        code: 'no_model_fits',
        message: 'this server has no model: put one into its MODEL_DIR',
      });
    } finally {
      await backend.stop();
    }
  });

  it('is closed once, however often that is asked for', async () => {
    const config = readConfig(await settings({ MODEL_DIR: join(await temporaryFolder(), 'none') }));
    const backend = await createBackend({ config, log: new CapturedLog().logger });
    await Promise.all([backend.close(), backend.close()]);
    await backend.close();
  });
});
