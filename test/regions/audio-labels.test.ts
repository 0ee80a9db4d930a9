import { assert } from 'chai';
import fc from 'fast-check';
import type { AudioMeta } from '../../src/inputs/audio/contract.js';
import { cutWindows } from '../../src/inputs/windows.js';
import type { EncodedRow } from '../../src/regions/contract.js';
import { encodeAudio } from './on-audio.js';
import { float32 } from './on-image.js';

const RATE = 1000;
const FRAMES = { name: 'out', kind: 'frames', tensor: 'scores', labels: ['Speech'] };
const SEGMENTS = {
  name: 'out',
  kind: 'segments',
  tensors: { starts: 's', ends: 'e', labels: 'l', scores: 'p' },
  labels: ['Speech', 'Bark'],
};

/** Windows of a recording, in samples; it may be a little longer than they tell. */
function metasOf(
  total: number,
  { size = total, overlap = 0, fixed = false, duration = total / RATE } = {},
): AudioMeta[] {
  const windows = cutWindows(total, { size, overlap, fixed });
  return windows.map(window => ({ ...window, rate: RATE, duration, channel: 1 }));
}

const frames = (...scores: number[]) => ({ scores: float32([1, scores.length], ...scores) });

/** Parts as a graph lists them, the same number in each row. */
function listed(...rows: (readonly (readonly [number, number, number, number])[])[]) {
  const parts = rows.flat();
  const column = (at: number) => float32([rows.length, rows[0]!.length], ...parts.map(part => part[at]!));
  return { s: column(0), e: column(1), l: column(2), p: column(3) };
}

const places = ({ results }: EncodedRow) => results.map(({ value }) => [value.start, value.end]);

describe('Labels on Audio', () => {
  it('shows runs of frames in seconds, with the channel and the length of the recording', () => {
    const answer = encodeAudio(FRAMES, frames(0, 0.75, 1, 0, 0, 0.5), metasOf(60, { duration: 0.0599 }));
    assert.deepEqual(
      answer.results.map(({ score: _, ...rest }) => rest),
      [
        { value: { start: 0.01, end: 0.03, channel: 1, labels: ['Speech'] }, original_length: 0.0599 },
        { value: { start: 0.05, end: 0.0599, channel: 1, labels: ['Speech'] }, original_length: 0.0599 },
      ],
    );
    assert.deepEqual([answer.score, answer.results[0]!.score], [0.5, 0.875]);
  });

  it('counts lengths and gaps in seconds', () => {
    const scores = frames(1, 0, 1, 0, 0, 1);
    const shown = (options: Record<string, unknown>) =>
      places(encodeAudio(FRAMES, scores, metasOf(600), options));
    assert.deepEqual(shown({ merge_gap: 0.1 }), [
      [0, 0.3],
      [0.5, 0.6],
    ]);
    assert.deepEqual(shown({ merge_gap: 0.1, min_length: 0.3 }), [[0, 0.3]]);
    assert.deepEqual(shown({ min_length: 0.1 }).length, 3);
  });

  it('widens parts where the options say so, and shares a pause that is too short for both', () => {
    const scores = frames(0, 1, 0, 1, 1, 0, 0, 0, 1, 0);
    const whole = encodeAudio(FRAMES, scores, metasOf(100), { pad: 0.012 });
    assert.deepEqual(places(whole), [
      [0, 0.025],
      [0.025, 0.062],
      [0.068, 0.1],
    ]);
    const segments = encodeAudio(SEGMENTS, listed([[0.03, 0.04, 0, 1]]), metasOf(100), { pad: 0.005 });
    assert.deepEqual(places(segments), [[0.025, 0.045]]);
  });

  it('takes the method of Silero for labels that are independent alone', () => {
    const output = { ...FRAMES, labels: ['Speech', 'Music'] };
    const scores = { scores: float32([1, 2, 2], 0, 1, 1, 0) };
    const options = { method: 'silero' };
    assert.throws(
      () => encodeAudio(output, scores, metasOf(20), options),
      /the method "silero" makes no parts/,
    );
    const answer = encodeAudio({ ...output, independent: true }, scores, metasOf(20), options);
    assert.deepEqual(places(answer), [
      [0, 0.01],
      [0.01, 0.02],
    ]);
  });

  it('takes frames that lie as far apart as the version says', () => {
    // Frames of 400 samples every 320, as in Wav2Vec2: their middles are those of parts that begin at 40.
    const output = { ...FRAMES, hop: 320, first: 40 };
    const found = encodeAudio(output, frames(0, 1, 1), metasOf(1100));
    assert.deepEqual(places(found), [[0.36, 1]]);
    // Each window leaves out its end: the frame before stands for it.
    const scores = float32([2, 3], 0, 1, 1, 1, 0, 0);
    const windows = metasOf(2560, { size: 1280 });
    assert.deepEqual(places(encodeAudio({ ...output, first: 0 }, { scores }, windows)), [[0.32, 1.6]]);
  });

  it('shows nothing beyond the recording where its row is filled up', () => {
    const found = encodeAudio(FRAMES, frames(0, 1, 1, 1), metasOf(50, { size: 80, fixed: true }));
    assert.deepEqual(places(found), [[0.02, 0.05]]);
  });

  it('shows listed parts, cut at the ends of the recording', () => {
    const parts = listed([
      [0.5, 0.75, 0, 0.875],
      [-1, 0, 0, 0],
      [0.25, 4, 0, 0.5],
      [0.6, 0.6, 0, 1],
    ]);
    const found = encodeAudio(SEGMENTS, parts, metasOf(1000));
    assert.deepEqual(places(found), [[0.25, 1]]);
    const [short] = places(encodeAudio(SEGMENTS, parts, metasOf(1000), { model_score_threshold: 0.75 }));
    assert.deepEqual(short, [0.5, 0.75]);
    assert.deepEqual(places(encodeAudio(SEGMENTS, parts, metasOf(1000), { min_length: 0.8 })), []);
  });

  it('takes a listed part from the window in whose middle it lies, and joins what two windows say', () => {
    const windows = metasOf(2000, { size: 1200, overlap: 400 });
    assert.lengthOf(windows, 2);
    const parts = listed(
      [
        [0.1, 0.3, 0, 1],
        [0.9, 1.1, 0, 0.25],
      ],
      [
        [0.125, 0.25, 0, 0.75],
        [-1, 0, 0, 0],
      ],
    );
    assert.deepEqual(places(encodeAudio(SEGMENTS, parts, windows)), [
      [0.1, 0.3],
      [0.9, 1.1],
    ]);
    const joined = listed([[0.5, 1, 0, 1]], [[0.1, 0.6, 0, 0.5]]);
    const { results } = encodeAudio(SEGMENTS, joined, metasOf(2000, { size: 1000 }), { merge_gap: 0.125 });
    assert.deepEqual(
      results.map(({ value }) => [value.start, value.end]),
      [[0.5, 1.6]],
    );
    assert.approximately(results[0]!.score!, 0.75, 1e-6);
  });

  it('fails for numbers that mean nothing', () => {
    const metas = metasOf(1000);
    assert.throws(() => encodeAudio(FRAMES, frames(0, Number.NaN), metas), /NaN as a score/);
    assert.throws(() => encodeAudio(SEGMENTS, listed([[0, Number.NaN, 0, 1]]), metas), /gives NaN/);
    assert.throws(() => encodeAudio(SEGMENTS, listed([[0, 1, 2, 1]]), metas), /the label 2 of 2/);
    assert.throws(() => encodeAudio(SEGMENTS, listed([[0, 1, 0.5, 1]]), metas), /the label 0.5 of 2/);
    const unlike = { ...listed([[0, 1, 0, 1]]), p: float32([1, 2], 1, 1) };
    assert.throws(() => encodeAudio(SEGMENTS, unlike, metas), /tensors of unlike shapes/);
  });

  const SHAPE = {
    total: fc.integer({ min: 1, max: 400 }),
    size: fc.integer({ min: 2, max: 200 }),
    overlap: fc.nat(150),
    fixed: fc.boolean(),
    /** Seconds, in the places that a file of another rate can bring. */
    excess: fc.double({ min: -0.5, max: 0.5, noNaN: true }),
    options: fc.record({
      model_score_threshold: fc.double({ min: 0, max: 1, noNaN: true }),
      min_length: fc.double({ min: 0, max: 0.05, noNaN: true }),
      merge_gap: fc.double({ min: 0, max: 0.05, noNaN: true }),
    }),
    seed: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 11, maxLength: 40 }),
  };

  function metasOfCase(each: {
    total: number;
    size: number;
    overlap: number;
    fixed: boolean;
    excess: number;
  }) {
    const duration = (each.total + each.excess) / RATE;
    const overlap = Math.min(each.overlap, each.size - 1);
    return metasOf(each.total, { size: each.size, overlap, fixed: each.fixed, duration });
  }

  function assertSensible({ results, score }: EncodedRow, metas: readonly AudioMeta[]): void {
    const { duration } = metas[0]!;
    let before = 0;
    for (const { value, score: own, original_length } of results) {
      const { start, end, labels } = value as { start: number; end: number; labels: string[] };
      assert.isTrue(before <= start && start < end && end <= duration, JSON.stringify([value, duration]));
      before = start;
      assert.deepEqual(labels, ['Speech']);
      assert.isTrue(own! >= 0 && own! <= 1);
      assert.equal(original_length, duration);
    }
    assert.isTrue(score === null ? results.length === 0 : score >= 0 && score <= 1);
  }

  it('never shows a part that is outside, empty, reversed, unsorted or of another label', () => {
    const hop = fc.option(fc.double({ min: 0.5, max: 20, noNaN: true }), { nil: undefined });
    fc.assert(
      fc.property(
        fc.record({ ...SHAPE, frames: fc.integer({ min: 1, max: 30 }), hop, first: fc.nat(20) }),
        each => {
          const metas = metasOfCase(each);
          const number = (at: number) => each.seed[(at * 7) % each.seed.length]!;
          const data = Array.from({ length: metas.length * each.frames * 2 }, (_, at) => number(at));
          const scores = float32([metas.length, each.frames, 2], ...data);
          const output = { ...FRAMES, labels: ['Speech', 'Bark'], independent: each.fixed };
          const placed = each.hop === undefined ? output : { ...output, hop: each.hop, first: each.first };
          assertSensible(encodeAudio(placed, { scores }, metas, each.options), metas);
        },
      ),
    );
  });

  it('never shows such a part of those that a graph lists', () => {
    fc.assert(
      fc.property(fc.record({ ...SHAPE, count: fc.integer({ min: 1, max: 8 }) }), each => {
        const metas = metasOfCase(each);
        const number = (at: number) => each.seed[(at * 7) % each.seed.length]!;
        const rows = metas.map((_, row) =>
          Array.from({ length: each.count }, (_, at) => {
            const own = 4 * (row * each.count + at);
            return [
              number(own) / 2,
              number(own + 1) / 2,
              number(own + 2) > 0.5 ? 1 : 0,
              number(own + 3),
            ] as const;
          }),
        );
        assertSensible(encodeAudio(SEGMENTS, listed(...rows), metas, each.options), metas);
      }),
    );
  });
});
