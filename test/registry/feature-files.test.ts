import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { startBackend } from '../support/backend.js';
import { addVersion, modelRepository, replaceFile } from '../support/models.js';
import { models } from './support.js';

describe('files beside the graph of a text model', () => {
  for (const [name, spoil, reason] of [
    [
      'unicode.json',
      (value: { word: unknown[] }) => value.word.splice(1, 1, [11_559, 1e308]),
      /features\.json.* unicode names unicode\.json, which holds no ranges/,
    ],
    [
      'features.json',
      (value: { root: unknown }) => {
        value.root = { steps: [null, { toString: 1 }] };
      },
      /features\.json: /,
    ],
    [
      'vocabulary.json',
      (value: unknown[]) => value.splice(1, 1, 7),
      /vocabulary\.json, which is not a list of texts/,
    ],
  ] as const) {
    it(`are refused by name when they are not what they should be: ${name}`, async () => {
      const root = await modelRepository('sentiment', 'mood');
      await addVersion(join(root, 'mood'), '20990101-000000-abcdef', async folder => {
        const value = JSON.parse(await readFile(join(folder, name), 'utf8'));
        (spoil as (value: unknown) => unknown)(value);
        await replaceFile(folder, name, Buffer.from(JSON.stringify(value)));
      });
      const backend = await startBackend({ MODEL_DIR: root });
      try {
        const { problems } = await models(backend);
        assert.lengthOf(problems, 1);
        assert.match(problems[0]!.message, reason);
        assert.notMatch(problems[0]!.message, /Cannot |is not a function/);
      } finally {
        await backend.stop();
      }
    });
  }
});
