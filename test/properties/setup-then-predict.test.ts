import { assert } from 'chai';
import fc from 'fast-check';
import { INPUTS } from '../../src/inputs/index.js';
import type { Prediction, PredictionItem, TaskError } from '../../src/model.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { addExampleModels } from '../support/example-models.js';
import { useFfmpeg } from '../support/ffmpeg.js';
import { temporaryFolder } from '../support/folder.js';
import { serve, stopServers } from '../task-data/servers.js';
import { type Project, projectsFor } from './configs.js';
import { MODELS } from './models.js';
import { makeFiles, objectsOf } from './objects.js';
import { faultsOf } from './predictions.js';

const SEED = Number(process.env.PROPERTY_SEED ?? 1);
const CONFIGS = Number(process.env.PROPERTY_CONFIGS ?? 700);

/** A model with a config that it may fill, and tasks. */
interface Case extends Project {
  model: string;
}

describe('a project that was set up', () => {
  let backend: TestBackend;
  let cases: fc.Arbitrary<Case>;
  const answered = new Map<string, number>();

  before(async function () {
    this.timeout(120_000);
    await useFfmpeg();
    const { url, host } = await serve((request, response) =>
      response.end(Buffer.from(request.url!.slice(1), 'base64url')),
    );
    const files = await makeFiles(
      text => `${url}/${Buffer.from(text).toString('base64url')}`,
      [INPUTS.video!.example.data.video as string],
    );
    const objects = objectsOf(files);
    cases = fc
      .constantFrom(...MODELS)
      .chain(pair => projectsFor(pair, objects).map(project => ({ ...project, model: pair.model })));
    const root = await temporaryFolder();
    await addExampleModels(root, MODELS);
    backend = await startBackend({ MODEL_DIR: root, ALLOW_HOSTS: host });
  });

  after(async () => {
    await backend?.stop();
    await stopServers();
  });

  /** Why it is refused; undefined: its tasks have predictions. */
  async function ask({ model, config, tasks: all, context }: Case): Promise<string | undefined> {
    const setup = await backend.post(`/models/${model}/setup`, { project: '1', schema: config });
    if (setup.status !== 200) {
      assert.oneOf(setup.status, [409, 422, 400], setup.reason);
      return setup.reason;
    }
    const tasks = context ? all.slice(0, 1) : all;
    const params = context && { params: { context } };
    const body = { tasks: tasks.map((data, id) => ({ id, data })), label_config: config, ...params };
    const reply = await backend.post<{ results: PredictionItem[] }>(`/models/${model}/predict`, body);
    assert.equal(reply.status, 200, reply.reason);
    assert.lengthOf(reply.body.results, tasks.length);
    for (const item of reply.body.results) {
      if ('error' in item) {
        const { code, message } = (item as TaskError).error;
        throw new Error(`${code}: ${message}`);
      }
      const prediction = item as Prediction;
      assert.deepEqual(faultsOf(config, prediction), [], JSON.stringify(prediction.result));
      answered.set(model, (answered.get(model) ?? 0) + 1);
    }
    return undefined;
  }

  it('has predictions for all tasks that Label Studio can show', async function () {
    this.timeout(CONFIGS * 1000);
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(cases, async each => {
        if ((await ask(each)) !== undefined) refused++;
      }),
      { numRuns: CONFIGS, seed: SEED },
    );
    const share = refused / CONFIGS;
    assert.isTrue(share > 0.1 && share < 0.7, `${share} were refused`);
  });
});
