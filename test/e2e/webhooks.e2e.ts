import { assert } from 'chai';
import type { MlBackend } from './label-studio.js';
import type { Call, Recorder } from './recorder.js';
import { labelStudio, SENTIMENT_CONFIG, startRecorded, stopAll } from './world.js';

/** Label Studio gives up on a webhook after that, and its user waits as long. */
const WEBHOOK_MS = 1000;

describe('webhooks of Label Studio', () => {
  let recorder: Recorder;
  let project: number;
  let backend: MlBackend;
  let task: number;
  let annotation: { id: number };

  before(async () => {
    recorder = await startRecorded();
    project = await labelStudio().createProject(SENTIMENT_CONFIG);
    backend = (await labelStudio().connect(project, recorder.url)).body;
    assert.equal(backend.readable_state, 'Connected');
  });
  after(stopAll);

  /** The one webhook of an action, answered well and in time; Label Studio sends it before it answers its user. */
  function delivered(action: string): Call {
    const calls = recorder.webhooks(action);
    assert.lengthOf(calls, 1, action);
    assert.equal(calls[0]!.status, 200);
    assert.isBelow(calls[0]!.milliseconds, WEBHOOK_MS);
    return calls[0]!;
  }

  const choose = (choice: string) => ({
    result: [
      { id: 'r1', from_name: 'sentiment', to_name: 'text', type: 'choices', value: { choices: [choice] } },
    ],
    lead_time: 1.5,
    was_cancelled: false,
  });

  it('tell of new tasks', async () => {
    [task] = (await labelStudio().importTasks(project, [{ text: 'I love it' }])) as [number];
    assert.lengthOf(delivered('TASKS_CREATED').body?.tasks as unknown[], 1);
  });

  it('tell of an annotation that is made, changed and deleted', async () => {
    annotation = await labelStudio().ask('POST', `/tasks/${task}/annotations/`, choose('Positive'));
    assert.nestedPropertyVal(delivered('ANNOTATION_CREATED').body, 'annotation.id', annotation.id);

    await labelStudio().ask('PATCH', `/annotations/${annotation.id}/`, choose('Negative'));
    assert.nestedPropertyVal(delivered('ANNOTATION_UPDATED').body, 'annotation.id', annotation.id);

    await labelStudio().ask('DELETE', `/annotations/${annotation.id}/`);
    assert.nestedPropertyVal(delivered('ANNOTATIONS_DELETED').body, 'annotations[0].id', annotation.id);
  });

  it('tell of a press on Start training, and the backend stays connected', async () => {
    await labelStudio().ask('POST', `/ml/${backend.id}/train`, {});
    assert.nestedPropertyVal(delivered('START_TRAINING').body, 'project.id', project);
    assert.equal((await labelStudio().backends(project))[0]!.readable_state, 'Connected');
  });

  it('tell of a new labeling config, which then counts', async () => {
    const swapped = SENTIMENT_CONFIG.replaceAll('sentiment', 'mood');
    await labelStudio().ask('PATCH', `/projects/${project}/`, { label_config: swapped });
    delivered('PROJECT_UPDATED');
    await labelStudio().retrievePredictions(project);
    const [prediction] = await labelStudio().predictions(task);
    assert.equal(prediction!.result[0]!.from_name, 'mood');
  });

  it('do not tell of the end of a project, which harms nothing', async () => {
    const calls = recorder.calls.length;
    await labelStudio().ask('DELETE', `/projects/${project}/`);
    assert.lengthOf(recorder.calls, calls);
  });
});
