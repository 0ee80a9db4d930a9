import { assert } from 'chai';
import fc from 'fast-check';
import type { Prediction, PredictionItem, TaskError } from '../../src/model.js';
import { type Project, projectsFor } from './configs.js';
import { MODELS } from './models.js';
import { faultsOf } from './predictions.js';
import { CONFIGS, type PropertyServer, SEED, startPropertyServer } from './server.js';

describe('a project that was set up', () => {
  let server: PropertyServer;

  before(async function () {
    this.timeout(120_000);
    server = await startPropertyServer(MODELS);
  });

  after(() => server?.stop());

  /**
   * Sets a project up and asks for its tasks, all of which must have predictions then.
   * @returns how many have results; undefined: setup says why the model does not fit
   */
  async function ask(model: string, { config, tasks: all, context }: Project): Promise<number | undefined> {
    const setup = await server.backend.post(`/models/${model}/setup`, { project: '1', schema: config });
    if (setup.status !== 200) {
      assert.isBelow(setup.status, 500, setup.reason);
      return undefined;
    }
    const tasks = context ? all.slice(0, 1) : all;
    const params = context && { params: { context } };
    const body = { tasks: tasks.map((data, id) => ({ id, data })), label_config: config, ...params };
    const reply = await server.backend.post<{ results: PredictionItem[] }>(`/models/${model}/predict`, body);
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
      const property = fc.asyncProperty(projectsFor(pair, server.objects), async project => {
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
