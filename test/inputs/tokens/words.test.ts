import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { VersionFiles } from '../../../src/inputs/features/files.js';
import { INPUTS } from '../../../src/inputs/index.js';
import { WordTokenizer } from '../../../src/inputs/tokens/words.js';
import { temporaryFolder } from '../../support/folder.js';
import { batchesOf } from '../batches.js';

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

  it('are spelt too, in windows and special tokens as well, for graphs that read their characters', async () => {
    const alphabet = ['', '?', 'A', 'd', 'a', '😀'];
    const characters = { alphabet, unknown: 1, padding: 0, most: 3 };
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'words.json'), JSON.stringify({ ...FILE, characters }));
    const encoder = await INPUTS.tokens!.load(folder, { tokenizer: 'words.json', max_tokens: 2, overlap: 1 });
    const [batch] = batchesOf(encoder, ['Ada 😀 Adadax', 'a'], () => assert.fail('it can be read'));
    const { data, dims } = batch!.feeds.characters!;
    assert.deepEqual(dims, [3, 2, 3]);
    const ada = [2, 3, 4];
    const longer = [2, 3, 1];
    assert.deepEqual(batch!.rows, [1, 0, 0]);
    assert.deepEqual(Array.from(data as BigInt64Array, Number), [
      ...[4, 0, 0, 0, 0, 0],
      ...[...ada, 5, 0, 0],
      ...[5, 0, 0, ...longer],
    ]);
    const without = await load();
    assert.isUndefined(without.characters);
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
    const characters = { alphabet: ['', '?'], unknown: 1, padding: 0, most: 3 };
    await refused({ characters: { ...characters, unknown: 2 } }, /ids of their alphabet/);
    await refused({ characters: { ...characters, most: 0 } }, /'most' of its characters is 0/);
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
