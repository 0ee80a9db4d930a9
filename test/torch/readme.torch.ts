import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assert } from 'chai';
import type { Prediction } from '../../src/model.js';
import { Markdown, ROOT } from '../markdown.js';
import { comparable } from '../models/examples.js';
import { startBackend } from '../support/backend.js';
import { temporaryFolder } from '../support/folder.js';
import { TORCH } from './python.js';

const run = promisify(execFile);

describe('models/torch.md', () => {
  it('shows what its example writes, and what that answers', async () => {
    const page = await Markdown.read('models/torch.md');
    const [net, training] = page.blocks('python');
    const [command] = page.blocks('bash');
    const [manifest, data, shown] = page.blocks('json').map(block => JSON.parse(block));
    const [schema] = page.blocks('xml');
    const folder = await temporaryFolder();
    const repository = join(folder, 'models');
    await writeFile(join(folder, 'names_net.py'), net!);
    await writeFile(join(folder, 'train.py'), training!);
    await run(TORCH, ['train.py'], { cwd: folder });
    const [python, script, ...words] = command!.replaceAll('\\\n', ' ').trim().split(/\s+/);
    assert.equal(python, 'python');
    await run(TORCH, [join(ROOT, script!), ...words, '--repository', repository], { cwd: folder });
    assert.deepEqual(JSON.parse(await readFile(join(repository, 'names/model.json'), 'utf8')), manifest);

    const backend = await startBackend({ MODEL_DIR: repository });
    try {
      await backend.setup({ project: '1.1', schema });
      const reply = await backend.predict({ tasks: [{ id: 1, data }], project: '1.1' });
      const [prediction] = reply.body.results as Prediction[];
      assert.deepEqual(comparable(prediction), comparable(shown));
      const scores = (each: Prediction) => [each, ...each.result].map(({ score }) => score as number);
      scores(shown).forEach((score, index) => {
        assert.approximately(scores(prediction!)[index]!, score, 0.05);
      });
    } finally {
      await backend.stop();
    }
  });
});
