import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import type { Encoder, TaskFailure } from '../../src/inputs/contract.js';
import { INPUTS } from '../../src/inputs/index.js';
import { parseShown } from '../../src/inputs/shown/value.js';
import type { TokensMeta } from '../../src/inputs/tokens/contract.js';
import { temporaryFolder } from '../support/folder.js';
import { batchesOf } from './batches.js';

const list = INPUTS.list!;
const place = { object: 'l', tag: 'List', attributes: {}, shown: parseShown('$items'), isUrl: false };
const read = (items: unknown) => list.read({ items }, place, {}, null);

describe('the input list', () => {
  let encoder: Encoder;

  before(async () => {
    const folder = await temporaryFolder();
    const words = list.example.files['words.json'];
    await writeFile(join(folder, 'words.json'), JSON.stringify(words));
    encoder = await list.load(folder, { tokenizer: 'words.json', max_tokens: 4 });
  });

  it('reads of each item its id, title, body and the text of its html, numbers as texts', () => {
    assert.deepEqual(
      read([
        { id: 'a', title: 'T', body: 'B' },
        { id: 7, title: 'T' },
        { id: 'c', body: 'B', html: '<p>x</p><p>y</p>' },
        { id: 'd', title: 5, body: 0 },
        { id: '' },
      ]),
      {
        items: [
          { id: 'a', text: 'T\nB' },
          { id: '7', text: 'T' },
          { id: 'c', text: 'B\nx\ny' },
          { id: 'd', text: '5\n0' },
          { id: '', text: '' },
        ],
      },
    );
  });

  it('fails a task whose list has no items, or items that cannot be told apart', () => {
    const cases: [unknown, string][] = [
      [undefined, "needs a list of items under 'items'"],
      [[], "needs a list of items under 'items'"],
      [['a'], "the item 0 under 'items' has no id"],
      [[{ id: 'a' }, { id: null }], "the item 1 under 'items' has no id"],
      [[{ id: 1 }, { id: '1' }], "two items under 'items' have the id '1'"],
    ];
    for (const [items, message] of cases) assert.throws(() => read(items), AppError, message);
  });

  it('makes a row of each item, all of a task in one batch', () => {
    const values = [
      read([
        { id: 'a', title: 'good good good food food' },
        { id: 'b', title: '' },
      ]),
      read([{ id: 'c', title: 'bad' }]),
    ];
    const batches = [...batchesOf(encoder, values, () => assert.fail('it was refused'))];
    const rows = batches.flatMap(({ rows, metas, feeds }) => {
      const length = feeds.input_ids!.dims[1]!;
      return rows.map((value, row) => ({
        value,
        item: (metas![row] as TokensMeta).item,
        ids: Array.from(feeds.input_ids!.data.slice(row * length, (row + 1) * length), Number),
      }));
    });
    assert.deepEqual(rows, [
      { value: 1, item: 'c', ids: [2, 0, 0, 0] },
      { value: 0, item: 'a', ids: [4, 4, 4, 3] },
      { value: 0, item: 'b', ids: [0, 0, 0, 0] },
    ]);
  });

  it('refuses a list of more tokens than a run takes, and reads the others', () => {
    const failures = new Map<number, TaskFailure>();
    const many = Array.from({ length: 5000 }, (_, id) => ({ id, title: 'good good good good' }));
    const values = [read(many), read([{ id: 'a', title: 'bad' }])];
    const batches = [...batchesOf(encoder, values, (row, failure) => failures.set(row, failure))];
    assert.deepEqual(
      batches.flatMap(({ rows }) => rows),
      [1],
    );
    assert.equal(failures.get(0)!.code, 'task_invalid');
  });
});
