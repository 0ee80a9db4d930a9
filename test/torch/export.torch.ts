import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { assert } from 'chai';
import type { Prediction } from '../../src/model.js';
import type { Region } from '../../src/regions/contract.js';
import { startBackend } from '../support/backend.js';
import { temporaryFolder } from '../support/folder.js';
import { ROOT } from '../support/python.js';
import { TORCH } from './python.js';

const CONFIG =
  '<View><Text name="text" value="$text"/><Labels name="marks" toName="text">' +
  '<Label value="Person" predicted_values="PER"/><Label value="LOC"/></Labels></View>';
const NAMES: Readonly<Record<string, string>> = { PER: 'Person', LOC: 'LOC' };
const TEXTS = [
  'The film was great',
  '😀 I loved the awful food, and the phone battery died in two days!',
  'battery',
  `the phone ${'was great and the food awful '.repeat(12)}`,
  '',
];

interface TorchSpan {
  start: number;
  end: number;
  label: string;
  text: string;
  score: number;
}

function exportModel(repository: string): Promise<TorchSpan[][]> {
  return new Promise((resolve, reject) => {
    const child = execFile(TORCH, [join(ROOT, 'test/torch/export.py'), repository], (error, stdout) => {
      if (error) reject(error);
      else
        resolve(
          stdout
            .trim()
            .split('\n')
            .map(line => JSON.parse(line) as TorchSpan[]),
        );
    });
    child.stdin!.end(TEXTS.map(text => `${JSON.stringify(text)}\n`).join(''));
  });
}

describe('a tagger of PyTorch', () => {
  it('is served with the spans and scores that PyTorch gives, however its texts are put together', async () => {
    const repository = join(await temporaryFolder(), 'models');
    const expected = await exportModel(repository);
    assert.isAbove(expected.flat().length, 8);
    const backend = await startBackend({ MODEL_DIR: repository });
    try {
      await backend.setup({ project: '1.1', schema: CONFIG });
      const tasks = TEXTS.map((text, id) => ({ id, data: { text } }));
      for (const batch of [tasks, ...tasks.map(task => [task])]) {
        const { body } = await backend.predict({ tasks: batch, project: '1.1' });
        body.results.forEach((item, index) => {
          const spans = expected[batch[index]!.id]!;
          const results = (item as Prediction).result as Region[];
          assert.deepEqual(
            results.map(({ type, value }) => ({ type, value })),
            spans.map(({ start, end, text, label }) => ({
              type: 'labels',
              value: { start, end, text, labels: [NAMES[label]!] },
            })),
          );
          results.forEach(({ score }, at) => {
            assert.approximately(score!, spans[at]!.score, 1e-5);
          });
        });
      }
    } finally {
      await backend.stop();
    }
  });
});
