import { assert } from 'chai';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { brush } from '../../src/regions/brush.js';
import { type Detection, detect } from '../../src/regions/image/detections.js';
import { suppress, suppressTurned } from '../../src/regions/image/overlap.js';
import { keyPoint, keyPointLabels } from '../../src/regions/key-point.js';
import { polygon } from '../../src/regions/polygon.js';
import { rectangleLabels } from '../../src/regions/rectangle.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { encodeOnImage, float32, metaOf } from './on-image.js';

const ALL = { threshold: 0.25, overlap: null, most: 100, wants: () => true };
const { log } = Math;

function found(
  output: Omit<OutputSpec, 'name'>,
  outputs: Record<string, PlainTensor>,
  { size = 64, row = 0, ...selection }: Partial<typeof ALL> & { size?: number; row?: number } = {},
): Detection[] {
  const spec = { name: 'things', ...output } as OutputSpec;
  return detect({ outputs, row, metas: [metaOf(size, size)] }, spec, { ...ALL, ...selection });
}

const seen = (detections: readonly Detection[]) =>
  detections.map(({ label, score, box: { x, y, width, height, angle } }) => [
    label,
    Number(score.toFixed(4)),
    ...[x, y, width, height, angle].map(each => Number(each.toFixed(4))),
  ]);

describe('boxes of DETR and its kin', () => {
  const boxes = float32([1, 1, 4], 0.5, 0.5, 0.5, 0.5);
  const output = {
    kind: 'boxes',
    tensors: { boxes: 'boxes', scores: 'scores' },
    format: 'cxcywh',
    unit: 'relative',
  };

  it('leave the background out before the largest score, and keep it in the sum', () => {
    const labels = ['person', 'car', 'none'];
    const detr = { ...output, labels, background: 'none', activation: 'softmax' };
    // Person .40, car .15, none .45: a person of .40, as post_process_object_detection says.
    const scores = float32([1, 1, 3], log(0.4), log(0.15), log(0.45));
    assert.deepEqual(seen(found(detr, { boxes, scores })), [[0, 0.4, 32, 32, 32, 32, 0]]);
  });

  it('have two labels in one query with multi_label, and two names in a prediction', () => {
    const scores = float32([1, 1, 2], log(4), log(7 / 3));
    const focal = { ...output, labels: ['person', 'car'], activation: 'sigmoid' };
    assert.deepEqual(
      found(focal, { boxes, scores }).map(({ label, key }) => [label, key]),
      [[0, 'box 0']],
    );
    const several = found({ ...focal, multi_label: true }, { boxes, scores });
    assert.deepEqual(
      several.map(({ label, score, key }) => [label, Number(score.toFixed(4)), key]),
      [
        [0, 0.8, 'box 0.0'],
        [1, 0.7, 'box 0.1'],
      ],
    );
  });

  it('leave out all labels of the name of the background, and refuse one that is none', () => {
    const labels = ['N/A', 'car', 'N/A'];
    const scores = float32([1, 1, 3], 0.5, 0.4, 0.5);
    assert.deepEqual(
      found({ ...output, labels, background: 'N/A' }, { boxes, scores }).map(({ label }) => label),
      [1],
    );
    assert.throws(
      () => found({ ...output, labels, background: 'none' }, { boxes, scores }),
      /declares the background 'none', which is none of its labels/,
    );
  });

  it('may begin with the vertical place', () => {
    const yxyx = { ...output, format: 'yxyx', labels: ['car'] };
    const corners = float32([1, 1, 4], 0.25, 0.5, 0.5, 1);
    const made = found(yxyx, { boxes: corners, scores: float32([1, 1], 0.9) });
    assert.deepEqual(seen(made), [[0, 0.9, 48, 24, 32, 16, 0]]);
  });

  it('refuse a softmax of scores of one label', () => {
    const numbers = { ...output, labels: ['person', 'car'], activation: 'softmax' };
    const tensors = { ...output.tensors, labels: 'labels' };
    assert.throws(
      () => found({ ...numbers, tensors }, { boxes, scores: float32([1, 1], 2), labels: float32([1, 1], 1) }),
      /declares softmax for scores that are of one label each/,
    );
  });
});

describe('rows of detections', () => {
  const labels = ['ship', 'plane'];
  const rows = { kind: 'detections', tensor: 'rows', labels };
  const corners = [16, 16, 48, 32, 0.9, 1];
  const box = [1, 0.9, 32, 24, 32, 16, 0];

  it('are corners, score and class unless columns say what else they are', () => {
    const cases: { columns?: string[]; row: number[]; expected?: number[]; unit?: string }[] = [
      { row: corners },
      // Ultralytics: turned boxes of an end-to-end head.
      {
        columns: ['cx', 'cy', 'width', 'height', 'score', 'class', 'angle'],
        row: [20, 20, 30, 40, 0.9, 0, 0.5],
        expected: [0, 0.9, 20, 20, 30, 40, 0.5],
      },
      // Ultralytics: RT-DETR, end to end.
      {
        columns: ['cx', 'cy', 'width', 'height', 'score', 'class'],
        unit: 'relative',
        row: [0.5, 0.375, 0.5, 0.25, 0.9, 1],
      },
      // Ultralytics: RT-DETR with a score for each label.
      {
        columns: ['cx', 'cy', 'width', 'height', 'scores'],
        unit: 'relative',
        row: [0.5, 0.375, 0.5, 0.25, 0.2, 0.9],
      },
      // PaddleDetection.
      { columns: ['class', 'score', 'left', 'top', 'right', 'bottom'], row: [1, 0.9, 16, 16, 48, 32] },
      { columns: ['left', 'top', 'width', 'height', 'score', 'class'], row: [16, 16, 32, 16, 0.9, 1] },
    ];
    for (const { row, expected = box, ...more } of cases)
      for (const dims of [
        [1, 1, row.length],
        [1, row.length],
      ])
        assert.deepEqual(seen(found({ ...rows, ...more }, { rows: float32(dims, ...row) })), [expected]);
  });

  it('may be those of all images, with a column that tells which', () => {
    const columns = ['image', 'left', 'top', 'right', 'bottom', 'class', 'score'];
    const data = float32(
      [3, 7],
      ...[0, 16, 16, 48, 32, 1, 0.9],
      ...[1, 0, 0, 8, 8, 0, 0.5],
      ...[1, 1, 1, 5, 5, 1, 0.75],
    );
    const yolov7 = { ...rows, columns };
    assert.deepEqual(seen(found(yolov7, { rows: data })), [box]);
    assert.deepEqual(
      found(yolov7, { rows: data }, { row: 1 }).map(({ index, label }) => [index, label]),
      [
        [2, 1],
        [1, 0],
      ],
    );
  });

  it('may have their labels in a tensor of their own, where padding has none', () => {
    const columns = ['left', 'top', 'right', 'bottom', 'score'];
    const mmdetection = { ...rows, columns, tensors: { labels: 'labels' } };
    const outputs = {
      rows: float32([1, 2, 5], ...corners.slice(0, 5), 0, 0, 0, 0, 0),
      labels: { type: 'int64' as const, data: BigInt64Array.of(1n, -1n), dims: [1, 2] },
    };
    assert.deepEqual(seen(found(mmdetection, outputs, { threshold: 0 })), [box]);
  });

  it('have the scores that are declared to be logits', () => {
    const columns = ['cx', 'cy', 'width', 'height', 'scores'];
    const row = float32([1, 1, 6], 32, 24, 32, 16, -2, log(9));
    assert.deepEqual(seen(found({ ...rows, columns, activation: 'sigmoid' }, { rows: row })), [box]);
    assert.throws(
      () => found({ ...rows, columns }, { rows: row }),
      /2\.19.* as a score, which must be 0 to 1.*"activation"/,
    );
  });

  it('are refused when they are wider or narrower than what is declared', () => {
    for (const width of [5, 7, 38])
      assert.throws(
        () => found(rows, { rows: float32([1, 1, width], ...new Array(width).fill(0)) }),
        `a tensor of [1, 1, ${width}], where the columns that are declared are 6,`,
      );
  });

  it('are refused when their columns are no detection', () => {
    const cases: [string[], RegExp][] = [
      [['left', 'top', 'cx', 'cy', 'score', 'class'], /do not place a box/],
      [['left', 'top', 'right', 'score', 'class'], /do not place a box/],
      [['left', 'top', 'right', 'bottom', 'class'], /use either score or scores/],
      [['left', 'top', 'right', 'bottom', 'scores', 'class'], /says twice which label/],
      [['left', 'top', 'right', 'bottom', 'score'], /do not tell the label/],
    ];
    for (const [columns, message] of cases)
      assert.throws(() => found({ ...rows, columns }, { rows: float32([1, 0, 6]) }), message);
  });

  it('have points behind their columns, with a score or without', () => {
    const pose = { ...rows, labels: ['ship'], points: ['bow', 'stern'] };
    const tensor = float32([1, 1, 12], ...corners.slice(0, 5), 0, 20, 20, 0.9, 40, 28, 0.8);
    const shown = encodeOnImage(
      keyPoint,
      { ...pose, tensor: 'out' },
      { out: tensor },
      { meta: metaOf(64, 64) },
    );
    assert.deepEqual(
      shown.results.map(({ value, score, parentKey }) => [value.x, value.y, score?.toFixed(2), parentKey]),
      [
        [31.25, 31.25, '0.90', 'box 0'],
        [62.5, 43.75, '0.80', 'box 0'],
      ],
    );
    const bare = float32([1, 1, 10], ...corners.slice(0, 5), 0, 20, 20, 40, 28);
    const [first] = found({ ...pose, point_scores: false }, { rows: bare });
    assert.deepEqual(
      first!.points.map(({ place, score }) => [...place, score]),
      [
        [20, 20, null],
        [40, 28, null],
      ],
    );
    assert.throws(() => found(pose, { rows: bare }), /where the columns that are declared are 12/);
    assert.throws(
      () => found({ ...rows, point_scores: false }, { rows: bare }),
      /"point_scores" without "points"/,
    );
    assert.throws(() => encodeOnImage(keyPointLabels, rows, {}), /gives no points for 'out'/);
  });

  it('have the coefficients of their masks at last', () => {
    const segmenting = { ...rows, tensors: { prototypes: 'prototypes' } };
    const prototypes = new Array(4 * 16 * 16).fill(-9);
    for (let y = 2; y < 10; y++) for (let x = 2; x < 14; x++) prototypes[y * 16 + x] = 9;
    const tensors = {
      rows: float32([1, 1, 10], ...corners, 1, 0, 0, 0),
      prototypes: float32([1, 4, 16, 16], ...prototypes),
    };
    const options = { meta: metaOf(64, 64) };
    const { results } = encodeOnImage(polygon, { ...segmenting, tensor: 'rows' }, tensors, options);
    // The prototype is larger than the box, which has columns 16 to 47 and rows 16 to 31.
    assert.deepEqual(
      results.map(({ value }) => value.points),
      [
        [
          [25, 25],
          [75, 25],
          [75, 50],
          [25, 50],
        ],
      ],
    );
    assert.throws(
      () => encodeOnImage(brush, { ...segmenting, tensors: undefined }, tensors, options),
      /gives no prototypes/,
    );
  });
});

describe('raw heads of YOLO', () => {
  const yolo = { kind: 'yolo', tensor: 'head' };

  it('have points without scores, which are those of their object', () => {
    const pose = { ...yolo, labels: ['person'], points: ['a', 'b'], point_scores: false };
    const head = float32([1, 9, 1], 4, 4, 2, 2, 0.9, 3, 3, 5, 5);
    const { results } = encodeOnImage(
      keyPointLabels,
      pose,
      { head },
      {
        meta: metaOf(8, 8),
        config:
          '<View><Image name="object" value="$image"/><KeyPointLabels name="control" toName="object"><Label value="a"/><Label value="b"/></KeyPointLabels></View>',
      },
    );
    assert.deepEqual(
      results.map(({ value, score }) => [value.x, value.y, score?.toFixed(2)]),
      [
        [37.5, 37.5, '0.90'],
        [62.5, 62.5, '0.90'],
      ],
    );
  });

  it('say which axis has the channels where both could', () => {
    const labels = ['a'];
    const head = float32([1, 5, 5], ...[32, 32, 16, 16, 0.9], ...new Array(20).fill(0));
    assert.throws(() => found({ ...yolo, labels }, { head }), /whose channels may be either axis/);
    assert.deepEqual(seen(found({ ...yolo, labels, transposed: true }, { head })), [
      [0, 0.9, 32, 32, 16, 16, 0],
    ]);
    assert.throws(
      () => found({ ...yolo, labels, transposed: false }, { head: float32([1, 1, 5]) }),
      /the last but one has not 5 channels/,
    );
  });

  it('are refused where a grid makes another number of cells', () => {
    const grid = { kind: 'yolox', strides: [8, 16] };
    const head = float32([1, 79, 6], ...new Array(79 * 6).fill(0));
    assert.throws(
      () => found({ ...yolo, labels: ['a'], objectness: true, grid }, { head }),
      /79 candidates, where strides of 8, 16 in 64 x 64 pixels make 80/,
    );
    assert.throws(
      () => found({ ...yolo, labels: ['a'], angle: true, grid }, { head: float32([1, 80, 6]) }),
      /a grid of yolox with an angle or points/,
    );
  });

  it('leave out what scores no more than the threshold', () => {
    const head = float32([1, 5, 1], 32, 32, 16, 16, 0.25);
    assert.isEmpty(found({ ...yolo, labels: ['a'] }, { head }));
    assert.lengthOf(found({ ...yolo, labels: ['a'] }, { head }, { threshold: 0.2 }), 1);
  });
});

describe('boxes that overlap', () => {
  const box = (x: number, angle = 0) => ({ label: 0, box: { x, y: 0, width: 10, height: 10, angle } });

  it('are suppressed by what is kept, and turned ones by anything better, as in Ultralytics', () => {
    // Each overlaps the next one too much, and no other.
    const chain = [box(0), box(4), box(8)];
    const places = (kept: readonly ReturnType<typeof box>[]) => kept.map(each => each.box.x);
    assert.deepEqual(places(suppress(chain, 0.3)), [0, 8]);
    assert.deepEqual(places(suppressTurned(chain, 0.3)), [0]);
    assert.deepEqual(places(suppress(chain, 0.3, 1)), [0]);
  });
});

describe('labels that repeat a name', () => {
  it('are shown as that label, whichever they are', () => {
    const labels = ['car', 'N/A', 'car'];
    const rows = float32([1, 2, 6], ...[10, 10, 40, 30, 0.9, 0], ...[50, 10, 90, 30, 0.8, 2]);
    const { results } = encodeOnImage(
      rectangleLabels,
      { kind: 'detections', tensor: 'rows', labels },
      { rows },
    );
    assert.deepEqual(
      results.map(({ value }) => value.rectanglelabels),
      [['Car'], ['Car']],
    );
  });
});
