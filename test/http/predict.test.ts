import { assert } from 'chai';
import type { Prediction, PredictionItem } from '../../src/model.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { SENTIMENT, sentences, tasksOf } from '../support/configs.js';
import { choiceOf, errorOf } from '../support/results.js';

describe('POST /predict', () => {
  let backend: TestBackend;
  let version: string;

  before(async () => {
    backend = await startBackend({ WORKERS: '2', MAX_BATCH: '64' });
    version = (await backend.setup({ project: '1.1', schema: SENTIMENT })).body.model_version;
  });
  after(() => backend.stop());

  async function results(tasks: unknown[], more: Record<string, unknown> = {}): Promise<PredictionItem[]> {
    const reply = await backend.predict({ tasks, project: '1.1', ...more });
    assert.equal(reply.status, 200, reply.reason);
    assert.lengthOf(reply.body.results, tasks.length);
    return reply.body.results;
  }

  it('fills the control of the config, with a score and the version of /setup', async () => {
    const [good, bad] = await results(tasksOf(['I love it, it is great', 'awful, I hate it']));
    assert.deepEqual(good, {
      result: [
        {
          id: (good as Prediction).result[0]!.id!,
          from_name: 'sentiment',
          to_name: 'text',
          type: 'choices',
          value: { choices: ['Positive'] },
          score: choiceOf(good).score,
        },
      ],
      score: choiceOf(good).score,
      model_version: version,
    });
    assert.isAbove(choiceOf(good).score, 0.8);
    assert.equal(choiceOf(bad).choice, 'Negative');
  });

  it('answers in the order of the tasks, with the same scores however they are batched', async () => {
    const tasks = tasksOf(sentences(150));
    const single: PredictionItem[] = [];
    for (const task of tasks) single.push(...(await results([task])));
    const sevens: PredictionItem[] = [];
    for (let first = 0; first < tasks.length; first += 7)
      sevens.push(...(await results(tasks.slice(first, first + 7))));
    const whole = await results(tasks);
    const concurrent = (await Promise.all(tasks.map(task => results([task])))).flat();

    assert.isAbove(new Set(single.map(item => choiceOf(item).score)).size, 100);
    for (const other of [sevens, whole, concurrent]) {
      other.forEach((item, index) => {
        const expected = choiceOf(single[index]);
        assert.equal(choiceOf(item).choice, expected.choice, `task ${index}`);
        assert.closeTo(choiceOf(item).score, expected.score, 1e-5, `task ${index}`);
      });
    }
  });

  it('gives a region the same id each time, on another server too', async () => {
    const tasks = tasksOf(['fine', 'bad']);
    const first = await results(tasks);
    assert.deepEqual(await results(tasks), first);
    const other = await startBackend();
    try {
      const reply = await other.predict({ tasks, label_config: SENTIMENT });
      assert.deepEqual(reply.body.results, first);
    } finally {
      await other.stop();
    }
  });

  it('serves no tasks', async () => {
    assert.deepEqual(await results([]), []);
  });

  describe('whose config it is', () => {
    const renamed = SENTIMENT.replaceAll('"sentiment"', '"mood"');
    const fromName = ([item]: PredictionItem[]) => (item as Prediction).result[0]!.from_name;

    it("takes the request's label_config, for a project never seen or none", async () => {
      assert.equal(fromName(await results(tasksOf(['a']), { project: '77', label_config: renamed })), 'mood');
      assert.equal(fromName(await results(tasksOf(['a']), { project: null, label_config: renamed })), 'mood');
    });

    it("takes the project's own without one, whatever was set up since", async () => {
      await backend.setup({ project: '2.1', schema: renamed });
      assert.equal(fromName(await results(tasksOf(['a']), { project: '1.1' })), 'sentiment');
      assert.equal(fromName(await results(tasksOf(['a']), { project: 2, label_config: '' })), 'mood');
      assert.equal(fromName(await results(tasksOf(['a']), { project: { id: 2 } })), 'mood');
    });

    it('takes the one that was set up last when the project is unseen or none', async () => {
      await backend.setup({ project: '2.1', schema: renamed });
      assert.equal(fromName(await results(tasksOf(['a']), { project: '78.5' })), 'mood');
      const reply = await backend.predict({ tasks: tasksOf(['a']) });
      assert.equal(fromName(reply.body.results), 'mood');
      await backend.setup({ project: '1.1', schema: SENTIMENT });
      assert.equal(fromName(await results(tasksOf(['a']), { project: undefined })), 'sentiment');
    });

    it('serves a /setup that names no project', async () => {
      assert.equal((await backend.setup({ schema: renamed })).status, 200);
      const reply = await backend.predict({ tasks: tasksOf(['a']) });
      assert.equal(fromName(reply.body.results), 'mood');
    });
  });

  describe('an interactive request', () => {
    const context = {
      result: [
        {
          id: 'x',
          from_name: 'label',
          to_name: 'text',
          type: 'labels',
          origin: 'manual',
          value: { start: 0, end: 2, text: 'Ad', labels: ['PER'] },
        },
      ],
    };

    it('is answered as any other', async () => {
      const plain = await results(tasksOf(['I love it']));
      for (const params of [{ context }, { context: null }, { login: 'a', password: 'b' }, null])
        assert.deepEqual(await results(tasksOf(['I love it']), { params }), plain);
    });

    it('fails as a whole, and says why in the reason phrase', async () => {
      const reply = await backend.predict({
        tasks: [{ id: 5, data: { other: 'x' } }],
        project: '1.1',
        params: { context },
      });
      assert.equal(reply.status, 422);
      assert.equal(reply.reason, "the task's data needs a text under 'text', and has nothing there");
      assert.include(reply.body as object, { code: 'task_invalid', message: reply.reason });
    });
  });

  describe('strange texts', () => {
    it('serves 1 MB of text, and lone surrogates, NUL, empty and blank ones', async () => {
      const strange = [
        'awful '.repeat(170_000),
        'good \ud800 phone',
        '\udfff',
        'good\0bad',
        '',
        ' \n\t',
        '\u{1f600}',
      ];
      const items = await results(tasksOf(strange));
      assert.equal(choiceOf(items[0]).choice, 'Negative');
      for (const item of items) assert.isAtLeast(choiceOf(item).score, 0.5);
    });

    it('takes fields that it does not know', async () => {
      const task = { id: 1, data: { text: 'good', more: { deep: [1] } }, drafts: [{}], is_labeled: false };
      const [item] = await results([task], { later: true, params: { login: null, unknown: [] } });
      assert.equal(choiceOf(item).choice, 'Positive');
    });

    it('takes a body without a content type', async () => {
      const body = Buffer.from(JSON.stringify({ tasks: tasksOf(['good']), label_config: SENTIMENT }));
      const reply = await backend.post('/predict', body, { headers: { 'content-type': 'text/plain' } });
      assert.equal(reply.status, 200);
    });
  });

  describe('one bad task among good ones', () => {
    it('has an error and no result, and the others are served', async () => {
      const tasks = [
        { id: 1, data: { text: 'good' } },
        { id: 2, data: { other: 'x' } },
        { id: 3, data: { text: {} } },
        { id: 4, data: { text: null } },
        { id: 5 },
        { id: 6, data: 'text' },
        { id: 7, data: ['text'] },
        {},
        { id: 8, data: { text: 'bad' } },
      ];
      const items = await results(tasks);
      assert.equal(choiceOf(items[0]).choice, 'Positive');
      assert.equal(choiceOf(items[8]).choice, 'Negative');
      assert.deepEqual(
        items.slice(1, 8).map(item => errorOf(item).message),
        [
          "the task's data needs a text under 'text', and has nothing there",
          "the task's data needs a text under 'text', and has an object there",
          "the task's data needs a text under 'text', and has null there",
          "task 5: its 'data' is not an object",
          "task 6: its 'data' is not an object",
          "task 7: its 'data' is not an object",
          "a task: its 'data' is not an object",
        ],
      );
      for (const item of items) assert.include(item, { model_version: version } as object);
      for (const item of items.slice(1, 8)) assert.equal(errorOf(item).code, 'task_invalid');
    });

    it('fails the request when it is the only one', async () => {
      const reply = await backend.predict({ tasks: [{ id: 3, data: { text: [{}] } }], project: '1.1' });
      assert.equal(reply.status, 422);
      assert.include(reply.body as object, { code: 'task_invalid' });
    });

    it('gives every task its own error when all are bad', async () => {
      const items = await results([{ id: 1, data: {} }, { id: 2 }]);
      assert.deepEqual(
        items.map(item => errorOf(item).code),
        ['task_invalid', 'task_invalid'],
      );
    });
  });
});
