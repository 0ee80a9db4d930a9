import {
  type Filter,
  filterOf,
  filterTaps,
  type Kernel,
  LINEAR_ONE,
  linearPixels,
  nearestPixels,
  type Order,
  PRECISION,
  type Taps,
} from './kernels.js';

/** In pixels. */
export interface Size {
  width: number;
  height: number;
}

/** Row by row, 8 bits a channel; one channel or three. */
export interface Picture extends Size {
  data: Uint8Array;
}

/** A rectangle of whole pixels. */
export interface Part extends Size {
  left: number;
  top: number;
}

/**
 * Scales a picture to the pixels that Pillow or torch makes of it with a filter, or OpenCV with `INTER_LINEAR`. Pixels are
 * squares with their colour in the middle, and what is beyond the border does not count.
 *
 * @param size of the whole scaled picture
 * @param part what is wanted of it, inside of it; only that is computed
 * @returns the part's pixels; the picture's own data where nothing changes
 * @example
 * resample({ data: Uint8Array.of(0, 100), width: 2, height: 1 }, { width: 1, height: 1 }, 'box'); // [50]
 */
export function resample(
  picture: Picture,
  size: Size,
  kernel: Kernel,
  part: Part = { left: 0, top: 0, ...size },
): Uint8Array {
  if (size.width === picture.width && size.height === picture.height) return cutOut(picture, part);
  if (kernel === 'nearest') return nearest(picture, size, part);
  if (kernel === 'opencv-linear') return linear(picture, size, part);
  const [filter, order] = filterOf(kernel);
  return filtered(picture, size, filter, part, order);
}

function channelsOf({ data, width, height }: Picture): number {
  return data.length / (width * height);
}

function cutOut(picture: Picture, { left, top, width, height }: Part): Uint8Array {
  const { data } = picture;
  const channels = channelsOf(picture);
  if (width === picture.width)
    return data.subarray(top * width * channels, (top + height) * width * channels);
  const out = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * picture.width + left) * channels;
    out.set(data.subarray(from, from + width * channels), y * width * channels);
  }
  return out;
}

function nearest(picture: Picture, size: Size, part: Part): Uint8Array {
  const { data } = picture;
  const channels = channelsOf(picture);
  const columns = nearestPixels(picture.width, size.width, part.left, part.width);
  const rows = nearestPixels(picture.height, size.height, part.top, part.height);
  const out = new Uint8Array(part.width * part.height * channels);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * picture.width + column) * channels;
      for (let channel = 0; channel < channels; channel++) out[at++] = data[from + channel]!;
    }
  }
  return out;
}

/** One axis after the other; what comes out of the first is rounded to 8 bits, so that their order shows. */
function filtered(picture: Picture, size: Size, filter: Filter, part: Part, order: Order): Uint8Array {
  const across = axisOf(filter, picture.width, size.width, part.left, part.width);
  const down = axisOf(filter, picture.height, size.height, part.top, part.height);
  const used = { left: across.begin, top: down.begin, width: across.length, height: down.length };
  const cut = { ...used, data: cutOut(picture, used) };
  const isTall = order === 'pillow' && isTallFirst(picture, size);
  return isTall
    ? scaledAcross(scaledDown(cut, down.taps), across.taps).data
    : scaledDown(scaledAcross(cut, across.taps), down.taps).data;
}

/** Pillow 13 scales rows first unless a picture loses more than twice as much in height as in width (measured). */
function isTallFirst(picture: Size, { width, height }: Size): boolean {
  const lost = picture.height - height;
  return lost > 0 && lost > 2 * (picture.width - width);
}

/** What of a line is used for a part of the scaled one, and its taps from there on; null where the line stays as it is. */
function axisOf(filter: Filter, from: number, to: number, start: number, length: number) {
  if (from === to) return { begin: start, length, taps: null };
  const taps = filterTaps(filter, from, to, start, length);
  const begin = taps.first[0]!;
  const end = taps.first[length - 1]! + taps.count[length - 1]!;
  return { begin, length: end - begin, taps: { ...taps, first: taps.first.map(each => each - begin) } };
}

function scaledAcross(picture: Picture, taps: Taps | null): Picture {
  if (taps === null) return picture;
  const { data, width, height } = picture;
  const scale = channelsOf(picture) === 3 ? acrossColours : acrossGreys;
  return { data: scale(data, width, height, taps), width: taps.first.length, height };
}

function scaledDown(picture: Picture, taps: Taps | null): Picture {
  if (taps === null) return picture;
  const { data, width } = picture;
  return { data: downwards(data, width * channelsOf(picture), taps), width, height: taps.first.length };
}

/** Added before the bits behind the point are cut off. What is then beyond 0 to 255 is clamped by the arrays. */
const HALF = 1 << (PRECISION - 1);

/** Two rows at a time, so that each weight is read once for six numbers. */
function acrossColours(
  data: Uint8Array,
  width: number,
  rows: number,
  { first, count, weights, most }: Taps,
): Uint8Array {
  const columns = first.length;
  const out = new Uint8ClampedArray(columns * rows * 3);
  for (let y = 0; y < rows; y += 2) {
    const row = y * width * 3;
    // The last one of an odd number is made twice.
    const [next, nextTo] = y + 1 < rows ? [width * 3, columns * 3] : [0, 0];
    for (let x = 0, tap = 0, to = y * columns * 3; x < columns; x++, tap += most, to += 3) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let nextRed = HALF;
      let nextGreen = HALF;
      let nextBlue = HALF;
      const end = tap + count[x]!;
      for (let k = tap, from = row + first[x]! * 3; k < end; k++, from += 3) {
        const weight = weights[k]!;
        const below = from + next;
        red = (red + Math.imul(data[from]!, weight)) | 0;
        green = (green + Math.imul(data[from + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[from + 2]!, weight)) | 0;
        nextRed = (nextRed + Math.imul(data[below]!, weight)) | 0;
        nextGreen = (nextGreen + Math.imul(data[below + 1]!, weight)) | 0;
        nextBlue = (nextBlue + Math.imul(data[below + 2]!, weight)) | 0;
      }
      out[to] = red >> PRECISION;
      out[to + 1] = green >> PRECISION;
      out[to + 2] = blue >> PRECISION;
      out[to + nextTo] = nextRed >> PRECISION;
      out[to + nextTo + 1] = nextGreen >> PRECISION;
      out[to + nextTo + 2] = nextBlue >> PRECISION;
    }
  }
  return new Uint8Array(out.buffer);
}

function acrossGreys(
  data: Uint8Array,
  width: number,
  rows: number,
  { first, count, weights, most }: Taps,
): Uint8Array {
  const columns = first.length;
  const out = new Uint8ClampedArray(columns * rows);
  let to = 0;
  for (let y = 0; y < rows; y++) {
    const row = y * width;
    for (let x = 0, tap = 0; x < columns; x++, tap += most) {
      let sum = HALF;
      const end = tap + count[x]!;
      for (let k = tap, from = row + first[x]!; k < end; k++, from++)
        sum = (sum + Math.imul(data[from]!, weights[k]!)) | 0;
      out[to++] = sum >> PRECISION;
    }
  }
  return new Uint8Array(out.buffer);
}

/**
 * Four numbers of a row at a time: a third of the time that one takes.
 *
 * @param length numbers of a row
 */
function downwards(data: Uint8Array, length: number, { first, count, weights, most }: Taps): Uint8Array {
  const rows = first.length;
  const out = new Uint8ClampedArray(length * rows);
  for (let y = 0, to = 0; y < rows; y++) {
    const tap = y * most;
    const end = tap + count[y]!;
    const row = first[y]! * length;
    let x = 0;
    for (; x + 3 < length; x += 4, to += 4) {
      let one = HALF;
      let two = HALF;
      let three = HALF;
      let four = HALF;
      for (let k = tap, from = row + x; k < end; k++, from += length) {
        const weight = weights[k]!;
        one = (one + Math.imul(data[from]!, weight)) | 0;
        two = (two + Math.imul(data[from + 1]!, weight)) | 0;
        three = (three + Math.imul(data[from + 2]!, weight)) | 0;
        four = (four + Math.imul(data[from + 3]!, weight)) | 0;
      }
      out[to] = one >> PRECISION;
      out[to + 1] = two >> PRECISION;
      out[to + 2] = three >> PRECISION;
      out[to + 3] = four >> PRECISION;
    }
    for (; x < length; x++, to++) {
      let sum = HALF;
      for (let k = tap, from = row + x; k < end; k++, from += length)
        sum = (sum + Math.imul(data[from]!, weights[k]!)) | 0;
      out[to] = sum >> PRECISION;
    }
  }
  return new Uint8Array(out.buffer);
}

/** OpenCV's arithmetic: rows are scaled in whole numbers, and lose 4 bits before two of them are mixed. */
function linear(picture: Picture, size: Size, part: Part): Uint8Array {
  const channels = channelsOf(picture);
  const across = linearPixels(picture.width, size.width, part.left, part.width, true);
  const down = linearPixels(picture.height, size.height, part.top, part.height, false);
  const length = part.width * channels;
  const out = new Uint8Array(length * part.height);
  // The rows that were scaled last, by their number in the picture.
  const held = [0, 1].map(() => ({ row: -1, sums: new Int32Array(length) }));
  const scaled = (row: number, kept: number) => {
    const known = held.find(each => each.row === row);
    if (known !== undefined) return known;
    const replaced = held.find(each => each.row !== kept)!;
    replaced.row = row;
    const from = row * picture.width * channels;
    scaleRow(picture.data, from, channels, picture.width, across, replaced.sums);
    return replaced;
  };
  const bottom = picture.height - 1;
  for (let y = 0; y < part.height; y++) {
    const low = down.low[y]!;
    const upper = Math.min(Math.max(low, 0), bottom);
    const lower = Math.min(Math.max(low + 1, 0), bottom);
    const { sums: above } = scaled(upper, lower);
    const { sums: below } = scaled(lower, upper);
    const second = down.weight[y]!;
    const first = LINEAR_ONE - second;
    for (let i = 0, to = y * length; i < length; i++) {
      const sum = ((first * (above[i]! >> 4)) >> 16) + ((second * (below[i]! >> 4)) >> 16);
      out[to + i] = (sum + 2) >> 2;
    }
  }
  return out;
}

function scaleRow(
  data: Uint8Array,
  start: number,
  channels: number,
  width: number,
  { low, weight }: ReturnType<typeof linearPixels>,
  sums: Int32Array,
): void {
  let to = 0;
  for (let x = 0; x < low.length; x++) {
    const from = start + low[x]! * channels;
    // Behind the last column there is none, and its weight is 0.
    const next = low[x]! + 1 < width ? channels : 0;
    const second = weight[x]!;
    const first = LINEAR_ONE - second;
    for (let channel = 0; channel < channels; channel++)
      sums[to++] = first * data[from + channel]! + second * data[from + next + channel]!;
  }
}
