import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assert } from 'chai';
import { AppError, type Context, LabelStudioMLBase, type PredictionItem, type Task } from '../src/index.js';
import { CHOICES, type ClassBackend, startClasses, stopAll } from './class-backend.js';

const TASKS = [
  { id: 1, data: { body: 'one' } },
  { id: 2, data: { body: 'two' } },
];

function choice(label: string, score = 0.5) {
  return {
    result: [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: [label] } }],
    score,
  };
}

/** The least that a model can be. */
abstract class Simple extends LabelStudioMLBase {
  override predict(tasks: Task[]): PredictionItem[] {
    return tasks.map(() => choice('My Label'));
  }
}

describe('LabelStudioMLBase', () => {
  afterEach(stopAll);

  it('is made and set up once for each project and labeling config, not for each request', async () => {
    const made: string[] = [];
    class Counting extends Simple {
      override async setup() {
        made.push(`${this.projectId} ${this.labelConfig === CHOICES ? 'first' : 'second'}`);
      }
    }
    const { post } = await startClasses([Counting]);
    const second = CHOICES.replace('Gut', 'Good');
    for (let round = 0; round < 3; round++) {
      for (const project of ['1.1795520884', '2.1795520885']) {
        assert.equal((await post('/setup', { project, schema: CHOICES })).status, 200);
        assert.equal((await post('/predict', { project, tasks: TASKS })).status, 200);
      }
      await post('/predict', { project: '2', tasks: TASKS, label_config: second });
    }
    assert.deepEqual(made, ['1 first', '2 first', '2 second']);
  });

  it('is set up once when many first requests come at the same time', async () => {
    let setups = 0;
    class Slow extends Simple {
      override async setup() {
        setups++;
        await new Promise(resolve => setImmediate(resolve));
      }
    }
    const { post } = await startClasses([Slow]);
    const request = { project: '1', tasks: TASKS, label_config: CHOICES };
    const answers = await Promise.all(Array.from({ length: 8 }, () => post('/predict', request)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(setups, 1);
  });

  describe('whose extra params change while setup() runs', () => {
    const attempts: { word: unknown; finish(): void; fail(error: Error): void }[] = [];
    class Gated extends LabelStudioMLBase {
      #word: unknown;

      override async setup() {
        this.#word = this.extraParams.word;
        await new Promise<void>((resolve, reject) => {
          attempts.push({ word: this.#word, finish: resolve, fail: reject });
        });
      }

      override predict(tasks: Task[]) {
        return tasks.map(() => choice(String(this.#word)));
      }
    }
    const untilAttempt = async (count: number) => {
      while (attempts.length < count) await new Promise(setImmediate);
      return attempts[count - 1]!;
    };
    const setup = ({ post }: ClassBackend, word: string) =>
      post('/setup', { project: '1', schema: CHOICES, extra_params: { word } });

    for (const old of ['fails', 'ends well', 'never ends'] as const) {
      it(`is set up again at once, for all who wait; the setup() of before ${old}, which changes nothing`, async () => {
        attempts.length = 0;
        const backend = await startClasses([Gated]);
        const before = [setup(backend, 'old'), backend.post('/predict', { project: '1', tasks: TASKS })];
        const first = await untilAttempt(1);
        const after = setup(backend, 'new');
        const second = await untilAttempt(2);
        assert.deepEqual([first.word, second.word], ['old', 'new']);
        if (old === 'fails') first.fail(new Error('of before'));
        if (old === 'ends well') first.finish();
        await new Promise(setImmediate);
        second.finish();
        for (const answer of await Promise.all([...before, after])) assert.equal(answer.status, 200);
        const asked = () => backend.post('/predict', { project: '1', tasks: TASKS });
        for (const { body } of await Promise.all([asked(), asked(), asked()]))
          assert.deepEqual(body.results[0]!.result[0]!.value.choices, ['new']);
        assert.lengthOf(attempts, 2);
        first.finish();
      });
    }
  });

  it('tells who connects it why setup() failed, and tries again', async () => {
    const failures = [new AppError('task_invalid', 'needs a thing'), new Error('no weights')];
    class Failing extends Simple {
      override setup() {
        const failure = failures.shift();
        if (failure) throw failure;
      }
    }
    const { post, log } = await startClasses([Failing]);
    const setup = () => post('/setup', { project: '1', schema: CHOICES });
    const told = await setup();
    assert.deepInclude(told, { status: 422, reason: 'needs a thing' });
    const other = await setup();
    assert.deepInclude(other, { status: 500, reason: "the model 'failing' failed in setup(): no weights" });
    assert.equal(other.body.code, 'model_failed');
    assert.notInclude(JSON.stringify(other), 'model.test.ts');
    assert.include(JSON.stringify(log), 'model.test.ts');
    assert.equal((await setup()).status, 200);
  });

  it('predicts as a list', async () => {
    class Listed extends LabelStudioMLBase {
      override predict(tasks: Task[]) {
        return tasks.map(task => choice(String(task.data.body)));
      }
    }
    const { post } = await startClasses([Listed]);
    const { body } = await post('/predict', { tasks: TASKS, label_config: CHOICES });
    assert.deepEqual<unknown>(body, {
      results: ['one', 'two'].map(label => ({ ...choice(label), model_version: 'listed:0.0.1' })),
      model_version: 'listed:0.0.1',
    });
  });

  it('predicts as { predictions, modelVersion }, asynchronously', async () => {
    class Versioned extends LabelStudioMLBase {
      override async predict(tasks: Task[]) {
        return { predictions: tasks.map(() => choice('My Label')), modelVersion: 'v7' };
      }
    }
    const { post } = await startClasses([Versioned]);
    const { body } = await post('/predict', { tasks: TASKS, label_config: CHOICES });
    assert.equal(body.model_version, 'v7');
    assert.deepEqual(
      body.results.map(item => item.model_version),
      ['v7', 'v7'],
    );
  });

  it('may give several predictions for a task, each with its version, and errors for others', async () => {
    class Several extends LabelStudioMLBase {
      override predict(): PredictionItem[] {
        return [
          [choice('My Label', 0.9), { ...choice('Gut', 0.1), model_version: 'other' }],
          { error: { code: 'task_unreadable', message: 'it is gone' } },
        ];
      }
    }
    const { post } = await startClasses([Several]);
    const { body } = await post('/predict', { tasks: TASKS, label_config: CHOICES });
    assert.deepEqual<unknown>(body.results, [
      [
        { ...choice('My Label', 0.9), model_version: 'several:0.0.1' },
        { ...choice('Gut', 0.1), model_version: 'other' },
      ],
      { error: { code: 'task_unreadable', message: 'it is gone' }, model_version: 'several:0.0.1' },
    ]);
  });

  it('gets the tasks as they were sent, in order, and the context', async () => {
    const seen: { tasks: Task[]; context: Context | null }[] = [];
    class Seeing extends Simple {
      override predict(tasks: Task[], context: Context | null = null) {
        seen.push({ tasks, context });
        return super.predict(tasks);
      }
    }
    const { post } = await startClasses([Seeing]);
    const context = { result: [{ id: 'a', from_name: 'label', to_name: 'text', type: 'labels', value: {} }] };
    const task = { ...TASKS[0], drafts: [], extra: { deep: [1] } };
    await post('/predict', { tasks: [task], label_config: CHOICES, params: { context } });
    await post('/predict', { tasks: TASKS, label_config: CHOICES, params: { context: null } });
    assert.deepEqual(seen, [
      { tasks: [task] as Task[], context },
      { tasks: TASKS, context: null },
    ]);
  });

  it('is not asked for no tasks, or for those without data', async () => {
    const seen: Task[][] = [];
    class Seeing extends Simple {
      override predict(tasks: Task[]) {
        seen.push(tasks);
        return super.predict(tasks);
      }
    }
    const { post } = await startClasses([Seeing]);
    assert.deepEqual((await post('/predict', { tasks: [], label_config: CHOICES })).body.results, []);
    const { body } = await post('/predict', { tasks: [{ id: 9 }, TASKS[1]], label_config: CHOICES });
    assert.equal(body.results[0]!.error.code, 'task_invalid');
    assert.notProperty(body.results[0]!, 'result');
    assert.deepEqual(body.results[1]!.result, choice('My Label').result);
    assert.deepEqual(seen, [[TASKS[1]!]]);
  });

  const wrong: [string, unknown][] = [
    ['too few', [choice('a')]],
    ['too many', [choice('a'), choice('b'), choice('c')]],
    ['nothing', undefined],
    ['null', null],
    ['an object without predictions', {}],
    ['a list with a hole', [choice('a'), null]],
    ['a list of numbers', [1, 2]],
    ['too few in predictions', { predictions: [], modelVersion: 'v1' }],
  ];
  for (const [what, answer] of wrong) {
    it(`answers predictions_invalid when predict() returns ${what}`, async () => {
      class Wrong extends LabelStudioMLBase {
        override predict() {
          return answer as PredictionItem[];
        }
      }
      const { post } = await startClasses([Wrong]);
      const { status, reason, body } = await post('/predict', { tasks: TASKS, label_config: CHOICES });
      assert.equal(status, 500);
      assert.equal(body.code, 'predictions_invalid');
      assert.include(reason, "'wrong'");
    });
  }

  it('answers 500 without the text or the stack of what predict() throws; the log has both', async () => {
    class Throwing extends LabelStudioMLBase {
      override predict(): never {
        throw new TypeError('cannot read /etc/secret');
      }
    }
    const { post, log } = await startClasses([Throwing]);
    const answer = await post('/predict', { tasks: TASKS, label_config: CHOICES });
    assert.equal(answer.status, 500);
    assert.equal(answer.body.code, 'model_failed');
    assert.notMatch(JSON.stringify(answer), /secret|TypeError|\.ts:/);
    const line = log.find(each => each.code === 'model_failed')!;
    assert.equal(line.request_id, answer.body.request_id);
    assert.match(JSON.stringify(line.err), /cannot read \/etc\/secret.*model\.test\.ts/);
  });

  it('finds the first control of a tag on an object of a tag', async () => {
    const found: unknown[] = [];
    class Finding extends Simple {
      override setup() {
        found.push(this.getFirstTagOccurrence('Choices', 'Text'));
        found.push(this.getFirstTagOccurrence(['Rating', 'Choices'], ['Image', 'Text']));
        this.getFirstTagOccurrence('RectangleLabels', ['Image', 'Video']);
      }
    }
    const { post } = await startClasses([Finding]);
    const { status, reason } = await post('/setup', {
      project: '1',
      schema:
        '<View><Image name="img" value="$url"/><Choices name="of-image" toName="img"><Choice value="a"/></Choices>' +
        '<Text name="txt" value="$words"/><Choices name="of-text" toName="txt"><Choice value="a"/></Choices></View>',
    });
    assert.deepEqual(found, [
      ['of-text', 'txt', 'words'],
      ['of-image', 'img', 'url'],
    ]);
    assert.equal(status, 422);
    assert.equal(
      reason,
      "the model 'finding' needs RectangleLabels on Image or Video; the labeling config has no such control",
    );
  });

  it('maps labels by predicted_values, then exactly, then in another case', async () => {
    const maps: unknown[] = [];
    class Mapping extends Simple {
      override setup() {
        maps.push(this.buildLabelMap('label', ['fine', 'MY LABEL', 'My Label', 'Gut', 'neither']));
        this.buildLabelMap('absent', []);
      }
    }
    const { post } = await startClasses([Mapping]);
    const { body } = await post('/setup', { project: '1', schema: CHOICES });
    assert.deepEqual(maps, [{ fine: 'Gut', 'MY LABEL': 'My Label', 'My Label': 'My Label', Gut: 'Gut' }]);
    assert.equal(body.message, "the labeling config has no control named 'absent'");
  });

  it('knows its config, its name, its project and the extra params, as they are now', async () => {
    const seen: unknown[] = [];
    class Knowing extends Simple {
      override predict(tasks: Task[]) {
        const { name, projectId, labelConfig, parsedLabelConfig, extraParams } = this;
        seen.push({ name, projectId, labelConfig, labels: parsedLabelConfig.label?.labels, extraParams });
        return super.predict(tasks);
      }
    }
    const { post } = await startClasses([Knowing]);
    const known = { name: 'knowing', projectId: '5', labelConfig: CHOICES, labels: ['My Label', 'Gut'] };
    await post('/predict', { project: 5, tasks: TASKS, label_config: CHOICES });
    for (const extra_params of ['{"size": "big"}', { size: 'small' }, null]) {
      await post('/setup', { project: 5, schema: CHOICES, extra_params });
      await post('/predict', { project: 5, tasks: TASKS });
    }
    assert.deepEqual(
      seen,
      [{}, { size: 'big' }, { size: 'small' }, {}].map(extraParams => ({ ...known, extraParams })),
    );
  });

  it('reads what a task points to', async () => {
    const files = createServer((_, response) => response.end('from afar'));
    await once(files.listen(0, '127.0.0.1'), 'listening');
    const host = `127.0.0.1:${(files.address() as AddressInfo).port}`;
    class Reading extends LabelStudioMLBase {
      override async predict(tasks: Task[]) {
        return Promise.all(
          tasks.map(async task => {
            const data = (await this.preloadTaskData(task)) as { body: string };
            return choice(`${data.body}, ${await this.preloadTaskData(task, task.data.body)}`);
          }),
        );
      }
    }
    try {
      const { post } = await startClasses([Reading], { ALLOW_HOSTS: host });
      const ask = (body: string) =>
        post('/predict', { tasks: [{ id: 1, data: { body } }], label_config: CHOICES });
      const { body } = await ask(`http://${host}/a.txt`);
      assert.deepEqual(body.results[0]!.result[0]!.value.choices, ['from afar, from afar']);
      const refused = await ask('http://127.0.0.1:1/a.txt');
      assert.equal(refused.body.code, 'task_unreadable');
      assert.include(refused.reason, "cannot read 'http://127.0.0.1:1/a.txt'");
    } finally {
      files.close();
      files.closeAllConnections();
    }
  });

  it('is one of several when several classes are served', async () => {
    class First extends Simple {}
    class NERModel extends Simple {}
    const { post, get } = await startClasses([First, NERModel]);
    const setup = (path: string, extra_params: unknown = null) =>
      post(path, { project: '1', schema: CHOICES, extra_params });
    const ambiguous = await setup('/setup');
    assert.equal(ambiguous.body.code, 'model_ambiguous');
    assert.include(ambiguous.reason, 'first, ner-model');
    assert.equal((await setup('/models/first/setup')).body.model_version, 'first:0.0.1');
    assert.equal((await setup('/setup', { model: 'ner-model' })).body.model_version, 'ner-model:0.0.1');
    assert.equal(
      (await post('/predict', { project: '1', tasks: TASKS })).body.model_version,
      'ner-model:0.0.1',
    );
    assert.equal((await setup('/models/third/setup')).body.code, 'model_unknown');
    assert.deepEqual((await get('/models/first/versions')).body.versions, ['first:0.0.1']);
  });
});
