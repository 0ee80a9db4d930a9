import { assert } from 'chai';
import fc from 'fast-check';
import { ellipse, ellipseLabels } from '../../src/regions/ellipse.js';
import { type Box, cornersOf, ellipseOf, rectangleOf } from '../../src/regions/image/geometry.js';
import { iou, suppress } from '../../src/regions/image/overlap.js';
import { rectangle, rectangleLabels } from '../../src/regions/rectangle.js';
import { encodeOnImage, float32, metaOf } from './on-image.js';

const BOXES = {
  kind: 'boxes',
  tensors: { boxes: 'boxes', scores: 'scores' },
  labels: ['bus', 'car'],
};

const values = ({ results }: ReturnType<typeof encodeOnImage>) => results.map(({ value }) => value);

describe('RectangleLabels', () => {
  it('takes boxes in each format and unit to percents of the original', () => {
    const scores = float32([1, 1, 2], 0.125, 0.875);
    const expected = { x: 10, y: 20, width: 30, height: 40, rotation: 0, rectanglelabels: ['Car'] };
    const cases = [
      { format: 'xyxy', box: [10, 10, 40, 30] },
      { format: 'xywh', box: [10, 10, 30, 20] },
      { format: 'cxcywh', box: [25, 20, 30, 20] },
      {
        unit: 'relative',
        box: [0.125, 0.25, 0.5, 0.75],
        expected: { x: 12.5, y: 25, width: 37.5, height: 50 },
      },
    ];
    for (const { box, expected: own, ...rest } of cases) {
      const answer = encodeOnImage(
        rectangleLabels,
        { ...BOXES, ...rest },
        { boxes: float32([1, 1, 4], ...box), scores },
      );
      assert.deepEqual(values(answer), [{ ...expected, ...own }]);
      assert.equal(answer.score, 0.875);
      assert.deepInclude(answer.results[0], { original_width: 100, original_height: 50, image_rotation: 0 });
    }
  });

  it('takes a letterbox back, and clips what is outside', () => {
    const meta = {
      ...metaOf(100, 50),
      tensorWidth: 20,
      tensorHeight: 20,
      scaleX: 0.2,
      scaleY: 0.2,
      left: 0,
      top: 5,
    };
    const boxes = float32([1, 2, 4], -2, 5, 10, 10, 0, 0, 20, 4);
    const scores = float32([1, 2, 2], 0, 0.75, 0, 0.75);
    assert.deepEqual(values(encodeOnImage(rectangleLabels, BOXES, { boxes, scores }, { meta })), [
      { x: 0, y: 0, width: 50, height: 50, rotation: 0, rectanglelabels: ['Car'] },
    ]);
  });

  it('reads the row of its image, and graphs without an axis of images', () => {
    const boxes = float32([2, 1, 4], 0, 0, 10, 10, 20, 20, 30, 30);
    const scores = float32([2, 1, 2], 0.75, 0, 0, 0.75);
    assert.deepInclude(values(encodeOnImage(rectangleLabels, BOXES, { boxes, scores }, { row: 1 }))[0], {
      x: 20,
      rectanglelabels: ['Car'],
    });
    const flat = { boxes: float32([1, 4], 0, 0, 10, 10), scores: float32([1], 0.75) };
    const labels = { type: 'int64' as const, data: BigInt64Array.of(2n), dims: [1] };
    const output = {
      ...BOXES,
      tensors: { ...BOXES.tensors, labels: 'labels' },
      labels: ['nothing', 'bus', 'car'],
      background: 'nothing',
    };
    const shown = values(encodeOnImage(rectangleLabels, output, { ...flat, labels }));
    assert.deepInclude(shown[0], { rectanglelabels: ['Car'] });
  });

  it('leaves out a background, labels that the config lacks, and what is not sure enough', () => {
    const output = { ...BOXES, labels: ['bus', 'none', 'boat'], background: 'none', activation: 'softmax' };
    const boxes = float32(
      [1, 4, 4],
      ...[0, 0, 10, 10],
      ...[0, 0, 20, 20],
      ...[0, 0, 30, 30],
      ...[0, 0, 40, 40],
    );
    const scores = float32([1, 4, 3], ...[9, 0, 0], ...[0, 9, 0], ...[0, 0, 9], ...[1, 0.9, 0.9]);
    const answer = encodeOnImage(rectangleLabels, output, { boxes, scores });
    assert.deepEqual(
      values(answer).map(({ width, rectanglelabels }) => [width, rectanglelabels]),
      [[10, ['Bus']]],
    );
    const all = { options: { model_score_threshold: 0 } };
    // What is a background still is a boat or a bus a little: only a threshold leaves it out.
    const scored = encodeOnImage(rectangleLabels, output, { boxes, scores }, all).results;
    assert.deepEqual(
      scored.map(({ value, score }) => [value.width, score! < 0.001]),
      [
        [10, false],
        [40, false],
        [20, true],
      ],
    );
    assert.lengthOf(
      encodeOnImage(
        rectangleLabels,
        output,
        { boxes, scores },
        { options: { model_score_threshold: 0, top_k: 1 } },
      ).results,
      1,
    );
  });

  it('takes detections that a graph has chosen itself', () => {
    const output = { kind: 'detections', tensor: 'out', labels: ['bus', 'car'] };
    const out = float32([1, 2, 6], ...[10, 10, 40, 30, 0.75, 1], ...[0, 0, 0, 0, 0, 0]);
    assert.deepEqual(values(encodeOnImage(rectangleLabels, output, { out })), [
      { x: 10, y: 20, width: 30, height: 40, rotation: 0, rectanglelabels: ['Car'] },
    ]);
  });

  it('takes the raw head of YOLO, either way round, with and without a score for any object', () => {
    const columns = [
      [25, 20, 30, 20, 0.1, 0.9],
      [26, 20, 30, 20, 0.1, 0.8],
      [75, 20, 30, 20, 0.75, 0.1],
    ];
    const channels = columns[0]!.map((_, channel) => columns.map(column => column[channel]!));
    const output = { kind: 'yolo', tensor: 'out', labels: ['bus', 'car'] };
    const expected = [
      ['Car', 10],
      ['Bus', 60],
    ];
    const seen = (answer: ReturnType<typeof encodeOnImage>) =>
      values(answer).map(({ rectanglelabels, x }) => [(rectanglelabels as string[])[0], x]);
    const out = float32([1, 6, 3], ...channels.flat());
    assert.deepEqual(seen(encodeOnImage(rectangleLabels, output, { out })), expected);
    const turned = float32([1, 3, 6], ...columns.flat());
    assert.deepEqual(seen(encodeOnImage(rectangleLabels, output, { out: turned })), expected);
    const options = { iou_threshold: 1 };
    assert.lengthOf(encodeOnImage(rectangleLabels, output, { out }, { options }).results, 3);
    const withObjects = float32(
      [1, 3, 7],
      ...columns.flatMap(([a, b, c, d, ...rest]) => [a!, b!, c!, d!, 0.5, ...rest]),
    );
    const half = { options: { model_score_threshold: 0.42 } };
    const answer = encodeOnImage(
      rectangleLabels,
      { ...output, objectness: true },
      { out: withObjects },
      half,
    );
    assert.deepEqual(seen(answer), [['Car', 10]]);
    assert.approximately(answer.score!, 0.45, 1e-6);
  });

  it('turns boxes about the corner that lies in the image', () => {
    const output = { ...BOXES, tensors: { ...BOXES.tensors, angles: 'angles' }, format: 'cxcywh' };
    const tensors = {
      boxes: float32([1, 1, 4], 50, 25, 20, 10),
      scores: float32([1, 1, 2], 0, 0.75),
      angles: float32([1, 1], Math.PI / 2),
    };
    // A quarter turn clockwise: what was the top left corner is at the top right.
    const [value] = values(encodeOnImage(rectangleLabels, output, tensors));
    assert.deepEqual(
      { ...value, rotation: 90 },
      { x: 55, y: 30, width: 20, height: 20, rotation: 90, rectanglelabels: ['Car'] },
    );
    assert.approximately(value!.rotation as number, 90, 1e-4);
  });

  it('fails for numbers that mean nothing', () => {
    const scores = float32([1, 1, 2], 0, 0.75);
    const nan = float32([1, 1, 4], 0, Number.NaN, 1, 1);
    assert.throws(
      () => encodeOnImage(rectangleLabels, BOXES, { boxes: nan, scores }),
      /a box that is no number/,
    );
    const boxes = float32([1, 1, 4], 0, 0, 1, 1);
    const odd = float32([1, 1, 2], Number.NaN, 0.75);
    assert.throws(() => encodeOnImage(rectangleLabels, BOXES, { boxes, scores: odd }), /NaN as a score/);
    const labels = float32([1, 1], 7);
    const output = { ...BOXES, tensors: { ...BOXES.tensors, labels: 'labels' } };
    const single = float32([1, 1], 0.75);
    assert.throws(
      () => encodeOnImage(rectangleLabels, output, { boxes, scores: single, labels }),
      /the label 7 of 2/,
    );
    for (const label of [Number.NaN, 0.5]) {
      const out = float32([1, 1, 6], 0, 0, 1, 1, 0.75, label);
      assert.throws(
        () =>
          encodeOnImage(
            rectangleLabels,
            { kind: 'detections', tensor: 'out', labels: ['bus', 'car'] },
            { out },
          ),
        `the label ${label} of 2`,
      );
    }
    const yolo = { kind: 'yolo', tensor: 'out', labels: ['bus', 'car'] };
    assert.throws(
      () => encodeOnImage(rectangleLabels, yolo, { out: float32([1, 5, 9]) }),
      /no axis has the 6 channels/,
    );
  });

  it('says what it finds when the config has none of it', () => {
    const config =
      '<View><Image name="object" value="$image"/><RectangleLabels name="control" toName="object"><Label value="Cat"/></RectangleLabels></View>';
    const tensors = { boxes: float32([1, 0, 4]), scores: float32([1, 0, 2]) };
    assert.throws(
      () => encodeOnImage(rectangleLabels, BOXES, tensors, { config }),
      /finds bus, car; the config's RectangleLabels 'control' has Cat/,
    );
  });
});

describe('boxes that overlap', () => {
  const side = fc.double({ min: 1, max: 30, noNaN: true });
  const place = fc.double({ min: -10, max: 60, noNaN: true });
  const box = fc.record({
    x: place,
    y: place,
    width: side,
    height: side,
    angle: fc.double({ min: -4, max: 4, noNaN: true }),
  });

  /** The same by counting the points of a grid that lie in both. */
  function counted(a: Box, b: Box): number {
    const isIn = ({ x, y, width, height, angle }: Box, px: number, py: number) => {
      const [dx, dy] = [px - x, py - y];
      const along = dx * Math.cos(angle) + dy * Math.sin(angle);
      const across = dy * Math.cos(angle) - dx * Math.sin(angle);
      return Math.abs(along) <= width / 2 && Math.abs(across) <= height / 2;
    };
    const corners = [...cornersOf(a), ...cornersOf(b)];
    const [left, top] = [0, 1].map(axis => Math.min(...corners.map(corner => corner[axis]!)));
    const [right, bottom] = [0, 1].map(axis => Math.max(...corners.map(corner => corner[axis]!)));
    const steps = 200;
    let both = 0;
    let either = 0;
    for (let i = 0; i < steps; i++) {
      for (let j = 0; j < steps; j++) {
        const px = left! + ((right! - left!) * (i + 0.5)) / steps;
        const py = top! + ((bottom! - top!) * (j + 0.5)) / steps;
        const [inA, inB] = [isIn(a, px, py), isIn(b, px, py)];
        if (inA && inB) both++;
        if (inA || inB) either++;
      }
    }
    return either === 0 ? 0 : both / either;
  }

  it('are measured as counting points in both does, turned or not', () => {
    fc.assert(
      fc.property(box, box, fc.boolean(), (a, b, straight) => {
        const [first, second] = straight
          ? [
              { ...a, angle: 0 },
              { ...b, angle: 0 },
            ]
          : [a, b];
        assert.approximately(iou(first, second), counted(first, second), 0.04);
      }),
      { numRuns: 40 },
    );
  });

  it('are suppressed by a better one of their label, and by nothing else', () => {
    const labelled = fc.record({ box, label: fc.integer({ min: 0, max: 1 }) });
    fc.assert(
      fc.property(
        fc.array(labelled, { maxLength: 15 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, most) => {
          const kept = suppress(all, most);
          const covers = (better: (typeof all)[number], each: (typeof all)[number]) =>
            better.label === each.label && iou(better.box, each.box) > most;
          for (const [at, each] of all.entries()) {
            const better = kept.filter(other => all.indexOf(other) < at);
            assert.equal(kept.includes(each), !better.some(other => covers(other, each)));
          }
        },
      ),
    );
  });
});

describe('any box', () => {
  const number = fc.double({ min: -300, max: 300, noNaN: true });
  const box = fc.record({
    x: number,
    y: number,
    width: number,
    height: number,
    angle: fc.double({ min: -10, max: 10, noNaN: true }),
  });
  const size = fc.integer({ min: 1, max: 200 });

  it('is a rectangle and an ellipse in the image, or nothing', () => {
    fc.assert(
      fc.property(box, size, size, fc.boolean(), (any, width, height, straight) => {
        const one = {
          ...any,
          width: Math.abs(any.width),
          height: Math.abs(any.height),
          angle: straight ? 0 : any.angle,
        };
        const meta = metaOf(width, height);
        const shape = rectangleOf(one, meta);
        if (shape) {
          const { x, y, width: w, height: h, rotation } = shape as Record<string, number>;
          for (const each of [x, y, w, h]) assert.isTrue(each! >= 0 && each! <= 100, JSON.stringify(shape));
          assert.isTrue(w! > 0 && h! > 0 && rotation! >= 0 && rotation! < 360);
          if (rotation === 0) assert.isTrue(x! + w! <= 100 + 1e-5 && y! + h! <= 100 + 1e-5);
        }
        const round = ellipseOf(one, meta);
        if (round) {
          const { x, y, radiusX, radiusY, rotation } = round as Record<string, number>;
          assert.isTrue([x, y].every(each => each! >= 0 && each! <= 100));
          assert.isTrue([radiusX, radiusY].every(each => each! > 0 && each! <= 50));
          assert.isTrue(rotation! >= 0 && rotation! < 360);
        }
      }),
    );
  });

  it('turned keeps its corners, whichever it turns about', () => {
    fc.assert(
      fc.property(fc.double({ min: -10, max: 10, noNaN: true }), angle => {
        const one = { x: 50, y: 50, width: 30, height: 20, angle };
        const { x, y, width, height, rotation } = rectangleOf(one, metaOf(100, 100)) as Record<
          string,
          number
        >;
        const turn = (rotation! * Math.PI) / 180;
        const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
        const corners = [
          [0, 0],
          [width!, 0],
          [width!, height!],
          [0, height!],
        ].map(([dx, dy]) => [x! + dx! * cos - dy! * sin, y! + dx! * sin + dy! * cos]);
        for (const [left, top] of cornersOf(one))
          assert.isTrue(corners.some(([a, b]) => Math.hypot(a! - left, b! - top) < 1e-3));
      }),
    );
  });
});

describe('Rectangle, Ellipse and EllipseLabels', () => {
  const tensors = { boxes: float32([1, 1, 4], 10, 10, 40, 30), scores: float32([1, 1, 2], 0.125, 0.875) };

  it('show the same boxes', () => {
    assert.deepEqual(values(encodeOnImage(rectangle, BOXES, tensors)), [
      { x: 10, y: 20, width: 30, height: 40, rotation: 0 },
    ]);
    const round = { x: 25, y: 40, radiusX: 15, radiusY: 20, rotation: 0 };
    assert.deepEqual(values(encodeOnImage(ellipse, BOXES, tensors)), [round]);
    assert.deepEqual(values(encodeOnImage(ellipseLabels, BOXES, tensors)), [
      { ...round, ellipselabels: ['Car'] },
    ]);
  });

  it('have no score where they show nothing', () => {
    const none = { ...tensors, scores: float32([1, 1, 2], 0, 0) };
    assert.deepEqual(encodeOnImage(rectangle, BOXES, none), { results: [], score: null });
  });
});
