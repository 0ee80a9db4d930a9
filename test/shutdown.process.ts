import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import type { PredictBody, Reply } from './support/client.js';
import { SENTIMENT, sentences, tasksOf } from './support/configs.js';
import { type ServerProcess, startProcess } from './support/process.js';
import { inferenceProcesses } from './support/processes.js';
import { RawConnection, rawPost } from './support/raw.js';

/** Resolves when none of the processes is there any more. */
async function gone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    const runs = async () => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'x (x) Z');
      return !/\) Z/.test(stat);
    };
    while (await runs()) await setTimeout(10);
  }
}

describe('SIGTERM', () => {
  let server: ServerProcess;
  let children: number[];
  const start = async (env: Record<string, string> = {}) => {
    server = await startProcess({ WORKERS: '2', RESULT_CACHE: 'off', ...env });
    children = await inferenceProcesses(server.pid);
    assert.lengthOf(children, 2);
  };
  afterEach(async () => {
    server.signal('SIGKILL');
    await server.ended;
    await gone(children);
  });

  const ask = (count: number): Promise<Reply<PredictBody>> =>
    server.predict({ tasks: tasksOf(sentences(count)), label_config: SENTIMENT });
  const signalChildren = (name: NodeJS.Signals) => {
    for (const pid of children) process.kill(pid, name);
  };

  /** Requests that are in flight: the children are stopped, and the server says that so many tasks wait. */
  async function inFlight(counts: readonly number[]): Promise<Promise<Reply<PredictBody>>[]> {
    signalChildren('SIGSTOP');
    const replies = counts.map(ask);
    for (const reply of replies) reply.catch(() => {});
    const all = counts.reduce((sum, count) => sum + count, 0);
    const waiting = async () => {
      const { body } = await server.get<string>('/metrics', { agent: new Agent() });
      return Number(/^queue_tasks (\d+)$/m.exec(body)![1]);
    };
    // Each child holds at most two runs of 64.
    while ((await waiting()) < all - 256) await setTimeout(10);
    return replies;
  }

  async function refusesConnections(): Promise<void> {
    for (;;) {
      const refused = await server.get('/health', { agent: new Agent() }).then(
        () => false,
        ({ code }: NodeJS.ErrnoException) => code === 'ECONNREFUSED',
      );
      if (refused) return;
    }
  }

  it('under load: no request in flight is cut, and the processes are gone', async () => {
    await start();
    const counts = [1, 1, 25, 300, 3_000, 1];
    const replies = await inFlight(counts);
    server.signal('SIGTERM');
    await refusesConnections();
    signalChildren('SIGCONT');
    for (const [index, reply] of (await Promise.all(replies)).entries()) {
      assert.equal(reply.status, 200);
      assert.lengthOf(reply.body.results, counts[index]!);
      assert.isTrue(reply.body.results.every(item => 'result' in item));
      assert.equal(reply.headers.connection, 'close');
    }
    assert.equal(await server.ended, 0);
    await gone(children);
    assert.equal(await server.stderr, '');
  });

  it('in the midst of requests that follow one another: each is answered or was never taken', async () => {
    await start();
    let answered = 0;
    const client = async (count: number) => {
      const agent = new Agent({ keepAlive: true });
      for (;;) {
        const tasks = tasksOf(sentences(count));
        const reply = await server
          .predict({ tasks, label_config: SENTIMENT }, { agent })
          // A connection that was closed while nothing was asked: no client loses a request by it.
          .catch(({ code }: NodeJS.ErrnoException) => code);
        if (typeof reply !== 'object') return assert.oneOf(reply, ['ECONNREFUSED', 'ECONNRESET']);
        assert.equal(reply.status, 200, JSON.stringify(reply.body));
        assert.lengthOf(reply.body.results, count);
        answered++;
      }
    };
    const clients = [1, 1, 1, 25, 25, 300].map(client);
    while (answered < 60) await setTimeout(5);
    server.signal('SIGTERM');
    await Promise.all(clients);
    assert.equal(await server.ended, 0);
    await gone(children);
  });

  it('waits no longer than DRAIN_TIMEOUT', async () => {
    await start({ DRAIN_TIMEOUT: '300ms' });
    const replies = await inFlight([1, 300]);
    const begin = performance.now();
    server.signal('SIGTERM');
    assert.equal(await server.ended, 0);
    assert.isAtLeast(performance.now() - begin, 290);
    assert.isBelow(performance.now() - begin, 5_000);
    for (const reply of await Promise.allSettled(replies)) assert.equal(reply.status, 'rejected');
    await gone(children);
  });

  it('is not held back by connections on which nothing is asked', async () => {
    await start();
    const idle = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(server.url)));
    for (const each of idle.slice(0, 10))
      each.send(rawPost('/setup', JSON.stringify({ project: '1', schema: SENTIMENT })));
    for (const each of idle.slice(0, 10)) assert.equal((await each.count(1))[0]!.status, 200);
    const begin = performance.now();
    server.signal('SIGTERM');
    assert.equal(await server.ended, 0);
    assert.isBelow(performance.now() - begin, 5_000);
    await gone(children);
  });

  it('a second time ends it at once, with its processes', async () => {
    await start({ DRAIN_TIMEOUT: '60s' });
    await inFlight([300]);
    server.signal('SIGTERM');
    await refusesConnections();
    server.signal('SIGTERM');
    assert.equal(await server.ended, 1);
    await gone(children);
  });

  it('while a process is being replaced', async () => {
    await start();
    process.kill(children[0]!, 'SIGKILL');
    await server.log.line(({ msg }) => msg.startsWith('an inference process ended'));
    server.signal('SIGTERM');
    assert.equal(await server.ended, 0);
    await gone(children);
  });
});
