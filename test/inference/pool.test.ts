import { assert } from 'chai';
import { ChildPool } from '../../src/inference/pool.js';
import { CapturedLog } from '../support/log.js';
import { shippedVersion } from '../support/models.js';

describe('ChildPool', () => {
  let pool: ChildPool;
  let log: CapturedLog;
  beforeEach(async () => {
    log = new CapturedLog();
    const options = {
      workers: 1,
      providers: [{ name: 'cpu', device: 0 }],
      maxBatch: 8,
      batchDelay: 0,
      queueLimit: 100,
      deadline: 60_000,
      runLimit: 30_000,
      loadLimit: 30_000,
      childMemory: 2 ** 40,
      log: log.logger,
    };
    pool = await ChildPool.start(options, { run() {}, load() {}, restart() {} });
  });
  afterEach(() => pool.stop());

  const binding = { id: 'b', controls: [] };
  const source = async () => ({
    key: 'v',
    label: 'm:1',
    folder: await shippedVersion(),
    input: { kind: 'text' },
    outputs: [{ name: 'label', tensor: 'probabilities', kind: 'probabilities' as const }],
  });

  /** The item of one text. */
  async function run(text: string): Promise<unknown> {
    const group = { count: 1, text: JSON.stringify({ binding: 'b', values: [text] }) };
    const groups = [group];
    const source = { count: 1, next: () => groups.shift() ?? null };
    const [piece] = (await pool.run({ key: 'v', binding, source, priority: 'single' })).pieces;
    assert.property(piece, 'text');
    return JSON.parse((piece as { text: Buffer }).text.toString());
  }
  const item = { result: [], score: null, model_version: 'm:1' };

  it('loads a version all the same when the process that was loading it is killed from outside', async () => {
    const [pid] = pool.pids;
    const version = await source();
    process.kill(pid!, 'SIGSTOP');
    const loading = pool.load(version);
    process.kill(pid!, 'SIGKILL');
    await loading;
    assert.deepEqual(await run('good'), item);
  });

  it('loads what it holds into the process that replaces one', async () => {
    await pool.load(await source());
    process.kill(pool.pids[0]!, 'SIGKILL');
    await log.line(line => line.msg.startsWith('an inference process ended'));
    assert.deepEqual(await run('good'), item);
  });

  it('fails what comes for a version that is not loaded, or after its end', async () => {
    const failure = (work: Promise<unknown>) => work.then(String, error => error.code);
    assert.equal(await failure(run('good')), 'not_ready');
    await pool.stop();
    assert.equal(await failure(run('good')), 'shutting_down');
  });
});
