import { assert } from 'chai';
import fc from 'fast-check';
import type { SeriesMeta } from '../../src/inputs/time-series/contract.js';
import { cutWindows } from '../../src/inputs/windows.js';
import { bindModel } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { EncodedRow, RegionKind } from '../../src/regions/contract.js';
import { frameScores } from '../../src/regions/frames/scores.js';
import { timeSeriesLabels } from '../../src/regions/time-series-labels.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { answered } from './bound.js';
import { float32 } from './on-image.js';

const CONFIG =
  '<View><TimeSeries name="t" value="$walk"/><TimeSeriesLabels name="c" toName="t"><Label value="Run"/><Label value="Walk"/></TimeSeriesLabels></View>';
const FRAMES = {
  name: 'out',
  kind: 'frames',
  tensor: 'scores',
  labels: ['Stand', 'Run', 'Walk'],
  background: 'Stand',
};

function metasOf(times: readonly number[], size = times.length, overlap = 0): SeriesMeta[] {
  return cutWindows(times.length, { size, overlap }).map(window => ({ ...window, times }));
}

const steps = (count: number) => Array.from({ length: count }, (_, index) => index);

/** One-hot rows of the labels by number. */
const likely = (...labels: number[]) =>
  labels.flatMap(label => [0, 1, 2].map(each => (each === label ? 0.75 : 0.125)));

function encode(
  output: OutputSpec,
  scores: ReturnType<typeof float32>,
  metas: readonly SeriesMeta[],
  options: Record<string, unknown> = {},
): EncodedRow {
  const input = { kind: 'time-series', channels: ['x'] };
  return answered(timeSeriesLabels as RegionKind, { xml: CONFIG, input, output, options }, { scores }, metas);
}

const places = ({ results }: EncodedRow) =>
  results.map(({ value }) => [value.start, value.end, (value.timeserieslabels as string[])[0]]);

describe('windows', () => {
  it('cover all of a whole, share at least the overlap, and are alike', () => {
    const size = fc.integer({ min: 1, max: 50 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        size,
        fc.nat(49),
        fc.boolean(),
        (total, size, any, fixed) => {
          const overlap = Math.min(any, size - 1);
          const windows = cutWindows(total, { size, overlap, fixed });
          assert.equal(windows[0]!.first, 0);
          assert.equal(windows.at(-1)!.first + windows.at(-1)!.count, total);
          for (const [at, window] of windows.entries()) {
            assert.equal(window.size, total > size || fixed ? size : total);
            const next = windows[at + 1];
            if (next) assert.isAtLeast(window.first + window.count - next.first, overlap);
            if (next) assert.isAbove(next.first, window.first);
          }
        },
      ),
    );
  });
});

describe('TimeSeriesLabels', () => {
  it('shows runs of the likeliest label, in the times of the config', () => {
    const times = steps(6).map(minute => Date.UTC(1900, 0, 1, 8, minute));
    const scores = float32([1, 6, 3], ...likely(0, 1, 1, 2, 0, 2));
    const metas = metasOf(times).map(meta => ({ ...meta, timeFormat: '%H:%M' }));
    const answer = encode(FRAMES, scores, metas);
    assert.deepEqual(places(answer), [
      ['08:01', '08:02', 'Run'],
      ['08:03', '08:03', 'Walk'],
      ['08:05', '08:05', 'Walk'],
    ]);
    assert.deepEqual(
      answer.results.map(({ value }) => value.instant),
      [false, true, true],
    );
    assert.deepEqual([answer.score, answer.results[0]!.score], [0.75, 0.75]);
  });

  it('shows moments where the steps of a part are at the same time', () => {
    const scores = float32([1, 5, 3], ...likely(0, 1, 1, 2, 2));
    const { results } = encode(FRAMES, scores, metasOf([0, 10, 10, 10, 20]));
    assert.deepEqual(
      results.map(({ value: { start, end, instant } }) => [start, end, instant]),
      [
        [10, 10, true],
        [10, 20, false],
      ],
    );
  });

  it('is refused where no time can be read', () => {
    const bind = (attributes: string) =>
      bindModel(
        {
          name: 'm',
          manifest: {
            format: 1,
            title: 'M',
            input: { kind: 'time-series', channels: ['x'] },
            outputs: [{ name: 'out', control: 'TimeSeriesLabels' }],
          },
          outputs: null,
        },
        readLabelConfig(CONFIG.replace('value="$walk"', `value="$walk" ${attributes}`)),
      );
    assert.throws(
      () => bind('timeColumn="t" timeFormat="%K"'),
      /timeFormat="%K", with which no time can be read/,
    );
    for (const attributes of ['timeFormat="%K"', 'timeColumn="t" timeFormat="%d.%m.%y %H Uhr"'])
      bind(attributes);
  });

  it('closes gaps, and drops what is too short or not sure enough', () => {
    const scores = float32([1, 8, 3], ...likely(1, 1, 0, 1, 0, 0, 2, 0));
    assert.deepEqual(places(encode(FRAMES, scores, metasOf(steps(8)), { merge_gap: 1 })), [
      [0, 3, 'Run'],
      [6, 6, 'Walk'],
    ]);
    assert.deepEqual(places(encode(FRAMES, scores, metasOf(steps(8)), { min_length: 2 })), [[0, 1, 'Run']]);
    assert.deepEqual(places(encode(FRAMES, scores, metasOf(steps(8)), { model_score_threshold: 0.8 })), []);
  });

  it('shows independent labels above their threshold, going on until the other one', () => {
    const output = { ...FRAMES, independent: true, labels: ['Run', 'Walk'] };
    const scores = float32(
      [1, 5, 2],
      ...[0.25, 0.75],
      ...[0.875, 0.75],
      ...[0.375, 0.25],
      ...[0.25, 0.25],
      ...[0.375, 0],
    );
    assert.deepEqual(places(encode(output, scores, metasOf(steps(5)))), [
      [0, 1, 'Walk'],
      [1, 1, 'Run'],
    ]);
    assert.deepEqual(places(encode(output, scores, metasOf(steps(5)), { offset_threshold: 0.3 })), [
      [0, 1, 'Walk'],
      [1, 2, 'Run'],
    ]);
  });

  it('shows one part where several labels of the model mean one of the config', () => {
    const xml =
      '<View><TimeSeries name="t" value="$walk"/><TimeSeriesLabels name="c" toName="t">' +
      '<Label value="Move" predicted_values="Run, Walk"/></TimeSeriesLabels></View>';
    const input = { kind: 'time-series', channels: ['x'] };
    const show = (output: OutputSpec, rows: number[], options = {}) =>
      answered(
        timeSeriesLabels as RegionKind,
        { xml, input, output, options },
        { scores: float32([1, rows.length / 3, 3], ...rows) },
        metasOf(steps(rows.length / 3)),
      );
    // Together they are likelier than to stand, which alone is the likeliest.
    const rows = [...likely(0, 1, 2, 1), ...[0.5, 0.25, 0.25], ...[0.375, 0.3125, 0.3125], ...likely(0)];
    const shown = show(FRAMES, rows);
    assert.deepEqual(
      shown.results.map(({ value, score }) => [value.start, value.end, value.timeserieslabels, score]),
      [
        [1, 3, ['Move'], 0.875],
        [5, 5, ['Move'], 0.625],
      ],
    );
    const independent = { ...FRAMES, independent: true };
    const each = [...[0, 0.75, 0], ...[0, 0.75, 0.875], ...[0, 0, 0.625], ...[0, 0.375, 0.375]];
    assert.deepEqual(places(show(independent, each)), [[0, 2, 'Move']]);
    const peaks = { ...FRAMES, kind: 'peaks' };
    const twice = [...[0, 0.75, 0.625], ...[0, 0, 0], ...[0, 0, 0], ...[0, 0.5, 0.875]];
    assert.deepEqual(
      show(peaks, twice).results.map(({ value, score }) => [value.start, score]),
      [
        [0, 0.75],
        [3, 0.875],
      ],
    );
  });

  it('takes logits, labels before frames, and one label without an axis of its own', () => {
    const transposed = float32([1, 3, 2], 0, 9, 9, 0, 0, 0);
    const output = { ...FRAMES, transposed: true, activation: 'softmax' };
    assert.deepEqual(places(encode(output, transposed, metasOf(steps(2)))), [[0, 0, 'Run']]);
    const single = { ...FRAMES, labels: ['Run'], background: undefined, activation: 'sigmoid' };
    assert.deepEqual(places(encode(single, float32([1, 3], -9, 9, 9), metasOf(steps(3)))), [[1, 2, 'Run']]);
  });

  it('takes fewer frames than steps', () => {
    const scores = float32([1, 3, 3], ...likely(0, 1, 0));
    assert.deepEqual(places(encode(FRAMES, scores, metasOf(steps(12)))), [[4, 7, 'Run']]);
    assert.deepEqual(places(encode(FRAMES, scores, metasOf(steps(12)), { min_length: 5 })), []);
  });

  it('shows moments where a score is largest', () => {
    const output = { name: 'out', kind: 'peaks', tensor: 'scores', labels: ['Run'] };
    const scores = float32([1, 8], 0, 0.625, 0.875, 0.625, 0, 0.75, 0.25, 0.625);
    const moments = (options = {}) =>
      encode(output, scores, metasOf(steps(8)), options).results.map(({ value }) => value.start);
    assert.deepEqual(moments(), [2, 5, 7]);
    assert.deepEqual(moments({ merge_gap: 2 }), [2, 5]);
    assert.isTrue(
      encode(output, scores, metasOf(steps(8))).results.every(({ value }) => value.instant === true),
    );
  });

  it('believes the window in whose middle a step lies', () => {
    // Two windows of 4 steps that share 2: each is right but for its border.
    const scores = float32([2, 4, 3], ...likely(1, 1, 1, 0), ...likely(0, 1, 1, 1));
    assert.deepEqual(places(encode(FRAMES, scores, metasOf(steps(6), 4, 2))), [[0, 5, 'Run']]);
  });

  it('fails for shapes and numbers that mean nothing', () => {
    assert.throws(
      () => encode(FRAMES, float32([1, 2, 2], 0, 0, 0, 0), metasOf(steps(2))),
      /not of 3 labels a frame/,
    );
    assert.throws(
      () => encode(FRAMES, float32([1, 1, 3], 0, Number.NaN, 0), metasOf(steps(1))),
      /NaN as a score/,
    );
    assert.throws(() => encode(FRAMES, float32([1, 0, 3]), metasOf(steps(1))), /no frames/);
  });

  it('says what it finds when the config has none of it', () => {
    const output = { ...FRAMES, labels: ['Stand', 'Swim'] };
    assert.throws(
      () => encode(output, float32([1, 1, 2], 0, 0), metasOf(steps(1))),
      /finds Swim; the config's .* has Run, Walk/,
    );
  });

  it('never shows a part that is outside, empty, reversed or of another label', () => {
    const cases = fc.record({
      total: fc.integer({ min: 1, max: 60 }),
      size: fc.integer({ min: 2, max: 30 }),
      overlap: fc.nat(20),
      ratio: fc.constantFrom(1, 2),
      independent: fc.boolean(),
      seed: fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 7, maxLength: 40 }),
      merge_gap: fc.nat(5),
      min_length: fc.nat(5),
      kind: fc.constantFrom('frames', 'peaks'),
    });
    fc.assert(
      fc.property(
        cases,
        ({ total, size, overlap, ratio, independent, seed, merge_gap, min_length, kind }) => {
          const metas = metasOf(steps(total), size, Math.min(overlap, size - 1));
          const frames = Math.max(1, Math.floor(metas[0]!.size / ratio));
          const data = Array.from(
            { length: metas.length * frames * 3 },
            (_, index) => seed[(index * 5) % seed.length]!,
          );
          const { background: _, ...rest } = FRAMES;
          const output = kind === 'peaks' ? { ...rest, kind } : { ...FRAMES, independent };
          const { results, score } = encode(output, float32([metas.length, frames, 3], ...data), metas, {
            merge_gap,
            min_length,
          });
          for (const { value, score } of results) {
            const { start, end, instant } = value as { start: number; end: number; instant: boolean };
            assert.isTrue(start >= 0 && start <= end && end < total, JSON.stringify(value));
            assert.equal(instant, start === end);
            assert.oneOf((value.timeserieslabels as string[])[0], ['Run', 'Walk']);
            assert.isTrue(score! >= 0 && score! <= 1);
          }
          assert.isTrue(score === null ? results.length === 0 : score >= 0 && score <= 1);
        },
      ),
    );
  });

  it('puts windows together to what one large window would say', () => {
    const data = Array.from({ length: 90 }, (_, index) => ((index * 37) % 101) / 101);
    const whole = frameScores(
      { outputs: { scores: float32([1, 30, 3], ...data) }, row: 0, metas: metasOf(steps(30)) },
      FRAMES,
    );
    const metas = metasOf(steps(30), 8, 3);
    const cut = metas.flatMap(({ first }) => data.slice(first * 3, (first + 8) * 3));
    const joined = frameScores(
      { outputs: { scores: float32([metas.length, 8, 3], ...cut) }, row: 0, metas },
      FRAMES,
    );
    assert.deepEqual(joined, whole);
  });
});
