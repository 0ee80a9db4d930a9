import { assert } from 'chai';
import fc from 'fast-check';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { bitmask, bitmaskLabels } from '../../src/regions/bitmask.js';
import { brush, brushLabels, magicWand } from '../../src/regions/brush.js';
import { partsOf } from '../../src/regions/image/contours.js';
import type { Mask } from '../../src/regions/image/mask.js';
import { maskPng } from '../../src/regions/image/png.js';
import { encodeRle } from '../../src/regions/image/rle.js';
import { polygon, polygonLabels } from '../../src/regions/polygon.js';
import { runPython } from '../support/python.js';
import { encodeOnImage, float32, metaOf } from './on-image.js';

const GROUND = { kind: 'segmentation', tensor: 'scores', labels: ['Nothing', 'Road'], background: 'Nothing' };
const ALL = { options: { min_area: 1 }, meta: metaOf(4, 4) };

/** A mask as rows of text. */
function drawn(...rows: string[]): Mask {
  const data = Uint8Array.from(rows.join(''), each => Number(each !== '.'));
  return { width: rows[0]!.length, height: rows.length, data };
}

const rowsOf = ({ width, height, data }: Mask) =>
  Array.from({ length: height }, (_, y) => data.subarray(y * width, (y + 1) * width).join(''));

/** Blobs: where a sum of round hills is high. */
const blobs = fc
  .record({
    width: fc.integer({ min: 20, max: 90 }),
    height: fc.integer({ min: 20, max: 90 }),
    hills: fc.array(
      fc.record({
        x: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        y: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        r: fc.double({ min: 0.15, max: 0.4, noNaN: true }),
      }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  })
  .map(({ width, height, hills }): Mask => {
    const data = new Uint8Array(width * height);
    for (let pixel = 0; pixel < data.length; pixel++) {
      const [x, y] = [(pixel % width) / width, Math.floor(pixel / width) / height];
      data[pixel] = Number(hills.some(hill => Math.hypot(x - hill.x, y - hill.y) < hill.r));
    }
    return { width, height, data };
  });

const noise = fc
  .record({
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 40 }),
    seed: fc.array(fc.boolean(), { minLength: 3, maxLength: 60 }),
  })
  .map(({ width, height, seed }): Mask => {
    const data = Uint8Array.from({ length: width * height }, (_, pixel) =>
      Number(seed[(pixel * 7) % seed.length]),
    );
    return { width, height, data };
  });

function iou(a: readonly string[], b: readonly string[]): number {
  let [both, either] = [0, 0];
  const [first, second] = [a.join(''), b.join('')];
  for (let at = 0; at < first.length; at++) {
    if (first[at] === '1' && second[at] === '1') both++;
    if (first[at] === '1' || second[at] === '1') either++;
  }
  return either === 0 ? 1 : both / either;
}

interface Read {
  rows: string[];
  packed?: number[];
}

describe('masks, read by others', () => {
  const masks = [
    ...fc.sample(noise, { numRuns: 60, seed: 1 }),
    ...fc.sample(blobs, { numRuns: 20, seed: 2 }),
  ];
  const sizeOf = ({ width, height }: Mask) => ({ size: [width, height] });

  const large = { width: 400, height: 300, data: new Uint8Array(120_000).fill(1) };
  const packed = [...masks, large];
  const shapes = fc.sample(blobs, { numRuns: 40, seed: 3 }).map(filledHoles);
  const outlines = shapes.map(mask => partsOf(mask, 1).map(({ outline }) => outline));
  let read: { rle: Read[]; png: Read[]; polygons: Read[] };

  before(async () => {
    const rle = packed.map(mask => ({ ...sizeOf(mask), rle: encodeRle(mask) }));
    const png = masks.map(mask => ({
      ...sizeOf(mask),
      png: `data:image/png;base64,${maskPng(mask).toString('base64')}`,
    }));
    const polygons = shapes.map((mask, index) => ({
      ...sizeOf(mask),
      polygons: outlines[index]!.map(outline =>
        outline.map(([x, y]) => [(x / mask.width) * 100, (y / mask.height) * 100]),
      ),
    }));
    const all = await runPython<Read>('test/regions/masks/oracle.py', [...rle, ...png, ...polygons]);
    read = { rle: all.splice(0, rle.length), png: all.splice(0, png.length), polygons: all };
  });

  it('are the same in RLE for the SDK of Label Studio, which packs them to the same bytes', () => {
    assert.lengthOf(read.rle, packed.length);
    for (const [index, { rows, packed: bytes }] of read.rle.entries()) {
      assert.deepEqual(rows, rowsOf(packed[index]!));
      // The SDK adds a byte where the bits end with one; the editor does not.
      const own = encodeRle(packed[index]!);
      assert.deepEqual(bytes!.slice(0, own.length), own);
      assert.isTrue(bytes!.slice(own.length).every(byte => byte === 0));
      assert.isAtMost(bytes!.length, own.length + 1);
    }
  });

  it('are the same as PNG for Pillow', () => {
    assert.lengthOf(read.png, masks.length);
    for (const [index, { rows }] of read.png.entries()) assert.deepEqual(rows, rowsOf(masks[index]!));
  });

  it('are nearly the same as outlines that Pillow fills, with far fewer corners than pixels on the border', () => {
    assert.lengthOf(read.polygons, shapes.length);
    for (const [index, { rows }] of read.polygons.entries()) {
      assert.isAtLeast(iou(rows, rowsOf(shapes[index]!)), 0.97);
      const { width, height } = shapes[index]!;
      for (const outline of outlines[index]!) assert.isBelow(outline.length, width + height);
    }
  });
});

/** Without holes: all that cannot be reached from outside. */
function filledHoles(mask: Mask): Mask {
  const { width, height, data } = mask;
  const outside = new Uint8Array(data.length);
  const stack: number[] = [];
  for (let pixel = 0; pixel < data.length; pixel++) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    if ((x === 0 || y === 0 || x === width - 1 || y === height - 1) && data[pixel] === 0) stack.push(pixel);
  }
  for (let pixel = stack.pop(); pixel !== undefined; pixel = stack.pop()) {
    if (outside[pixel] === 1 || data[pixel] === 1) continue;
    outside[pixel] = 1;
    const x = pixel % width;
    if (x > 0) stack.push(pixel - 1);
    if (x < width - 1) stack.push(pixel + 1);
    if (pixel >= width) stack.push(pixel - width);
    if (pixel + width < data.length) stack.push(pixel + width);
  }
  return { width, height, data: outside.map(each => 1 - each) };
}

describe('outlines', () => {
  it('follow the sides of the pixels, part by part, without their holes', () => {
    const parts = partsOf(drawn('##..', '##.#', '....', '###.'), 1);
    assert.deepEqual(
      parts.map(({ size, outline }) => [size, outline]),
      [
        [
          4,
          [
            [0, 0],
            [2, 0],
            [2, 2],
            [0, 2],
          ],
        ],
        [
          3,
          [
            [0, 3],
            [3, 3],
            [3, 4],
            [0, 4],
          ],
        ],
        [
          1,
          [
            [3, 1],
            [4, 1],
            [4, 2],
            [3, 2],
          ],
        ],
      ],
    );
    assert.lengthOf(partsOf(drawn('#.', '.#'), 1), 2);
    const [ring] = partsOf(drawn('####', '#..#', '#..#', '####'), 1);
    assert.deepEqual(ring, {
      size: 12,
      outline: [
        [0, 0],
        [4, 0],
        [4, 4],
        [0, 4],
      ],
    });
    assert.deepEqual(partsOf(drawn('#..', '...'), 2), []);
  });

  it('lie in the image and have at least three corners, whatever the mask', () => {
    fc.assert(
      fc.property(noise, mask => {
        for (const { outline, size } of partsOf(mask, 1)) {
          assert.isAtLeast(outline.length, 3);
          assert.isAtLeast(size, 1);
          for (const [x, y] of outline)
            assert.isTrue(x >= 0 && y >= 0 && x <= mask.width && y <= mask.height);
        }
      }),
    );
  });
});

describe('BrushLabels, PolygonLabels and BitmaskLabels', () => {
  const left = (dims: number[]): PlainTensor =>
    float32(dims, ...[0.25, 0.75, 0.25, 0.75], ...[0.75, 0.25, 0.75, 0.25]);
  const half = drawn('##..', '##..', '##..', '##..');

  it('show the likeliest label of each pixel, in the size of the original', () => {
    const answer = encodeOnImage(brushLabels, GROUND, { scores: left([1, 2, 2, 2]) }, ALL);
    assert.deepEqual(answer.results[0]!.value, {
      format: 'rle',
      rle: encodeRle(half),
      brushlabels: ['Road'],
    });
    assert.approximately(answer.score!, 0.6875, 1e-6);
    assert.deepInclude(answer.results[0], { original_width: 4, original_height: 4, image_rotation: 0 });
    const transposed = float32([1, 2, 2, 2], 0.25, 0.75, 0.75, 0.25, 0.25, 0.75, 0.75, 0.25);
    const turned = encodeOnImage(brushLabels, { ...GROUND, transposed: true }, { scores: transposed }, ALL);
    assert.deepEqual(turned.results[0]!.value, answer.results[0]!.value);
  });

  it('take numbers of labels, logits, and one label by itself', () => {
    const numbers: PlainTensor = { type: 'int64', data: BigInt64Array.of(1n, 0n, 1n, 0n), dims: [1, 2, 2] };
    const { value } = encodeOnImage(magicWand, GROUND, { scores: numbers }, ALL).results[0]!;
    assert.deepEqual(value, { format: 'rle', rle: encodeRle(half) });
    const logits = float32([1, 2, 2, 2], -3, 3, -3, 3, 3, -3, 3, -3);
    const soft = encodeOnImage(brush, { ...GROUND, activation: 'softmax' }, { scores: logits }, ALL);
    assert.deepEqual(soft.results[0]!.value, value);
    const single = { kind: 'segmentation', tensor: 'scores', labels: ['Road'], activation: 'sigmoid' };
    const one = encodeOnImage(brush, single, { scores: float32([1, 1, 2, 2], 3, -3, 3, -3) }, ALL);
    assert.deepEqual(one.results[0]!.value, value);
    const none = encodeOnImage(brush, single, { scores: float32([1, 1, 2, 2], -3, -3, -3, -3) }, ALL);
    assert.deepEqual(none, { results: [], score: null });
  });

  it('undo a letterbox', () => {
    const meta = {
      ...metaOf(8, 4),
      tensorWidth: 4,
      tensorHeight: 4,
      scaleX: 0.5,
      scaleY: 0.5,
      left: 0,
      top: 1,
    };
    const scores = float32([1, 1, 4, 4], ...new Array(16).fill(0).map((_, cell) => Number(cell % 4 < 2)));
    const output = { kind: 'segmentation', tensor: 'scores', labels: ['Road'] };
    const { results } = encodeOnImage(polygonLabels, output, { scores }, { meta });
    assert.deepEqual(
      results.map(({ value }) => value.points),
      [
        [
          [0, 0],
          [50, 0],
          [50, 100],
          [0, 100],
        ],
      ],
    );
  });

  it('show things one by one, the surest first', () => {
    const output = {
      kind: 'masks',
      tensors: { masks: 'masks', scores: 'scores', labels: 'labels' },
      labels: ['Car', 'Road'],
    };
    const tensors = {
      masks: float32([1, 3, 2, 2], ...[1, 0, 1, 0], ...[0, 1, 0, 1], ...[1, 1, 1, 1]),
      scores: float32([1, 3], 0.625, 0.875, 0.75),
      labels: float32([1, 3], 1, 1, 0),
    };
    const { results, score } = encodeOnImage(bitmaskLabels, output, tensors, ALL);
    assert.equal(score, 0.625);
    assert.deepEqual(
      results.map(({ score }) => score),
      [0.875, 0.625],
    );
    const url = `data:image/png;base64,${maskPng(half).toString('base64')}`;
    assert.deepEqual(results[1]!.value, { imageDataURL: url, bitmasklabels: ['Road'] });
    const top = encodeOnImage(bitmask, output, tensors, { ...ALL, options: { top_k: 1 } });
    assert.lengthOf(top.results, 1);
  });

  it('have the scores of things apart from those of their pixels', () => {
    const output = { kind: 'masks', tensors: { masks: 'masks', scores: 'scores' }, labels: ['Road'] };
    const tensors = { masks: float32([1, 1, 2, 2], 3, -3, 3, -3), scores: float32([1, 1], 0.625) };
    const logits = { ...output, activation: 'sigmoid' };
    assert.equal(encodeOnImage(brush, logits, tensors, ALL).score, 0.625);
    const both = encodeOnImage(brush, { ...logits, score_activation: 'sigmoid' }, tensors, ALL);
    assert.approximately(both.score!, 1 / (1 + Math.exp(-0.625)), 1e-12);
  });

  it('put masks of boxes where their boxes are', () => {
    const output = {
      kind: 'masks',
      tensors: { masks: 'masks', scores: 'scores', boxes: 'boxes' },
      labels: ['Road'],
    };
    const tensors = {
      masks: float32([1, 1, 1, 28, 28], ...new Array(784).fill(1)),
      scores: float32([1, 1], 0.75),
      boxes: float32([1, 1, 4], 10, 5, 40, 25),
    };
    // What paste_masks_in_image of torchvision makes of it, above 0.5: columns 9 to 40, rows 5 to 24.
    const { results } = encodeOnImage(polygon, output, tensors, { meta: metaOf(100, 50) });
    assert.deepEqual(results[0]!.value.points, [
      [9, 10],
      [41, 10],
      [41, 50],
      [9, 50],
    ]);
  });

  it('make masks of prototypes, each in its box', () => {
    const output = { kind: 'yolo', tensor: 'head', labels: ['Road'], tensors: { prototypes: 'prototypes' } };
    const tensors = {
      head: float32([1, 1, 7], 2, 2, 2, 4, 0.875, 1, -1),
      prototypes: float32([1, 2, 2, 2], ...[9, 9, 9, 9], ...[0, 0, 18, 18]),
    };
    const { results } = encodeOnImage(polygonLabels, output, tensors, ALL);
    // The second prototype takes the lower half away.
    assert.deepEqual(
      results.map(({ value, score }) => [value.points, score]),
      [
        [
          [
            [25, 0],
            [75, 0],
            [75, 50],
            [25, 50],
          ],
          0.875,
        ],
      ],
    );
    assert.throws(
      () => encodeOnImage(polygonLabels, { ...output, tensors: undefined }, tensors, ALL),
      /gives no prototypes/,
    );
  });

  it('fail for shapes and numbers that mean nothing', () => {
    assert.throws(
      () => encodeOnImage(brush, GROUND, { scores: float32([1, 3, 1, 1], 0, 0, 0) }, ALL),
      /not of 2 labels a pixel/,
    );
    assert.throws(
      () => encodeOnImage(brush, GROUND, { scores: float32([1, 2, 1, 1], 0, Number.NaN) }, ALL),
      /NaN in a mask/,
    );
    const output = { kind: 'masks', tensors: { masks: 'masks', scores: 'scores' }, labels: ['Road'] };
    const masks = float32([1, 1, 1, 1], Number.NaN);
    assert.throws(
      () => encodeOnImage(brush, output, { masks, scores: float32([1, 1], 1) }, ALL),
      /NaN in a mask/,
    );
    assert.throws(
      () => encodeOnImage(brush, output, { masks, scores: float32([1, 2], 1, 1) }, ALL),
      /masks of \[1, 1, 1, 1\], and not of \[rows, 2, 1, 1\]/,
    );
  });

  it('never show an empty mask, one of another size or another label, whatever the numbers', () => {
    const value = fc.float({ min: 0, max: 1, noNaN: true });
    const cases = fc.record({
      numbers: fc.array(value, { minLength: 27, maxLength: 27 }),
      width: fc.integer({ min: 1, max: 30 }),
      height: fc.integer({ min: 1, max: 30 }),
      independent: fc.boolean(),
      activation: fc.constantFrom('none', 'sigmoid', 'softmax'),
    });
    fc.assert(
      fc.property(cases, ({ numbers, width, height, independent, activation }) => {
        fc.pre(!(independent && activation === 'softmax'));
        const spread = numbers.map(number => (activation === 'none' ? number : 8 * number - 4));
        const meta = {
          ...metaOf(width, height),
          tensorWidth: 3,
          tensorHeight: 3,
          scaleX: 3 / width,
          scaleY: 3 / height,
        };
        const output = {
          kind: 'segmentation',
          tensor: 'scores',
          labels: ['Nothing', 'Road', 'Car'],
          background: 'Nothing',
          independent,
          activation,
        };
        const tensors = { scores: float32([1, 3, 3, 3], ...spread) };
        const options = { min_area: 1 };
        const brushed = encodeOnImage(brushLabels, output, tensors, { meta, options });
        for (const { value, score } of brushed.results) {
          assert.deepEqual(value.brushlabels, ['Road']);
          assert.isTrue(score! >= 0 && score! <= 1);
          assert.notDeepEqual(value.rle, encodeRle({ width, height, data: new Uint8Array(width * height) }));
        }
        const outlined = encodeOnImage(polygonLabels, output, tensors, { meta, options });
        assert.equal(outlined.results.length > 0, brushed.results.length > 0);
        for (const { value } of outlined.results) {
          const points = value.points as [number, number][];
          assert.isAtLeast(points.length, 3);
          assert.isTrue(points.flat().every(each => each >= 0 && each <= 100));
        }
      }),
    );
  });
});
