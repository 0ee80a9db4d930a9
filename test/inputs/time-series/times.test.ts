import { assert } from 'chai';
import fc from 'fast-check';
import { timeReader, timesOf, timeWriter } from '../../../src/inputs/time-series/times.js';
import { runPython } from '../../support/python.js';

const times = (column: readonly unknown[], timeFormat?: string, isText = false) =>
  timesOf(column, { timeColumn: 't', ...(timeFormat && { timeFormat }) }, isText);

/** Formats of strftime that d3 and Python read alike, each with how a date is written in it. */
const FORMATS: Record<string, (date: Date) => string> = {
  '%Y-%m-%d': date => date.toISOString().slice(0, 10),
  '%Y-%m-%d %H:%M:%S': date => date.toISOString().slice(0, 19).replace('T', ' '),
  '%Y-%m-%dT%H:%M:%S.%f': date => date.toISOString().slice(0, -1),
  '%Y-%m-%d %H:%M:%S.%f': date => date.toISOString().replace('T', ' ').replace('Z', '789'),
  '%Y-%m-%dT%H:%M:%S%z': date => date.toISOString().replace(/\..*/, '+00:00'),
  '%m/%d/%Y %I:%M %p': date =>
    `${date.getUTCMonth() + 1}/${date.getUTCDate()}/${date.getUTCFullYear()} ${date.getUTCHours() % 12 || 12}:${date.getUTCMinutes()} ${date.getUTCHours() < 12 ? 'AM' : 'PM'}`,
  '%d.%m.%Y': date => date.toISOString().slice(0, 10).split('-').reverse().join('.'),
  '%H:%M:%S': date => date.toISOString().slice(11, 19),
};

describe('times of time series', () => {
  it('are read as Python reads them', async () => {
    const moment = fc.integer({ min: Date.UTC(1950, 0), max: Date.UTC(2100, 0) });
    const cases = fc.sample(
      fc.tuple(moment, fc.constantFrom(...Object.keys(FORMATS))).map(([at, format]) => {
        return { format, shown: FORMATS[format]!(new Date(at)) };
      }),
      { numRuns: 200, seed: 3 },
    );
    const expected = await runPython<number>('test/inputs/time-series/times.py', cases);
    for (const [index, { format, shown }] of cases.entries()) {
      const [time] = times([shown], format.replace('%z', '%Z'));
      assert.equal(time, expected[index], `${shown} as ${format}`);
    }
  });

  it('are written so that the editor finds the same moment', () => {
    const formats = fc.constantFrom(
      ...Object.keys(FORMATS),
      '%H:%M:%S.%L',
      '%I:%M',
      '%Q',
      '%j %Y',
      '%-d %b %y',
      '%H',
    );
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1950, 0), max: Date.UTC(2100, 0) }), formats, (time, format) => {
        assert.equal(timeReader(format)(timeWriter(format)(time)), time);
      }),
    );
    assert.equal(timeWriter('%H:%M')(Date.UTC(1900, 0, 1, 8, 5)), '08:05');
    assert.equal(timeWriter('%H:%M')(Date.UTC(1900, 0, 2, 8, 5)), Date.UTC(1900, 0, 2, 8, 5));
    assert.equal(timeWriter(undefined)(0.5), 0.5);
  });

  it('may have fractions of a second of one to six digits, as the editor draws them', () => {
    const second = Date.UTC(2020, 0, 2, 3, 4, 5);
    const read = (fraction: string, directive: string) =>
      times([`2020-01-02 03:04:05${fraction}`], `%Y-%m-%d %H:%M:%S.${directive}`)[0]! - second;
    assert.deepEqual(
      ['.5', '.05', '.005', '.500000', '.5009'].map(fraction => read(fraction, '%f')),
      [500, 50, 5, 500, 500],
    );
    assert.deepEqual(
      ['.5', '.25', '.125'].map(fraction => read(fraction, '%L')),
      [500, 250, 125],
    );
  });

  it('may be the same, and do not descend', () => {
    assert.deepEqual(times([0, 1, 1, '2', ' 3 ', 3.5]), [0, 1, 1, 2, 3, 3.5]);
    assert.throws(
      () => times([0, 10, 5]),
      "its column 't' goes back at step 2, from 10 to 5: sort the rows by time, because Label Studio shows no others",
    );
    assert.throws(() => times(['08:10', '08:00'], '%H:%M'), /goes back at step 1, from "08:10" to "08:00"/);
    assert.throws(() => times(['1/10/2020', '1/9/2020'], '%m/%d/%Y'), /goes back at step 1/);
    assert.lengthOf(times(['1/9/2020', '1/10/2020'], '%m/%d/%Y'), 2);
  });

  it('are told with their column and step where there is none, or none that can be read', () => {
    for (const missing of [null, undefined, ''])
      assert.throws(() => times([0, missing]), "its column 't' has no time at step 1");
    for (const wrong of ['ten', 'NaN', '0x10', true, [1], { a: 1 }, '08:00'])
      assert.throws(
        () => times([0, wrong]),
        /column 't' has .+ at step 1, which is no number: say with timeFormat/,
      );
    for (const wrong of ['8 o’clock', '2020-01-01', 'NaN', '25', '08:00:01'])
      assert.throws(
        () => times(['08:00', wrong], '%H:%M'),
        /at step 1, which is not written as timeFormat="%H:%M"/,
      );
  });

  it('are refused where the editor takes their digits in CSV for a number of other digits', () => {
    assert.throws(
      () => times(['0800', '0900'], '%H%M', true),
      /has 0800 at step 0, which Label Studio takes for the number 800/,
    );
    assert.lengthOf(times(['0800', '0900'], '%H%M', false), 2);
    assert.lengthOf(times(['2020', '2021'], '%Y', true), 2);
    assert.lengthOf(times(['20200101', '20200102'], '%Y%m%d', true), 2);
  });
});
