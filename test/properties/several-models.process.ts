import { assert } from 'chai';
import fc from 'fast-check';
import type { Prediction, PredictionItem, TaskError } from '../../src/model.js';
import type { ProjectAnswer } from '../../src/service.js';
import { refusalOf } from '../support/client.js';
import { faultsOf } from './predictions.js';
import { CONFIGS, type PropertyServer, SEED, startPropertyServer } from './server.js';
import { PAIRS_TOGETHER, SHIPPED_TOGETHER, type SharedProject, sharedProjects } from './several.js';

/** Configs for each of those of the other test, which are for one model. */
const TIMES = 25;

describe('a project that several models answer', () => {
  let server: PropertyServer;
  /** What was seen of all of them, for a test that shall say something. */
  const seen = { asked: 0, refused: 0, untrained: 0, several: 0, ties: 0, results: 0 };

  before(async function () {
    this.timeout(120_000);
    server = await startPropertyServer(PAIRS_TOGETHER, SHIPPED_TOGETHER);
  });

  after(() => server?.stop());

  /** Sets a project up and asks for its tasks: all models that are said to answer it must have predictions for them. */
  async function ask({ config, extraParams, tasks: all }: SharedProject): Promise<void> {
    const { backend } = server;
    seen.asked++;
    const setup = await backend.post('/setup', { project: '1', schema: config, extra_params: extraParams });
    if (setup.status !== 200) {
      assert.isBelow(setup.status, 500, setup.reason);
      seen.refused++;
      return;
    }
    const { body: answer } = await backend.get<ProjectAnswer>('/api/projects/1');
    const told = backend.log.lines.length;
    const tasks = all.map((data, id) => ({ id, data }));
    const reply = await backend.post<{ results: PredictionItem[]; model_version: string | null }>(
      '/predict',
      {
        tasks,
        label_config: config,
        project: '1',
      },
    );
    // What one model cannot answer is left out, and only the log tells.
    const leftOut = backend.log.lines
      .slice(told)
      .find(({ msg }) => msg.startsWith('the others answer without'));
    if (leftOut) assert.fail(leftOut.msg);
    for (const { model, version } of answer.models) assert.isNotNull(version, `${model} is not set up`);
    assert.equal(reply.status, 200, JSON.stringify(reply.body));
    if (reply.body.model_version === null) {
      const { code, message } = refusalOf(reply);
      assert.equal(code, 'untrained', message);
      seen.untrained++;
      return;
    }
    if (answer.models.length > 1) seen.several++;
    seen.ties += answer.left_out.length;
    assert.lengthOf(reply.body.results, tasks.length);
    for (const item of reply.body.results) check(config, answer, item);
  }

  function check(config: string, { models, left_out }: ProjectAnswer, item: PredictionItem): void {
    if ('error' in item) {
      const { code, message } = (item as TaskError).error;
      assert.equal(code, 'untrained', message);
      return;
    }
    const prediction = item as Prediction;
    const text = JSON.stringify(prediction.result);
    assert.deepEqual(faultsOf(config, prediction), [], text);
    assert.equal(prediction.model_version, models.map(({ version }) => version).join('+'));
    const filled = new Set(
      prediction.result.flatMap(each => (each.type === 'relation' ? [] : each.from_name)),
    );
    const given = models.flatMap(({ controls }) => controls ?? []);
    assert.includeMembers(given, [...filled], `only what is given to a model: ${text}`);
    assert.lengthOf(new Set(given), given.length, 'no control is given to two models');
    for (const { control } of left_out) assert.notInclude(given, control);
    seen.results += prediction.result.length;
  }

  it('has predictions of all of them for all tasks that Label Studio can show', async function () {
    this.timeout(60_000 + CONFIGS * TIMES * 1000);
    const property = fc.asyncProperty(sharedProjects(server.objects), ask);
    await fc.assert(property, { numRuns: CONFIGS * TIMES, seed: SEED });
    // The test says something only if most configs are taken, and many of them by several models.
    assert.isBelow(seen.refused, seen.asked / 2, JSON.stringify(seen));
    assert.isAbove(seen.several, seen.asked / 5, JSON.stringify(seen));
    assert.isAbove(seen.ties, seen.asked / 50, JSON.stringify(seen));
    assert.isAbove(seen.results, seen.asked, JSON.stringify(seen));
  });
});
