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
  const { channels, times } = readSeries(text, { tag }, wanted);
  return { channels: channels.map(channel => [...channel]), times };
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

  it('keep times as they are written, unless they are numbers', () => {
    const text = 'time;v\n2020-01-02 03:04:05.5;1\n2020-01-02 03:04:06.5;2\n';
    const times = ['2020-01-02 03:04:05.5', '2020-01-02 03:04:06.5'];
    assert.deepEqual(
      series(text, { timeColumn: 'time', timeFormat: '%Y-%m-%d %H:%M:%S.%f', sep: ';' }, ['v']).times,
      times,
    );
    const years = 'time\tv\n2020\t1\n2021\t2\n';
    assert.deepEqual(series(years, { timeColumn: 'time', timeFormat: '%Y', sep: '\\t' }, ['v']).times, [
      '2020',
      '2021',
    ]);
    assert.deepEqual(series(years, { timeColumn: 'time', sep: '\t' }, ['v']).times, [2020, 2021]);
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
    assert.throws(() => series('{"t": [1], "v": [1, 2]}', { timeColumn: 't' }, ['v']), /different lengths/);
    wrong('v,w\n1\n');
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
    assert.isTrue([...failures.values()].every(({ code }) => code === 'task_unreadable'));
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
    assert.deepEqual(timeSeries.read({ csv: { x: [1] } }, place, {}, null), { columns: { x: [1] }, tag });
    for (const csv of [undefined, '', 5, { x: 1 }, null])
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
