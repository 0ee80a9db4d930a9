import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { VersionFiles } from '../../../src/inputs/features/files.js';
import { INPUTS } from '../../../src/inputs/index.js';
import { WordTokenizer } from '../../../src/inputs/tokens/words.js';
import { temporaryFolder } from '../../support/folder.js';

const FILE = {
  format: 1,
  pattern: '\\w+|[^\\w\\s]',
  lowercase: true,
  vocabulary: ['<pad>', '<unk>', 'ada', 'élan', '.'],
  unknown: 1,
  padding: 0,
};

async function load(change: Record<string, unknown> = {}): Promise<WordTokenizer> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'words.json'), JSON.stringify({ ...FILE, ...change }));
  return WordTokenizer.load(new VersionFiles(folder), 'words.json');
}

describe('words of a vocabulary', () => {
  it('are found by the pattern and looked up, in lower case if the file says so', async () => {
    const text = '😀 Ada, ÉLAN.';
    const { ids, starts, ends, words } = (await load()).tokenize(text);
    assert.deepEqual(ids, [1, 2, 1, 3, 4]);
    assert.deepEqual(
      starts.map((start, index) => text.slice(start, ends[index])),
      ['😀', 'Ada', ',', 'ÉLAN', '.'],
    );
    assert.deepEqual(words, [0, 1, 2, 3, 4]);
    assert.deepEqual((await load({ lowercase: false })).tokenize('ada Ada').ids, [2, 1]);
    assert.deepEqual((await load()).tokenize(' ').ids, []);
    assert.deepEqual((await load({ pattern: '\\w*' })).tokenize('a.').ids, [1]);
  });

  it('say what is wrong with their file', async () => {
    const refused = async (change: Record<string, unknown>, message: RegExp) => {
      const error = await load(change).then(
        () => assert.fail('it was loaded'),
        (thrown: Error) => thrown,
      );
      assert.match(error.message, message);
    };
    await refused({ format: 2 }, /^words.json: its format is 2, not 1/);
    await refused({ unknown: 5 }, /ids of its vocabulary/);
    await refused({ pattern: '(?R)' }, /^words.json: /);
  });

  it('and tokenizers that cannot be used are an error of the version', async () => {
    const folder = await temporaryFolder();
    const kind = INPUTS.tokens!;
    for (const [content, message] of [
      ['{"model": null}', /tokenizer.json cannot be used: it has no model/],
      ['{"model": {"type": "Oracle"}}', /tokenizer.json cannot be used: .*Oracle/],
      ['{', /tokenizer.json is not JSON/],
    ] as const) {
      await writeFile(join(folder, 'tokenizer.json'), content);
      const error = await kind.load(folder, {}).then(
        () => assert.fail('it was loaded'),
        (thrown: Error) => thrown,
      );
      assert.match(error.message, message);
    }
  });
});
