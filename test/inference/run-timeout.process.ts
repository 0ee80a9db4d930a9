import { setImmediate } from 'node:timers/promises';
import { assert } from 'chai';
import { sentences } from '../support/configs.js';
import { temporaryFolder } from '../support/folder.js';
import { addModel } from '../support/graphs.js';
import { POISON, poisonousModel } from '../support/poison.js';
import { startPool } from '../support/pool.js';
import { type ServerProcess, startProcess } from '../support/process.js';
import { runPython } from '../support/python.js';
import { errorOf } from '../support/results.js';

const SCRIPT = ['--import', 'tsx', 'test/inference/slow-entry.ts'];
const CONFIG = '<View><Text name="text" value="$text"/><Number name="seconds" toName="text"/></View>';

describe('RUN_TIMEOUT', function () {
  this.timeout(60_000);

  describe('of tasks that take their time', () => {
    let server: ServerProcess;
    before(async () => {
      const root = await temporaryFolder();
      const [text] = await runPython<string>('test/support/onnx-text.py', [
        'g (float[rows, 1] seconds) => (float[rows, 1] answer) { answer = Identity(seconds) }',
      ]);
      await addModel(root, 'slow', {
        manifest: { input: { kind: 'slow' }, outputs: [{ name: 'seconds', control: 'Number' }] },
        outputs: [{ name: 'seconds', kind: 'value', tensor: 'answer' }],
        graph: Buffer.from(text!, 'base64'),
        files: {},
      });
      server = await startProcess({ MODEL_DIR: root, RUN_TIMEOUT: '2s', REQUEST_DEADLINE: '30s' }, SCRIPT);
    });
    after(() => server?.stop());

    const ask = (seconds: readonly number[]) =>
      server.predict({
        tasks: seconds.map((each, id) => ({ id, data: { text: `${id}`, seconds: each } })),
        label_config: CONFIG,
      });

    it('is that of each of them, not of the run that they share', async () => {
      const { status, body } = await ask([1.1, 1.2, 1.3]);
      assert.equal(status, 200);
      for (const item of body.results) assert.property(item, 'result', JSON.stringify(item));
      assert.isFalse(server.log.lines.some(({ msg }) => msg.includes('hangs')));
    });

    it('ends the process that waits for what does not come, and blames no task for good', async () => {
      const { body } = await ask([0.1, 600]);
      assert.property(body.results[0], 'result');
      const { code, message } = errorOf(body.results[1]);
      assert.equal(code, 'child_lost', message);
      assert.match(message, /stood still for 2 s \(RUN_TIMEOUT\)/);
    });
  });

  it('replaces a process that somebody has stopped, and its task is answered by the next one', async () => {
    const { version } = await poisonousModel();
    const { pool, log, ask } = await startPool(version, { runLimit: 1_500 });
    try {
      const texts = sentences(3);
      const expected = await ask(texts);
      for (let round = 0; round < 2; round++) {
        const [pid] = pool.pids;
        process.kill(pid!, 'SIGSTOP');
        assert.deepEqual(await ask(texts), expected);
        assert.notInclude(pool.pids, pid);
      }
      assert.lengthOf(
        log.lines.filter(({ busy }) => busy === false),
        2,
      );
    } finally {
      await pool.stop();
    }
  });

  it('blames no task when each process that it was given to was stopped', async () => {
    const { version } = await poisonousModel();
    const { pool, ask } = await startPool(version, { runLimit: 1_000 });
    try {
      const expected = await ask(['good']);
      let [stopped] = pool.pids;
      process.kill(stopped!, 'SIGSTOP');
      const asked = ask(['good']);
      while ((pool.pids[0] ?? stopped) === stopped) await setImmediate();
      [stopped] = pool.pids;
      process.kill(stopped!, 'SIGSTOP');
      assert.nestedPropertyVal((await asked)[0], 'error.code', 'child_lost');
      assert.deepEqual(await ask(['good']), expected);
    } finally {
      await pool.stop();
    }
  });

  it('gives a task up at once that computes for longer, by its name', async () => {
    const { version } = await poisonousModel();
    const { pool, log, ask } = await startPool(version, { runLimit: 1_000 });
    try {
      const [item] = await ask([`the ${POISON.hang} was good`]);
      assert.nestedPropertyVal(item, 'error.code', 'task_poisonous');
      assert.match((item!.error as Error).message, /took longer than RUN_TIMEOUT, 1 s, .*set RUN_TIMEOUT$/);
      assert.lengthOf(
        log.lines.filter(({ busy }) => busy === true),
        1,
      );
    } finally {
      await pool.stop();
    }
  });
});
