import { readdir } from 'node:fs/promises';
import { assert } from 'chai';
import type { Prediction } from '../../src/model.js';
import { Markdown, ROOT } from '../markdown.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { comparable } from './examples.js';

/** The models that have a README: its labeling config, its task's data and the prediction that it shows. */
const SHIPPED = await Promise.all(
  (await readdir(`${ROOT}models`, { withFileTypes: true }))
    .filter(entry => entry.isDirectory())
    .map(async ({ name }) => {
      const files = await readdir(`${ROOT}models/${name}`);
      if (!files.includes('README.md')) return { name, examples: [] };
      const readme = await Markdown.read(`models/${name}/README.md`);
      const json = readme.blocks('json').map(block => JSON.parse(block));
      const examples = readme.blocks('xml').map((config, index) => ({
        config,
        data: json[2 * index],
        shown: json[2 * index + 1],
      }));
      return { name, examples, hasVersion: files.includes('versions') };
    }),
);

describe('the models in the repository', () => {
  let backend: TestBackend;

  before(async () => {
    backend = await startBackend({ MODEL_DIR: `${ROOT}models` });
  });
  after(() => backend?.stop());

  it('have a README with an example, but for recipes', () => {
    const without = SHIPPED.filter(({ examples, hasVersion }) => hasVersion && examples.length === 0);
    assert.deepEqual(without, []);
  });

  describe('wine', () => {
    const { config, data, shown } = SHIPPED.find(({ name }) => name === 'wine')!.examples[0]!;
    const [[key, columns]] = Object.entries(data) as [[string, Record<string, number>]];
    const ask = async (...tasks: Record<string, unknown>[]) => {
      const { body } = await backend.post<{ results: Prediction[] }>('/models/wine/predict', {
        tasks: tasks.map((each, id) => ({ id, data: each })),
        label_config: config,
      });
      return body.results;
    };
    const other = Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, value / 2]));

    it('reads the columns that the Table shows, whatever else the task has under their names', async () => {
      for (const table of [columns, JSON.stringify(columns)]) {
        const [prediction, halves] = await ask({ [key]: table, ...other }, { [key]: other });
        assert.deepEqual(comparable(prediction), comparable(shown));
        assert.notEqual(halves!.score, prediction!.score);
      }
      const [alone] = await ask({ ...columns });
      assert.deepEqual(comparable(alone), comparable(shown));
    });

    it('names the numbers that a task lacks, without which it has no answer', async () => {
      const [first, second] = Object.keys(columns) as [string, string];
      const answers = await ask(
        { [key]: { ...columns, [first]: null } },
        { [key]: { ...columns, [first]: '', [second]: 'NaN' } },
        data,
      );
      const [one, two, whole] = answers as unknown as { error?: { code: string; message: string } }[];
      assert.equal(one!.error!.code, 'task_invalid');
      assert.match(
        one!.error!.message,
        new RegExp(
          `^the task's data has no number in the column '${first}', and without it the model gives NaN for '\\w+'$`,
        ),
      );
      assert.include(two!.error!.message, `in the columns '${first}', '${second}', and without`);
      assert.isUndefined(whole!.error);
    });
  });

  // `make topics` makes one of them, which needs PyTorch; its tests are of `make test-torch`.
  for (const { name, examples } of SHIPPED.filter(({ hasVersion }) => hasVersion)) {
    for (const { config, data, shown } of examples.filter(({ shown }) => shown !== undefined)) {
      it(`${name}: is picked for the config of its README, and answers as that says`, async () => {
        const setup = await backend.post('/setup', { project: name, schema: config });
        assert.equal(setup.status, 200, setup.reason);
        const reply = await backend.post<{ results: Prediction[] }>('/predict', {
          tasks: [{ id: 1, data }],
          project: `${name}.1`,
          label_config: config,
        });
        assert.equal(reply.status, 200, reply.reason);
        const [prediction] = reply.body.results;
        assert.match(prediction!.model_version!, new RegExp(`^${name}:`));
        assert.deepEqual(comparable(prediction), comparable(shown));
        assert.approximately(prediction!.score!, shown.score, 0.02);
      });
    }
  }
});
