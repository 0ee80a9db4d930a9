import { assert } from 'chai';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { REGIONS } from '../../src/regions/index.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { float32, metaOf } from './on-image.js';

type Tensors = Record<string, PlainTensor>;

/** Checks what a graph answers as is done when a version is loaded. */
function check(
  output: Omit<OutputSpec, 'name'>,
  outputs: Tensors,
  metas: readonly unknown[] = [metaOf(8, 8)],
) {
  const row = Object.values(REGIONS).find(({ outputKinds }) =>
    Object.hasOwn(outputKinds, output.kind as string),
  );
  const spec = { name: 'things', ...output } as OutputSpec;
  row!.outputKinds[output.kind as string]!.check!({ outputs, row: 0, metas }, spec, [spec]);
}

const zeros = (...dims: number[]) => float32(dims, ...new Array(dims.reduce((a, b) => a * b, 1)).fill(0));

const BOXES = { kind: 'boxes', tensors: { boxes: 'boxes', scores: 'scores' }, labels: ['a', 'b'] };
const LISTED = { ...BOXES, tensors: { ...BOXES.tensors, labels: 'labels' } };
const ROWS = { kind: 'detections', tensor: 'rows', labels: ['a', 'b'] };
const YOLO = { kind: 'yolo', tensor: 'head', labels: ['a', 'b'] };
const POINTS = { kind: 'keypoints', tensors: { points: 'points' }, labels: ['a', 'b'] };
const MAPS = { kind: 'heatmaps', tensor: 'maps', labels: ['a', 'b'] };
const GROUND = { kind: 'segmentation', tensor: 'pixels', labels: ['a', 'b'] };
const THINGS = { kind: 'masks', tensors: { masks: 'masks', scores: 'scores' }, labels: ['a'] };
const ASKED = { kind: 'prompted', tensors: { masks: 'masks', scores: 'scores' } };
const LINES = { kind: 'polylines', tensors: { points: 'points', scores: 'scores' }, labels: ['a'] };

const box = float32([1, 1, 4], 1, 1, 5, 5);
const int64 = (...numbers: number[]): PlainTensor => ({
  type: 'int64',
  data: BigInt64Array.from(numbers, BigInt),
  dims: [1, numbers.length],
});

describe('what a graph answers when its version is loaded', () => {
  it('is taken where it is what the output declares, whatever is padding or empty', () => {
    const cases: [Omit<OutputSpec, 'name'>, Tensors][] = [
      [BOXES, { boxes: box, scores: float32([1, 1, 2], 0.1, 0.9) }],
      [BOXES, { boxes: zeros(1, 0, 4), scores: zeros(1, 0, 2) }],
      [BOXES, { boxes: zeros(0, 4), scores: zeros(0, 2) }],
      [LISTED, { boxes: box, scores: float32([1, 1], 0), labels: int64(-1) }],
      [ROWS, { rows: float32([1, 2, 6], 1, 1, 5, 5, 0.9, 1, 0, 0, 0, 0, 0, 0) }],
      [ROWS, { rows: zeros(0, 6) }],
      [YOLO, { head: zeros(1, 6, 21) }],
      [POINTS, { points: zeros(1, 2, 3) }],
      [POINTS, { points: zeros(2, 3) }],
      // A hill that came out a little higher than it was trained to be.
      [MAPS, { maps: float32([1, 2, 1, 2], 1.04, 0, -0.02, -0.03) }],
      [GROUND, { pixels: zeros(1, 2, 3, 3) }],
      [{ ...GROUND, activation: 'none', independent: false }, { pixels: zeros(1, 1, 3, 3) }],
      [THINGS, { masks: zeros(1, 1, 3, 3), scores: zeros(1, 1) }],
      [THINGS, { masks: zeros(0, 1, 3, 3), scores: zeros(0) }],
      // Segment Anything estimates how well a mask fits.
      [
        { ...ASKED, activation: 'sigmoid' },
        { masks: zeros(1, 3, 4, 4), scores: float32([1, 3], 1.01, 0.9, -0.01) },
      ],
      [
        { ...ASKED, activation: 'sigmoid' },
        { masks: zeros(1, 1, 3, 4, 4), scores: zeros(1, 1, 3) },
      ],
      [LINES, { points: zeros(1, 2, 3, 2), scores: zeros(1, 2) }],
    ];
    for (const [output, outputs] of cases) check(output, outputs);
  });

  it('is refused where a shape, a label, a score or a number is another', () => {
    const logits = /must be 0 to 1 \(of logits, declare "activation"/;
    const cases: [Omit<OutputSpec, 'name'>, Tensors, RegExp][] = [
      [BOXES, { boxes: box, scores: float32([1, 1, 2], 3.2, -1) }, logits],
      [BOXES, { boxes: box, scores: float32([1, 1, 2], -5, -6) }, logits],
      [BOXES, { boxes: box, scores: zeros(1, 1, 3) }, /scores of \[1, 1, 3\], and not of \[rows, 1, 2\]/],
      [BOXES, { boxes: box, scores: zeros(1, 1) }, /scores of \[1, 1\], and not of \[rows, 1, 2\]/],
      [BOXES, { boxes: zeros(1, 1, 5), scores: zeros(1, 1, 2) }, /boxes of \[1, 1, 5\]/],
      [BOXES, { boxes: zeros(4), scores: zeros(1, 1, 2) }, /boxes of \[4\]/],
      [BOXES, { boxes: box, scores: float32([1, 1, 2], Number.NaN, 0) }, /NaN as a score/],
      [
        { ...BOXES, labels: ['a'], activation: 'softmax' },
        { boxes: box, scores: zeros(1, 1) },
        /always makes 1/,
      ],
      [LISTED, { boxes: box, scores: float32([1, 1], 0.01), labels: int64(2) }, /the label 2 of 2/],
      [
        LISTED,
        { boxes: box, scores: float32([1, 1], 0.01), labels: float32([1, 1], 0.5) },
        /the label 0.5 of 2/,
      ],
      [LISTED, { boxes: box, scores: zeros(1, 1), labels: zeros(1, 2) }, /labels of \[1, 2\]/],
      [ROWS, { rows: zeros(1, 2, 7) }, /where the columns that are declared are 6/],
      [ROWS, { rows: zeros(6) }, /rows of \[6\]|columns/],
      [ROWS, { rows: float32([1, 1, 6], 1, 1, 5, Number.NaN, 0.01, 0) }, /a box that is no number/],
      [ROWS, { rows: float32([1, 1, 6], 1, 1, 5, 5, 1, 0.9) }, /the label 0.89\d* of 2/],
      [ROWS, { rows: zeros(1, 6, 21) }, /declared are 6 \(a raw head is the kind yolo\), for 'things'/],
      [
        YOLO,
        { head: zeros(1, 7, 21) },
        /no axis has the 6 channels that are declared: 4 of the box and 2 labels, for 'things'/,
      ],
      [
        { ...YOLO, labels: ['a'], objectness: true, angle: true },
        { head: zeros(1, 300, 6) },
        /the 7 channels that are declared: 4 of the box, 1 of objectness, 1 label and 1 of the angle \(a graph that chooses its detections itself is the kind detections\), for/,
      ],
      [
        { ...YOLO, labels: ['a'], transposed: false },
        { head: zeros(1, 6, 5) },
        /the last but one has not 5 channels: 4 of the box and 1 label, for/,
      ],
      [
        { ...YOLO, tensors: { prototypes: 'p' } },
        { head: zeros(1, 38, 9), p: zeros(1, 8, 4, 4) },
        /the 14 channels/,
      ],
      [{ ...YOLO, points: ['a'] }, { head: float32([1, 9, 1], 4, 4, 2, 2, 0.9, 0, 1, 1, 7) }, /7 as a score/],
      [POINTS, { points: zeros(1, 3, 2) }, /not \[rows, n, 2, 2 or 3\]/],
      [POINTS, { points: float32([1, 2, 3], 0, 0, 4, 0, 0, 4) }, logits],
      [POINTS, { points: float32([1, 2, 2], Number.NaN, 0, 0, 0) }, /a key point that is no number/],
      [MAPS, { maps: zeros(1, 3, 2, 2) }, /heat maps of 3 points/],
      [MAPS, { maps: float32([1, 2, 1, 2], 9, 0, 0, 0) }, logits],
      [MAPS, { maps: float32([1, 2, 1, 2], 0, Number.NaN, 0, 0) }, /NaN in a heat map/],
      [GROUND, { pixels: zeros(1, 3, 2, 2) }, /not of 2 labels a pixel/],
      [GROUND, { pixels: float32([1, 2, 1, 1], 7, -7) }, logits],
      [{ ...GROUND, independent: true, activation: 'softmax' }, { pixels: zeros(1, 2, 2, 2) }, /use sigmoid/],
      [GROUND, { pixels: float32([1, 1, 2], 2, 0) }, /the label 2 of 2/],
      [
        { ...GROUND, activation: 'sigmoid' },
        { pixels: zeros(1, 1, 2, 2) },
        /the activation "sigmoid" for a tensor of \[1, 1, 2, 2\], whose numbers are those of labels: .* a channel for each of the 2 labels/,
      ],
      [{ ...GROUND, activation: 'softmax' }, { pixels: zeros(1, 2, 2) }, /take neither "activation" nor/],
      [
        { ...GROUND, independent: true },
        { pixels: zeros(1, 1, 2, 2) },
        /declares "independent" for a tensor/,
      ],
      [THINGS, { masks: float32([1, 1, 1, 1], 255), scores: float32([1, 1], 0.5) }, logits],
      [THINGS, { masks: zeros(1, 2, 1, 1), scores: zeros(1, 1) }, /masks of \[1, 2, 1, 1\]/],
      [THINGS, { masks: zeros(1, 1, 1, 1), scores: float32([1, 1], 4) }, /declare "score_activation"/],
      [
        { ...THINGS, activation: 'softmax' },
        { masks: zeros(1, 1, 1, 1), scores: zeros(1, 1) },
        /may overlap: use sigmoid/,
      ],
      [ASKED, { masks: float32([1, 1, 1, 1], -9), scores: zeros(1, 1) }, logits],
      [ASKED, { masks: zeros(1, 2, 1, 1), scores: zeros(1, 1) }, /not of \[1, 1, height, width\]/],
      [ASKED, { masks: zeros(1, 1, 1, 1), scores: float32([1, 1], 30) }, /30 as a score/],
      [LINES, { points: zeros(1, 2, 3, 3), scores: zeros(1, 2) }, /points of \[1, 2, 3, 3\]/],
      [
        { ...LINES, labels: ['a', 'b'] },
        { points: zeros(1, 2, 3, 2), scores: zeros(1, 2) },
        /not of \[rows, 2, 2\]/,
      ],
      [
        { ...LINES, tensors: { ...LINES.tensors, lengths: 'lengths' } },
        { points: zeros(1, 1, 3, 2), scores: float32([1, 1], 0.5), lengths: int64(4) },
        /a line of 4 points, where there are 3/,
      ],
    ];
    for (const [output, outputs, message] of cases)
      assert.throws(() => check(output, outputs), message, JSON.stringify(output));
  });

  it('is refused where turned boxes are in parts of sides that are not as long', () => {
    const turned = { ...BOXES, tensors: { ...BOXES.tensors, angles: 'angles' }, unit: 'relative' };
    const outputs = { boxes: box, scores: zeros(1, 1, 2), angles: zeros(1, 1) };
    check(turned, outputs);
    assert.throws(() => check(turned, outputs, [metaOf(8, 4)]), /8 x 4 pixels that are no square/);
  });

  it('may be of the frames of a video', () => {
    const meta = { image: metaOf(8, 8), first: 0, count: 2, size: 2, step: 1, total: 2, video: {} };
    check(BOXES, { boxes: zeros(1, 2, 1, 4), scores: zeros(1, 2, 1, 2) }, [meta]);
    const label = float32([1, 2, 1, 2], 0, 0, 0, 5);
    assert.throws(() => check(BOXES, { boxes: zeros(1, 2, 1, 4), scores: label }, [meta]), /5 as a score/);
  });

  it('says in its first 300 characters what is wrong and what to do', () => {
    const outputs = { boxes: box, scores: float32([1, 1, 2], 3.2, -1) };
    assert.throws(() => check(BOXES, outputs), /^.{0,200}declare "activation": "softmax" or "sigmoid"/);
  });
});
