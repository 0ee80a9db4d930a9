import { readFile, rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { shippedVersion } from '../support/models.js';
import { poisonousModel, WARM_UP } from '../support/poison.js';
import { startPool, type TestPool, versionSource } from '../support/pool.js';
import { isRunning } from '../training/runs.js';

describe('Crew', () => {
  const { NODE_OPTIONS } = process.env;
  let test: TestPool;
  afterEach(async () => {
    if (NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = NODE_OPTIONS;
    await test.pool.stop();
  });

  const failure = (work: Promise<unknown>) =>
    work.then(
      () => assert.fail('it did not fail'),
      (error: AppError) => error,
    );

  for (const [harm, what] of [
    ['crash', 'ends its process'],
    ['hang', 'never ends'],
    ['fail', 'fails'],
  ] as const) {
    it(`refuses a version whose warm-up run ${what}, and serves the others`, async () => {
      const { version } = await poisonousModel({ [harm]: WARM_UP });
      test = await startPool(await shippedVersion(), {
        workers: 2,
        loadLimit: harm === 'hang' ? 2_000 : 60_000,
      });
      const expected = await test.ask(['good']);
      const loading = failure(test.pool.load({ ...versionSource(version), key: 'w' }));
      let asked = 0;
      let over = false;
      void loading.then(() => {
        over = true;
      });
      // The other process serves meanwhile.
      while (!over) {
        assert.deepEqual(await test.ask(['good']), expected);
        asked++;
      }
      // The run that fails does so at once.
      assert.isAtLeast(asked, harm === 'fail' ? 1 : 2);
      const error = await loading;
      assert.instanceOf(error, AppError);
      assert.equal(error.code, 'version_invalid');
      assert.include(error.message, version);
      assert.deepEqual(await test.ask(['good']), expected);
      const hung = test.log.lines.some(({ msg }) => msg.includes('hangs while it is loaded'));
      assert.equal(hung, harm === 'hang');
    });
  }

  it('starts a process without a version that broke since, rather than none', async () => {
    const { version } = await poisonousModel();
    test = await startPool(await shippedVersion());
    await test.pool.load({ ...versionSource(version), key: 'w' });
    await rm(version, { recursive: true });
    process.kill(test.pool.pids[0]!, 'SIGKILL');
    const [answer] = await test.ask(['good']);
    assert.property(answer, 'result');
    const line = test.log.lines.find(({ msg }) => msg.includes(version));
    assert.include(line!, { level: 50 });
    const binding = { id: 'b', controls: [] };
    const source = { count: 1, next: () => ({ count: 1, text: '{"binding":"b","values":["good"]}' }) };
    const error = await failure(test.pool.run({ key: 'w', binding, source, priority: 'single' }));
    assert.equal(error.code, 'not_ready');
  });

  it('stops while a process is starting, and while one loads what hangs', async () => {
    const { version } = await poisonousModel({ hang: WARM_UP });
    test = await startPool(await shippedVersion());
    const loading = failure(test.pool.load({ ...versionSource(version), key: 'w' }));
    process.kill(test.pool.pids[0]!, 'SIGKILL');
    await test.log.line(({ msg }) => msg.startsWith('an inference process ended'));
    await test.pool.stop();
    assert.equal((await loading).code, 'shutting_down');
    assert.isEmpty(test.pool.pids);
  });

  it('replaces a process that cannot release what it has unloaded, and ends nothing', async () => {
    process.env.NODE_OPTIONS = `--import ${new URL('./failing-release.mjs', import.meta.url).href}`;
    test = await startPool(await shippedVersion());
    const [pid] = test.pool.pids;
    await test.pool.load({ ...versionSource(await shippedVersion()), key: 'w' });
    await test.pool.unload('w');
    await test.log.line(line => line.msg.startsWith('an inference process ended') && line.pid === pid);
    assert.property((await test.ask(['good']))[0], 'result');
    const line = test.log.lines.find(({ msg }) => msg.includes('could not be released'));
    assert.include(line!, { level: 50, pid });
  });

  it('ends with a process what that has started', async function () {
    if (process.platform !== 'linux') return this.skip();
    process.env.NODE_OPTIONS = `--import ${new URL('./helper-program.mjs', import.meta.url).href}`;
    test = await startPool(await shippedVersion());
    const [pid] = test.pool.pids;
    const started = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim();
    assert.isTrue(await isRunning(Number(started)));
    await test.pool.stop();
    while (await isRunning(Number(started))) await setTimeout(10);
  });

  it('keeps no more labeling configs in a process than it needs', async () => {
    test = await startPool(await shippedVersion());
    const ask = async (index: number) => {
      const control = { control: `c${index}`, row: 'Choices', toName: 't', output: 0, idPrefix: 'x-' };
      const binding = {
        id: `b${index}`,
        controls: [{ ...control, data: { choices: [`no${index}`, `yes${index}`] } }],
      };
      let given = false;
      const next = () => {
        if (given) return null;
        given = true;
        return { count: 1, text: JSON.stringify({ binding: binding.id, values: ['I love it'] }) };
      };
      const { pieces } = await test.pool.run({
        key: 'v',
        binding,
        source: { count: 1, next },
        priority: 'single',
      });
      assert.include((pieces[0] as { text: Buffer }).text.toString(), `"yes${index}"`);
    };
    for (let first = 0; first < 1_200; first += 100)
      await Promise.all(Array.from({ length: 100 }, (_, at) => ask(first + at)));
    for (const index of [0, 1_050, 1_199, 500]) await ask(index);
  });
});
