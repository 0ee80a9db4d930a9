import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assert } from 'chai';
import { LabelStudioMLBase, type Task } from '../../src/model.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody, PredictBody } from '../support/client.js';
import { SENTIMENT, sentences, tasksOf } from '../support/configs.js';
import { POISON, poisonousModel } from '../support/poison.js';
import { errorOf, expectSame } from '../support/results.js';

/** Beyond what the server's thread parses itself. */
const LARGE = 100_000;

/** Tasks of which some cannot be read, each in another way; 900 of them make a large body. */
const mixed: Record<string, unknown>[] = tasksOf(sentences(900)).map((task, index) => {
  const padded = { ...task, meta: { padding: 'x'.repeat(100) } };
  if (index % 97 === 3) return { id: index };
  if (index % 89 === 5) return { ...padded, data: { text: index } };
  if (index % 83 === 7) return { ...padded, data: { other: 'x' } };
  if (index % 79 === 9) return { ...padded, data: [] };
  if (index % 73 === 11) return { ...padded, data: { text: `\ud800\0 "\\ 😀 ${'é'.repeat(300)}` } };
  return padded;
});

describe('a body that is parsed beside the server', () => {
  for (const RESULT_CACHE of ['off', '32mb']) {
    describe(`with RESULT_CACHE=${RESULT_CACHE}`, () => {
      let backend: TestBackend;
      before(async () => {
        backend = await startBackend({ RESULT_CACHE, WORKERS: '2' });
      });
      after(() => backend.stop());

      const ask = async (tasks: readonly unknown[]): Promise<PredictBody> => {
        // As text: these are the same predictions again and again, which nobody need validate each time.
        const text = JSON.stringify({ tasks, label_config: SENTIMENT });
        const { status, body } = await backend.post<PredictBody>('/predict', text);
        assert.equal(status, 200);
        return body;
      };
      const metric = async (name: string) => {
        const { body } = await backend.get<string>('/metrics');
        return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(body)![1]);
      };

      it('is answered as the same tasks are in small bodies, failures included', async () => {
        assert.isAbove(JSON.stringify(mixed).length, LARGE);
        const large = await ask(mixed);
        const small: PredictBody['results'] = [];
        for (let first = 0; first < mixed.length; first += 60)
          small.push(...(await ask(mixed.slice(first, first + 60))).results);
        expectSame(large.results, small);
        const failures = large.results.filter(item => 'error' in item);
        assert.isAbove(failures.length, 30);
        for (const item of failures) assert.equal(errorOf(item).code, 'task_invalid');
        assert.equal(large.model_version, (await ask([])).model_version);
      });

      it('is answered the same a second time', async () => {
        const before = await metric('model_run_tasks_sum');
        const first = await ask(mixed);
        expectSame((await ask(mixed)).results, first.results);
        // What failed to be read was never put into the cache, and is told to a child each time.
        const ran = (await metric('model_run_tasks_sum')) - before;
        if (RESULT_CACHE === 'off') assert.equal(ran, 2 * mixed.length);
        else assert.isBelow(ran, 2 * 60);
      });

      it('may be one of many at a time', async () => {
        const bodies = [0, 1, 2, 3, 4].map(turn => [
          ...mixed.slice(turn * 100),
          ...mixed.slice(0, turn * 100),
        ]);
        const [first, ...others] = await Promise.all(bodies.map(ask));
        for (const [index, { results }] of others.entries()) {
          const turn = (index + 1) * 100;
          expectSame(results, [...first!.results.slice(turn), ...first!.results.slice(0, turn)]);
        }
      });

      it('may be of one task', async () => {
        const long = `I love it. ${'word '.repeat(30_000)}`;
        const { results } = await ask(tasksOf([long]));
        expectSame(results, (await ask(tasksOf([long, 'x']))).results.slice(0, 1));
        const alone = await backend.predict({ tasks: [{ id: long }], label_config: SENTIMENT });
        assert.equal(alone.status, 422);
      });

      it('is refused where a small one is, in the same words', async () => {
        const large = 'x'.repeat(LARGE);
        const refusal = async (body: string) => {
          const reply = await backend.post<ErrorBody>('/predict', body);
          return { status: reply.status, code: reply.body.code, message: reply.body.message };
        };
        for (const body of [
          { tasks: 'x' },
          { tasks: [{}, null] },
          { task: [] },
          { tasks: [], project: '../x' },
          { tasks: [], project: { id: { toString: 1 } } },
          { tasks: [], params: { context: 1 } },
          { tasks: [{}], label_config: '<View>' },
          [],
          'tasks',
        ]) {
          const more = Array.isArray(body) ? [...body, large] : body;
          const grown = typeof more === 'object' ? { ...more, large } : more + large;
          const text = JSON.stringify(Array.isArray(body) ? more : grown);
          assert.deepEqual(await refusal(text), await refusal(JSON.stringify(body)), text.slice(0, 100));
        }
        for (const text of ['{"tasks": [', '{"tasks": [}', '{"tasks": [] x']) {
          const { status, code, message } = await refusal(text.replace('{', `{"large": "${large}", `));
          assert.deepEqual([status, code], [400, 'json_invalid']);
          assert.notInclude(message, 'xxx');
        }
      });
    });
  }

  it('gives a model that is code its tasks as they came', async () => {
    let seen: Task[] = [];
    class Echo extends LabelStudioMLBase {
      override predict(tasks: Task[]) {
        seen = tasks;
        return tasks.map(({ id }) => ({ result: [], score: Number(id) / 1_000 }));
      }
    }
    const backend = await startBackend({}, [Echo]);
    try {
      const { status, body } = await backend.predict({ tasks: mixed, label_config: SENTIMENT });
      assert.equal(status, 200);
      const sound = mixed.filter(({ data }) => typeof data === 'object' && !Array.isArray(data));
      assert.deepEqual(seen, sound as Task[]);
      assert.deepEqual(
        body.results.map(item => ('error' in item ? null : (item as { score: number }).score)),
        mixed.map(task => (sound.includes(task) ? Number(task.id) / 1_000 : null)),
      );
      const deep = `{"label_config": ${JSON.stringify(SENTIMENT)}, "tasks": [{"data": {"x": ${'['.repeat(LARGE)}${']'.repeat(LARGE)}}}]}`;
      const refused = await backend.post<ErrorBody>('/predict', deep);
      assert.equal(refused.body.code, 'request_invalid');
      assert.equal((await backend.predict({ tasks: mixed, label_config: SENTIMENT })).status, 200);
    } finally {
      await backend.stop();
    }
  });

  it('may hold addresses of texts', async () => {
    const host = createServer((sent, response) => {
      if (sent.url === '/gone') response.writeHead(404);
      response.end(sent.url === '/bad' ? 'awful, terrible' : 'I love it, great');
    });
    await once(host.listen(0, '127.0.0.1'), 'listening');
    const address = `127.0.0.1:${(host.address() as AddressInfo).port}`;
    const backend = await startBackend({ ALLOW_HOSTS: address });
    try {
      const paths = Array.from({ length: 300 }, (_, index) => ['good', 'bad', 'gone'][index % 3]!);
      const tasks = paths.map(path => ({
        data: { text: `http://${address}/${path}` },
        meta: 'x'.repeat(400),
      }));
      assert.isAbove(JSON.stringify(tasks).length, LARGE);
      const label_config = SENTIMENT.replace('<Text ', '<Text valueType="url" ');
      const { body } = await backend.predict({ tasks, label_config });
      const seen = body.results.map(item => {
        if ('error' in item) return errorOf(item).code;
        return (item as { result: { value: { choices: string[] } }[] }).result[0]!.value.choices[0];
      });
      const expected: Record<string, string> = { good: 'Positive', bad: 'Negative', gone: 'task_unreadable' };
      assert.deepEqual(
        seen,
        paths.map(path => expected[path]!),
      );
    } finally {
      await backend.stop();
      host.close();
      host.closeAllConnections();
    }
  });

  it('is dropped when its client hangs up while it is parsed: its tasks never run', async () => {
    const { root } = await poisonousModel();
    const backend = await startBackend({ MODEL_DIR: root });
    try {
      const [pid] = backend.backend.pids();
      const arrived = backend.received('/predict');
      const sent = request(`${backend.url}/predict`, { method: 'POST' });
      sent.on('error', () => {});
      // The thread starts with the first large body, which takes far longer than the client stays.
      const tasks = tasksOf([...sentences(2_000), `a ${POISON.crash}`]);
      sent.end(JSON.stringify({ tasks, label_config: SENTIMENT }));
      await arrived;
      sent.destroy();
      await backend.log.line(({ code }) => code === 'client_gone');
      assert.equal(
        (await backend.predict({ tasks: tasksOf(['good']), label_config: SENTIMENT })).status,
        200,
      );
      assert.deepEqual(backend.backend.pids(), [pid!]);
    } finally {
      await backend.stop();
    }
  });
});
