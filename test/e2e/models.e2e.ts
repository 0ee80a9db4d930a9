import { assert } from 'chai';
import type { MlBackend } from './label-studio.js';
import {
  labelStudio,
  modelDir,
  record,
  SENTIMENT_CONFIG,
  shippedVersion,
  startBackend,
  stopAll,
} from './world.js';

describe('several models of one server', () => {
  let url: string;
  let version: string;

  before(async () => {
    ({ url } = await startBackend({ MODEL_DIR: await modelDir('reviews', 'sentiment') }));
    version = await shippedVersion();
  });
  after(stopAll);

  it('are backends of one project, each at /models/<name>', async () => {
    const recorder = await record(url);
    const project = await labelStudio().createProject(SENTIMENT_CONFIG);
    const names = ['sentiment', 'reviews'];
    const backends: MlBackend[] = [];
    for (const name of names) {
      const reply = await labelStudio().connect(project, `${recorder.url}/models/${name}`, { title: name });
      assert.equal(reply.status, 201, JSON.stringify(reply.body));
      backends.push(reply.body);
    }
    assert.sameDeepMembers(
      (await labelStudio().backends(project)).map(({ model_version }) => model_version),
      names.map(name => `${name}:${version}`),
    );

    const [task] = await labelStudio().importTasks(project, [{ text: 'I love it' }]);
    for (const [index, { id }] of backends.entries()) {
      const expected = `${names[index]}:${version}`;
      assert.deepEqual(await labelStudio().ask('GET', `/ml/${id}/versions`), { versions: [expected] });
      const answer = await labelStudio().annotateInteractively(id, task!);
      assert.equal(answer.data?.model_version, expected);
      assert.lengthOf(recorder.of(`/models/${names[index]}/webhook`), 1);
    }
    await labelStudio().retrievePredictions(project);
    assert.lengthOf(await labelStudio().predictions(task!), 1);
  });

  it('are chosen in the extra params too', async () => {
    const project = await labelStudio().createProject(SENTIMENT_CONFIG);
    const { status, body } = await labelStudio().connect(project, url, {
      extra_params: { model: 'reviews' },
    });
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body.model_version, `reviews:${version}`);
    const [task] = await labelStudio().importTasks(project, [{ text: 'I love it' }]);
    await labelStudio().retrievePredictions(project);
    const [prediction] = await labelStudio().predictions(task!);
    assert.equal(prediction!.model_version, `reviews:${version}`);
  });
});
