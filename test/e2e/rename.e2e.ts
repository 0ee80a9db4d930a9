import { assert } from 'chai';
import type { StoredPrediction } from './label-studio.js';
import type { Recorder } from './recorder.js';
import { api, RECIPE, settled, startTraining, TRAINING_MS, versionsOf } from './trainings.js';
import { labelStudio, stopAll } from './world.js';

const ASKED = ['soup bread fish', 'waiter staff host', 'bill cost money'];
const OLD = ['Food', 'Service', 'Price'];
const NEW = ['Food', 'Service', 'Cost'];
const EVERY = 12;

const config = (labels: readonly string[]) =>
  '<View><Text name="text" value="$text"/><Choices name="topic" toName="text" choice="single">' +
  `${labels.map(label => `<Choice value="${label}"/>`).join('')}</Choices></View>`;

describe('a label that is renamed in a trained project', function () {
  this.timeout(TRAINING_MS);

  let recorder: Recorder;
  let project: number;
  let tasks: number[];
  let first: string;

  before(async () => {
    recorder = await startTraining({ TRAIN_EVERY: String(EVERY) });
    project = await labelStudio().createProject(config(OLD));
    tasks = await labelStudio().importTasks(
      project,
      Array.from({ length: 33 }, (_, index) => ({ text: `${ASKED[index % 3]} number ${index}` })),
    );
    const { body } = await labelStudio().connect(project, recorder.url, { is_interactive: false });
    assert.equal(body.readable_state, 'Connected');
  });
  after(stopAll);

  /** Submits annotations, as the editor does. */
  async function annotate(from: number, labels: readonly string[]): Promise<void> {
    for (let index = from; index < from + EVERY; index++) {
      const value = { choices: [labels[index % 3]] };
      const choice = { from_name: 'topic', to_name: 'text', type: 'choices', value };
      await labelStudio().ask('POST', `/tasks/${tasks[index]}/annotations/`, { result: [choice] });
    }
  }

  /** What the editor shows when a task of each topic is opened for the first time, which is when it is predicted. */
  async function opened(from: number): Promise<[label: string, version: string][]> {
    const all: [string, string][] = [];
    for (const task of tasks.slice(from, from + 3)) {
      const path = `/tasks/${task}?project=${project}`;
      const { predictions } = await labelStudio().ask<{ predictions: StoredPrediction[] }>('GET', path);
      assert.lengthOf(predictions, 1);
      const [{ result, model_version }] = predictions as [StoredPrediction];
      all.push([result[0]!.value.choices![0]!, model_version]);
    }
    return all;
  }

  async function connection() {
    const [backend] = await labelStudio().backends(project);
    return backend!;
  }

  it('begins with a version of the labels of old', async () => {
    await annotate(0, OLD);
    const [job] = await settled(recorder, project);
    assert.equal(job!.status, 'finished', job!.error);
    first = `${RECIPE}:${job!.version}`;
    assert.deepEqual(
      await opened(24),
      OLD.map(label => [label, first]),
    );
  });

  it('leaves that version serving what still fits', async () => {
    await labelStudio().ask('PATCH', `/projects/${project}/`, { label_config: config(NEW) });
    assert.include(await connection(), {
      readable_state: 'Connected',
      model_version: first,
      error_message: null,
    });
    const { notes } = await api<{ notes: string[] }>(recorder, 'GET', `/api/projects/${project}`);
    assert.deepEqual(notes, [
      `the model '${RECIPE}' leaves out Price, which the config's Choices 'topic' does not have`,
      `the model '${RECIPE}' never answers Cost of the config's Choices 'topic'`,
    ]);
    const answers = await opened(27);
    assert.deepEqual(
      answers.slice(0, 2),
      ['Food', 'Service'].map(label => [label, first]),
    );
  });

  it('is learnt from new annotations and predicted, with nothing pressed but Submit', async () => {
    await annotate(EVERY, NEW);
    const jobs = await settled(recorder, project, 2);
    assert.lengthOf(jobs, 2);
    assert.equal(jobs[0]!.status, 'finished', jobs[0]!.error);
    const second = `${RECIPE}:${jobs[0]!.version}`;
    assert.include(await connection(), {
      readable_state: 'Connected',
      model_version: second,
      error_message: null,
    });
    const [version] = await versionsOf(recorder, project);
    assert.deepEqual(version!.counts.labels, { label: { Cost: 4, Food: 8, Service: 8 } });
    assert.include(version!.counts.left_out, { outdated: 4 });
    assert.deepEqual(
      await opened(30),
      NEW.map(label => [label, second]),
    );
    for (const { status } of recorder.webhooks('ANNOTATION_CREATED')) assert.equal(status, 200);
    assert.lengthOf(recorder.webhooks('START_TRAINING'), 0);
  });
});
