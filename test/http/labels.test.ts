import { assert } from 'chai';
import type { Prediction } from '../../src/model.js';
import { labels } from '../../src/regions/labels.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { temporaryFolder } from '../support/folder.js';
import { addModel, makeGraphs } from '../support/graphs.js';

describe('options of a project, over HTTP', () => {
  const { input, output, outputs, control } = labels.example;
  let backend: TestBackend;

  before(async () => {
    const root = await temporaryFolder();
    const [graph] = await makeGraphs([{ inputs: input!.feeds, outputs }]);
    await addModel(root, 'names', {
      manifest: {
        input: { kind: 'tokens', ...input!.options },
        outputs: [{ name: output.name, control: 'Labels' }],
      },
      outputs: [output],
      graph: graph!,
      files: input!.files,
    });
    backend = await startBackend({ MODEL_DIR: root, RESULT_CACHE: '100' });
  });
  after(() => backend?.stop());

  /** The texts that are marked. */
  async function marked(config: string, extra_params: unknown): Promise<unknown[]> {
    const setup = await backend.setup({ project: '1', schema: config, extra_params });
    assert.equal(setup.status, 200, setup.reason);
    const body = { tasks: [{ id: 1, data: input!.data }], project: '1', label_config: config };
    const reply = await backend.predict(body);
    assert.equal(reply.status, 200, reply.reason);
    return (reply.body.results[0] as Prediction).result.map(({ value }) => value!.text);
  }
  const config = (attributes: string) =>
    `<View>${input!.object}${control.replace('<Labels ', `<Labels ${attributes} `)}</View>`;

  it('hide what is less certain, as the control says, and as the extra params say instead', async () => {
    assert.deepEqual(await marked(config(''), null), ['Ada Lovelace', 'IBM']);
    const strict = config('model_score_threshold="0.5"');
    assert.deepEqual(await marked(strict, null), ['Ada Lovelace']);
    assert.deepEqual(await marked(strict, { model_score_threshold: 0.875 }), []);
    assert.deepEqual(await marked(strict, { model_score_threshold: 0.25 }), ['Ada Lovelace', 'IBM']);
    assert.deepEqual(await marked(strict, null), ['Ada Lovelace']);
  });

  it('are refused at setup, with where they stand, when they cannot be', async () => {
    const schema = config('model_score_threshold="50%"');
    const reply = await backend.setup({ project: '2', schema });
    assert.equal(reply.status, 422);
    assert.match(
      reply.reason,
      /the model 'names' takes a number from 0 to 1 as its model_score_threshold; .*"50%"/,
    );
    const extra_params = { model_score_threshold: 2 };
    const other = await backend.setup({ project: '3', schema: config('model_top="1"'), extra_params });
    assert.equal(other.status, 422);
    assert.match(other.reason, /from 0 to 1 as its model_score_threshold; the extra params have 2/);
  });
});
