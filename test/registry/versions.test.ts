import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import { type ErrorBody, refusalOf } from '../support/client.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import {
  addRecipe,
  addVersion,
  editJson,
  flipByte,
  modelRepository,
  replaceFile,
  shippedVersion,
} from '../support/models.js';
import { models, servedBy } from './support.js';

const NEWER = '20990101-000000-abcdef';
const NEWEST = '20990101-000001-abcdef';

describe('a new version', () => {
  let backend: TestBackend;
  let model: string;
  let first: string;

  beforeEach(async () => {
    const root = await modelRepository('sentiment');
    model = join(root, 'sentiment');
    first = `sentiment:${basename(await shippedVersion())}`;
    backend = await startBackend({ MODEL_DIR: root });
    assert.equal((await backend.setup({ project: '1', schema: SENTIMENT })).body.model_version, first);
  });
  afterEach(() => backend.stop());

  it('is swapped in by a reload, for projects that were set up before too', async () => {
    await addVersion(model, NEWER);
    assert.equal(await servedBy(backend, '1'), first);
    await backend.backend.reload();
    const second = `sentiment:${NEWER}`;
    assert.equal(await servedBy(backend, '1'), second);
    assert.equal((await backend.setup({ project: '1', schema: SENTIMENT })).body.model_version, second);
    assert.deepEqual((await backend.get('/versions')).body, { versions: [second] });
    assert.deepEqual(await models(backend), {
      models: [
        {
          name: 'sentiment',
          title: 'Sentiment of English sentences',
          trainable: false,
          projects: [],
          versions: [second],
        },
      ],
      problems: [],
    });
    await backend.log.line(line => line.msg === `${first} is unloaded`);
  });

  it('leaves a request in flight to the version that it began with', async () => {
    const [pid] = backend.backend.pids();
    process.kill(pid!, 'SIGSTOP');
    const arrived = backend.received('/predict');
    const tasks = tasksOf(['good', 'bad']);
    const pending = backend.predict({ tasks, project: '1' });
    await arrived;
    await addVersion(model, NEWER);
    const reloading = backend.backend.reload();
    process.kill(pid!, 'SIGCONT');
    const { body } = await pending;
    await reloading;
    assert.equal(body.model_version, first);
    for (const item of body.results) assert.include(item as object, { model_version: first });
    assert.equal(await servedBy(backend, '1'), `sentiment:${NEWER}`);
    await backend.log.line(line => line.msg === `${first} is unloaded`);
  });

  const BROKEN: [name: string, spoil: (folder: string) => Promise<void>, message: RegExp][] = [
    [
      'a changed byte',
      folder => flipByte(join(folder, 'model.onnx')),
      /model\.onnx was changed after its export: /,
    ],
    [
      'a changed byte beside',
      folder => flipByte(join(folder, 'idf.f64')),
      /idf\.f64 was changed after its export: /,
    ],
    [
      'a missing file',
      folder => rm(join(folder, 'idf.f64')),
      /idf\.f64 is listed in version\.json but cannot be read: /,
    ],
    ['no version.json', folder => rm(join(folder, 'version.json')), /version\.json is not readable JSON: /],
    [
      'a graph that is none, with the right hash',
      folder => replaceFile(folder, 'model.onnx', Buffer.from('<html>not found</html>')),
      /cannot be served: /,
    ],
    [
      'features that are none, with the right hash',
      folder => replaceFile(folder, 'features.json', Buffer.from('{"format":2}')),
      /features\.json: format is 2, and this server reads 1/,
    ],
    [
      'an output that the graph does not have',
      folder =>
        editJson(join(folder, 'version.json'), value => {
          (value.outputs as { tensor: string }[])[0]!.tensor = 'scores';
        }),
      /cannot be served: model\.onnx has no output scores; it has probabilities/,
    ],
    [
      'a file that is not listed',
      folder => writeFile(join(folder, 'notes.txt'), 'x'),
      /notes\.txt is not listed in version\.json: take it away, or export again$/,
    ],
    [
      'an output of another name than the manifest',
      folder =>
        editJson(join(folder, 'version.json'), value => {
          (value.outputs as { name: string }[])[0]!.name = 'mood';
        }),
      /version\.json has no output 'label', which model\.json names; it has mood/,
    ],
  ];
  it('that is broken is reported, once in the log, and the old one keeps serving', async () => {
    for (const [name, spoil, message] of BROKEN) {
      await addVersion(model, NEWER, spoil);
      await backend.backend.reload();
      await backend.backend.reload();
      assert.equal(await servedBy(backend, '1'), first, name);
      const { problems } = await models(backend);
      assert.lengthOf(problems, 1, name);
      assert.equal(problems[0]!.model, 'sentiment');
      assert.include(problems[0]!.message, join(model, 'versions', NEWER));
      assert.match(problems[0]!.message, message, name);
      const logged = backend.log.lines.filter(line => line.level >= 50 && line.msg === problems[0]!.message);
      assert.lengthOf(logged, 1, name);
      await rm(join(model, 'versions', NEWER), { recursive: true });
    }
    await addVersion(model, NEWER);
    await backend.backend.reload();
    assert.equal(await servedBy(backend, '1'), `sentiment:${NEWER}`);
    assert.deepEqual((await models(backend)).problems, []);
  });

  it('that is broken gives way to an older one that is not', async () => {
    await addVersion(model, NEWEST, folder => flipByte(join(folder, 'model.onnx')));
    await addVersion(model, NEWER);
    await backend.backend.reload();
    assert.equal(await servedBy(backend), `sentiment:${NEWER}`);
  });

  it('serves when the file `active` names it, and only then', async () => {
    await addVersion(model, NEWER);
    await addVersion(model, NEWEST);
    await writeFile(join(model, 'active'), `${NEWER}\n`);
    await backend.backend.reload();
    assert.equal(await servedBy(backend), `sentiment:${NEWER}`);
    await writeFile(join(model, 'active'), first.split(':')[1]!);
    await backend.backend.reload();
    assert.equal(await servedBy(backend), first);
    await writeFile(join(model, 'active'), '20200101-000000-abcdef');
    await backend.backend.reload();
    assert.equal(await servedBy(backend), `sentiment:${NEWEST}`);
    assert.match(
      (await models(backend)).problems[0]!.message,
      /active names the version '20200101-000000-abcdef', which is not there$/,
    );
    await rm(join(model, 'active'));
    await backend.backend.reload();
    assert.equal(await servedBy(backend), `sentiment:${NEWEST}`);
    assert.deepEqual((await models(backend)).problems, []);
  });

  it('whose folder is removed gives way to the one before, and a model whose folder is removed is gone', async () => {
    await addVersion(model, NEWER);
    await backend.backend.reload();
    await rm(join(model, 'versions', NEWER), { recursive: true });
    await backend.backend.reload();
    assert.equal(await servedBy(backend), first);
    await rm(model, { recursive: true });
    await backend.backend.reload();
    const reply = await backend.predict({ tasks: tasksOf(['good']), label_config: SENTIMENT });
    assert.equal(refusalOf(reply).code, 'no_model_fits');
    assert.equal((await backend.get('/ready')).status, 503);
  });
});

describe('a model whose model.json is broken', () => {
  it('says what is wrong with it to those who name it, until it is mended', async () => {
    const root = await modelRepository('sentiment', 'mood');
    const path = join(root, 'mood', 'model.json');
    const whole = await readFile(path, 'utf8');
    await editJson(path, value => {
      value.input = { kind: 'text', size: 1 };
    });
    const server = await startBackend({ MODEL_DIR: root });
    const message = `mood cannot be served: ${path}: /input has 'size', which is not known there`;
    const broken = { code: 'version_unusable', message };
    const setup = { project: '1', schema: SENTIMENT };
    try {
      const named = { tasks: tasksOf(['good']), label_config: SENTIMENT };
      for (const reply of [
        await server.post('/models/mood/setup', setup),
        await server.post('/models/mood/validate', { config: SENTIMENT }),
        await server.get('/models/mood/versions'),
        await server.get('/api/models/mood/versions'),
        await server.setup({ ...setup, extra_params: { model: 'mood' } }),
      ]) {
        assert.equal(reply.status, 422, reply.reason);
        assert.include(reply.body as object, broken);
      }
      assert.deepEqual(refusalOf(await server.post('/models/mood/predict', named)), broken);
      const other = await server.post('/models/other/setup', setup);
      assert.include(other.body as object, { code: 'model_unknown' });
      // A path that a problem is filed under is not a model.
      const inside = await server.setup({ ...setup, extra_params: { model: join(root, 'mood') } });
      assert.include(inside.body as object, { code: 'model_unknown' });
      await writeFile(path, whole);
      await server.backend.reload();
      assert.equal((await server.post('/models/mood/setup', setup)).status, 200);
    } finally {
      await server.stop();
    }
  });
});

describe('a version that cannot be loaded', () => {
  it('is told as that where it is the only one, and never as untrained', async () => {
    const root = await modelRepository();
    await addRecipe(root, 'sentiment');
    const folder = join(root, 'sentiment', 'versions', NEWER);
    await addVersion(join(root, 'sentiment'), NEWER, staged => flipByte(join(staged, 'model.onnx')));
    const server = await startBackend({ MODEL_DIR: root });
    try {
      const reason = new RegExp(
        `^sentiment:${NEWER} cannot be served: ${folder}/model.onnx was changed after its export`,
      );
      for (const model of ['', '/models/sentiment']) {
        const setup = await server.post<ErrorBody>(`${model}/setup`, { project: '1', schema: SENTIMENT });
        assert.equal(`${setup.status} ${setup.body.code}`, '422 version_unusable');
        assert.match(setup.body.message, reason);
        const body = { tasks: [{ id: 1, data: { text: 'good' } }], label_config: SENTIMENT };
        const { code, message } = refusalOf(await server.post(`${model}/predict`, body));
        assert.equal(code, 'version_unusable');
        assert.match(message, reason);
      }
      assert.deepEqual((await server.get('/versions')).body, { versions: [] });
      await flipByte(join(folder, 'model.onnx'));
      await server.backend.reload();
      const setup = await server.setup({ project: '1', schema: SENTIMENT });
      assert.equal(setup.body.model_version, `sentiment:${NEWER}`);
    } finally {
      await server.stop();
    }
  });
});

describe('a broken model.json', () => {
  it('is reported, and the models beside it serve', async () => {
    const root = await modelRepository('sentiment', 'other', 'Wrong Name');
    await editJson(join(root, 'other/model.json'), manifest => {
      manifest.input = { kind: 'smell' };
    });
    const backend = await startBackend({ MODEL_DIR: root });
    try {
      await servedBy(backend);
      const { problems } = await models(backend);
      assert.deepEqual(problems.map(({ model }) => model).sort(), ['Wrong Name', 'other']);
      const messages = problems.map(({ message }) => message).join('\n');
      assert.include(messages, `${join(root, 'other/model.json')}: /input/kind is "smell"`);
      assert.include(messages, 'rename it');
    } finally {
      await backend.stop();
    }
  });

  it('that was sound before leaves the old one serving', async () => {
    const root = await modelRepository('sentiment');
    const backend = await startBackend({ MODEL_DIR: root });
    try {
      const version = await servedBy(backend);
      await writeFile(join(root, 'sentiment/model.json'), '{');
      await backend.backend.reload();
      assert.equal(await servedBy(backend), version);
      assert.lengthOf((await models(backend)).problems, 1);
    } finally {
      await backend.stop();
    }
  });
});
