import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import fc from 'fast-check';
import { AppError } from '../../src/errors.js';
import type { EncodedBatch, InputPlace, TaskFailure } from '../../src/inputs/contract.js';
import { parseShown } from '../../src/inputs/shown/value.js';
import type { SeriesMeta, SeriesTag, SeriesValue } from '../../src/inputs/time-series/contract.js';
import { readSeries } from '../../src/inputs/time-series/table.js';
import { timeSeries } from '../../src/inputs/time-series.js';
import { temporaryFolder } from '../support/folder.js';
import { runPython } from '../support/python.js';
import { awaitedBatchesOf } from './batches.js';

const series = (text: string, tag: SeriesTag, wanted: string[]) => {
  const { channels, timing } = readSeries(text, { tag }, wanted);
  return { channels: channels.map(channel => [...channel]), times: timing.times };
};
const inline = (columns: SeriesValue['columns'], tag: SeriesTag = {}) => ({ columns, tag }) as SeriesValue;

async function encode(values: readonly SeriesValue[], options: Record<string, unknown>) {
  const encoder = await timeSeries.load('/nowhere', options);
  const failures = new Map<number, TaskFailure>();
  const batches = await awaitedBatchesOf(encoder, values, (row, failure) => failures.set(row, failure));
  return { batches, failures };
}

describe('files of time series', () => {
  it('are read by names, whatever their case, and by numbers', () => {
    const text = 'Time,Velocity,label\n0,1.5,a\n10,2.5,b\n';
    const expected = { channels: [[1.5, 2.5]], times: [0, 10] };
    assert.deepEqual(series(text, { timeColumn: 'time' }, ['velocity']), expected);
    assert.deepEqual(series(text, { timeColumn: '0' }, ['1']), expected);
    assert.deepEqual(series('0,1.5\n10,2.5\n', { timeColumn: '0' }, ['1']), expected);
    assert.deepEqual(series('1.5\n2.5\n', {}, ['0']), { channels: [[1.5, 2.5]], times: [0, 1] });
  });

  it('have times that are numbers, or written in a format', () => {
    const text = 'time;v\n2020-01-02 03:04:05.5;1\n2020-01-02 03:04:06.5;2\n';
    const times = [5500, 6500].map(each => Date.UTC(2020, 0, 2, 3, 4, 0, each));
    assert.deepEqual(
      series(text, { timeColumn: 'time', timeFormat: '%Y-%m-%d %H:%M:%S.%f', sep: ';' }, ['v']).times,
      times,
    );
    const years = 'time\tv\n2020\t1\n2021\t2\n';
    assert.deepEqual(
      series(years, { timeColumn: 'time', timeFormat: '%Y', sep: '\\t' }, ['v']).times,
      [2020, 2021].map(year => Date.UTC(year, 0)),
    );
    assert.deepEqual(series(years, { timeColumn: 'time', sep: '\t' }, ['v']).times, [2020, 2021]);
  });

  it('have columns whatever they are called, which some steps lack', () => {
    const names = ['toString', 'constructor', '__proto__', 'hasOwnProperty'];
    for (const name of names) {
      const text = `[{"t": 0, "${name}": 1.5}, {"t": 1}]`;
      assert.deepEqual(series(text, { timeColumn: 't' }, [name]).channels, [[1.5, Number.NaN]], name);
      assert.deepEqual(series(`{"${name}": [1.5, 2]}`, {}, [name]).channels, [[1.5, 2]], name);
      assert.deepEqual(series(`${name};t\n1.5;0\n`, { sep: ';' }, [name]).channels, [[1.5]], name);
      assert.throws(
        () => series('t;v\n1.5;0\n', { sep: name }, ['v']),
        /no column|another number of values/,
        name,
      );
    }
  });

  it('have no number beyond those that there are', () => {
    const message = (text: string) => {
      try {
        series(text, {}, ['x']);
      } catch (error) {
        return (error as Error).message;
      }
      return assert.fail();
    };
    const large = (value: string) => `its column 'x' has ${value} at step 1, which is too large a number`;
    assert.equal(message('{"x": [1, 1e400]}'), large('Infinity'));
    for (const text of ['{"x": [1, "1e400"]}', 'x\n1\n1e400\n'])
      assert.equal(message(text), `its column 'x' has "1e400" at step 1, which is no number`);
  });

  it('have names in quotes, as R writes them, and configs with and without the quotes', () => {
    const text = '"","time","x"\n"1",0,NA\n"2",10,TRUE\n'.replace('TRUE', '2.5');
    const expected = { channels: [[Number.NaN, 2.5]], times: [0, 10] };
    assert.deepEqual(series(text, { timeColumn: 'time' }, ['x']), expected);
    assert.deepEqual(series(text, { timeColumn: '"time"' }, ['"x"']), expected);
  });

  it('have a line of names where the editor says so', () => {
    // Numbers in both lines: names are the columns' numbers.
    assert.deepEqual(series('0,1\n1,2\n', {}, ['1']), { channels: [[1, 2]], times: [0, 1] });
    assert.deepEqual(series('0,1\n1,2\n', { timeColumn: '0' }, ['1']).times, [0, 1]);
    assert.deepEqual(series('7\n', {}, ['0']), { channels: [[7]], times: [0] });
    // A number of a Channel counts columns, whatever their names are.
    assert.deepEqual(series('t,2,1\n0,5,6\n', {}, ['1']).channels, [[5]]);
    // Neither line has a number, and the name is there all the same.
    assert.deepEqual(series('t,v\nx,nan\ny,3\n', {}, ['v']).channels, [[Number.NaN, 3]]);
    assert.throws(() => series(',0,1\n0,5,6\n1,7,8\n', {}, ['0']), /its first line numbers its columns/);
  });

  it('have any separator that the editor takes', () => {
    const expected = { channels: [[1.5, 2.5]], times: [0, 10] };
    const all = {
      ';': ';',
      tab: '\t',
      '\\t': '\t',
      '\t': '\t',
      space: ' ',
      ' ': ' ',
      comma: ',',
      '||': '|',
      '': ',',
    };
    for (const [sep, character] of Object.entries(all)) {
      const text = ['t,v', '0,1.5', '10,2.5', ''].join('\n').replaceAll(',', character);
      assert.deepEqual(series(text, { timeColumn: 't', sep }, ['v']), expected, sep);
      if (character !== '|')
        assert.deepEqual(series(text, { timeColumn: 't', sep: 'auto' }, ['v']), expected, `auto: ${sep}`);
    }
    assert.throws(
      () => series('t,v\n2020-01-01 08:00,1\n', { sep: 'auto' }, ['v']),
      /several characters that may separate values \(" ", ","\): say with sep/,
    );
    assert.throws(() => series('t;v\n0;1.5\n', {}, ['v']), /no column 'v'; its first line has t;v/);
  });

  it('tell names that several columns have, and lines of another length', () => {
    assert.throws(() => series('t,X,x\n0,1,2\n', {}, ['x']), /2 columns with the name 'X'/);
    assert.throws(() => series('t,x,x\n0,1,2\n', {}, ['1']), /2 columns with the name 'x'/);
    // The editor numbers the steps by the first column.
    assert.throws(() => series('x,x,y\n0,1,2\n', {}, ['y']), /2 columns with the name 'x'/);
    assert.deepEqual(series('t,x,x,y\n0,1,1,2\n', { timeColumn: 't' }, ['y']).channels, [[2]]);
    assert.deepEqual(series('{"x": [1], "X": [2]}', {}, ['X']).channels, [[2]]);
    assert.throws(() => series('{"Xy": [1], "xY": [2]}', {}, ['xy']), /2 columns with the name 'Xy'/);
    assert.throws(() => series('t,x\n0,1\n\n1\n', {}, ['x']), /its line 4 has another number of values/);
    assert.throws(() => series('{"10": [1], "2": [2]}', {}, ['0']), /no column '0'/);
  });

  it('may be JSON, of columns or of records', () => {
    const expected = { channels: [[1, 2]], times: [5, 6] };
    assert.deepEqual(series('{"t": [5, 6], "v": [1, "2"]}', { timeColumn: 't' }, ['v']), expected);
    assert.deepEqual(series('[{"t": 5, "v": 1}, {"t": 6, "v": 2}]', { timeColumn: 't' }, ['v']), expected);
  });

  it('say what is wrong with them', () => {
    const wrong = (text: string, tag: SeriesTag = {}) =>
      assert.throws(() => series(text, tag, ['v'])) as unknown;
    assert.throws(() => series('a,b\n1,2\n', {}, ['v']), /no column 'v'; it has a, b/);
    assert.throws(() => series('v\n1\nx\n', {}, ['v']), /column 'v' has "x" at step 1, which is no number/);
    const odd = JSON.stringify([{ v: 1 }, { v: { toString: 0 } }]);
    assert.throws(
      () => series(odd, {}, ['v']),
      /column 'v' has {"toString":0} at step 1, which is no number/,
    );
    assert.throws(() => series('v\n', {}, ['v']), /no steps/);
    assert.throws(() => series('{"v": 3}', {}, ['v']), /column 'v' is no list/);
    assert.throws(() => series('t,v\n,1\n', { timeColumn: 't' }, ['v']), /column 't' has no time at step 0/);
    assert.throws(
      () => series('{"t": [1], "v": [1, 2]}', { timeColumn: 't' }, ['v']),
      "its columns are of different lengths: 'v' has 2 values, 't' has 1",
    );
    assert.throws(() => series('[{"v": 1}, 5]', {}, ['v']), /its step 1 is no object/);
    assert.throws(() => series('v\n1e999\n', {}, ['v']), /"1e999" at step 0, which is no number/);
    wrong('{"v":');
  });

  it('are read as pandas reads them', async () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => (Object.is(value, -0) ? 0 : value)),
      fc.constantFrom('', 'NaN', '1e3', '-.5', '+7', '007'),
    );
    const table = fc.array(fc.tuple(number, number, number), { minLength: 2, maxLength: 12 });
    const cases = fc.sample(
      fc
        .tuple(table, fc.constantFrom(',', ';', '\t'), fc.boolean(), fc.boolean())
        .map(([rows, sep, crlf, quoted]) => {
          const lines = [['a', 'b', 'c'], ...rows].map(row =>
            row.map(each => (quoted ? `"${each}"` : String(each))).join(sep),
          );
          return { text: lines.join(crlf ? '\r\n' : '\n'), sep, header: 0, wanted: ['c', 'a'] };
        }),
      { numRuns: 60, seed: 8 },
    );
    const expected = await runPython<(number | null)[][]>('test/inputs/time-series/read.py', cases);
    for (const [index, { text, sep, wanted }] of cases.entries()) {
      const { channels } = series(text, { sep }, wanted);
      for (const [at, channel] of channels.entries()) {
        for (const [step, value] of channel.entries()) {
          const other = expected[index]![at]![step];
          if (Number.isNaN(value)) assert.isNull(other);
          else assert.approximately(value, other!, Math.abs(value) * 1e-12);
        }
      }
    }
  });
});

describe('time series as tensors', () => {
  it('are cut into windows with what is known of them', async () => {
    const columns = { x: [0, 1, 2, 3, 4, 5, 6], y: [9, 8, 7, 6, 5, 4, 3] };
    const { batches } = await encode([inline(columns)], {
      channels: ['y', 'x'],
      steps: 4,
      overlap: 1,
      layout: 'nlc',
      tensor: 'in',
    });
    const [{ rows, feeds, metas }] = batches as [EncodedBatch];
    assert.deepEqual(rows, [0, 0]);
    assert.deepEqual(feeds.in!.dims, [2, 4, 2]);
    assert.deepEqual([...(feeds.in!.data as Float32Array)], [9, 0, 8, 1, 7, 2, 6, 3, 6, 3, 5, 4, 4, 5, 3, 6]);
    assert.deepEqual(
      (metas as SeriesMeta[]).map(({ first, count, total }) => [first, count, total]),
      [
        [0, 4, 7],
        [3, 4, 7],
      ],
    );
  });

  it('go together when they are of the same length, and are filled up where the graph wants that', async () => {
    const short = inline({ x: [1, 2] });
    const long = inline({ x: [1, 2, 3] });
    const loose = await encode([short, short, long], { channels: ['x'], steps: 4 });
    assert.deepEqual(
      loose.batches.map(({ rows }) => rows),
      [[0, 1], [2]],
    );
    const fixed = await encode([short, short, long], { channels: ['x'], steps: 4, fixed: true });
    assert.deepEqual(
      fixed.batches.map(({ feeds }) => feeds.series!.dims),
      [[3, 1, 4]],
    );
    assert.deepEqual([...(fixed.batches[0]!.feeds.series!.data as Float32Array)].slice(0, 4), [1, 2, 0, 0]);
  });

  it('have no number that gets lost on the way to the model, or that its tensor cannot hold', async () => {
    const place = { object: 'o', tag: 'TimeSeries', attributes: {}, shown: parseShown('$s'), isUrl: false };
    const read = (text: string) => timeSeries.read(JSON.parse(text), place, {}, null);
    const sent = JSON.parse(JSON.stringify(read('{"s": {"x": [1, 1e400], "y": [1, 2]}}')));
    const refused = await encode([sent], { channels: ['x'] });
    assert.match(
      refused.failures.get(0)!.message,
      /its column 'x' has "Infinity" at step 1, which is no number/,
    );
    assert.lengthOf((await encode([sent], { channels: ['y'] })).batches, 1);
    for (const [options, column] of [
      [{}, [1, 1e300]],
      [{ normalize: 'series' }, [1e308, -1e308]],
    ] as const) {
      const { failures } = await encode([inline({ x: [...column] })], { channels: ['x'], ...options });
      assert.match(
        failures.get(0)!.message,
        /its column 'x' has (1e\+300 at step 1, which is too large a number|numbers that are too large to normalise)$/,
      );
    }
  });

  it('have what is missing filled, and are normalised', async () => {
    const { batches } = await encode([inline({ x: [null, 2, null, 4] })], {
      channels: ['x'],
      normalize: 'series',
    });
    const data = [...(batches[0]!.feeds.series!.data as Float32Array)];
    const [mean, deviation] = [2.5, Math.sqrt(0.75)];
    for (const [index, value] of [2, 2, 2, 4].entries())
      assert.approximately(data[index]!, (value - mean) / deviation, 1e-6);
    const constant = await encode([inline({ x: [3, 3] })], { channels: ['x'], normalize: 'series' });
    assert.deepEqual([...(constant.batches[0]!.feeds.series!.data as Float32Array)], [0, 0]);
  });

  it('are read from files, and fail one by one', async () => {
    const file = join(await temporaryFolder(), 'walk.csv');
    await writeFile(file, '\ufeffx\n1\n2\n');
    const bad = `${file}.bad`;
    await writeFile(bad, Buffer.from([0xff, 0xfe, 0x00]));
    const values = [{ file, tag: {} }, { file: bad, tag: {} }, inline({ x: [null] }), inline({ z: [1] })];
    const { batches, failures } = await encode(values, { channels: ['x'] });
    assert.deepEqual([...(batches[0]!.feeds.series!.data as Float32Array)], [1, 2]);
    assert.deepEqual([...failures.keys()], [1, 2, 3]);
    assert.match(failures.get(2)!.message, /column 'x' has no number/);
    assert.deepEqual(
      [...failures.values()].map(({ code }) => code),
      ['task_unreadable', 'task_invalid', 'task_invalid'],
    );
  });

  it('are looked for in the task, as an address or as columns', () => {
    const place = {
      object: 'ts',
      tag: 'TimeSeries',
      shown: parseShown('$csv'),
      isUrl: true,
      attributes: { timeColumn: 't', sep: ';' },
    } as InputPlace;
    const tag = { timeColumn: 't', sep: ';' };
    assert.deepEqual(timeSeries.read({ csv: '/data/upload/1/a.csv' }, place, {}, null), {
      file: '/data/upload/1/a.csv',
      tag,
    });
    assert.deepEqual(timeSeries.read({ csv: { x: [1], unit: 'm' } }, place, {}, null), {
      columns: { x: [1] },
      tag,
    });
    const json = ' {"x": [1]}';
    assert.deepEqual(timeSeries.read({ csv: json }, place, {}, null), { json, tag });
    for (const csv of [undefined, '', 5, { x: 1 }, {}, null])
      assert.throws(
        () => timeSeries.read({ csv }, place, {}, null),
        AppError,
        /address of a CSV or JSON file under 'csv'/,
      );
  });

  it('refuse options that contradict each other', async () => {
    const message = async (options: Record<string, unknown>) =>
      String(
        await timeSeries.load('/nowhere', { channels: ['x'], ...options }).catch((error: unknown) => error),
      );
    assert.match(await message({ mean: [1, 2] }), /mean has 2 numbers for 1 channels/);
    assert.match(await message({ steps: 4, overlap: 4 }), /overlap is 4, and a window has 4 steps/);
  });
});
