import { eachStretch, type Mask } from './mask.js';

/** What a pixel has in RLE: red, green, blue and alpha. */
const CHANNELS = 4;
const INSIDE = 255;
/** The bits that the length of a run may have; each run takes the first that holds it. */
const RUN_BITS = [3, 4, 8, 16] as const;
const LONGEST_RUN = 2 ** 16;
const WORD_BITS = 8;

/** Bits one after the other, the most significant first. */
class Bits {
  readonly bytes: number[] = [];
  #rest = 0;
  #count = 0;

  /** @param count 16 at most */
  write(value: number, count: number): void {
    this.#rest = (this.#rest << count) | value;
    this.#count += count;
    while (this.#count >= 8) {
      this.#count -= 8;
      this.bytes.push((this.#rest >> this.#count) & 0xff);
    }
    this.#rest &= 0xff;
  }

  /** Zeros up to the end of the byte. */
  finish(): number[] {
    if (this.#count > 0) this.write(0, 8 - this.#count);
    return this.bytes;
  }
}

/**
 * Packs a mask as Label Studio's brush does: the four channels of all pixels, row by row, in runs.
 *
 * The format is that of https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack, which the editor uses; the SDK
 * reads and writes it in `label_studio_sdk.converter.brush`.
 *
 * @returns bytes
 * @example
 * encodeRle({ width: 1, height: 1, data: Uint8Array.of(1) }); // [0, 0, 0, 4, 57, 27, 252, 127, 224]
 */
export function encodeRle(mask: Mask): number[] {
  const bits = new Bits();
  const pixels = mask.width * mask.height;
  const values = pixels * CHANNELS;
  bits.write(values >>> 16, 16);
  bits.write(values & 0xffff, 16);
  bits.write(WORD_BITS - 1, 5);
  for (const size of RUN_BITS) bits.write(size - 1, 4);
  const run = (count: number, word: number) => {
    for (let left = count * CHANNELS; left > 0; ) {
      const length = Math.min(left, LONGEST_RUN);
      const entry = RUN_BITS.findIndex(size => length <= 2 ** size);
      bits.write(1, 1);
      bits.write(entry, 2);
      bits.write(length - 1, RUN_BITS[entry]!);
      bits.write(word, WORD_BITS);
      left -= length;
    }
  };
  // A stretch may go on in the next row.
  let [begin, end] = [0, 0];
  eachStretch(mask, (y, from, to) => {
    const start = y * mask.width + from;
    if (start > end) {
      run(end - begin, INSIDE);
      run(start - end, 0);
      begin = start;
    }
    end = y * mask.width + to;
  });
  run(end - begin, INSIDE);
  run(pixels - end, 0);
  return bits.finish();
}

/**
 * Whether bytes are a packed mask of that many pixels: what annotations hold was never checked.
 *
 * @example
 * isRle([0, 0, 0, 4, 57, 27, 252, 127, 224], 1); // true
 */
export function isRle(bytes: unknown, pixels: number): bytes is number[] {
  if (!Array.isArray(bytes) || !bytes.every(byte => Number.isInteger(byte) && byte >= 0 && byte <= 255))
    return false;
  let at = 0;
  const read = (count: number) => {
    let value = 0;
    for (let bit = 0; bit < count; bit++, at++)
      value = value * 2 + ((((bytes[at >> 3] as number | undefined) ?? 0) >> (7 - (at & 7))) & 1);
    return value;
  };
  if (read(32) !== pixels * CHANNELS) return false;
  const word = read(5) + 1;
  const sizes = RUN_BITS.map(() => read(4) + 1);
  let values = 0;
  while (values < pixels * CHANNELS && at < bytes.length * 8) {
    const isRun = read(1) === 1;
    const length = read(sizes[read(2)]!) + 1;
    at += isRun ? word : word * length;
    values += length;
  }
  return values === pixels * CHANNELS && at <= bytes.length * 8;
}
