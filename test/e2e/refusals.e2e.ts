import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from 'chai';
import type { MlBackend } from './label-studio.js';
import type { Recorder } from './recorder.js';
import { labelStudio, modelDir, SENTIMENT_CONFIG, startRecorded, stopAll } from './world.js';

const RECIPE = fileURLToPath(new URL('../../models/text-classifier', import.meta.url));
const CONFIG = SENTIMENT_CONFIG.replace('"Positive"', '"人"').replace('"Negative"', '"Ham"');
const UNTRAINED = "the model 'text-classifier' is not trained yet";

describe('a project whose model is not trained yet', () => {
  let recorder: Recorder;
  let project: number;
  let backend: MlBackend;
  let tasks: number[];

  before(async () => {
    const models = await modelDir('sentiment');
    await cp(RECIPE, join(models, 'text-classifier'), { recursive: true });
    recorder = await startRecorded({ MODEL_DIR: models });
    project = await labelStudio().createProject(CONFIG);
    tasks = await labelStudio().importTasks(
      project,
      ['one', 'two', 'three'].map(text => ({ text })),
    );
    backend = (await labelStudio().connect(project, recorder.url)).body;
  });
  after(stopAll);

  /** What "Send Test Request" shows as the response. */
  async function tested(): Promise<unknown> {
    return (
      await labelStudio().ask<{ response: unknown }>('POST', `/ml/${backend.id}/predict/test?random=true`)
    ).response;
  }

  /** How many tasks each request carried that some work made Label Studio send. */
  async function asked(work: () => Promise<unknown>): Promise<number[]> {
    const before = recorder.batches().length;
    await work();
    return recorder.batches().slice(before);
  }

  it('is asked once each time, for all tasks together, and nothing is stored', async () => {
    assert.equal(backend.readable_state, 'Connected');
    const retrieve = () => labelStudio().retrievePredictions(project);
    assert.deepEqual(await asked(retrieve), [3]);
    assert.deepEqual(
      await asked(() => labelStudio().ask('GET', `/tasks/${tasks[0]}?project=${project}`)),
      [1],
    );
    assert.deepEqual(await asked(() => labelStudio().ask('GET', `/projects/${project}/next`)), [1]);
    assert.isTrue(recorder.of('/predict').every(({ status }) => status === 200));
    for (const task of await labelStudio().tasks(project)) assert.deepEqual(task.predictions, []);
    assert.deepEqual(await asked(retrieve), [3]);
  });

  it('says so to who sends a test request, and why once a training has failed', async () => {
    const message = `${UNTRAINED}: annotate 10 tasks or press Start training`;
    assert.deepEqual(await tested(), [{ error: { code: 'untrained', message } }]);

    await labelStudio().ask('POST', `/ml/${backend.id}/train`, {});
    const { jobs } = (await (await fetch(`${recorder.url}/api/jobs`)).json()) as { jobs: { id: string }[] };
    // They end with the job.
    await (await fetch(`${recorder.url}/api/jobs/${jobs[0]!.id}/events`)).text();
    const [item] = (await tested()) as { error: { message: string } }[];
    assert.match(
      item!.error.message,
      /^the model 'text-classifier' is not trained yet\. Its last training failed: .*Start training$/,
    );
  });

  it('is shown its labels where a model that is named does not know them', async () => {
    const { status, body } = await labelStudio().connect(project, `${recorder.url}/models/sentiment`);
    assert.equal(status, 400);
    // Its dialog shows such references as what they stand for.
    assert.include(JSON.stringify(body), "the config's Choices 'sentiment' has &#20154;, Ham");
  });
});
