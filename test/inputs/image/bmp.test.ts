import { assert } from 'chai';
import fc from 'fast-check';
import { isBmp, openBmp } from '../../../src/inputs/image/bmp.js';
import { image } from '../../../src/inputs/image.js';
import { runPython } from '../../support/python.js';
import { awaitedBatchesOf } from '../batches.js';

interface Read {
  file: string;
  size: [number, number] | null;
  pillow: string | null;
  opencv: string | null;
}

interface Parts {
  width: number;
  /** Below 0: the top row comes first. */
  height: number;
  bits: number;
  header?: number;
  compression?: number;
  masks?: readonly number[];
  colours?: number;
  /** What the file header says about where pixels begin; absent: the truth. */
  start?: number;
  pixels?: Uint8Array;
}

const MOST = 1_000_000;

function decodeBmp(bytes: Buffer, most: number, color: 'pillow' | 'opencv' = 'pillow') {
  const { width, height, pixels } = openBmp(bytes, most);
  return { width, height, data: pixels(color) };
}

/** The same numbers each time, spread over all bytes. */
function bytesOf(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** A file by hand. */
function bmp(parts: Parts): Buffer {
  const { width, height, bits, header = 40, compression = 0, masks = [], start } = parts;
  const colours = parts.colours ?? (bits <= 8 ? 2 ** bits : 0);
  const info = Buffer.alloc(header);
  info.writeUInt32LE(header, 0);
  if (header === 12) {
    info.writeUInt16LE(width, 4);
    info.writeUInt16LE(height, 6);
    info.writeUInt16LE(1, 8);
    info.writeUInt16LE(bits, 10);
  } else {
    info.writeInt32LE(width, 4);
    info.writeInt32LE(height, 8);
    info.writeUInt16LE(1, 12);
    info.writeUInt16LE(bits, 14);
    if (header >= 40) {
      info.writeUInt32LE(compression, 16);
      info.writeUInt32LE(parts.colours ?? 0, 32);
    }
  }
  const behind = Buffer.alloc(header === 40 ? masks.length * 4 : 0);
  for (const [index, mask] of masks.entries()) {
    if (header === 40) behind.writeUInt32LE(mask, index * 4);
    else info.writeUInt32LE(mask, 40 + index * 4);
  }
  const palette = Buffer.from(bytesOf(colours * (header === 12 ? 3 : 4), 7));
  const stride = Math.ceil((width * bits) / 32) * 4;
  const pixels = parts.pixels ?? bytesOf(stride * Math.abs(height), 3);
  const begin = 14 + info.length + behind.length + palette.length;
  const head = Buffer.alloc(14);
  head.write('BM');
  head.writeUInt32LE(begin + pixels.length, 2);
  head.writeUInt32LE(start ?? begin, 10);
  return Buffer.concat([head, info, behind, palette, pixels]);
}

/** Run lengths of rows, each of an encoded run, an absolute one and a rest that is left out. */
function runs(width: number, height: number, bits: 4 | 8): Uint8Array {
  const random = bytesOf(4000, 11);
  const all: number[] = [];
  for (let y = 0, next = 0; y < height; y++) {
    const first = 1 + (random[next++]! % (width - 4));
    all.push(first, random[next++]!);
    const second = 3 + (random[next++]! % Math.max(1, width - first - 3));
    if (first + second <= width) {
      const length = Math.ceil((second * bits) / 8);
      all.push(0, second, ...random.slice(next, next + length), ...(length % 2 === 1 ? [0] : []));
      next += length;
    }
    all.push(0, 0);
  }
  return Uint8Array.from([...all, 0, 1]);
}

const SIZE = { width: 13, height: 7 };
const RGB565 = [0xf800, 0x7e0, 0x1f];
const RGB555 = [0x7c00, 0x3e0, 0x1f];

/** Files that Pillow reads as well. */
const FILES: Record<string, Buffer> = {
  ...Object.fromEntries(
    [1, 4, 8, 16, 24, 32].flatMap(bits =>
      [12, 40, 52, 56, 64, 108, 124]
        .filter(header => header > 12 || [1, 4, 8, 24].includes(bits))
        .map(header => [`${bits} bits, header of ${header}`, bmp({ ...SIZE, bits, header })]),
    ),
  ),
  ...Object.fromEntries(
    [1, 4, 8, 16, 24, 32].map(bits => [`${bits} bits from the top`, bmp({ ...SIZE, height: -7, bits })]),
  ),
  'fewer colours': bmp({ ...SIZE, bits: 8, colours: 16, pixels: bytesOf(16 * 7).map(each => each % 16) }),
  'run lengths of 8 bits': bmp({ ...SIZE, bits: 8, compression: 1, pixels: runs(13, 7, 8) }),
  'run lengths of 4 bits': bmp({ ...SIZE, bits: 4, compression: 2, pixels: runs(13, 7, 4) }),
  'masks of 5, 6 and 5 bits': bmp({ ...SIZE, bits: 16, compression: 3, masks: RGB565 }),
  'masks of 5, 5 and 5 bits': bmp({ ...SIZE, bits: 16, compression: 3, masks: RGB555, header: 56 }),
  'masks in the third header': bmp({
    ...SIZE,
    bits: 32,
    compression: 3,
    masks: [0xff000000, 0xff0000, 0xff00, 0xff],
    header: 56,
  }),
  'masks in the fifth header': bmp({
    ...SIZE,
    bits: 32,
    compression: 3,
    masks: [0xff, 0xff00, 0xff0000, 0xff000000],
    header: 124,
  }),
  'masks behind the header': bmp({
    ...SIZE,
    bits: 32,
    compression: 3,
    masks: [0xff000000, 0xff0000, 0xff00],
  }),
  'masks of 24 bits': bmp({ ...SIZE, bits: 24, compression: 3, masks: [0xff0000, 0xff00, 0xff] }),
  'no place of pixels': bmp({ ...SIZE, bits: 24, start: 0 }),
  'a place of pixels without the palette': bmp({ ...SIZE, bits: 4, start: 54 }),
};

describe('a BMP', () => {
  it('has the pixels that Pillow reads, of every kind that Pillow reads or writes', async () => {
    const modes = ['1', 'L', 'P', 'RGB', 'RGBA'];
    const sizes = [
      [1, 1],
      [13, 7],
      [64, 33],
    ];
    const requests = [
      ...Object.values(FILES).map(file => ({ file: file.toString('base64') })),
      ...modes.flatMap(mode => sizes.map(size => ({ mode, size }))),
    ];
    const names = [...Object.keys(FILES), ...modes.flatMap(mode => sizes.map(size => `${mode} ${size}`))];
    for (const [index, read] of (await runPython<Read>('test/inputs/image/bmp.py', requests)).entries()) {
      assert.isNotNull(read.pillow, names[index]);
      const bytes = Buffer.from(read.file, 'base64');
      assert.isTrue(isBmp(bytes));
      const { data, width, height } = decodeBmp(bytes, MOST);
      assert.deepEqual([width, height], read.size!, names[index]);
      assert.equal(Buffer.from(data).toString('base64'), read.pillow, names[index]);
    }
  });

  it('has the pixels that OpenCV reads of 16 bits, where that is asked for', async () => {
    const files = [
      FILES['16 bits, header of 40']!,
      FILES['masks of 5, 6 and 5 bits']!,
      FILES['24 bits from the top']!,
    ];
    const requests = files.map(file => ({ file: file.toString('base64') }));
    for (const [index, read] of (await runPython<Read>('test/inputs/image/bmp.py', requests)).entries()) {
      const { data } = decodeBmp(files[index]!, MOST, 'opencv');
      assert.equal(Buffer.from(data).toString('base64'), read.opencv);
    }
  });

  it('has the pixels that OpenCV and Pillow read, where run lengths move on and leave out rows', async () => {
    const eights = [0, 0, 3, 9, 0, 2, 4, 2, 2, 5, 0, 0, 0, 0, 0, 3, 1, 2, 3, 0, 0, 1];
    const fours = [3, 0x91, 0, 2, 4, 2, 2, 0x57, 0, 0, 0, 5, 0x12, 0x34, 0x50, 0, 0, 0, 0, 2, 3, 2, 10, 0x34];
    // Of the two, OpenCV reads no such 4 bits, and Pillow loses a row that is left out from its beginning.
    const files = [
      bmp({ ...SIZE, bits: 8, compression: 1, pixels: Uint8Array.from(eights) }),
      bmp({ ...SIZE, bits: 4, compression: 2, pixels: Uint8Array.from(fours) }),
    ].map(file => ({ file: file.toString('base64') }));
    const [eight, four] = await runPython<Read>('test/inputs/image/bmp.py', files);
    for (const [file, pixels] of [
      [eight!.file, eight!.opencv],
      [four!.file, four!.pillow],
    ]) {
      const { data } = decodeBmp(Buffer.from(file!, 'base64'), MOST);
      assert.equal(Buffer.from(data).toString('base64'), pixels);
    }
  });

  it('may have OS/2 headers that are shorter, 2 bits a pixel, and masks of any width', () => {
    const two = bmp({ width: 4, height: 1, bits: 2, pixels: Uint8Array.of(0b00011011, 0, 0, 0) });
    const palette = [...two.subarray(54, 70)];
    const rgb = [0, 1, 2, 3].flatMap(index => palette.slice(index * 4, index * 4 + 3).reverse());
    assert.deepEqual([...decodeBmp(two, MOST).data], rgb);

    const short = bmp({ ...SIZE, bits: 8, header: 16 });
    const long = bmp({ ...SIZE, bits: 8, header: 40 });
    assert.deepEqual(decodeBmp(short, MOST).data, decodeBmp(long, MOST).data);

    const masks = [0x3ff00000, 0xffc00, 0x3ff];
    const pixel = Buffer.alloc(4);
    pixel.writeUInt32LE(((1023 << 20) | (512 << 10) | 1) >>> 0);
    const ten = bmp({ width: 1, height: 1, bits: 32, compression: 3, masks, pixels: pixel });
    assert.deepEqual([...decodeBmp(ten, MOST).data], [255, 127, 0]);
  });

  it('that cannot be read says why', () => {
    const refused = (file: Buffer, reason: RegExp, most = MOST) =>
      assert.throws(() => decodeBmp(file, most), reason);
    refused(bmp({ ...SIZE, bits: 24 }), /13 x 7 pixels, and at most 90/, 90);
    refused(bmp({ ...SIZE, bits: 5 }), /5 bits a pixel/);
    refused(bmp({ ...SIZE, bits: 24, compression: 4 }), /JPEG inside of a BMP.*save it as PNG/);
    refused(bmp({ ...SIZE, bits: 24, compression: 9 }), /compression 9 of 24 bits/);
    refused(bmp({ ...SIZE, bits: 8, compression: 2, pixels: runs(13, 7, 4) }), /compression 2 of 8 bits/);
    refused(bmp({ ...SIZE, bits: 8, header: 64, compression: 3 }), /OS\/2's compression 3/);
    refused(bmp({ ...SIZE, bits: 16, compression: 3, masks: [0x5000, 0x7e0, 0x1f] }), /bit mask 0x5000/);
    refused(bmp({ ...SIZE, width: -13, bits: 24, pixels: new Uint8Array(9) }), /-13 x 7/);
    refused(bmp({ ...SIZE, height: 0, bits: 24 }), /13 x 0/);
    refused(Buffer.from('BM, said the text, is no image at all'), /its header is invalid/);
    for (const file of Object.values(FILES)) {
      for (let length = 2; length < file.length - 3; length += 5)
        assert.throws(() => decodeBmp(file.subarray(0, length), MOST), /cut off after/);
    }
  });

  it('that is damaged anywhere gives an Error or pixels, within its limit', () => {
    const all = Object.values(FILES);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: all.length - 1 }),
        fc.array(fc.tuple(fc.nat(2000), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
        fc.nat(2000),
        (which, changes, length) => {
          const file = Buffer.from(all[which]!);
          for (const [at, value] of changes) file[at % (at % 2 === 0 ? 60 : file.length)] = value;
          try {
            const { data, width, height } = decodeBmp(file.subarray(0, length), MOST);
            assert.isAtMost(width * height, MOST);
            assert.lengthOf(data, width * height * 3);
          } catch (error) {
            assert.notInstanceOf(error, RangeError);
            assert.notInstanceOf(error, TypeError);
            assert.match((error as Error).message, /cut off|its header|at most|cannot be read/);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('is an image of a task like any other', async () => {
    const encoder = await image.load('/nowhere', {
      width: 13,
      height: 7,
      dtype: 'uint8',
      layout: 'nhwc',
    } as never);
    const uri = (file: Buffer) => ({ file: `data:image/bmp;base64,${file.toString('base64')}` });
    const file = FILES['run lengths of 8 bits']!;
    const failures = new Map<number, string>();
    const batches = await awaitedBatchesOf(
      encoder,
      [
        uri(file),
        uri(bmp({ width: 60_000, height: 60_000, bits: 1, pixels: new Uint8Array(9) })),
        uri(file.subarray(0, 1100)),
      ],
      (row, { message }) => failures.set(row, message),
    );
    assert.deepEqual(batches[0]!.rows, [0]);
    assert.deepEqual(batches[0]!.feeds.pixel_values!.data, decodeBmp(file, MOST).data);
    assert.match(failures.get(1)!, /cannot be read as an image: it has 60000 x 60000 pixels, and at most/);
    assert.match(failures.get(2)!, /cannot be read as an image: the file is cut off after 1100 bytes/);
  });
});
