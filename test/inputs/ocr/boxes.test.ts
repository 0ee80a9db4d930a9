import { assert } from 'chai';
import fc from 'fast-check';
import type { Picture } from '../../../src/inputs/ocr/contract.js';
import { cut, linePlace, upsideDown } from '../../../src/inputs/ocr/crop.js';
import { detectorSize } from '../../../src/inputs/ocr/encoder.js';
import { hullOf, smallestBox, straightened } from '../../../src/inputs/ocr/min-area.js';
import { textBoxes } from '../../../src/inputs/ocr/text-boxes.js';
import { type Box, cornersOf, type Point } from '../../../src/regions/image/geometry.js';
import { iou } from '../../../src/regions/image/overlap.js';
import { runPython } from '../../support/python.js';

const byRows = (points: readonly Point[]) => [...points].sort((a, b) => a[1] - b[1] || a[0] - b[0]);

/** Whether a point lies in a box, or that close to it. */
function isIn({ x, y, width, height, angle }: Box, [px, py]: Point, slack = 1e-6): boolean {
  const [dx, dy] = [px - x, py - y];
  const along = dx * Math.cos(angle) + dy * Math.sin(angle);
  const across = dy * Math.cos(angle) - dx * Math.sin(angle);
  return Math.abs(along) <= width / 2 + slack && Math.abs(across) <= height / 2 + slack;
}

/** A map in which some boxes are text. */
function mapOf(boxes: readonly Box[], width: number, height: number, value = 0.9): Float32Array {
  return Float32Array.from({ length: width * height }, (_, at) => {
    const middle: Point = [(at % width) + 0.5, Math.floor(at / width) + 0.5];
    return boxes.some(box => isIn(box, middle)) ? value : 0.05;
  });
}

/** What a detector was taught to shrink such a box by, formula (8) of the DB paper the other way round. */
function grown(box: Box): Box {
  const by = (1.5 * box.width * box.height) / (box.width + box.height);
  return { ...box, width: box.width + by, height: box.height + by };
}

interface Detected {
  map: string;
  boxes: Point[][];
  scores: number[];
}

interface Encoded {
  data: string;
  width: number;
  height: number;
}

const decoded = ({ data, ...size }: Encoded): Picture => ({ data: Buffer.from(data, 'base64'), ...size });

const clamp = (value: number, most: number) => Math.min(Math.max(value, 0), most);

/** Whether a box has these corners or, being straight, covers hardly more than they do. */
function isSame(box: Box, corners: readonly Point[], inMap: (corner: Point) => Point): boolean {
  const ours = cornersOf(box).map(inMap);
  const isNear = (a: Point) => ours.some(b => Math.hypot(a[0] - b[0], a[1] - b[1]) < 0.01);
  if (corners.every(isNear)) return true;
  if (box.angle !== 0) return false;
  const range = (index: 0 | 1) => {
    const all = corners.map(corner => corner[index]);
    return [Math.min(...all), Math.max(...all)] as const;
  };
  const [[left, right], [top, bottom]] = [range(0), range(1)];
  const around = {
    x: (left + right) / 2,
    y: (top + bottom) / 2,
    width: right - left,
    height: bottom - top,
    angle: 0,
  };
  return iou(box, around) > 0.75;
}

const point = fc.tuple(
  fc.double({ min: -50, max: 50, noNaN: true }),
  fc.double({ min: -50, max: 50, noNaN: true }),
);

describe('the smallest box around points', () => {
  it('holds them all, and none that is turned is smaller', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 30 }), points => {
        const hull = hullOf(byRows(points));
        const box = smallestBox(hull.length === 0 ? points : hull);
        const straight = straightened(hull.length === 0 ? points : hull, box);
        assert.isAtMost(straight.width * straight.height, box.width * box.height * 1.1 + 1e-6);
        for (const each of points) {
          assert.isTrue(isIn(box, each, 1e-4), `${each} in ${JSON.stringify(box)}`);
          assert.isTrue(isIn(straight, each, 1e-4), `${each} in ${JSON.stringify(straight)}`);
        }
        assert.isAtMost(Math.abs(box.angle), Math.PI / 4 + 1e-9);
        for (let angle = 0; angle < Math.PI / 2; angle += Math.PI / 360) {
          const along = points.map(([x, y]) => x * Math.cos(angle) + y * Math.sin(angle));
          const across = points.map(([x, y]) => y * Math.cos(angle) - x * Math.sin(angle));
          const size = (all: number[]) => Math.max(...all) - Math.min(...all);
          assert.isAtMost(box.width * box.height, size(along) * size(across) + 1e-6);
        }
      }),
    );
  });
});

describe('the boxes of text in a map', () => {
  it('are those that were drawn, grown, turned or not', () => {
    const box = fc.record({
      x: fc.integer({ min: 70, max: 90 }),
      y: fc.integer({ min: 70, max: 90 }),
      width: fc.integer({ min: 40, max: 90 }),
      height: fc.integer({ min: 8, max: 20 }),
      angle: fc.double({ min: -0.7, max: 0.7, noNaN: true }),
    });
    fc.assert(
      fc.property(box, drawn => {
        const found = textBoxes(mapOf([drawn], 160, 160), 160, 160);
        assert.lengthOf(found, 1);
        assert.isAbove(iou(found[0]!.box, grown(drawn)), 0.75);
        assert.isAtLeast(found[0]!.score, 0.6);
      }),
      { numRuns: 40 },
    );
  });

  it('are those of PaddleOCR, with its scores', async () => {
    const requests = Array.from({ length: 60 }, (_, seed) => ({
      seed,
      size: [160 + (seed % 3) * 64, 128] as const,
    }));
    const all = await runPython<Detected>('test/inputs/ocr/db.py', requests);
    const off: number[] = [];
    let [count, alone] = [0, 0];
    for (const [index, { map, boxes, scores }] of all.entries()) {
      const [width, height] = requests[index]!.size;
      const inMap = ([x, y]: Point): Point => [clamp(x, width), clamp(y, height)];
      const bytes = Uint8Array.from(Buffer.from(map, 'base64'));
      const found = textBoxes(new Float32Array(bytes.buffer), width, height);
      count += boxes.length;
      const left = new Set(found);
      for (const [each, box] of boxes.entries()) {
        const corners = box.map(inMap);
        const nearest = [...left].find(one => isSame(one.box, corners, inMap));
        if (nearest === undefined) alone++;
        else {
          left.delete(nearest);
          off.push(Math.abs(nearest.score - scores[each]!));
        }
      }
      alone += left.size;
    }
    // OpenCV has its corners in 32 bits: a box may lose a row of pixels by rounding, and its score may then cross the limit.
    assert.isAbove(count, 150);
    assert.isAtMost(alone, 0.02 * count);
    off.sort((a, b) => a - b);
    assert.isBelow(off[Math.floor(off.length * 0.5)]!, 1e-4);
    assert.isBelow(off[Math.floor(off.length * 0.9)]!, 0.005);
    assert.isBelow(off.at(-1)!, 0.06);
  });

  it('are in the order of reading', () => {
    const line = (x: number, y: number): Box => ({ x, y, width: 30, height: 8, angle: 0 });
    const boxes = [line(80, 52), line(30, 20), line(30, 50), line(80, 18)];
    const found = textBoxes(mapOf(boxes, 120, 80), 120, 80);
    assert.deepEqual(
      found.map(({ box }) => [Math.round(box.x), Math.round(box.y)]),
      [
        [30, 20],
        [80, 18],
        [30, 50],
        [80, 52],
      ],
    );
  });

  it('are none of specks, of doubt, and of what is no number', () => {
    const speck: Box = { x: 20, y: 20, width: 30, height: 2, angle: 0 };
    const line: Box = { ...speck, height: 10 };
    assert.lengthOf(textBoxes(mapOf([line], 60, 40), 60, 40), 1);
    assert.deepEqual(textBoxes(mapOf([speck], 60, 40), 60, 40), []);
    assert.deepEqual(textBoxes(mapOf([line], 60, 40, 0.5), 60, 40), []);
    assert.deepEqual(textBoxes(mapOf([line], 60, 40, Number.NaN), 60, 40), []);
  });
});

describe('the size of what the detector sees', () => {
  it('is that of PaddleOCR where a page is large, and up to twice the size of a small page', () => {
    const sizes = [
      [800, 420, 800, 416],
      [1600, 1200, 960, 704],
      [700, 1000, 672, 960],
      [336, 336, 320, 320],
      [200, 100, 384, 192],
      [400, 300, 416, 320],
      [700, 40, 960, 64],
      [3000, 20, 960, 32],
      [3, 2, 32, 32],
    ];
    for (const [width, height, ...seen] of sizes as [number, number, number, number][]) {
      const size = detectorSize({ width, height }, 960);
      assert.deepEqual([size.width, size.height], seen, `${width} x ${height}`);
    }
  });
});

describe('a line that is cut out', () => {
  const width = 24;
  const height = 16;
  const picture: Picture = {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 37) % 251),
  };
  const pixel = ({ data, width }: Picture, x: number, y: number) =>
    Array.from(data.slice((y * width + x) * 3, (y * width + x) * 3 + 3));

  it('is the pixels as they are, where it is neither turned nor scaled', () => {
    const part = cut(picture, linePlace({ x: 9, y: 6, width: 10, height: 4, angle: 0 }));
    for (let y = 0; y < 4; y++)
      for (let x = 0; x < 10; x++) assert.deepEqual(pixel(part, x, y), pixel(picture, x + 4, y + 4));
  });

  it('is laid down where it stands upright, anticlockwise, and turned by half where that is asked for', () => {
    const place = linePlace({ x: 6, y: 9, width: 4, height: 10, angle: 0 });
    assert.deepEqual([place.width, place.height], [10, 4]);
    const part = cut(picture, place);
    for (let y = 0; y < 4; y++)
      for (let x = 0; x < 10; x++) assert.deepEqual(pixel(part, x, y), pixel(picture, 7 - y, 4 + x));
    const turned = cut(picture, upsideDown(place));
    for (let y = 0; y < 4; y++)
      for (let x = 0; x < 10; x++) assert.deepEqual(pixel(turned, x, y), pixel(part, 9 - x, 3 - y));
  });

  it('is what PaddleOCR cuts out', async () => {
    const boxes: Box[] = [
      { x: 80, y: 60, width: 100, height: 20, angle: 0 },
      { x: 30, y: 60, width: 20, height: 90, angle: 0 },
      { x: 80, y: 60, width: 90, height: 24, angle: 0.1 },
      { x: 80, y: 60, width: 90, height: 24, angle: -0.5 },
      { x: 20, y: 60, width: 70, height: 24, angle: 0.02 },
    ];
    const requests = boxes.map(box => ({ corners: cornersOf(box) }));
    const all = await runPython<Record<'picture' | 'crop', Encoded>>('test/inputs/ocr/crops.py', requests);
    for (const [index, each] of all.entries()) {
      const ours = cut(decoded(each.picture), linePlace(boxes[index]!));
      const theirs = decoded(each.crop);
      assert.deepEqual([ours.width, ours.height], [theirs.width, theirs.height]);
      const off = ours.data.map((value, at) => Math.abs(value - theirs.data[at]!));
      const mean = off.reduce((sum, value) => sum + value, 0) / off.length;
      // In a turned box, theirs begins at the middle of a pixel and ours at its corner.
      if (boxes[index]!.angle === 0) assert.equal(mean, 0);
      else assert.isBelow(mean, 8);
    }
  });

  it('is the border outside of the picture, and has a margin where that is asked for', () => {
    const outside = cut(picture, linePlace({ x: -20, y: -20, width: 4, height: 4, angle: 0.3 }));
    assert.deepEqual(pixel(outside, 2, 2), pixel(picture, 0, 0));
    const box = { x: 10, y: 8, width: 10, height: 4, angle: 0 };
    const wide = cut(picture, linePlace(box, { margin: 0.25 }));
    assert.deepEqual([wide.width, wide.height], [12, 6]);
    assert.deepEqual(pixel(wide, 1, 1), pixel(cut(picture, linePlace(box)), 0, 0));
  });
});
