import { assert } from 'chai';
import fc from 'fast-check';
import { keyPoint, keyPointLabels } from '../../src/regions/key-point.js';
import { vector, vectorLabels } from '../../src/regions/vector.js';
import { encodeOnImage, float32, metaOf } from './on-image.js';

const NAMES = ['Nose', 'Tail'];

describe('KeyPointLabels', () => {
  it('takes points of one object, and leaves out those that are outside or not sure enough', () => {
    const output = { kind: 'keypoints', tensors: { points: 'points' }, labels: NAMES };
    const points = float32(
      [2, 2, 3],
      ...[10, 10, 0.75],
      ...[120, 10, 0.75],
      ...[20, 5, 0.625],
      ...[30, 40, 0.25],
    );
    const first = encodeOnImage(keyPointLabels, output, { points });
    assert.deepEqual(
      first.results.map(({ value, score }) => [value, score]),
      [[{ x: 10, y: 20, width: 0.5, keypointlabels: ['Nose'] }, 0.75]],
    );
    const second = encodeOnImage(keyPointLabels, output, { points }, { row: 1 });
    assert.deepEqual(
      second.results.map(({ value }) => value),
      [{ x: 20, y: 10, width: 0.5, keypointlabels: ['Nose'] }],
    );
    assert.equal(second.score, 0.625);
  });

  it('takes points of several objects, the surest first, and names their boxes', () => {
    const output = {
      kind: 'keypoints',
      tensors: { points: 'points', scores: 'scores' },
      labels: NAMES,
      unit: 'relative',
    };
    const points = float32([1, 3, 2, 2], ...[0.1, 0.1, 0.2, 0.2], ...[0.3, 0.3, 0.4, 0.4], ...[0, 0, 0, 0]);
    const scores = float32([1, 3], 0.625, 0.875, 0.25);
    const { results } = encodeOnImage(keyPointLabels, output, { points, scores });
    assert.deepEqual(
      results.map(({ value, parentKey, score }) => [Math.round(value.x as number), parentKey, score]),
      [
        [30, 'box 1', 0.875],
        [40, 'box 1', 0.875],
        [10, 'box 0', 0.625],
        [20, 'box 0', 0.625],
      ],
    );
  });

  it('takes the highest places of heat maps', () => {
    const output = { kind: 'heatmaps', tensor: 'maps', labels: NAMES };
    const maps = float32([1, 2, 2, 4], ...[0, 0, 0, 0, 0, 0, 0.75, 0], ...[0.25, 0, 0, 0, 0, 0, 0, 0]);
    const { results } = encodeOnImage(keyPointLabels, output, { maps });
    assert.deepEqual(
      results.map(({ value }) => value),
      [{ x: 62.5, y: 75, width: 0.5, keypointlabels: ['Nose'] }],
    );
  });

  it('takes the points of YOLO, for the boxes that are left', () => {
    const output = { kind: 'yolo', tensor: 'out', labels: ['dog'], points: NAMES };
    const rows = [
      [50, 25, 20, 20, 0.875, 45, 20, 0.75, 55, 30, 0.25],
      [51, 25, 20, 20, 0.75, 45, 20, 0.75, 55, 30, 0.75],
    ];
    const { results } = encodeOnImage(keyPointLabels, output, { out: float32([1, 2, 11], ...rows.flat()) });
    assert.deepEqual(
      results.map(({ value, parentKey }) => [value, parentKey]),
      [[{ x: 45, y: 40, width: 0.5, keypointlabels: ['Nose'] }, 'box 0']],
    );
    const none = { ...output, points: undefined };
    assert.throws(() => encodeOnImage(keyPointLabels, none, {}), /gives no points for 'out'/);
  });

  it('refuses shapes that it does not know, and numbers that mean nothing', () => {
    const output = { kind: 'keypoints', tensors: { points: 'points' }, labels: NAMES };
    assert.throws(
      () => encodeOnImage(keyPointLabels, output, { points: float32([1, 3, 2]) }),
      /not \[rows, n, 2, 2 or 3\]/,
    );
    const points = float32([1, 2, 2], Number.NaN, 0, 0, 0);
    assert.throws(() => encodeOnImage(keyPoint, output, { points }), /a key point that is no number/);
    const maps = { kind: 'heatmaps', tensor: 'maps', labels: NAMES };
    assert.throws(
      () => encodeOnImage(keyPoint, maps, { maps: float32([1, 3, 2, 2]) }),
      /heat maps of 3 points/,
    );
  });

  it('never shows a point outside of the image', () => {
    const coordinate = fc.float({ min: -500, max: 500, noNaN: true });
    const output = { kind: 'keypoints', tensors: { points: 'points' }, labels: NAMES };
    fc.assert(
      fc.property(fc.array(coordinate, { minLength: 4, maxLength: 4 }), numbers => {
        const { results } = encodeOnImage(keyPointLabels, output, { points: float32([1, 2, 2], ...numbers) });
        for (const { value } of results) {
          assert.isTrue([value.x, value.y].every(each => (each as number) >= 0 && (each as number) <= 100));
          assert.oneOf((value.keypointlabels as string[])[0], NAMES);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('VectorLabels', () => {
  const LANES = { kind: 'polylines', tensors: { points: 'points', scores: 'scores' }, labels: ['Lane'] };

  it('takes lines of as many points as they have, the surest first', () => {
    const output = { ...LANES, tensors: { ...LANES.tensors, lengths: 'lengths' }, closed: true };
    const points = float32([1, 2, 3, 2], ...[0, 0, 10, 10, 7, 7], ...[50, 50, 50, 50, 100, 0]);
    const tensors = { points, scores: float32([1, 2], 0.625, 0.875), lengths: float32([1, 2], 2, 3) };
    const { results } = encodeOnImage(vectorLabels, output, tensors);
    assert.deepEqual(
      results.map(({ value, score }) => [
        (value.vertices as { x: number; y: number }[]).map(({ x, y }) => [x, y]),
        score,
      ]),
      [
        // Two points in one place are one.
        [
          [
            [50, 100],
            [100, 0],
          ],
          0.875,
        ],
        [
          [
            [0, 0],
            [10, 20],
          ],
          0.625,
        ],
      ],
    );
    assert.isTrue(results.every(({ value }) => value.closed === true));
  });

  it('is a chain of vertices in the image, whatever the numbers', () => {
    const coordinate = fc.float({ min: -300, max: 300, noNaN: true });
    const many = fc.array(coordinate, { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(many, fc.float({ min: 0, max: 1, noNaN: true }), (numbers, score) => {
        const tensors = {
          points: float32([1, 2, 4, 2], ...numbers),
          scores: float32([1, 2], score, 1 - score),
        };
        const { results } = encodeOnImage(vector, LANES, tensors, { meta: metaOf(100, 100) });
        for (const { value } of results) {
          const vertices = value.vertices as {
            id: string;
            x: number;
            y: number;
            prevPointId: string | null;
          }[];
          assert.isAtLeast(vertices.length, 2);
          for (const [at, { id, x, y, prevPointId }] of vertices.entries()) {
            assert.isTrue(x >= 0 && x <= 100 && y >= 0 && y <= 100);
            assert.equal(prevPointId, at === 0 ? null : vertices[at - 1]!.id);
            assert.equal(vertices.filter(each => each.id === id).length, 1);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('fails for numbers that mean nothing', () => {
    const points = float32([1, 1, 2, 2], 0, 0, Number.POSITIVE_INFINITY, 0);
    assert.throws(
      () => encodeOnImage(vector, LANES, { points, scores: float32([1, 1], 0.75) }),
      /a point that is no number/,
    );
    assert.throws(
      () => encodeOnImage(vector, LANES, { points, scores: float32([1, 1], Number.NaN) }),
      /NaN as a score/,
    );
  });
});
