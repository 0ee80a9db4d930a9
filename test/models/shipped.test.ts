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
