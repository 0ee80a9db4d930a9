import { assert } from 'chai';
import fc from 'fast-check';
import { AppError } from '../../src/errors.js';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { simplified } from '../../src/regions/video/tracks.js';
import { float32 } from './on-image.js';
import { answerTo, config, type Given, LABELS } from './on-video.js';

const TRACKS = config(
  `<VideoRectangle name="control" toName="object"/><Labels name="what" toName="object">${LABELS}</Labels>`,
);

interface Value {
  framesCount: number;
  duration: number;
  sequence: {
    frame: number;
    enabled: boolean;
    x: number;
    y: number;
    width: number;
    height: number;
    rotation: number;
    time: number;
  }[];
  labels?: string[];
}

describe('VideoRectangle', () => {
  const BOXES = { kind: 'boxes', tensors: { boxes: 'boxes', scores: 'scores' }, labels: ['bus', 'car'] };
  type Box = [x: number, y: number, right: number, bottom: number];
  /** A frame's boxes with the label of each; all frames have as many. */
  type Frame = { box: Box; label: 0 | 1; score?: number }[];

  function tensorsOf(frames: readonly Frame[]): Given['tensors'] {
    const most = Math.max(...frames.map(({ length }) => length));
    const filled = frames.map(frame => Array.from({ length: most }, (_, at) => frame[at]));
    return {
      boxes: float32([frames.length, most, 4], ...filled.flat().flatMap(each => each?.box ?? [0, 0, 1, 1])),
      scores: float32(
        [frames.length, most, 2],
        ...filled.flat().flatMap(each => {
          const score = each?.score ?? 0.75;
          return each === undefined ? [0, 0] : each.label === 0 ? [score, 0] : [0, score];
        }),
      ),
    };
  }

  const READING = { fps: 5, frameRate: 25 };

  function tracks(frames: readonly Frame[], given: Partial<Given> = {}) {
    return answerTo<Value>({
      tag: 'VideoRectangle',
      xml: TRACKS,
      output: BOXES,
      tensors: tensorsOf(frames),
      reading: { ...READING, total: frames.length },
      ...given,
    });
  }

  const car = (x: number, y = 10): Frame[number] => ({ box: [x, y, x + 20, y + 20], label: 1 });
  const keys = (result: { value: Value }[]) =>
    result.map(({ value }) => value.sequence.map(({ frame, x, enabled }) => [frame, x, enabled]));

  it('makes one region of a thing that moves evenly, with two key frames', () => {
    const { result, score } = tracks([0, 1, 2, 3, 4].map(at => [car(4 * at)]));
    assert.deepEqual(
      result.map(({ value }) => value),
      [
        {
          framesCount: 25,
          duration: 1,
          sequence: [
            { frame: 1, enabled: true, x: 0, y: 20, width: 20, height: 40, rotation: 0, time: 0.04 },
            { frame: 21, enabled: true, x: 16, y: 20, width: 20, height: 40, rotation: 0, time: 0.84 },
          ],
          labels: ['Car'],
        },
      ],
    );
    assert.equal(score, 0.75);
  });

  it('keeps a key frame where it turns, and ends where it is seen no more', () => {
    const { result } = tracks([[car(0)], [car(4)], [car(8)], [car(8, 14)], [car(8, 18)], [], []]);
    assert.deepEqual(keys(result), [
      [
        [1, 0, true],
        [11, 8, true],
        [21, 8, false],
      ],
    ]);
    const once = tracks([[], [car(0)], []]);
    assert.deepEqual(keys(once.result), [[[6, 0, false]]]);
  });

  it('has one key frame of several frames that are one of the editor', () => {
    const { result } = tracks(
      [car(0), car(8), car(16), car(8)].map(each => [each]),
      { reading: { total: 4, fps: 50, frameRate: 25 } },
    );
    assert.deepEqual(keys(result), [
      [
        [1, 0, true],
        [2, 16, true],
      ],
    ]);
  });

  it('knows a thing again after a gap that is not too long', () => {
    const frames = [[car(0)], [car(0)], [], [], [car(0)]];
    assert.deepEqual(keys(tracks(frames).result), [
      [
        [1, 0, true],
        [21, 0, true],
      ],
    ]);
    const strict = tracks(frames, { options: { track_gap: 0.2 } });
    assert.deepEqual(keys(strict.result), [
      [
        [1, 0, true],
        [6, 0, false],
      ],
      [[21, 0, true]],
    ]);
    assert.lengthOf(tracks(frames, { options: { track_gap: 0.4 } }).result, 1);
    const long = tracks(frames, { options: { track_gap: 0.2, track_length: 2 } });
    assert.lengthOf(long.result, 1);
  });

  it('follows things that pass each other, by label and by where they are going', () => {
    // So fast that a box does not overlap its last one, but the place where it was going.
    const fast = [0, 15, 30, 55, 80].map(x => [car(x)]);
    assert.lengthOf(tracks(fast, { options: { track_iou: 0.1 } }).result, 1);
    const bus = (x: number): Frame[number] => ({ ...car(x), label: 0 });
    const { result } = tracks([0, 1, 2, 3, 4].map(at => [car(10 * at), bus(40 - 10 * at)]));
    assert.deepEqual(
      result.map(({ value }) => [value.labels![0], value.sequence[0]!.x, value.sequence.at(-1)!.x]),
      [
        ['Car', 0, 40],
        ['Bus', 40, 0],
      ],
    );
    const apart = tracks([0, 1, 2, 3].map(at => [car(4 * at), car(60 - 4 * at)]));
    assert.deepEqual(
      apart.result.map(({ value }) => [value.sequence[0]!.x, value.sequence.at(-1)!.x]),
      [
        [0, 12],
        [60, 48],
      ],
    );
  });

  it('has labels where there is a Labels on the same video, and none where there is none', () => {
    const bare = config('<VideoRectangle name="control" toName="object"/>');
    assert.doesNotHaveAnyKeys(tracks([[car(0)]], { xml: bare }).result[0]!.value, ['labels']);
    const elsewhere = `<View><Text name="text" value="$text"/><Video name="object" value="$video"/><Labels name="what" toName="text">${LABELS}</Labels><VideoRectangle name="control" toName="object"/></View>`;
    assert.doesNotHaveAnyKeys(tracks([[car(0)]], { xml: elsewhere }).result[0]!.value, ['labels']);
    assert.throws(
      () => tracks([[car(0)]], { output: { ...BOXES, labels: ['dog', 'cat'] } }),
      AppError,
      /finds dog, cat; the config's Labels 'what' has Car, Bus/,
    );
    const some = tracks([[car(0), { ...car(50), label: 0 }]], {
      output: { ...BOXES, labels: ['dog', 'car'] },
    });
    assert.lengthOf(some.result, 1);
  });

  it('takes models of clips, whose tensors have an axis of frames', () => {
    const frames = [0, 1, 2, 3, 4, 5].map(at => [car(4 * at)]);
    const { boxes, scores } = tensorsOf(frames);
    const expected = tracks(frames);
    const rows = (tensor: PlainTensor, size: number) =>
      [0, 2].flatMap(first =>
        Array.from(tensor.data as Float32Array).slice(first * size, (first + 4) * size),
      );
    const tensors = {
      boxes: float32([2, 4, 1, 4], ...rows(boxes!, 4)),
      scores: float32([2, 4, 1, 2], ...rows(scores!, 2)),
    };
    const reading = { ...READING, total: 6, clip: 4, overlap: 2 };
    assert.deepEqual(tracks(frames, { tensors, reading }), expected);
    assert.deepEqual(tracks(frames, { tensors, reading, batch: 1 }), expected);
    const flat = { boxes: float32([2, 1, 4], ...rows(boxes!, 4).slice(0, 8)), scores: scores! };
    assert.match(tracks(frames, { tensors: flat, reading }).error!.message, /not of 4 frames a row/);
  });

  it('fails for NaN, in whichever run it comes', () => {
    const tensors = tensorsOf([[car(0)], [car(0)]]);
    tensors.scores!.data[1] = Number.NaN;
    for (const batch of [1, 2])
      assert.match(tracks([[car(0)], [car(0)]], { tensors, batch }).error!.message, /NaN as a score/);
  });

  it('never shows a track outside of the video or the picture, empty, unsorted or of another label', () => {
    const number = fc.float({ min: -50, max: 150, noNaN: true });
    const thing = fc.record({
      box: fc.tuple(number, number, number, number) as fc.Arbitrary<Box>,
      label: fc.constantFrom(0 as const, 1 as const),
      score: fc.float({ min: 0, max: 1, noNaN: true }),
    });
    const cases = fc.record({
      frames: fc.array(fc.array(thing, { maxLength: 4 }), { minLength: 1, maxLength: 20 }),
      fps: fc.constantFrom(1, 5, 29.97, 60),
      frameRate: fc.constantFrom(1, 24, 29.97),
      batch: fc.integer({ min: 1, max: 9 }),
      track_gap: fc.constantFrom(0, 0.3, 5),
      track_iou: fc.constantFrom(0, 0.3),
    });
    fc.assert(
      fc.property(cases, ({ frames, fps, frameRate, batch, ...options }) => {
        const reading = { total: frames.length, fps, frameRate };
        const given = { reading, options: { ...options, model_score_threshold: 0.25 } };
        const answer = tracks(frames, { ...given, batch });
        assert.deepEqual(answer, tracks(frames, given));
        for (const { value, score } of answer.result) {
          const { framesCount, sequence, labels } = value;
          assert.isNotEmpty(sequence);
          assert.oneOf(labels![0], ['Car', 'Bus']);
          assert.isTrue(score >= 0 && score <= 1);
          for (const [at, { frame, x, y, width, height, enabled, time }] of sequence.entries()) {
            assert.isTrue(Number.isInteger(frame) && frame >= 1 && frame <= framesCount);
            assert.isAbove(frame, sequence[at - 1]?.frame ?? 0);
            assert.isTrue(x >= 0 && y >= 0 && width > 0 && height > 0, JSON.stringify(sequence));
            assert.isTrue(x + width <= 100 + 2e-6 && y + height <= 100 + 2e-6, JSON.stringify(sequence));
            assert.equal(time, frame / frameRate);
            if (at < sequence.length - 1) assert.isTrue(enabled);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('leaves out only key frames that the editor finds itself', () => {
    const side = fc.float({ min: 0, max: 100, noNaN: true });
    const cases = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), side, side), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(cases, fc.constantFrom(0.5, 10), (steps, tolerance) => {
        let frame = 0;
        const frames = steps.map(([step, x, y]) => {
          frame += step;
          return { frame, x, y, width: x / 2, height: y / 2 };
        });
        const kept = simplified(frames, tolerance);
        assert.deepEqual([kept[0], kept.at(-1)], [frames[0], frames.at(-1)]);
        for (const each of frames) {
          const next = kept.findIndex(other => other.frame >= each.frame);
          const [from, to] = [kept[Math.max(next - 1, 0)]!, kept[next]!];
          const share = to.frame === from.frame ? 0 : (each.frame - from.frame) / (to.frame - from.frame);
          for (const key of ['x', 'y', 'width', 'height'] as const)
            assert.isAtMost(
              Math.abs(from[key] + share * (to[key] - from[key]) - each[key]),
              tolerance + 1e-6,
            );
        }
      }),
    );
  });
});
