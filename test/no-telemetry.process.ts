import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { fitEnvironment, installerEnvironment, trainerEnvironment } from '../src/training/environment.js';
import { SENTIMENT, tasksOf } from './support/configs.js';
import { temporaryFolder } from './support/folder.js';
import { startProcess } from './support/process.js';
import { program } from './support/program.js';
import { ROOT } from './support/python.js';

/** Empty: as if whoever starts it had said nothing. */
const UNSAID = { ORT_DISABLE_TELEMETRY: '' };

/**
 * Folders that ONNX Runtime would write to: its events, an id of this machine and a session below the home folder, a log in
 * `TMPDIR`. It does so before it asks DNS for where to send them.
 */
async function places() {
  const home = await temporaryFolder();
  const temporary = await temporaryFolder();
  return {
    env: { HOME: home, TMPDIR: temporary, ...UNSAID },
    async written(): Promise<string[]> {
      const files = await Promise.all(
        [home, temporary].map(async folder =>
          (await readdir(folder, { recursive: true, withFileTypes: true })).map(file =>
            join(file.path, file.name),
          ),
        ),
      );
      // The compiler of the tests keeps what it compiled.
      return files.flat().filter(file => !file.startsWith(join(temporary, 'tsx-')));
    },
  };
}

describe("ONNX Runtime's telemetry", () => {
  it('is off in the inference processes', async () => {
    const { env, written } = await places();
    const server = await startProcess(env);
    const { status } = await server.predict({ tasks: tasksOf(['good']), label_config: SENTIMENT });
    assert.equal(status, 200);
    await server.stop();
    assert.deepEqual(await written(), []);
  });

  it('is off in what the exporters run', async () => {
    const { env, written } = await places();
    const versions = join(ROOT, 'models/sentiment/versions');
    const [version] = (await readdir(versions)).filter(name => /^\d/.test(name));
    const run = spawn(process.execPath, [...program('cli/run-version'), join(versions, version!)], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    run.stdin.end('"good"\n');
    run.stdout.resume();
    assert.deepEqual(await once(run, 'close'), [0, null]);
    assert.deepEqual(await written(), []);
  });

  it('is off in trainings, in fit and in what they install', () => {
    for (const environment of [fitEnvironment, trainerEnvironment, installerEnvironment])
      assert.include(environment({ ORT_DISABLE_TELEMETRY: '0' }), { ORT_DISABLE_TELEMETRY: '1' });
  });
});
