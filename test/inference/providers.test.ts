import { assert } from 'chai';
import { availableCores } from '../../src/cores.js';
import { AppError } from '../../src/errors.js';
import { InferenceChild } from '../../src/inference/child-process.js';
import { parseProviders } from '../../src/inference/providers/index.js';
import { startBackend } from '../support/backend.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { CapturedLog } from '../support/log.js';

/** The error that a promise must reject with. */
async function rejection(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof AppError) return error;
  throw error;
}

// A device that no machine has, so that these tests mean the same on a machine with a GPU.
const NO_DEVICE = 'cuda:99';

describe('execution providers', () => {
  it('fails at the start when none works, and says in words what is missing', async () => {
    const error = await rejection(startBackend({ EXECUTION_PROVIDER: NO_DEVICE }));
    assert.equal(error.code, 'provider_unavailable');
    assert.match(error.message, /^cuda \(device 99\) does not work here: /);
    assert.match(error.message, /NVIDIA driver/);
    assert.match(error.message, /EXECUTION_PROVIDER=cuda,cpu/);
  });

  it('takes the next of the list that works', async () => {
    const backend = await startBackend({ EXECUTION_PROVIDER: `${NO_DEVICE},cpu`, WORKERS: '' });
    try {
      assert.equal(backend.backend.provider, 'cpu');
      const reply = await backend.predict({ tasks: tasksOf(['good']), label_config: SENTIMENT });
      assert.equal(reply.status, 200);
      // Left alone, the number of processes follows what was chosen, not what was asked for.
      assert.lengthOf(backend.backend.pids(), availableCores());
      const warnings = backend.log.lines.filter(({ using }) => using === 'cpu');
      assert.lengthOf(warnings, 1);
      assert.match(warnings[0]!.msg, /^cuda \(device 99\) does not work here: /);
    } finally {
      await backend.stop();
    }
  });

  it('keeps what the inference process wrote to stderr', async () => {
    const log = new CapturedLog();
    const child = await InferenceChild.start(log.logger);
    try {
      const providers = parseProviders(NO_DEVICE);
      assert.equal(
        (await rejection(child.request('start', { providers, background: false }))).code,
        'provider_unavailable',
      );
      const line = await log.line(each => each.stderr !== undefined);
      assert.include(line, { pid: child.pid, level: 40 });
      assert.include(child.stderr, (line.stderr as string).slice(0, 20));
    } finally {
      await child.kill();
    }
  });

  it('reads lists with devices, and refuses what it does not know', () => {
    assert.deepEqual(parseProviders('cuda:1, cpu'), [
      { name: 'cuda', device: 1 },
      { name: 'cpu', device: 0 },
    ]);
    for (const text of ['', 'gpu', 'cpu:1', 'cuda:x', 'cuda,', 'constructor'])
      assert.throws(() => parseProviders(text), /^is one of cpu, cuda, cuda:<device>/);
  });
});
