import { assert } from 'chai';
import fc from 'fast-check';
import { float32 } from './on-image.js';
import { answerTo, config, type Given, LABELS, metasOf, type Reading } from './on-video.js';

const TIMELINE = config(`<TimelineLabels name="control" toName="object">${LABELS}</TimelineLabels>`);

interface Value {
  ranges: { start: number; end: number }[];
  timelinelabels: string[];
}

describe('TimelineLabels', () => {
  const FRAMES = {
    kind: 'frames',
    tensor: 'scores',
    labels: ['nothing', 'car', 'Bus'],
    background: 'nothing',
  };
  const likely = (...labels: number[]) =>
    labels.flatMap(label => [0, 1, 2].map(each => (each === label ? 0.75 : 0.125)));

  function ranges(given: Partial<Given> & { reading: Reading; tensors: Given['tensors'] }) {
    const { result } = answerTo<Value>({ tag: 'TimelineLabels', xml: TIMELINE, output: FRAMES, ...given });
    return result.map(({ value }) => [value.ranges[0]!.start, value.ranges[0]!.end, ...value.timelinelabels]);
  }

  it('shows ranges in frames of the editor, from 1 and with the last one', () => {
    const scores = float32([6, 3], ...likely(0, 1, 1, 2, 0, 2));
    // Each frame that is read stands for five of the editor.
    const reading = { total: 6, fps: 5, frameRate: 25 };
    assert.deepEqual(ranges({ reading, tensors: { scores } }), [
      [6, 15, 'Car'],
      [16, 20, 'Bus'],
      [26, 30, 'Bus'],
    ]);
    // Each is one of the editor's.
    assert.deepEqual(ranges({ reading: { total: 6, fps: 25, frameRate: 25 }, tensors: { scores } }), [
      [2, 3, 'Car'],
      [4, 4, 'Bus'],
      [6, 6, 'Bus'],
    ]);
    // Two are one.
    assert.deepEqual(ranges({ reading: { total: 6, fps: 50, frameRate: 25 }, tensors: { scores } }), [
      [1, 1, 'Car'],
      [2, 2, 'Bus'],
      [3, 3, 'Bus'],
    ]);
  });

  it('counts lengths in seconds', () => {
    const scores = float32([8, 3], ...likely(1, 1, 0, 0, 0, 1, 0, 2));
    const reading = { total: 8, fps: 10, frameRate: 10 };
    const shown = (options: Record<string, unknown>) => ranges({ reading, tensors: { scores }, options });
    assert.deepEqual(shown({ merge_gap: 0.3 }), [
      [1, 6, 'Car'],
      [8, 8, 'Bus'],
    ]);
    assert.lengthOf(shown({ merge_gap: 0.25 }), 3);
    assert.deepEqual(shown({ min_length: 0.2 }), [[1, 2, 'Car']]);
    assert.lengthOf(shown({ min_length: 0.21 }), 0);
  });

  it('takes clips, whose middle is believed, and one score for several frames', () => {
    const scores = float32([2, 4, 3], ...likely(1, 1, 1, 0), ...likely(0, 1, 1, 1));
    const reading = { total: 6, fps: 5, frameRate: 5, clip: 4, overlap: 2 };
    assert.deepEqual(ranges({ reading, tensors: { scores } }), [[1, 6, 'Car']]);
    const halves = float32([2, 2, 3], ...likely(0, 1), ...likely(2, 2));
    const halved = { total: 8, fps: 5, frameRate: 25, clip: 4 };
    assert.deepEqual(ranges({ reading: halved, tensors: { scores: halves } }), [
      [11, 20, 'Car'],
      [21, 40, 'Bus'],
    ]);
    const transposed = float32([2, 3, 1], ...likely(1, 0));
    const output = { ...FRAMES, transposed: true };
    assert.deepEqual(
      ranges({ reading: { total: 2, fps: 1, frameRate: 1 }, output, tensors: { scores: transposed } }),
      [[1, 1, 'Car']],
    );
  });

  it('is the same in however many runs the frames come, and never outside, empty, reversed or of another label', () => {
    const cases = fc.record({
      total: fc.integer({ min: 1, max: 40 }),
      fps: fc.constantFrom(0.5, 5, 24, 29.97, 60),
      frameRate: fc.constantFrom(1, 24, 25, 29.97),
      clip: fc.constantFrom(1, 1, 4, 7),
      overlap: fc.nat(3),
      independent: fc.boolean(),
      seed: fc.array(fc.float({ min: -9, max: 9, noNaN: true }), { minLength: 7, maxLength: 40 }),
      batch: fc.integer({ min: 1, max: 9 }),
      merge_gap: fc.constantFrom(0, 0.2, 1),
    });
    fc.assert(
      fc.property(cases, ({ independent, seed, batch, merge_gap, ...reading }) => {
        const overlap = Math.min(reading.overlap, reading.clip - 1);
        const own = { ...reading, overlap };
        const metas = metasOf(own);
        const count = metas.length * own.clip * 3;
        const data = Array.from({ length: count }, (_, index) => seed[(index * 5) % seed.length]!);
        const dims = own.clip === 1 ? [metas.length, 3] : [metas.length, own.clip, 3];
        const given = {
          tag: 'TimelineLabels',
          xml: TIMELINE,
          output: { ...FRAMES, independent, activation: independent ? 'sigmoid' : 'softmax' },
          tensors: { scores: float32(dims, ...data) },
          reading: own,
          options: { merge_gap },
        };
        const answer = answerTo<Value>({ ...given, batch });
        assert.deepEqual(answer, answerTo<Value>(given));
        const { framesCount } = metas[0]!.video;
        for (const { value, score } of answer.result) {
          const { start, end } = value.ranges[0]!;
          assert.isTrue(Number.isInteger(start) && Number.isInteger(end), JSON.stringify(value));
          assert.isTrue(1 <= start && start <= end && end <= framesCount, JSON.stringify(value));
          assert.oneOf(value.timelinelabels[0], ['Car', 'Bus']);
          assert.isTrue(score >= 0 && score <= 1);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('fails for NaN, in whichever run it comes', () => {
    const data = likely(1, 1, 1, 1);
    for (const row of [0, 3]) {
      const scores = float32([4, 3], ...data.map((each, at) => (at === row * 3 ? Number.NaN : each)));
      const reading = { total: 4, fps: 1, frameRate: 1 };
      for (const batch of [1, 4]) {
        const given = {
          tag: 'TimelineLabels',
          xml: TIMELINE,
          output: FRAMES,
          reading,
          tensors: { scores },
          batch,
        };
        assert.match(answerTo<Value>(given).error!.message, /NaN as a score/);
      }
    }
  });
});

describe('Choices on a video', () => {
  it('takes what the first row says', () => {
    const xml = config(
      '<Choices name="control" toName="object"><Choice value="Day"/><Choice value="Night"/></Choices>',
    );
    const given = {
      tag: 'Choices',
      xml,
      output: { kind: 'probabilities', tensor: 'out', labels: ['Day', 'Night'] },
      tensors: { out: float32([3, 2], 0.25, 0.75, 1, 0, 1, 0) },
      reading: { total: 3, fps: 1, frameRate: 1 },
      options: { choice: 'single' },
    };
    for (const batch of [1, 2, 3]) {
      const { result, score } = answerTo<{ choices: string[] }>({ ...given, batch });
      assert.deepEqual([result[0]!.value.choices, score], [['Night'], 0.75]);
    }
  });
});
