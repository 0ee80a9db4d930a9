import { assert } from 'chai';
import type { StoredPrediction } from './label-studio.js';
import type { Recorder } from './recorder.js';
import { labelStudio, SENTIMENT_CONFIG, shippedVersion, startRecorded, stopAll } from './world.js';

/** What `docs/troubleshooting.md` says of Label Studio's own ways. */
describe('what Label Studio does by itself', () => {
  let recorder: Recorder;
  let project: number;
  let task: number;
  let backend: number;

  beforeEach(async () => {
    recorder = await startRecorded();
    project = await labelStudio().createProject(SENTIMENT_CONFIG);
    [task] = (await labelStudio().importTasks(project, [{ text: 'I love it' }])) as [number];
    const { body } = await labelStudio().connect(project, recorder.url, { is_interactive: false });
    backend = body.id;
  });
  afterEach(stopAll);

  it('is to show scores of the chosen version only', async () => {
    await labelStudio().retrievePredictions(project);
    const score = async () => {
      type Page = { tasks: { predictions_score: number | null }[] };
      const { tasks } = await labelStudio().ask<Page>('GET', `/tasks/?project=${project}&fields=all`);
      return tasks[0]!.predictions_score;
    };
    const { model_version } = await labelStudio().ask<{ model_version: string }>(
      'GET',
      `/projects/${project}/`,
    );
    assert.equal(model_version, 'backend');
    assert.isNull(await score());
    const version = `sentiment:${await shippedVersion()}`;
    await labelStudio().ask('PATCH', `/projects/${project}/`, { model_version: version });
    assert.isAbove((await score())!, 0.5);
  });

  it('is to start a training after each annotation, where that is switched on', async () => {
    const annotate = () =>
      labelStudio().ask('POST', `/tasks/${task}/annotations/`, { result: [], was_cancelled: false });
    await annotate();
    assert.lengthOf(recorder.webhooks('START_TRAINING'), 0);
    await labelStudio().ask('PATCH', `/projects/${project}/`, { start_training_on_annotation_update: true });
    await annotate();
    await annotate();
    assert.isAtLeast(recorder.webhooks('START_TRAINING').length, 2);
  });

  it('is to keep the webhook of a backend that is deleted', async () => {
    await labelStudio().ask('DELETE', `/ml/${backend}`);
    await labelStudio().ask('POST', `/tasks/${task}/annotations/`, { result: [], was_cancelled: true });
    assert.lengthOf(recorder.webhooks('ANNOTATION_CREATED'), 1);
  });

  it('is to ask for no new prediction of a task that is opened and has an old one', async () => {
    const old = { task, model_version: 'sentiment:old', result: [], score: 0.1 };
    await labelStudio().ask('POST', '/predictions/', old);
    await labelStudio().ask('GET', `/tasks/${task}?project=${project}`);
    assert.lengthOf(recorder.of('/predict'), 0);
    const next = await labelStudio().ask<{ predictions: StoredPrediction[] }>(
      'GET',
      `/projects/${project}/next`,
    );
    assert.lengthOf(recorder.of('/predict'), 1);
    assert.notInclude(
      next.predictions.map(({ model_version }) => model_version),
      'sentiment:old',
    );
  });
});
