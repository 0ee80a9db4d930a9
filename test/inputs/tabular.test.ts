import { expect } from 'chai';
import type { TaskFailure } from '../../src/inputs/contract.js';
import type { Step } from '../../src/inputs/features/spec.js';
import { INPUTS } from '../../src/inputs/index.js';
import { parseShown } from '../../src/inputs/shown/value.js';
import { batchesOf } from './batches.js';
import { failureOf, Versions } from './versions.js';

const tabular = INPUTS.tabular!;
const place = { object: 'table', tag: 'Table', attributes: {}, shown: parseShown('$table'), isUrl: false };
const columns = [
  { name: 'age', kind: 'number' },
  { name: 'city', kind: 'category' },
  { name: 'note', kind: 'text' },
] as const;
const read = (data: Record<string, unknown>) => tabular.read(data, place, { columns }, null);

describe('tabular input', () => {
  const versions = new Versions();
  after(() => versions.remove());

  it('reads the columns that the manifest names, in its order', () => {
    expect(read({ note: 'n', city: 'Ulm', age: 5, more: 1 })).to.deep.equal([5, 'Ulm', 'n']);
    expect(read({ age: ' 1.5e3 ', city: true, note: '' })).to.deep.equal([1500, true, '']);
    for (const missing of [null, '', '  ', 'NaN']) {
      expect(read({ age: missing, city: null, note: '' })).to.deep.equal([null, null, '']);
    }
    expect(read({ age: false, city: 3, note: '' })).to.deep.equal([0, 3, '']);
  });

  it('reads what the Table shows before columns of the same names beside it', () => {
    const table = { age: 5, city: 'Ulm' };
    const beside = { age: 7, city: 'Bonn', note: 'n' };
    for (const shown of [table, JSON.stringify(table)]) {
      expect(read({ ...beside, table: shown })).to.deep.equal([5, 'Ulm', 'n']);
      expect(tabular.learnt!({ ...beside, table: shown }, place)).to.deep.include({ ...table, note: 'n' });
    }
    expect(read(beside)).to.deep.equal([7, 'Bonn', 'n']);
    const text = { ...place, tag: 'Text' };
    expect(tabular.read({ ...beside, table }, text, { columns }, null)).to.deep.equal([7, 'Bonn', 'n']);
  });

  it('refuses a Table that shows no columns, whatever is beside it', () => {
    for (const [table, has] of [
      [null, 'null'],
      ['x', 'a string that is none'],
      ['[]', 'a list'],
      [[{ age: 5 }], 'a list'],
      [5, 'a number that is none'],
    ])
      expect(() => read({ age: 7, city: 'Bonn', note: 'n', table })).to.throw(
        `the task's data needs an object of columns under 'table' for the Table, and has ${has}`,
      );
  });

  it('names the column that cannot be read', () => {
    const good = { age: 1, city: 'Ulm', note: 'n' };
    expect(() => read({ age: 1, note: 'n' })).to.throw(
      `the task's data has no column 'city'; it has age, note`,
    );
    expect(() => read({ ...good, age: '12 years' })).to.throw(
      `column 'age' has "12 years", and the model needs a number there`,
    );
    expect(() => read({ ...good, age: '0x10' })).to.throw(`column 'age' has "0x10"`);
    expect(() => read({ ...good, age: '1e400' })).to.throw(`column 'age' has "1e400"`);
    expect(() => read({ ...good, age: JSON.parse('-1e400') })).to.throw(
      `column 'age' has -Infinity, and the model needs a number`,
    );
    expect(() => read({ ...good, age: [1] })).to.throw(`column 'age' has [1]`);
    expect(() => read({ ...good, note: [7] })).to.throw(
      `column 'note' has [7], and the model needs a text there`,
    );
    expect(() => read({ ...good, city: {} })).to.throw(
      `column 'city' has {}, and the model needs a text, a number, true or false`,
    );
    expect(() =>
      tabular.read({}, place, { columns: [{ name: 'constructor', kind: 'text' }] }, null),
    ).to.throw('it has none');
  });

  it('takes no number that JSON cannot write for a missing one', () => {
    const beyond = JSON.parse('1e400') as number;
    const message = `column 'city' has Infinity, which is too large a number`;
    expect(() => read({ age: 1, note: 'n', city: beyond })).to.throw(message);
    expect(() => tabular.learnt!({ city: beyond }, place)).to.throw(message);
  });

  it('reads columns whatever they are called', () => {
    const names = ['toString', 'constructor', '__proto__', 'hasOwnProperty'];
    const data = JSON.parse(`{${names.map(name => `"${name}": "of ${name}"`).join()}}`);
    const all = names.map(name => ({ name, kind: 'text' }));
    const expected = names.map(name => `of ${name}`);
    expect(tabular.read(data, place, { columns: all }, null)).to.deep.equal(expected);
    expect(tabular.read({ table: data }, place, { columns: all }, null)).to.deep.equal(expected);
    for (const each of all)
      expect(() => tabular.read({ text: '' }, place, { columns: [each] }, null)).to.throw(
        `the task's data has no column '${each.name}'`,
      );
  });

  it('fails a number that the tensor cannot hold', async () => {
    const only = [{ name: 'age', kind: 'number' }] as const;
    const folder = versions.of(
      { type: 'columns', parts: [{ columns: ['age'], step: { type: 'numbers', width: 1 } }] },
      { input: 'record', columns: only, layout: 'dense', dtype: 'float32', width: 1 },
    );
    const loaded = await tabular.load(folder, { columns: only });
    const failures = new Map<number, TaskFailure>();
    const fail = (row: number, failure: TaskFailure) => void failures.set(row, failure);
    const rows = [...batchesOf(loaded, [[1e300], [3e38], [null]], fail)].flatMap(batch => batch.rows);
    expect(rows).to.deep.equal([1, 2]);
    expect(failures.get(0)!.message).to.equal('a number of its columns is too large for the model: 1e+300');
  });

  it('fails a record with a category that was not fitted, and says which there are', async () => {
    const city: Step = {
      type: 'one-hot',
      categories: [['Bonn', 'Ulm']],
      drop: null,
      handleUnknown: 'error',
      infrequent: null,
    };
    const root: Step = {
      type: 'columns',
      parts: [
        { columns: ['city'], step: city },
        { columns: ['age'], step: { type: 'numbers', width: 1 } },
      ],
    };
    const encoder = await tabular.load(
      versions.of(root, { input: 'record', columns, width: 3, layout: 'dense' }),
      { columns },
    );
    const failures: TaskFailure[] = [];
    const records = [
      [1, 'Rom', 'n'],
      [2, 'Ulm', 'n'],
      [3, null, 'n'],
    ];
    const [batch] = batchesOf(encoder, records, (_, failure) => failures.push(failure));
    expect([...(batch!.feeds.input!.data as Float64Array)]).to.deep.equal([0, 1, 2]);
    expect(failures.map(({ message }) => message)).to.deep.equal([
      `column 'city' has "Rom", which the model was not trained with (it knows "Bonn", "Ulm")`,
      `column 'city' has null, which the model was not trained with (it knows "Bonn", "Ulm")`,
    ]);
    expect(encoder.warmUp).to.deep.equal([0, 'Bonn', 'text']);
  });

  it('refuses a version whose columns are not the manifest’s', async () => {
    const root: Step = {
      type: 'columns',
      parts: [{ columns: ['year'], step: { type: 'numbers', width: 1 } }],
    };
    const folder = versions.of(root, { input: 'record', columns, width: 1 });
    expect(await failureOf(tabular.load(folder, { columns: columns.slice(1) }))).to.include(
      `columns are age (number), city (category), note (text), and the manifest's are city (category), note (text)`,
    );
    expect(await failureOf(tabular.load(folder, { columns }))).to.include(
      `root.parts[0] takes the column 'year', which the record does not have`,
    );
  });
});
