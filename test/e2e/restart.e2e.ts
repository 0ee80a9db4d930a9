import { assert } from 'chai';
import {
  type Backend,
  folder,
  labelStudio,
  modelDir,
  SENTIMENT_CONFIG,
  shippedVersion,
  startBackend,
  stopAll,
} from './world.js';

describe('a server that ends', () => {
  let env: Record<string, string>;
  let backend: Backend;
  let project: number;
  let version: string;

  before(async () => {
    env = { DATA_DIR: await folder('data'), MODEL_DIR: await modelDir('reviews', 'sentiment') };
    backend = await startBackend(env);
    env.PORT = new URL(backend.url).port;
    version = `reviews:${await shippedVersion()}`;
    project = await labelStudio().createProject(SENTIMENT_CONFIG);
    const { status, body } = await labelStudio().connect(project, backend.url, {
      extra_params: { model: 'reviews' },
    });
    assert.equal(status, 201, JSON.stringify(body));
  });
  after(stopAll);

  it('is shown as disconnected, and Label Studio goes on without it', async () => {
    await backend.process.stop('SIGKILL');
    const [task] = await labelStudio().importTasks(project, [{ text: 'I love it' }]);
    await labelStudio().ask('POST', `/tasks/${task}/annotations/`, { result: [], was_cancelled: true });
    await labelStudio().retrievePredictions(project);
    assert.lengthOf(await labelStudio().predictions(task!), 0);
    assert.equal((await labelStudio().backends(project))[0]!.readable_state, 'Disconnected');
  });

  it('is used again as soon as it is back, and knows its projects', async () => {
    backend = await startBackend(env);
    // An editor that was open all the time asks for a prediction without another setup.
    const [task] = await labelStudio().importTasks(project, [{ text: 'I love it' }]);
    const [known] = await labelStudio().ask<{ id: number }[]>('GET', `/ml/?project=${project}`);
    const answer = await labelStudio().annotateInteractively(known!.id, task!);
    assert.equal(answer.data?.model_version, version);

    await labelStudio().retrievePredictions(project);
    assert.lengthOf(await labelStudio().predictions(task!), 1);
    const [listed] = await labelStudio().backends(project);
    assert.include(listed, { readable_state: 'Connected', model_version: version });
  });

  it('ends in order on SIGTERM', async () => {
    await backend.process.stop('SIGTERM');
    assert.equal(await backend.process.ended, 0);
  });
});
