import { setImmediate } from 'node:timers/promises';
import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody, PredictBody, Reply } from '../support/client.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';

/** Runs that a child may be given ahead; a batch of one makes each of them a request of these tests. */
const HELD = 2;

describe('an inference process that is killed (kill -9)', () => {
  const ask = (backend: TestBackend): Promise<Reply<PredictBody>> =>
    backend.predict({ tasks: tasksOf(['I love it']), label_config: SENTIMENT });

  /** Stops all children, so that what they were sent stays theirs, and fills the queue behind them. */
  async function fill(backend: TestBackend, count: number): Promise<Promise<Reply<PredictBody>>[]> {
    for (const pid of backend.backend.pids()) process.kill(pid, 'SIGSTOP');
    const arrived = backend.received('/predict', count);
    const replies = Array.from({ length: count }, () => ask(backend));
    await arrived;
    return replies;
  }

  /** What the process held may be lost, or was tried again elsewhere. */
  function expectServed(replies: Reply<unknown>[]): void {
    const failed = replies.filter(({ status }) => status !== 200);
    assert.isAtMost(failed.length, HELD);
    for (const { status, headers, body, reason } of failed) {
      assert.equal(status, 503);
      assert.equal(headers['retry-after'], '1');
      assert.equal((body as ErrorBody).code, 'child_lost');
      assert.equal(reason, 'the inference process that held this request ended; send it again');
    }
  }

  it('costs the requests that it held and no others', async () => {
    const backend = await startBackend({ WORKERS: '2', MAX_BATCH: '1' });
    try {
      const replies = await fill(backend, 12);
      const [victim, other] = backend.backend.pids();
      process.kill(victim!, 'SIGKILL');
      await backend.log.line(
        line => line.msg.startsWith('an inference process ended') && line.pid === victim,
      );
      process.kill(other!, 'SIGCONT');
      expectServed(await Promise.all(replies));
      assert.equal((await ask(backend)).status, 200);
    } finally {
      await backend.stop();
    }
  });

  it('is replaced, and the next request served, when it was the only one', async () => {
    const backend = await startBackend({ WORKERS: '1', MAX_BATCH: '1' });
    try {
      for (let round = 0; round < 2; round++) {
        const replies = await fill(backend, 5);
        process.kill(backend.backend.pids()[0]!, 'SIGKILL');
        expectServed(await Promise.all(replies));
        assert.equal((await ask(backend)).status, 200);
      }
    } finally {
      await backend.stop();
    }
  });

  it('is no reason to give a task up, unless it happens over it again and again', async () => {
    const backend = await startBackend();
    try {
      const [reply] = await fill(backend, 1);
      for (let lost = 0; lost < 2; lost++) {
        const pid = backend.backend.pids()[0]!;
        process.kill(pid, 'SIGKILL');
        // The next one is stopped in the turn in which it is given the task.
        while ((backend.backend.pids()[0] ?? pid) === pid) await setImmediate();
        await setImmediate();
        if (lost === 0) process.kill(backend.backend.pids()[0]!, 'SIGSTOP');
      }
      assert.equal((await reply!).status, 200);
    } finally {
      await backend.stop();
    }
  });

  it('is replaced while nothing is asked', async () => {
    const backend = await startBackend();
    try {
      const before = backend.backend.pids();
      process.kill(before[0]!, 'SIGKILL');
      await backend.log.line(line => line.msg.startsWith('an inference process ended'));
      assert.deepEqual(backend.backend.pids(), []);
      assert.equal((await backend.get('/ready')).status, 503);
      assert.equal((await backend.get('/health')).status, 200);
      assert.equal((await ask(backend)).status, 200);
      assert.notDeepEqual(backend.backend.pids(), before);
      assert.equal((await backend.get('/ready')).status, 200);
    } finally {
      await backend.stop();
    }
  });

  it('ends on SIGKILL alone: service managers send their signals to every process of a server', async () => {
    const backend = await startBackend();
    try {
      const pid = backend.backend.pids()[0]!;
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
      assert.equal((await ask(backend)).status, 200);
      assert.deepEqual(backend.backend.pids(), [pid]);
    } finally {
      await backend.stop();
    }
  });
});
