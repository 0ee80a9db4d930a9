import type { Colour } from './colours.js';
import type { Size } from './resample.js';

/** A BMP of which only the headers were read. */
export interface Bmp extends Size {
  /**
   * Decodes it.
   *
   * @param color how 5 or 6 bits of a channel become 8: as OpenCV shifts them, or as Pillow scales them
   * @returns three bytes a pixel, red first, row by row from the top
   * @throws Error with a reason for people
   */
  pixels(color: Colour): Uint8Array;
}

/** What the headers say. */
interface Header {
  width: number;
  height: number;
  /** The first row of the file is the top one; usually it is the bottom one. */
  topDown: boolean;
  bits: number;
  compression: number;
  /** Where the pixels begin. */
  start: number;
  /** Red, green and blue of each index; those that the file does not list are black. */
  palette: Uint8Array;
  /** Which bits of a pixel of 16 or 32 bits are red, green and blue. */
  masks: readonly [red: number, green: number, blue: number];
}

/** `bV5Compression`. */
const RGB = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;
const UNREAD: Readonly<Record<number, string>> = { 4: 'JPEG', 5: 'PNG', 11: 'CMYK', 12: 'CMYK', 13: 'CMYK' };

const FILE_HEADER = 14;
/** The size of OS/2's first header, whose fields are shorter than those of all others. */
const CORE_HEADER = 12;
const INFO_HEADER = 40;
/** The size of OS/2's second header, in which compression 3 is Huffman's and 4 is run lengths of 24 bits. */
const OS2_HEADER = 64;
const LONGEST_HEADER = 124;

/** What a byte of 0 in run lengths is followed by, if not by a count. */
const END_OF_ROW = 0;
const END_OF_IMAGE = 1;
const MOVE = 2;

/** Whether a file says that it is a BMP. */
export function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d;
}

/**
 * Reads a BMP: 1, 2, 4, 8, 16, 24 or 32 bits, run lengths, bit masks, from the top or from the bottom, with the headers of
 * Windows and OS/2. Its alpha is dropped, as Pillow and OpenCV do. What run lengths leave out has the first colour of the palette.
 *
 * Written after https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage and
 * https://learn.microsoft.com/en-us/windows/win32/api/wingdi/ns-wingdi-bitmapv5header
 *
 * @param mostPixels a larger image is refused before memory is taken for it
 * @throws Error with a reason for people
 * @example
 * const bmp = openBmp(await readFile('scan.bmp'), 100_000_000);
 * bmp.pixels('pillow'); // as many bytes as 3 * bmp.width * bmp.height
 */
export function openBmp(file: Uint8Array, mostPixels: number): Bmp {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const header = readHeader(bytes);
  const { width, height, bits, compression } = header;
  if (width < 1 || height < 1) throw new Error(`its header is invalid: ${width} x ${height} pixels`);
  if (width * height > mostPixels)
    throw new Error(`it has ${width} x ${height} pixels, and at most ${mostPixels} in all are decoded`);
  if ((compression === RLE8 && bits === 8) || (compression === RLE4 && bits === 4))
    return { width, height, pixels: () => runLengths(bytes, header) };
  const isMasked = compression === BITFIELDS || compression === ALPHA_BITFIELDS;
  if (compression === RGB || (isMasked && bits >= 16))
    return { width, height, pixels: color => plainRows(bytes, header, color) };
  throw new Error(
    compression in UNREAD
      ? `its pixels are ${UNREAD[compression]} inside of a BMP, which cannot be read: save it as PNG`
      : `its header is invalid: compression ${compression} of ${bits} bits; save it as PNG`,
  );
}

function readHeader(bytes: Buffer): Header {
  const size = within(bytes, FILE_HEADER, 4).readUInt32LE(FILE_HEADER);
  if (size !== CORE_HEADER && (size < 16 || size > LONGEST_HEADER))
    throw new Error(`its header is invalid: it is ${size} bytes long`);
  within(bytes, FILE_HEADER, size);
  const isCore = size === CORE_HEADER;
  // OS/2's second header may be shorter: what it lacks is 0.
  const field = (at: number) => (at + 4 <= size ? bytes.readUInt32LE(FILE_HEADER + at) : 0);
  const width = isCore ? bytes.readUInt16LE(18) : bytes.readInt32LE(18);
  const lines = isCore ? bytes.readUInt16LE(20) : bytes.readInt32LE(22);
  const bits = bytes.readUInt16LE(isCore ? 24 : 28);
  const compression = isCore ? RGB : field(16);
  if (![1, 2, 4, 8, 16, 24, 32].includes(bits))
    throw new Error(`its header is invalid: ${bits} bits a pixel`);
  if (size === OS2_HEADER && compression > RLE4)
    throw new Error(`OS/2's compression ${compression} cannot be read: save it as PNG`);

  // Masks are part of the longer headers, and stand behind the shorter one.
  let end = FILE_HEADER + size;
  const isMasked = compression === BITFIELDS || compression === ALPHA_BITFIELDS;
  let masks: Header['masks'] = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  if (isMasked) {
    const at = FILE_HEADER + INFO_HEADER;
    within(bytes, at, 12);
    const own = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8)] as const;
    if (own.some(mask => mask !== 0)) masks = own;
    if (size === INFO_HEADER) end += compression === BITFIELDS ? 12 : 16;
  }

  const given = bytes.readUInt32LE(10);
  const palette = new Uint8Array(3 * 256);
  if (bits <= 8) {
    const step = isCore ? 3 : 4;
    const room = given > end ? Math.floor((given - end) / step) : Infinity;
    const count = Math.min(field(32) || 2 ** bits, 2 ** bits, room);
    within(bytes, end, count * step);
    for (let index = 0; index < count; index++, end += step) {
      for (let channel = 0; channel < 3; channel++) palette[index * 3 + channel] = bytes[end + 2 - channel]!;
    }
  }
  // Some programs leave the field at 0, or forget the palette in it.
  const start = Math.max(given, end);
  return { width, height: Math.abs(lines), topDown: lines < 0, bits, compression, start, palette, masks };
}

/** @throws Error when the file ends before */
function within(bytes: Buffer, from: number, length: number): Buffer {
  if (from + length > bytes.length) throw new Error(`the file is cut off after ${bytes.length} bytes`);
  return bytes;
}

/** Rows as they are, each padded to a multiple of 32 bits. */
function plainRows(bytes: Buffer, header: Header, color: Colour): Uint8Array {
  const { width, height, topDown, bits, start } = header;
  const stride = Math.ceil((width * bits) / 32) * 4;
  // Some programs leave out the last padding.
  within(bytes, start, (height - 1) * stride + Math.ceil((width * bits) / 8));
  const data = new Uint8Array(width * height * 3);
  const decodeRow = rowDecoder(bytes, header, data, color);
  for (let row = 0; row < height; row++)
    decodeRow(start + row * stride, (topDown ? row : height - 1 - row) * width * 3);
  return data;
}

/** Decodes the row that begins at a byte of the file to where it goes. */
function rowDecoder(
  bytes: Buffer,
  { width, bits, palette, masks }: Header,
  data: Uint8Array,
  color: Colour,
): (from: number, to: number) => void {
  if (bits === 24 && masks[0] === 0xff0000 && masks[1] === 0xff00 && masks[2] === 0xff) {
    return (from, to) => {
      for (const end = to + width * 3; to < end; from += 3, to += 3) {
        data[to] = bytes[from + 2]!;
        data[to + 1] = bytes[from + 1]!;
        data[to + 2] = bytes[from]!;
      }
    };
  }
  if (bits > 8) {
    const channels = masks.map(mask => scaleOf(mask, color));
    return (from, to) => {
      for (let x = 0; x < width; x++, from += bits / 8) {
        const pixel = bytes.readUIntLE(from, bits / 8);
        for (const { mask, shift, scaled } of channels) data[to++] = scaled[(pixel & mask) >>> shift]!;
      }
    };
  }
  const perByte = 8 / bits;
  return (from, to) => {
    for (let x = 0; x < width; x++) {
      const byte = bytes[from + Math.floor(x / perByte)]!;
      const index = (byte >> (8 - bits * ((x % perByte) + 1))) & (2 ** bits - 1);
      data[to++] = palette[index * 3]!;
      data[to++] = palette[index * 3 + 1]!;
      data[to++] = palette[index * 3 + 2]!;
    }
  };
}

/** How a channel of some bits of a pixel becomes 8 bits. */
function scaleOf(mask: number, color: Colour) {
  const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  if (most > 0xffff || (most & (most + 1)) !== 0)
    throw new Error(`its header is invalid: the bit mask 0x${mask.toString(16)}; save it as PNG`);
  const missing = 8 - (32 - Math.clz32(most));
  const scaled = Uint8Array.from({ length: most + 1 }, (_, value) => {
    if (most === 0) return 0;
    return color === 'opencv' && missing > 0 ? value << missing : Math.floor((value * 255) / most);
  });
  return { mask, shift, scaled };
}

/** Run lengths of 4 or 8 bits a pixel. */
function runLengths(bytes: Buffer, { width, height, topDown, bits, start, palette }: Header): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  const paper = palette.subarray(0, 3);
  if (paper.some(value => value !== 0)) for (let at = 0; at < data.length; at += 3) data.set(paper, at);
  let [x, y] = [0, 0];
  const put = (index: number) => {
    if (x < width && y < height) {
      const to = ((topDown ? y : height - 1 - y) * width + x) * 3;
      for (let channel = 0; channel < 3; channel++) data[to + channel] = palette[index * 3 + channel]!;
    }
    x++;
  };
  // The index of a pixel of a run whose bytes begin somewhere.
  const indexAt = (first: number, pixel: number) =>
    bits === 8 ? bytes[first + pixel]! : (bytes[first + (pixel >> 1)]! >> (pixel % 2 === 0 ? 4 : 0)) & 0xf;
  let at = start;
  // Some programs leave out the end of the image.
  while (y < height && (y < height - 1 || x < width)) {
    within(bytes, at, 2);
    const [count, value] = [bytes[at]!, bytes[at + 1]!];
    at += 2;
    if (count > 0) {
      for (let pixel = 0; pixel < count; pixel++) put(indexAt(at - 1, bits === 8 ? 0 : pixel % 2));
    } else if (value === END_OF_ROW) {
      x = 0;
      y++;
    } else if (value === END_OF_IMAGE) {
      break;
    } else if (value === MOVE) {
      within(bytes, at, 2);
      x += bytes[at]!;
      y += bytes[at + 1]!;
      at += 2;
    } else {
      const length = Math.ceil((value * bits) / 8);
      within(bytes, at, length);
      for (let pixel = 0; pixel < value; pixel++) put(indexAt(at, pixel));
      // Each run begins at an even byte.
      at += length + (length % 2);
    }
  }
  return data;
}
