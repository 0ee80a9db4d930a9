import type { Mask } from './mask.js';

/** What a pixel has in RLE: red, green, blue and alpha. */
const CHANNELS = 4;
const INSIDE = 255;
/** The bits that the length of a run may have; each run takes the first that holds it. */
const RUN_BITS = [3, 4, 8, 16] as const;
const WORD_BITS = 8;

/** Bits one after the other, the most significant first. */
class Bits {
  #bytes = new Uint8Array(1024);
  #length = 0;

  write(value: number, count: number): void {
    for (let bit = count - 1; bit >= 0; bit--) {
      const at = this.#length++;
      if (at >> 3 >= this.#bytes.length) {
        const larger = new Uint8Array(this.#bytes.length * 2);
        larger.set(this.#bytes);
        this.#bytes = larger;
      }
      // Not by shifting: the first number has 32 bits.
      if (Math.floor(value / 2 ** bit) % 2 === 1) this.#bytes[at >> 3]! |= 0x80 >> (at & 7);
    }
  }

  get bytes(): number[] {
    return Array.from(this.#bytes.subarray(0, (this.#length + 7) >> 3));
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
export function encodeRle({ data }: Mask): number[] {
  const bits = new Bits();
  bits.write(data.length * CHANNELS, 32);
  bits.write(WORD_BITS - 1, 5);
  for (const size of RUN_BITS) bits.write(size - 1, 4);
  const longest = 2 ** RUN_BITS.at(-1)!;
  for (let begin = 0; begin < data.length; ) {
    let end = begin + 1;
    while (end < data.length && data[end] === data[begin]) end++;
    for (let left = (end - begin) * CHANNELS; left > 0; ) {
      const run = Math.min(left, longest);
      const entry = RUN_BITS.findIndex(size => run <= 2 ** size);
      bits.write(1, 1);
      bits.write(entry, 2);
      bits.write(run - 1, RUN_BITS[entry]!);
      bits.write(data[begin] === 1 ? INSIDE : 0, WORD_BITS);
      left -= run;
    }
    begin = end;
  }
  return bits.bytes;
}
