import { basename, join } from 'node:path';
import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import { type ErrorBody, type PredictBody, refusalOf } from '../support/client.js';
import { SENTIMENT, tasksOf, UNFIT } from '../support/configs.js';
import { addRecipe, addVersion, modelRepository, shippedVersion } from '../support/models.js';
import { collect } from '../support/predictions.js';
import { serve, stopServers } from '../task-data/servers.js';
import { servedBy } from './support.js';

const NEWER = '20990101-000000-abcdef';
const tasks = tasksOf(['good']);

describe('which model answers', () => {
  let backend: TestBackend;
  let shipped: string;
  before(async () => {
    shipped = basename(await shippedVersion());
  });

  describe('of two that fit equally well', () => {
    before(async () => {
      backend = await startBackend({ MODEL_DIR: await modelRepository('mood', 'sentiment') });
    });
    after(() => backend.stop());

    it('is not guessed: the error names both and says how to choose', async () => {
      const refusal = {
        code: 'model_ambiguous',
        message:
          'several models fit this labeling config: mood, sentiment; choose one with /models/<name> at the end of ' +
          'the backend\'s URL, or {"model": "<name>"} in its extra params',
      };
      for (const reply of [
        await backend.setup({ project: '1', schema: SENTIMENT }),
        await backend.post('/validate', { config: SENTIMENT }),
      ]) {
        assert.equal(reply.status, 422);
        assert.include(reply.body as object, refusal);
        assert.equal(reply.reason, refusal.message.replaceAll('<name>', '&lt;name&gt;'));
      }
      assert.deepEqual(refusalOf(await backend.predict({ tasks, label_config: SENTIMENT })), refusal);
    });

    it('is the one that extra_params names, as an object or as text, until they change', async () => {
      for (const extra_params of [{ model: 'mood' }, '{"model": "mood", "more": 1}']) {
        const { body } = await backend.setup({ project: '1.5', schema: SENTIMENT, extra_params });
        assert.equal(body.model_version, `mood:${shipped}`);
        assert.equal(await servedBy(backend, '1.5'), `mood:${shipped}`);
      }
      await backend.setup({ project: '1.5', schema: SENTIMENT, extra_params: { model: 'sentiment' } });
      assert.equal(await servedBy(backend, '1.5'), `sentiment:${shipped}`);
      const none = await backend.setup({ project: '1.5', schema: SENTIMENT, extra_params: null });
      assert.equal(none.status, 422);
    });

    it('is unknown when extra_params names none that is there', async () => {
      const reply = await backend.setup({ project: '1', schema: SENTIMENT, extra_params: { model: 'x' } });
      assert.equal(reply.status, 404);
      assert.include(reply.body as object, {
        code: 'model_unknown',
        message: "there is no model 'x'; there is mood, sentiment",
      });
    });

    it('is the one that the URL names, whatever extra_params say', async () => {
      await backend.setup({ project: '1', schema: SENTIMENT, extra_params: { model: 'sentiment' } });
      const under = '/models/mood';
      const label = `mood:${shipped}`;
      assert.equal((await backend.get(`${under}/health`)).status, 200);
      const setup = await backend.post(`${under}/setup`, { project: '1', schema: SENTIMENT });
      assert.deepEqual(setup.body, { model_version: label });
      assert.deepEqual((await backend.get(`${under}/versions`)).body, { versions: [label] });
      const predict = await backend.post(`${under}/predict`, { tasks, project: '1' });
      assert.include(predict.body as object, { model_version: label });
      const rest: [string, Record<string, unknown>][] = [
        ['/webhook', { action: 'TASKS_CREATED', project: { id: 1 } }],
        ['/train', { project: '1', annotations: [] }],
        ['/validate', { config: SENTIMENT }],
        ['/duplicate_model', { project_src: '1', project_dst: '2' }],
        ['/delete', { project: '2' }],
      ];
      for (const [path, body] of rest)
        assert.isBelow((await backend.post(`${under}${path}`, body)).status, 300, path);
      assert.equal((await backend.post(`${under}/job_status`, { job: 'x' })).status, 410);
    });

    it('may be both, each at its own URL: /versions lists each', async () => {
      assert.deepEqual((await backend.get<{ versions: string[] }>('/versions')).body.versions.sort(), [
        `mood:${shipped}`,
        `sentiment:${shipped}`,
      ]);
    });

    it('is none when neither fits: the error tells of each why', async () => {
      const reply = await backend.setup({ project: '1', schema: UNFIT });
      const { code, message } = reply.body as unknown as ErrorBody;
      assert.equal(code, 'no_model_fits');
      assert.match(
        message,
        /: use a control that a model fills, .* Choices on Text or HyperText \(mood, sentiment\)$/,
      );
    });
  });

  describe('of others', () => {
    afterEach(() => backend.stop());

    it('is a shipped one before one that has no version', async () => {
      const root = await modelRepository('sentiment');
      await addRecipe(root, 'topics');
      backend = await startBackend({ MODEL_DIR: root });
      assert.equal(await servedBy(backend), `sentiment:${shipped}`);
      assert.deepEqual((await backend.get('/versions')).body, { versions: [`sentiment:${shipped}`] });
    });

    it('is none that has neither a version nor a trainer: it is refused, with what to do', async () => {
      const root = await modelRepository();
      await addRecipe(root, 'topics');
      backend = await startBackend({ MODEL_DIR: root });
      const schema = SENTIMENT.replace('Positive', 'Sport').replace('Negative', 'Art');
      for (const path of ['', '/models/topics']) {
        const setup = await backend.post<ErrorBody>(`${path}/setup`, { project: '1', schema });
        const predict = await backend.post<ErrorBody>(`${path}/predict`, { tasks, label_config: schema });
        assert.equal(setup.status, 422);
        for (const { code, message } of [setup.body, refusalOf(predict)]) {
          assert.equal(code, 'version_unusable');
          assert.match(
            message,
            /^the model 'topics' has nothing to answer with: its folder has no version, and its model\.json no trainer; make /,
          );
        }
        assert.deepEqual((await backend.get(`${path}/versions`)).body, { versions: [] });
      }
      assert.equal((await backend.setup({ project: '2', schema: UNFIT })).status, 422);
    });

    it('is remembered across a restart', async () => {
      backend = await startBackend();
      await backend.setup({ project: '3', schema: SENTIMENT });
      await backend.stop();
      backend = await startBackend({ DATA_DIR: backend.dataDir });
      const reply = await backend.post<PredictBody>('/predict', JSON.stringify({ tasks, project: '3' }));
      assert.equal(reply.status, 200);
      collect(SENTIMENT, reply.body.results);
    });
  });

  describe("a project's own versions", () => {
    let data: string;
    const ownFolder = (project: string, model = 'sentiment') =>
      join(data, 'projects', project, 'models', model);

    beforeEach(async () => {
      backend = await startBackend({ MODEL_DIR: await modelRepository('sentiment', 'mood') });
      data = backend.dataDir;
      await addVersion(ownFolder('7.25'), NEWER);
      await backend.backend.reload();
    });
    afterEach(() => backend.stop());
    after(stopServers);

    it('serve it alone, and beat a model that is only shipped', async () => {
      assert.equal(await servedBy(backend, '7.25'), `sentiment:${NEWER}`);
      const other = await backend.predict({ tasks, project: '8', label_config: SENTIMENT });
      assert.equal(refusalOf(other).code, 'model_ambiguous');
      const shippedOne = await backend.post('/models/sentiment/predict', {
        tasks,
        project: '8',
        label_config: SENTIMENT,
      });
      assert.include(shippedOne.body as object, { model_version: `sentiment:${shipped}` });
    });

    it('are listed newest first, and filtered by project', async () => {
      const versions = async (query: string) =>
        (await backend.get<{ versions: string[] }>(`/models/sentiment/versions${query}`)).body.versions;
      assert.deepEqual(await versions(''), [`sentiment:${NEWER}`, `sentiment:${shipped}`]);
      assert.deepEqual(await versions('?project=7'), [`sentiment:${NEWER}`]);
      assert.deepEqual(await versions('?project=8.5'), [`sentiment:${shipped}`]);
    });

    it('are copied by /duplicate_model, with what the project was set up with', async () => {
      const renamed = SENTIMENT.replaceAll('"sentiment"', '"mine"');
      await backend.setup({ project: '7.25', schema: renamed, extra_params: { model: 'sentiment' } });
      const copy = { project_src: '7.25', project_dst: '9.5' };
      assert.deepEqual((await backend.post('/duplicate_model', copy)).body, { status: 'ok' });
      const { body } = await backend.predict({ tasks, project: '9.5' });
      assert.equal(body.model_version, `sentiment:${NEWER}`);
      assert.nestedInclude(body.results[0], { 'result[0].from_name': 'mine' });
      assert.equal(
        (await backend.post('/duplicate_model', { project_src: '7', project_dst: '7' })).status,
        200,
      );
      assert.equal(
        (await backend.post('/duplicate_model', { project_src: '55', project_dst: '9' })).status,
        200,
      );
      assert.equal(await servedBy(backend, '7'), `sentiment:${NEWER}`);
    });

    for (const [name, remove] of [
      ['/delete', () => backend.post('/delete', { project: '7.25' })],
      ['PROJECT_DELETED', () => backend.post('/webhook', { action: 'PROJECT_DELETED', project: { id: 7 } })],
    ] as const) {
      it(`are removed by ${name}, with the project's state, and another project keeps its own`, async () => {
        await addVersion(ownFolder('77'), NEWER);
        await backend.backend.reload();
        const { url: hostname } = await serve((_, response) =>
          response.writeHead(404).end('{"detail": "Not found."}'),
        );
        await backend.setup({ project: '7', schema: SENTIMENT, hostname });
        assert.equal((await remove()).status, 200);
        const gone = await backend.predict({ tasks, project: '7' });
        assert.include(gone.body as object, { code: 'no_label_config' });
        const after = await backend.predict({ tasks, project: '7', label_config: SENTIMENT });
        assert.equal(refusalOf(after).code, 'model_ambiguous');
        assert.equal(await servedBy(backend, '77'), `sentiment:${NEWER}`);
        assert.equal((await remove()).status, 200);
      });
    }
  });
});
