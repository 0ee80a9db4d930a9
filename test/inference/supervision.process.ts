import { Agent, request } from 'node:http';
import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody, PredictBody, Reply } from '../support/client.js';
import { SENTIMENT, sentences, tasksOf } from '../support/configs.js';
import { POISON, poisonousModel } from '../support/poison.js';
import { startPool } from '../support/pool.js';
import { choiceOf, errorOf, expectSame } from '../support/results.js';

/** What the text is made of that ends its process. */
const CRASH = `a film with a ${POISON.crash} in it`;

describe('a poisonous task', () => {
  let backend: TestBackend;
  let root: string;
  let expected: PredictBody['results'];
  const texts = sentences(20);

  before(async () => {
    ({ root } = await poisonousModel());
    backend = await startBackend({ MODEL_DIR: root, RESULT_CACHE: 'off' });
    expected = (await ask(texts)).body.results;
  });
  after(() => backend.stop());

  const ask = (some: readonly string[]) => backend.predict({ tasks: tasksOf(some), label_config: SENTIMENT });
  const deaths = () => backend.log.lines.filter(({ msg }) => msg.startsWith('an inference process ended'));

  function expectPoisonous(item: PredictBody['results'][number] | undefined): void {
    assert.equal(errorOf(item).code, 'task_poisonous');
    assert.match((item as { model_version: string }).model_version, /^sentiment:/);
  }

  it('is found among good ones, answered with an error and no result, and the good ones are served', async () => {
    const reply = await ask([...texts.slice(0, 9), CRASH, ...texts.slice(9)]);
    assert.equal(reply.status, 200);
    expectPoisonous(reply.body.results[9]);
    expectSame(reply.body.results.toSpliced(9, 1), expected);
    assert.isAtMost(deaths().length, 3);
  });

  it('is remembered: no process ends over it again, wherever it stands', async () => {
    const before = deaths().length;
    expectPoisonous((await ask([CRASH, ...texts])).body.results[0]);
    const alone = await ask([CRASH]);
    assert.equal(alone.status, 500);
    assert.equal((alone.body as unknown as ErrorBody).code, 'task_poisonous');
    expectPoisonous((await ask([CRASH, CRASH])).body.results[1]);
    assert.lengthOf(deaths(), before);
  });

  it('costs none of the requests that shared its batch', async () => {
    const [pid] = backend.backend.pids();
    process.kill(pid!, 'SIGSTOP');
    const arrived = backend.received('/predict', 6);
    const poisonous = `${CRASH}, again`;
    const replies = [texts.slice(0, 1), texts.slice(1, 2), [poisonous], texts.slice(2, 5), texts.slice(5, 6)];
    // What comes first goes to the process alone; all that follows waits for it, and shares the next batch.
    const asked = [[texts[6]!], ...replies].map(ask);
    await arrived;
    process.kill(pid!, 'SIGCONT');
    const [first, ...answers] = await Promise.all(asked);
    expectSame(first!.body.results, [expected[6]!]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 500, 200, 200],
    );
    assert.equal((answers[2]!.body as unknown as ErrorBody).code, 'task_poisonous');
    const sound = answers.toSpliced(2, 1).flatMap(({ body }) => body.results);
    expectSame(sound, expected.slice(0, 6));
  });

  it('may be one of several', async () => {
    const [one, two] = [`${CRASH}: one`, `${CRASH}: two`];
    const { body } = await ask([one, ...texts, two]);
    expectPoisonous(body.results[0]);
    expectPoisonous(body.results.at(-1));
    expectSame(body.results.slice(1, -1), expected);
  });

  it('may make the run fail instead: it alone is answered so, and no process ends', async () => {
    const before = deaths().length;
    const failing = `${POISON.fail} food`;
    const { body } = await ask([...texts, failing]);
    assert.equal(errorOf(body.results.at(-1)).code, 'model_failed');
    expectSame(body.results.slice(0, -1), expected);
    const alone = await ask([failing]);
    assert.equal(alone.status, 500);
    assert.notMatch(JSON.stringify(alone.body), /onnx|Gather/i);
    assert.lengthOf(deaths(), before);
  });

  it('is counted by /metrics: the processes that were started again', async () => {
    expectSame((await ask(texts)).body.results, expected);
    const { body } = await backend.get<string>('/metrics');
    const restarts = /^inference_process_restarts_total (\d+)$/m.exec(body)![1];
    assert.equal(Number(restarts), deaths().length);
  });
});

describe('an inference process that hangs', () => {
  it('is ended and replaced, its task given up and remembered, and the others served', async () => {
    const { version } = await poisonousModel();
    const { pool, log, ask } = await startPool(version, { runLimit: 1_000 });
    try {
      const good = sentences(5);
      const expected = await ask(good);
      const hanging = `the ${POISON.hang} was good`;
      const items = await ask([...good, hanging]);
      assert.deepEqual(items.slice(0, 5), expected);
      assert.nestedPropertyVal(items[5], 'error.code', 'task_poisonous');
      const hung = () => log.lines.filter(({ msg }) => msg.startsWith('an inference process hangs'));
      assert.lengthOf(hung(), 2, 'the whole batch, then the task: each costs runLimit');
      assert.deepEqual((await ask([hanging, ...good])).slice(1), expected);
      assert.lengthOf(hung(), 2);
    } finally {
      await pool.stop();
    }
  });

  it('is found even when the request was answered before, at its deadline', async () => {
    const { version } = await poisonousModel();
    const { pool, log, ask } = await startPool(version, { runLimit: 1_500, deadline: 700 });
    try {
      const hanging = `the ${POISON.hang} was bad`;
      assert.deepEqual(await ask([hanging]), [{ missing: 'deadline_exceeded' }]);
      await log.line(({ msg }) => msg.startsWith('a task took longer than RUN_TIMEOUT'));
      // The process that takes over may need longer to start than a request may wait here.
      let item: Record<string, unknown> | undefined;
      do [item] = await ask([hanging]);
      while (item?.missing === 'deadline_exceeded');
      assert.nestedPropertyVal(item, 'error.code', 'task_poisonous');
    } finally {
      await pool.stop();
    }
  });
});

describe('an inference process that ends again and again', () => {
  it('is started again at once, then after longer and longer', async () => {
    const { version } = await poisonousModel();
    const { pool, ask } = await startPool(version);
    try {
      const waits: number[] = [];
      for (let round = 0; round < 4; round++) {
        const begin = performance.now();
        process.kill(pool.pids[0]!, 'SIGKILL');
        await ask(['good']);
        waits.push(performance.now() - begin);
      }
      // 0, 100, 200 and 400 ms, and the start itself.
      assert.isAbove(waits[2]!, 200);
      assert.isAbove(waits[3]!, 400);
    } finally {
      await pool.stop();
    }
  });
});

describe('an inference process that grows past CHILD_MEMORY', () => {
  it('is replaced, and no request is lost', async () => {
    const { version } = await poisonousModel();
    const { pool, log, ask } = await startPool(version, { childMemory: 256 * 2 ** 20 });
    try {
      const [pid] = pool.pids;
      const good = sentences(3);
      const expected = await ask(good);
      let replaced = false;
      void log
        .line(({ msg }) => msg.startsWith('an inference process ended'))
        .then(() => {
          replaced = true;
        });
      while (!replaced) assert.deepEqual((await ask([...good, POISON.memory])).slice(0, 3), expected);
      const line = log.lines.find(({ msg }) => msg.includes('grew past CHILD_MEMORY'));
      assert.include(line!, { pid, childMemory: 256 * 2 ** 20 });
      assert.isAbove(line!.memory as number, 256 * 2 ** 20);
      assert.isTrue(
        log.lines.every(({ level }) => level < 50),
        'no error: the server has ended it',
      );
      assert.deepEqual(await ask(good), expected);
      assert.notInclude(pool.pids, pid);
    } finally {
      await pool.stop();
    }
  });
});

describe('load that is too much', () => {
  const ask = (backend: TestBackend, texts: readonly string[]): Promise<Reply<PredictBody>> =>
    backend.predict({ tasks: tasksOf(texts), label_config: SENTIMENT });
  const codeOf = ({ body }: Reply<unknown>) => (body as ErrorBody).code;

  it('is refused at once with 503 and Retry-After when the queue is full', async () => {
    const backend = await startBackend({ QUEUE_LIMIT: '2', MAX_BATCH: '4' });
    try {
      const [pid] = backend.backend.pids();
      process.kill(pid!, 'SIGSTOP');
      const arrived = backend.received('/predict', 2);
      const held = [ask(backend, sentences(30)), ask(backend, sentences(31))];
      await arrived;
      for (const count of [1, 5, 3_000]) {
        const refused = await ask(backend, sentences(count));
        assert.equal(refused.status, 503);
        assert.equal(codeOf(refused), 'overloaded');
        assert.equal(refused.headers['retry-after'], '1');
      }
      process.kill(pid!, 'SIGCONT');
      for (const { status } of await Promise.all(held)) assert.equal(status, 200);
      assert.equal((await ask(backend, ['good'])).status, 200);
      const { body } = await backend.get<string>('/metrics');
      assert.match(body, /^request_duration_seconds_count\{route="predict",status="503"\} 3$/m);
    } finally {
      await backend.stop();
    }
  });

  it('is answered at REQUEST_DEADLINE with what is ready', async () => {
    const backend = await startBackend({
      WORKERS: '2',
      MAX_BATCH: '2',
      REQUEST_DEADLINE: '1s',
      RUN_TIMEOUT: '1m',
    });
    try {
      const texts = sentences(8);
      const [pid, other] = backend.backend.pids();
      process.kill(pid!, 'SIGSTOP');
      const { status, body } = await ask(backend, texts);
      assert.equal(status, 200);
      const late = body.results.filter(item => 'error' in item);
      // The stopped process holds a run, and perhaps a short one behind it.
      assert.oneOf(late.length, [2, 4]);
      for (const item of late) assert.equal(errorOf(item).code, 'deadline_exceeded');
      for (const item of body.results.filter(each => 'result' in each)) choiceOf(item);

      process.kill(other!, 'SIGSTOP');
      const single = await ask(backend, ['awful']);
      assert.equal(single.status, 503);
      assert.equal(codeOf(single), 'deadline_exceeded');
      assert.equal(single.headers['retry-after'], '1');
      process.kill(pid!, 'SIGCONT');
      process.kill(other!, 'SIGCONT');
      const again = await ask(backend, texts);
      assert.isTrue(again.body.results.every(item => 'result' in item));
    } finally {
      await backend.stop();
    }
  });

  it('goes on after the deadline: what was late is in the cache when it is asked for again', async () => {
    const backend = await startBackend({ MAX_BATCH: '16', REQUEST_DEADLINE: '2s', RUN_TIMEOUT: '1m' });
    try {
      const [pid] = backend.backend.pids();
      // A large body: its tasks lie in another thread, and must stay there.
      const tasks = sentences(300).map(text => ({ data: { text }, meta: 'x'.repeat(400) }));
      const predict = () => backend.predict({ tasks, label_config: SENTIMENT });
      process.kill(pid!, 'SIGSTOP');
      const { body } = await predict();
      for (const item of body.results) assert.equal(errorOf(item).code, 'deadline_exceeded');
      process.kill(pid!, 'SIGCONT');
      const ran = async () => {
        const page = await backend.get<string>('/metrics');
        return Number(/^model_run_tasks_sum (\d+)$/m.exec(page.body)![1]);
      };
      while ((await ran()) < tasks.length);
      process.kill(pid!, 'SIGSTOP');
      const again = await predict();
      assert.isTrue(again.body.results.every(item => 'result' in item));
    } finally {
      await backend.stop();
    }
  });

  it('never runs what a client that hung up had asked for', async () => {
    const { root } = await poisonousModel();
    const backend = await startBackend({ MODEL_DIR: root });
    try {
      const [pid] = backend.backend.pids();
      process.kill(pid!, 'SIGSTOP');
      const first = backend.received('/predict');
      const held = ask(backend, ['good']);
      await first;
      // The process holds it by now, and is overdue: nothing more is sent to it.
      const { body: before } = await backend.get<string>('/metrics');
      assert.match(before, /^queue_tasks 0$/m);
      const arrived = backend.received('/predict', 2);
      const agent = new Agent();
      const gone = ['single', 'bulk'].map(kind => {
        const tasks = tasksOf(kind === 'single' ? [CRASH] : [...sentences(3), CRASH]);
        const sent = request(`${backend.url}/predict`, { method: 'POST', agent });
        sent.on('error', () => {});
        sent.end(JSON.stringify({ tasks, label_config: SENTIMENT }));
        return sent;
      });
      await arrived;
      for (const each of gone) each.destroy();
      await backend.log.line(
        () => backend.log.lines.filter(({ code }) => code === 'client_gone').length === 2,
      );
      process.kill(pid!, 'SIGCONT');
      assert.equal((await held).status, 200);
      assert.equal((await ask(backend, ['bad'])).status, 200);
      assert.deepEqual(backend.backend.pids(), [pid!]);
      assert.lengthOf(
        backend.log.lines.filter(({ code }) => code === 'client_gone'),
        2,
      );
      const { body } = await backend.get<string>('/metrics');
      assert.match(body, /^request_duration_seconds_count\{route="predict",status="499"\} 2$/m);
    } finally {
      await backend.stop();
    }
  });
});
