import { assert } from 'chai';
import fc from 'fast-check';
import { REGIONS } from '../../src/regions/index.js';
import { runPython } from '../support/python.js';
import { answered, numbers, readerOf, refused } from './bound.js';

const kind = REGIONS.DateTime!;
const xmlOf = (attributes: string) =>
  `<View><Text name="t" value="$t"/><DateTime name="c" toName="t" ${attributes}/></View>`;
const input = { kind: 'text' };

/** What the control shows for texts of a model; null: nothing. */
function text(attributes: string, ...texts: string[]): unknown {
  const bound = { xml: xmlOf(attributes), input, output: { kind: 'texts', tensor: 'x' } };
  const { results } = answered(kind, bound, { x: { type: 'string', data: texts, dims: [1, texts.length] } });
  return results[0]?.value.datetime ?? null;
}

function value(attributes: string, number: number, options = {}): unknown {
  const bound = { xml: xmlOf(attributes), input, output: { kind: 'value', tensor: 'x' }, options };
  const { results } = answered(kind, bound, { x: numbers([1], number) });
  return results[0]?.value.datetime ?? null;
}

/** Formats that say all of a minute, and which Python's strptime reads as well. */
const FORMATS = [
  '%Y-%m-%d %H:%M',
  '%d.%m.%Y, %H.%M',
  '%B %d, %Y %I:%M %p',
  '%b %e %Y %H:%M',
  '100%% %Y/%m/%d-%H:%M',
];

describe('DateTime', () => {
  it('gets what a text says, as the control shows it', () => {
    assert.equal(text('', '2024-05-17T14:30'), '2024-05-17T14:30');
    assert.equal(text('', '2024-05-17 14:30:59.25+02:00'), '2024-05-17T14:30');
    assert.equal(text('', '2024-05-17'), '2024-05-17T00:00');
    assert.equal(text('only="date"', '2024-05-17T14:30'), '2024-05-17');
    assert.equal(text('only="time" format="%Y"', '2024-05-17T14:30'), '14:30');
    assert.equal(text('only="time"', '9:05'), '09:05');
    assert.equal(text('only="month,year"', '2024-05'), '2024-05-01');
    assert.equal(text('only="year"', '2024-05-17'), '2024-01-01');
    assert.equal(text('only="year" format="%Y"', '2024'), '2024');
    assert.equal(text('only="date" format="%d/%m/%y"', '7/5/24'), '07/05/24');
    assert.equal(text('format="%-d %B %Y"', '2024-05-07'), '7 May 2024');
    assert.equal(text('format="%Y-%m-%d %I:%M %p"', '2024-05-07 12:05 AM'), '2024-05-07 12:05 AM');
  });

  it('is shaped by attributes in any case', () => {
    assert.equal(text('Only="date" FORMAT="%d.%m.%Y"', '2024-05-17'), '17.05.2024');
    assert.isNull(text('only="date" Max="2020-01-01"', '2024-05-17'));
    assert.isNull(text('only="date" MIN="2030-01-01"', '2024-05-17'));
    const { read } = readerOf(kind, xmlOf('ONLY="date" Format="%d.%m.%Y" MAX="2024-01-01"'));
    assert.isTrue(read([{ value: { datetime: '17.05.2024' } }]).outdated);
    assert.equal(read([{ value: { datetime: '17.05.2023' } }]).target, '17.05.2023');
  });

  it('gets nothing of a text that is no date, or says less than the control shows', () => {
    for (const no of [
      '',
      'tomorrow',
      '2024-02-30',
      '2024-13-01',
      '0024-01-01',
      '2024-05-17T24:00',
      '17.05.2024',
    ])
      assert.isNull(text('', no), no);
    assert.isNull(text('only="date"', '2024-05'));
    assert.isNull(text('only="date"', '14:30'));
    assert.isNull(text('only="time"', '2024-05-17'));
    assert.isNull(text('only="month,year"', '2024'));
    assert.equal(text('', 'maybe', '2024-02-29'), '2024-02-29T00:00');
  });

  it('gets nothing beyond min and max, which the editor does not submit', () => {
    const limits = 'only="date" min="2020-01-01" max="2024-05-17"';
    assert.equal(text(limits, '2024-05-17'), '2024-05-17');
    assert.isNull(text(limits, '2024-05-18'));
    assert.isNull(text(limits, '2019-12-31'));
    assert.isNull(text('only="year" max="2023"', '2024'));
    assert.equal(text('only="year" max="2023"', '2023'), '2023-01-01');
  });

  it('gets a value as a time in UTC', () => {
    assert.equal(value('', 1715956245.9), '2024-05-17T14:30');
    assert.equal(value('', 1715956245900, { unit: 'milliseconds' }), '2024-05-17T14:30');
    assert.equal(value('only="date"', -1, { unit: 'days' }), '1969-12-31');
    assert.isNull(value('', 1e15));
    assert.isNull(value('', -1e11));
    assert.include(
      refused(() => value('', Number.NaN)),
      "model_failed: the model gives NaN for 'out'",
    );
  });

  it('says which controls it cannot fill', () => {
    for (const only of ['month', 'time,month'])
      assert.include(
        refused(() => text(`only="${only}"`, '2024')),
        `needs a DateTime of a date, a year or a time; the config's 'c' has only="${only}"`,
      );
    assert.include(
      refused(() => text('format="%Y week %U"', '2024')),
      `the config's DateTime 'c' has format="%Y week %U"`,
    );
    assert.include(
      refused(() => text('perRegion="true"', '2024')),
      'answers for whole tasks',
    );
  });

  it('writes and reads formats as strftime does', async () => {
    const cases = fc.sample(
      fc.record({
        format: fc.constantFrom(...FORMATS),
        date: fc.date({ min: new Date('1000-01-01'), max: new Date('9999-12-30'), noInvalidDate: true }),
      }),
      200,
    );
    const lines = cases.map(({ format, date }) => {
      const shown = value(`format="${format}"`, date.getTime(), { unit: 'milliseconds' }) as string;
      assert.equal(text(`format="${format}"`, shown), shown);
      assert.equal(
        readerOf(kind, xmlOf(`format="${format}"`)).read([{ value: { datetime: shown } }]).target,
        shown,
      );
      return { format, shown };
    });
    const read = await runPython<string>('test/regions/strptime.py', lines);
    assert.deepEqual(
      read,
      cases.map(({ date }) => `${date.toISOString().slice(0, 16)}`),
    );
  });

  it('never gets what is none of its format, whatever a model writes', () => {
    const { read } = readerOf(kind, xmlOf(''));
    const parts = fc.tuple(
      fc.integer({ min: 0, max: 12000 }),
      fc.nat(14),
      fc.nat(33),
      fc.nat(30),
      fc.nat(70),
    );
    const near = parts.map(([y, m, d, h, n]) => {
      const two = (each: number) => String(each).padStart(2, '0');
      return `${String(y).padStart(4, '0')}-${two(m)}-${two(d)}T${two(h)}:${two(n)}`;
    });
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), written => {
        const shown = text('', written);
        if (shown === null) return;
        assert.match(shown as string, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/);
        assert.isFalse(Number.isNaN(Date.parse(shown as string)));
        assert.deepEqual(read([{ value: { datetime: shown } }]), {
          target: shown as string,
          outdated: false,
        });
      }),
    );
  });

  it('teaches what annotators chose, within what the control allows now', () => {
    const { read } = readerOf(kind, xmlOf('only="date" max="2024-01-01"'));
    assert.deepEqual(read([{ value: { datetime: '2023-05-17' } }]), {
      target: '2023-05-17',
      outdated: false,
    });
    assert.deepEqual(read([{ value: { datetime: '2025-05-17' } }]), { target: null, outdated: true });
    for (const datetime of ['17.5.2023', '', 5, null, ['2023-05-17']])
      assert.deepEqual(read([{ value: { datetime } }]), { target: null, outdated: false });
  });
});
