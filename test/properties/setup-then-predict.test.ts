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
import { makeFiles, objectsOf, type Shown } from './objects.js';
import { faultsOf } from './predictions.js';

const SEED = Number(process.env.PROPERTY_SEED ?? 1);
/** Configs for each model. */
const CONFIGS = Number(process.env.PROPERTY_CONFIGS ?? 6);

describe('a project that was set up', () => {
  let backend: TestBackend;
  let objects: Readonly<Record<string, fc.Arbitrary<Shown>>>;

  before(async function () {
    this.timeout(120_000);
    await useFfmpeg();
    const { url, host } = await serve((request, response) =>
      response.end(Buffer.from(request.url!.slice(1), 'base64url')),
    );
    const at = (text: string) => `${url}/${Buffer.from(text).toString('base64url')}`;
    objects = objectsOf(await makeFiles(at, [INPUTS.video!.example.data.video as string]));
    const root = await temporaryFolder();
    await addExampleModels(root, MODELS);
    backend = await startBackend({ MODEL_DIR: root, ALLOW_HOSTS: host });
  });

  after(async () => {
    await backend?.stop();
    await stopServers();
  });

  /**
   * Sets a project up and asks for its tasks, all of which must have predictions then.
   * @returns how many have results; undefined: setup says why the model does not fit
   */
  async function ask(model: string, { config, tasks: all, context }: Project): Promise<number | undefined> {
    const setup = await backend.post(`/models/${model}/setup`, { project: '1', schema: config });
    if (setup.status !== 200) {
      assert.isBelow(setup.status, 500, setup.reason);
      return undefined;
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
    }
    return reply.body.results.filter(item => (item as Prediction).result.length > 0).length;
  }

  it('has predictions for all tasks that Label Studio can show', async function () {
    this.timeout(60_000 + CONFIGS * MODELS.length * 1000);
    const counts = { asked: 0, refused: 0 };
    const silent: string[] = [];
    for (const pair of MODELS) {
      let results = 0;
      const property = fc.asyncProperty(projectsFor(pair, objects), async project => {
        const answered = await ask(pair.model, project);
        counts.asked++;
        if (answered === undefined) counts.refused++;
        results += answered ?? 0;
      });
      await fc.assert(property, { numRuns: CONFIGS, seed: SEED });
      if (results === 0) silent.push(pair.model);
    }
    // The test says something only if most configs are taken, and most models find something to say.
    assert.isBelow(counts.refused, counts.asked / 2);
    assert.isBelow(silent.length, MODELS.length / 8, silent.join(' '));
  });

  it('must work: a prediction that Label Studio would not show does not pass', () => {
    const config =
      '<View><Text name="t" value="$t"/><Rating name="r" toName="t" maxRating="3"/>' +
      '<Choices name="c" toName="t"><Choice value="a"/><Choice value="b"/></Choices></View>';
    const faults = (result: object, score: number | null = null) =>
      faultsOf(config, {
        result: [{ id: '1', from_name: 'c', to_name: 't', type: 'choices', ...result }],
        score,
      });
    assert.isEmpty(faults({ value: { choices: ['a'] } }, 0.5));
    for (const odd of [
      { value: { choices: ['a', 'b'] } },
      { value: { choices: ['c'] } },
      { value: { choices: [] } },
      { value: { choices: ['a'], x: 1 } },
      { from_name: 'd', value: { choices: ['a'] } },
      { to_name: 'u', value: { choices: ['a'] } },
      { type: 'labels', value: { choices: ['a'] } },
      { from_name: 'r', type: 'rating', value: { rating: 4 } },
    ])
      assert.isNotEmpty(faults(odd), JSON.stringify(odd));
    assert.isNotEmpty(faults({ value: { choices: ['a'] } }, 2));
  });
});
