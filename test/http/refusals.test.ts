import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import { type ErrorBody, refusalOf } from '../support/client.js';
import { SENTIMENT, tasksOf, UNFIT } from '../support/configs.js';
import { addRecipe, shippedRepository } from '../support/models.js';

const LABELS = SENTIMENT.replace('"Positive"', '"人"').replace('"Negative"', '"Ham"');
const COLUMNS =
  '<View><Table name="row" value="$row"/><Choices name="kind" toName="row"><Choice value="a"/><Choice value="b"/></Choices></View>';

describe('predictions of a project that no model can answer', () => {
  let backend: TestBackend;

  before(async () => {
    const models = await shippedRepository('sentiment', 'tabular-classifier', 'text-classifier');
    await addRecipe(models, 'gone');
    await writeFile(join(models, 'gone', 'model.json'), '{}');
    await addRecipe(models, 'mood');
    await cp(join(models, 'text-classifier'), join(models, 'other-classifier'), { recursive: true });
    backend = await startBackend({ MODEL_DIR: models });
  });
  after(() => backend.stop());

  const CASES: [code: ErrorBody['code'], path: string, config: string, message: RegExp][] = [
    ['no_model_fits', '', UNFIT, /Pdf/],
    ['label_mismatch', '/models/sentiment', LABELS, /has 人, Ham/],
    ['model_ambiguous', '', LABELS, /several models fit/],
    ['version_unusable', '/models/gone', SENTIMENT, /^gone cannot be served: .*model\.json/],
    ['version_unusable', '/models/mood', SENTIMENT, /has nothing to answer with/],
    ['untrained', '/models/text-classifier', SENTIMENT, /is not trained yet/],
    ['untrained', '', COLUMNS, /'tabular-classifier' is not trained yet/],
  ];
  for (const [code, path, label_config, message] of CASES) {
    it(`say ${code} for each task: ${message}`, async () => {
      for (const count of [1, 3]) {
        const tasks = tasksOf(new Array(count).fill('good'));
        const reply = await backend.post(`${path}/predict`, { tasks, label_config });
        const refusal = refusalOf(reply);
        assert.equal(refusal.code, code, refusal.message);
        assert.match(refusal.message, message);
        const error = { code: refusal.code, message: refusal.message };
        assert.deepEqual(reply.body, { results: new Array(count).fill({ error }), model_version: null });
        const id = reply.headers['x-request-id'];
        await backend.log.line(line => line.request_id === id && line.msg === refusal.message);
        await backend.log.line(
          line => line.request_id === id && line.msg === 'request' && line.refused === code,
        );
      }
    });

    it(`say ${code} in the status to an annotator who waits, and where there is no task: ${message}`, async () => {
      const params = { context: { result: [] } };
      const interactive = { tasks: tasksOf(['good']), label_config, params };
      const reply = await backend.post<ErrorBody>(`${path}/predict`, interactive);
      assert.include([409, 422], reply.status);
      assert.equal(reply.body.code, code);
      if (code === 'untrained') return;
      const empty = await backend.post<ErrorBody>(`${path}/predict`, { tasks: [], label_config });
      assert.equal(empty.status, 422);
      assert.equal(empty.body.code, code);
    });
  }

  it('say why the last training failed, as long as none has ended since', async () => {
    const project = '8.1';
    const tasks = tasksOf(['good']);
    const schema = LABELS;
    const extra_params = { model: 'text-classifier' };
    assert.equal((await backend.setup({ project, schema, extra_params })).status, 200);
    const { body } = await backend.post<{ job: string }>('/train', { project });
    const failed = await backend.log.line(line => line.job === body.job && /failed/.test(String(line.msg)));
    const { body: job } = await backend.get<{ error: string }>(`/api/jobs/${body.job}`);
    assert.include(failed.msg, job.error);
    const { code, message } = refusalOf(await backend.predict({ project, tasks }));
    assert.equal(code, 'untrained');
    assert.equal(
      message,
      `the model 'text-classifier' is not trained yet. Its last training failed: ${job.error}. When that is mended, press Start training`,
    );
    assert.isAtMost(message.length, 300);
    const other = refusalOf(await backend.predict({ project: '9.1', tasks, label_config: COLUMNS }));
    assert.match(other.message, /annotate 10 tasks or press Start training$/);
  });

  it('are counted, by the code, beside those that are answered', async () => {
    const count = async () => {
      const { body } = await backend.get<string>('/metrics');
      return Number(/^predictions_refused_total\{code="no_model_fits"\} (\d+)$/m.exec(body)?.[1] ?? 0);
    };
    const before = await count();
    const tasks = tasksOf(['good', 'bad', 'so so']);
    await backend.predict({ tasks, label_config: UNFIT });
    await backend.predict({ tasks, label_config: SENTIMENT, project: '1' });
    assert.equal((await count()) - before, 3);
  });

  it('keep the status of what is wrong with the request', async () => {
    const tasks = tasksOf(['good']);
    const cases: [path: string, body: unknown, status: number, code: string][] = [
      ['/predict', '{"tasks": [', 400, 'json_invalid'],
      ['/predict', { label_config: UNFIT }, 400, 'request_invalid'],
      ['/models/none/predict', { tasks, label_config: UNFIT }, 404, 'model_unknown'],
      ['/predict', { tasks, label_config: '<View' }, 422, 'label_config_invalid'],
      ['/predict', { tasks: [{ id: 1, data: {} }], label_config: SENTIMENT }, 422, 'task_invalid'],
    ];
    for (const [path, body, status, code] of cases) {
      const reply = await backend.post<ErrorBody>(path, body);
      assert.equal(`${reply.status} ${reply.body.code}`, `${status} ${code}`);
    }
  });
});
