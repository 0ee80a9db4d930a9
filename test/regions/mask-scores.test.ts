import { assert } from 'chai';
import fc from 'fast-check';
import type { PlainTensor } from '../../src/inputs/contract.js';
import type { ImageMeta } from '../../src/inputs/image/contract.js';
import { bitmask } from '../../src/regions/bitmask.js';
import { brush, brushLabels, magicWand } from '../../src/regions/brush.js';
import { partsOf } from '../../src/regions/image/contours.js';
import { type FoundMask, findMasks } from '../../src/regions/image/found-masks.js';
import { type Mask, windowOf } from '../../src/regions/image/mask.js';
import { maskPng } from '../../src/regions/image/png.js';
import { encodeRle, isRle } from '../../src/regions/image/rle.js';
import { polygon, polygonLabels } from '../../src/regions/polygon.js';
import { tensorsOf } from '../../src/registry/version.js';
import { runPython } from '../support/python.js';
import { encodeOnImage, float32, metaOf } from './on-image.js';

const ALL = { threshold: 0, overlap: null, most: 100, pixel: 0.5, wants: () => true };

/** A mask whose window is the whole image. */
function whole(mask: Mask): Mask {
  const { width, height, data } = mask;
  const window = windowOf(mask);
  const all = new Uint8Array(width * height);
  for (const [index, value] of data.entries()) {
    const [x, y] = [index % window.width, Math.floor(index / window.width)];
    all[(window.top + y) * width + window.left + x] = value;
  }
  return { width, height, data: all };
}

const found = (
  output: Record<string, unknown>,
  outputs: Record<string, PlainTensor>,
  meta: ImageMeta,
  selection = {},
): FoundMask[] => {
  const spec = { name: 'out', kind: 'segmentation', ...output };
  return [...findMasks({ outputs, row: 0, metas: [meta] }, spec, { ...ALL, ...selection })];
};

interface Scaled {
  grids: number[][][];
  factor: number;
  crop: [number, number, number, number];
  least: number | null;
}

/** Grids of a letterbox whose original is larger by a whole factor. */
const scaled = fc
  .record({
    width: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 9 }),
    left: fc.integer({ min: 0, max: 2 }),
    top: fc.integer({ min: 0, max: 2 }),
    factor: fc.integer({ min: 1, max: 7 }),
    labels: fc.integer({ min: 2, max: 5 }),
    least: fc.option(fc.constantFrom(0.25, 0.5, 0.875)),
    numbers: fc.noBias(fc.array(fc.nat(1e6), { minLength: 845, maxLength: 845 })),
  })
  .map(({ width, height, left, top, factor, labels, least, numbers }): Scaled => {
    const [across, down] = [width + 2 * left, height + 2 * top];
    const grids = Array.from({ length: labels }, (_, label) =>
      Array.from({ length: down }, (_, y) =>
        numbers
          .slice(label * 169 + y * 13)
          .slice(0, across)
          .map(each => each / 1e6),
      ),
    );
    const crop = [left, top, left + width, top + height];
    return { grids, factor, crop: crop as Scaled['crop'], least };
  });

describe('scores of pixels', () => {
  it('are scaled to the original as Pillow does, where a letterbox was, for the likeliest label and for each', async () => {
    const cases = fc.sample(scaled, { numRuns: 150, seed: 4 });
    const read = await runPython<{ has: number[][]; means: (number | null)[] }>(
      'test/regions/masks/scaled.py',
      cases,
    );
    for (const [index, { grids, factor, crop, least }] of cases.entries()) {
      const [left, top, right, bottom] = crop;
      const [tensorHeight, tensorWidth] = [grids[0]!.length, grids[0]![0]!.length];
      const meta = {
        ...{ width: (right - left) * factor, height: (bottom - top) * factor, tensorWidth, tensorHeight },
        ...{ scaleX: 1 / factor, scaleY: 1 / factor, left, top },
      };
      const labels = grids.map((_, label) => `${label}`);
      const scores = float32([1, labels.length, tensorHeight, tensorWidth], ...grids.flat(2));
      const independent = least !== null;
      const masks = found({ tensor: 'scores', labels, independent }, { scores }, meta, {
        pixel: least ?? 0.5,
      });
      const { has, means } = read[index]!;
      const seen = labels.map((_, label) => masks.find(mask => mask.label === label));
      const empty: number[] = new Array(meta.width * meta.height).fill(0);
      assert.deepEqual(
        seen.map(each => (each ? [...whole(each.mask).data] : empty)),
        has,
      );
      for (const [label, mean] of means.entries())
        if (mean !== null) assert.approximately(seen[label]!.score!, mean, 1e-5);
      const order = masks.map(({ score }) => score!);
      assert.deepEqual(
        order,
        [...order].sort((a, b) => b - a),
      );
    }
  });

  // Where nothing is scaled, the numbers are copied; and what has a share of -Infinity is -Infinity.
  it('are of logits that may be infinite, or as low as floats go', () => {
    for (const least of [Number.NEGATIVE_INFINITY, -3.4028234663852886e38]) {
      const most = -least;
      const line = [5, least, 5, least, least, most, -5, 5];
      const rows = (mask: Mask) => [...whole(mask).data].join('');
      const logits = float32([1, 1, 1, 8], ...line);
      const one = { tensor: 'x', labels: ['Road'], activation: 'sigmoid' };
      assert.deepEqual(
        found(one, { x: logits }, metaOf(8, 1)).map(({ mask }) => rows(mask)),
        ['10100101'],
      );
      // A threshold of 0 leaves out what scores 0.
      assert.deepEqual(
        found(one, { x: logits }, metaOf(8, 1), { pixel: 0 }).map(({ mask }) => rows(mask)),
        ['10100111'],
      );
      const wide = { ...metaOf(16, 1), tensorWidth: 8, scaleX: 0.5 };
      const lower = float32([1, 1, 1, 8], ...line.map(each => Math.min(each, 5)));
      assert.deepEqual(
        found(one, { x: lower }, wide).map(({ mask }) => rows(mask)),
        ['1000000000010011'],
      );
      const two = { tensor: 'x', labels: ['Road', 'Sky'], activation: 'softmax' };
      const both = float32([1, 2, 1, 8], ...line, ...new Array(8).fill(0));
      const shown = found(two, { x: both }, metaOf(8, 1));
      assert.deepEqual(
        shown.sort((a, b) => a.label - b.label).map(({ mask }) => rows(mask)),
        ['10100101', '01011010'],
      );
      for (const { score } of shown) assert.isAbove(score!, 0.9);
      const things = { kind: 'masks', tensors: { masks: 'x', scores: 's' }, labels: ['Road'] };
      assert.deepEqual(
        found({ ...things, activation: 'sigmoid' }, { x: logits, s: float32([1, 1], 1) }, metaOf(8, 1)).map(
          ({ mask }) => rows(mask),
        ),
        ['10100101'],
      );
    }
    const endless = { x: float32([1, 1, 1, 1], Number.NEGATIVE_INFINITY) };
    assert.throws(
      () => found({ tensor: 'x', labels: ['Road'] }, endless, metaOf(1, 1)),
      /-Infinity as a score/,
    );
  });

  it('may be the numbers of labels, which have no score and are not mixed', () => {
    const output = { tensor: 'numbers', labels: ['Road', 'Car', 'Sky'] };
    const meta = { ...metaOf(4, 2), tensorWidth: 2, tensorHeight: 1, scaleX: 0.5, scaleY: 0.5 };
    const numbers = (dims: number[], ...data: number[]) => ({
      numbers: { type: 'int64' as const, data: BigInt64Array.from(data.map(BigInt)), dims },
    });
    const cases = [{ dims: [1, 1, 2] }, { dims: [1, 1, 1, 2] }, { dims: [1, 1, 2, 1], transposed: true }];
    for (const { dims, ...rest } of cases) {
      const masks = found({ ...output, ...rest }, numbers(dims, 2, 0), meta);
      assert.deepEqual(
        masks.map(({ label, score, mask }) => [label, score, [...whole(mask).data].join('')]),
        [
          [0, null, '00110011'],
          [2, null, '11001100'],
        ],
      );
    }
    const shown = encodeOnImage(brush, { kind: 'segmentation', ...output }, numbers([1, 1, 2], 2, 0), {
      meta,
      options: { model_score_threshold: 0.5 },
    });
    assert.lengthOf(shown.results, 2);
    assert.notProperty(shown.results[0], 'score');
    assert.isNull(shown.score);
    for (const odd of [3, 255, -1])
      assert.throws(() => found(output, numbers([1, 1, 2], odd, 0), meta), `the label ${odd} of 3`);
    assert.throws(() => found(output, { numbers: float32([1, 1, 2], 0.5, 0) }, meta), /the label 0.5 of 3/);
  });

  it('of a small thing in a large image need little memory', () => {
    const meta = {
      ...{ width: 8000, height: 6000, tensorWidth: 80, tensorHeight: 60 },
      ...{ scaleX: 0.01, scaleY: 0.01, left: 0, top: 0 },
    };
    const cells = new Array(80 * 60).fill(0);
    cells[30 * 80 + 40] = 1;
    const output = { kind: 'masks', tensors: { masks: 'masks', scores: 'scores' }, labels: ['Car'] };
    const outputs = { masks: float32([1, 1, 60, 80], ...cells), scores: float32([1, 1], 1) };
    const [{ mask }] = found(output, outputs, meta) as [FoundMask];
    assert.isBelow(mask.data.length, 301 * 301 + 4 * 301);
    // Where (1 - x) * (1 - y) is half at least, x and y being the distances in cells, on four sides.
    const size = mask.data.reduce((sum, each) => sum + each, 0);
    assert.approximately(size, 100 * 100 * 2 * (1 - Math.log(2)), 100);
  });
});

describe('scores of things', () => {
  const masks = float32([1, 3, 1, 2], ...[1, 0], ...[0, 1], ...[1, 1]);
  const output = {
    kind: 'masks',
    tensors: { masks: 'masks', scores: 'scores' },
    labels: ['Car', 'Road', 'Nothing'],
    background: 'Nothing',
    score_activation: 'softmax',
  };
  const meta = metaOf(2, 1);

  it('may be of each label, as logits, with one for nothing', () => {
    const scores = float32([1, 3, 3], ...[0, 2, 0], ...[3, 0, 0], ...[0, 0, 9]);
    const seen = found(output, { masks, scores }, meta, { threshold: 0.5 });
    const of = (logit: number) => Math.exp(logit) / (Math.exp(logit) + 2);
    assert.deepEqual(
      seen.map(({ label }) => label),
      [0, 1],
    );
    assert.approximately(seen[0]!.score!, of(3), 1e-6);
    assert.approximately(seen[1]!.score!, of(2), 1e-6);
  });

  it('are refused where nothing tells which label they are of', () => {
    const scores = float32([1, 3], 1, 1, 1);
    assert.throws(
      () => found(output, { masks: float32([1, 3, 1, 1], 1, 1, 1), scores: float32([1, 2], 1, 1) }, meta),
      /scores of \[1, 2\], and not of \[rows, 1, 3\]/,
    );
    const labels = float32([1, 3], 0, Number.NaN, 1);
    const numbered = {
      ...output,
      tensors: { ...output.tensors, labels: 'labels' },
      score_activation: 'none',
    };
    assert.throws(() => found(numbered, { masks, scores, labels }, meta), /the label NaN of 3/);
  });

  it('of nothing that can be seen do not count for top_k', () => {
    const labels = float32([1, 3], 0, 0, 1);
    const scores = float32([1, 3], 0.875, 0.75, 0.625);
    const tensors = { masks: float32([1, 3, 1, 2], 0, 0, 0, 1, 1, 1), scores, labels };
    const numbered = {
      ...output,
      tensors: { ...output.tensors, labels: 'labels' },
      score_activation: 'none',
    };
    assert.deepEqual(
      found(numbered, tensors, meta, { most: 1 }).map(({ score }) => score),
      [0.75],
    );
  });
});

describe('masks in windows of their own', () => {
  const windowed = fc
    .record({
      width: fc.integer({ min: 1, max: 12 }),
      height: fc.integer({ min: 1, max: 12 }),
      left: fc.integer({ min: 0, max: 3 }),
      top: fc.integer({ min: 0, max: 3 }),
      right: fc.integer({ min: 0, max: 3 }),
      bottom: fc.integer({ min: 0, max: 3 }),
      bits: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 144, maxLength: 144 }),
    })
    .map(
      ({ width, height, left, top, right, bottom, bits }): Mask => ({
        width: left + width + right,
        height: top + height + bottom,
        window: { left, top, width, height },
        data: Uint8Array.from(bits.slice(0, width * height)),
      }),
    );

  it('are packed, drawn and outlined as those of the whole image', () => {
    fc.assert(
      fc.property(windowed, mask => {
        const same = whole(mask);
        assert.deepEqual(encodeRle(mask), encodeRle(same));
        assert.isTrue(maskPng(mask).equals(maskPng(same)));
        assert.deepEqual(partsOf(mask, 1), partsOf(same, 1));
        const sizes = partsOf(mask, 1).map(({ size }) => size);
        assert.equal(
          sizes.reduce((sum, each) => sum + each, 0),
          mask.data.reduce((sum, each) => sum + each, 0),
        );
      }),
    );
  });
});

describe('outlines of noise', () => {
  it('are no more than top_k, each of a thousand corners at most', () => {
    const side = 400;
    const random = fc.sample(fc.infiniteStream(fc.nat({ max: 99 })), { numRuns: 1, seed: 5 })[0]!;
    const data = Float32Array.from({ length: side * side }, () => Number(random.next().value < 62));
    const output = { kind: 'segmentation', tensor: 'scores', labels: ['Road'] };
    const { results } = encodeOnImage(
      polygonLabels,
      output,
      { scores: { type: 'float32', data, dims: [1, 1, side, side] } },
      { meta: metaOf(side, side), options: { top_k: 7 } },
    );
    const corners = results.map(({ value }) => (value.points as unknown[]).length);
    assert.lengthOf(corners, 7);
    assert.isTrue(corners.every(count => count >= 3 && count <= 1000));
  });
});

describe('outlines', () => {
  it('with teeth that are too many to be corners are those without', () => {
    const [width, height] = [3000, 6];
    const data = Uint8Array.from({ length: width * height }, (_, pixel) =>
      Number(pixel >= width || pixel % 2),
    );
    const [part] = partsOf({ width, height, data }, 1);
    assert.equal(part!.size, width * (height - 0.5));
    assert.isAtMost(part!.outline.length, 8);
  });

  it('of several labels are top_k in all', () => {
    const output = { kind: 'segmentation', tensor: 'scores', labels: ['Car', 'Bus'], independent: true };
    const config =
      '<View><Image name="object" value="$image"/><PolygonLabels name="control" toName="object"><Label value="Car"/><Label value="Bus"/></PolygonLabels></View>';
    const scores = float32([1, 2, 1, 5], ...[1, 1, 0, 0, 1], ...[0.75, 0, 0, 0.75, 0]);
    const options = { min_area: 1, top_k: 3 };
    const { results } = encodeOnImage(
      polygonLabels,
      output,
      { scores },
      { meta: metaOf(5, 1), options, config },
    );
    assert.deepEqual(
      results.map(({ value, score }) => [
        ...(value.polygonlabels as string[]),
        score,
        (value.points as unknown[])[0],
      ]),
      [
        ['Car', 1, [0, 0]],
        ['Car', 1, [80, 0]],
        ['Bus', 0.75, [0, 0]],
      ],
    );
  });
});

describe('masks in annotations', () => {
  const target = {
    name: 'control',
    tag: 'Brush',
    toName: 'object',
    object: undefined,
    attributes: {},
    others: [],
  };
  const parsed = { labels: [] } as never;
  const read = (kind: typeof brush, result: Record<string, unknown>) =>
    kind.reader({ ...target, parsed }, {}).read([result]);
  const unreadable = { target: null, outdated: false };
  const rle = encodeRle({ width: 3, height: 1, data: Uint8Array.of(1, 0, 1) });
  const sides = { original_width: 3, original_height: 1 };

  it('are read with the size that brushes need', () => {
    const value = { format: 'rle', rle };
    for (const kind of [brush, magicWand]) {
      assert.deepEqual(read(kind, { value, ...sides }).target, [{ width: 3, height: 1, rle, labels: [] }]);
      assert.deepEqual(read(kind, { value }), unreadable);
      assert.deepEqual(read(kind, { value, original_width: 3, original_height: 2 }), unreadable);
      assert.deepEqual(read(kind, { value, original_width: '3', original_height: 1 }), unreadable);
    }
  });

  it('are unreadable when they are garbage', () => {
    for (const odd of [rle.slice(0, -2), rle.map(String), [...rle.slice(0, -1), 256], [], 'rle', null])
      assert.deepEqual(read(brush, { value: { format: 'rle', rle: odd }, ...sides }), unreadable);
    for (const imageDataURL of ['', 'data:image/png;base64,', 'https://example.com/mask.png', 7])
      assert.deepEqual(read(bitmask, { value: { imageDataURL }, ...sides }), unreadable);
    for (const points of [
      [],
      [[1, 2]],
      [[1, 2], [3], [4, 5]],
      [
        [1, 2],
        [3, '4'],
        [5, 6],
      ],
    ])
      assert.deepEqual(read(polygon, { value: { points }, ...sides }), unreadable);
  });

  it('are told from any bytes, those of literals too', () => {
    // 1 pixel as four values that are written one by one: 0, index 0, length - 1 = 3, and the values.
    const literals = ['00000000000000000000000000000100', '00111', '0010', '0011', '0111', '1111'];
    const bits = `${literals.join('')}000011${'11111111'.repeat(4)}`.padEnd(96, '0');
    const bytes = Array.from({ length: 12 }, (_, at) => Number.parseInt(bits.slice(at * 8, at * 8 + 8), 2));
    assert.isTrue(isRle(bytes, 1));
    assert.isFalse(isRle(bytes.slice(0, 10), 1));
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1, max: 256 }), { maxLength: 40 }),
        fc.nat(100),
        (any, pixels) => {
          assert.isBoolean(isRle(any, pixels));
        },
      ),
    );
  });
});

describe('prototypes', () => {
  it('are an output that the graph must have', () => {
    const output = { name: 'out', kind: 'yolo', tensor: 'head', tensors: { prototypes: 'prototypes' } };
    assert.deepEqual(tensorsOf(output), ['head', 'prototypes']);
    const { yolo } = brushLabels.outputKinds;
    assert.nestedProperty(yolo, 'properties.tensors.properties.prototypes');
  });
});
