import { assert } from 'chai';
import type { MlBackend, StoredPrediction } from './label-studio.js';
import type { Recorder } from './recorder.js';
import { labelStudio, SENTIMENT_CONFIG, shippedVersion, startRecorded, stopAll } from './world.js';

const TEXTS = {
  'I love this phone, it works great and the battery is excellent.': 'Positive',
  'Worst food ever, the service was terrible and rude.': 'Negative',
  'A wonderful film, the best that I have seen.': 'Positive',
  'Ünïcödé 你好 😀: a waste of money, very disappointing.': 'Negative',
} as const;

describe('predictions in Label Studio', () => {
  let recorder: Recorder;
  let version: string;
  let project: number;
  let backend: MlBackend;
  let tasks: number[];

  before(async () => {
    recorder = await startRecorded();
    version = `sentiment:${await shippedVersion()}`;
    project = await labelStudio().createProject(SENTIMENT_CONFIG);
  });
  after(stopAll);

  const stored = async (ids: readonly number[]) =>
    (await Promise.all(ids.map(id => labelStudio().predictions(id)))).flat();

  it('connects the backend and shows the version of its model', async () => {
    const reply = await labelStudio().connect(project, recorder.url);
    assert.equal(reply.status, 201, JSON.stringify(reply.body));
    backend = reply.body;
    const [listed] = await labelStudio().backends(project);
    assert.include(listed, { readable_state: 'Connected', model_version: version, error_message: null });
  });

  it('offers the version in the menu of versions', async () => {
    const menu = await labelStudio().ask('GET', `/ml/${backend.id}/versions`);
    assert.deepEqual(menu, { versions: [version] });
  });

  it('retrieves a prediction for every task, in one request', async () => {
    tasks = await labelStudio().importTasks(
      project,
      Object.keys(TEXTS).map(text => ({ text })),
    );
    await labelStudio().retrievePredictions(project);

    assert.deepEqual(recorder.batches(), [tasks.length]);
    const predictions = await stored(tasks);
    assert.deepEqual(
      predictions.map(({ task, result, model_version }) => [task, result[0]?.value.choices, model_version]),
      Object.values(TEXTS).map((choice, index) => [tasks[index], [choice], version]),
    );
    for (const { score, result } of predictions) {
      assert.isAbove(score!, 0.5);
      assert.isAtMost(score!, 1);
      assert.lengthOf(result, 1);
      assert.include(result[0], { from_name: 'sentiment', to_name: 'text', type: 'choices' });
    }
  });

  it('predicts nothing twice', async () => {
    const calls = recorder.batches();
    await labelStudio().retrievePredictions(project);
    assert.deepEqual(recorder.batches(), calls);
    assert.lengthOf(await stored(tasks), tasks.length);
  });

  it('answers the test of the page of models', async () => {
    const test = await labelStudio().ask<{ status: number; response: StoredPrediction[] }>(
      'POST',
      `/ml/${backend.id}/predict/test?random=true`,
    );
    assert.equal(test.status, 200);
    assert.lengthOf(test.response, 1);
    assert.equal(test.response[0]!.model_version, version);
  });

  it('predicts only what is new when tasks were added', async () => {
    const added = await labelStudio().importTasks(project, [{ text: 'It is fine, good value.' }]);
    await labelStudio().retrievePredictions(project);
    assert.deepEqual(recorder.batches().slice(-1), [1]);
    assert.lengthOf(await stored([...tasks, ...added]), tasks.length + 1);
  });

  it('predicts the others when one task cannot be predicted, and that one again later', async () => {
    const [bad, good] = await labelStudio().importTasks(project, [
      { text: [{ not: 'text' }] },
      { text: 'Not bad at all.' },
    ]);
    await labelStudio().retrievePredictions(project);
    assert.deepEqual(recorder.batches().slice(-1), [2]);
    assert.lengthOf(await stored([bad!]), 0);
    assert.lengthOf(await stored([good!]), 1);

    await labelStudio().ask('PATCH', `/tasks/${bad}`, { data: { text: 'Now it says: awful.' } });
    await labelStudio().retrievePredictions(project);
    assert.deepEqual(recorder.batches().slice(-1), [1]);
    assert.lengthOf(await stored([bad!]), 1);
  });

  it('predicts a task when it is opened', async () => {
    const [task] = await labelStudio().importTasks(project, [{ text: 'An excellent product.' }]);
    const opened = await labelStudio().ask<{ predictions: StoredPrediction[] }>(
      'GET',
      `/tasks/${task}?project=${project}`,
    );
    assert.deepEqual(
      opened.predictions.map(({ model_version, result }) => [model_version, result[0]?.value.choices]),
      [[version, ['Positive']]],
    );
  });

  it('answers the editor while an annotator works', async () => {
    const region = {
      from_name: 'sentiment',
      to_name: 'text',
      type: 'choices',
      value: { choices: ['Negative'] },
    };
    const contexts = [null, { result: [{ id: 'a1', origin: 'manual', ...region }] }];
    for (const context of contexts) {
      const answer = await labelStudio().annotateInteractively(backend.id, tasks[0]!, context);
      assert.isUndefined(answer.errors);
      assert.deepEqual(answer.data?.result[0]?.value, { choices: ['Positive'] });
      assert.equal(answer.data?.model_version, version);
    }
  });

  it('says in the editor why a task has no prediction', async () => {
    const [task] = await labelStudio().importTasks(project, [{ text: [{ not: 'text' }] }]);
    const { errors } = await labelStudio().annotateInteractively(backend.id, task!);
    assert.match(errors!.join(), /^422 .*'text'.* a list of objects/);
  });
});
