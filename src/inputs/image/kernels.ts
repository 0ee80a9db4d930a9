/** The filters that take the mean of all pixels that they cover, however much smaller an image becomes. */
export type Filter = 'box' | 'bilinear' | 'bicubic' | 'lanczos';

/**
 * How an image is scaled: as Pillow does with a filter of that name, as torch does with one behind `torch-` (`interpolate` with
 * `antialias`), or as OpenCV's `INTER_LINEAR`.
 */
export type Kernel = (typeof KERNELS)[number];

export const KERNELS = [
  ...(['nearest', 'box', 'bilinear', 'bicubic', 'lanczos'] as const),
  ...(['torch-bilinear', 'torch-bicubic', 'torch-lanczos'] as const),
  'opencv-linear',
] as const;

/** Whose order of axes a filter has: Pillow's depends on the sizes, torch's does not. */
export type Order = 'pillow' | 'torch';

/** The filter of a kernel, and whose it is. */
export function filterOf(kernel: Exclude<Kernel, 'nearest' | 'opencv-linear'>): [Filter, Order] {
  return kernel.startsWith('torch-') ? [kernel.slice(6) as Filter, 'torch'] : [kernel as Filter, 'pillow'];
}

/** Which pixels of a line make up those of a scaled line. */
export interface Taps {
  /** For each pixel of the scaled line: the first one that it is made of. */
  first: Int32Array;
  /** How many from there on. */
  count: Int32Array;
  /** What each of them counts, in units of `1 / 2 ** PRECISION`; those of one pixel stand together, `most` apart. */
  weights: Int32Array;
  most: number;
}

/** Bits behind the point of a weight: 32, less 8 of the pixel and 2 for weights below 0, as in Pillow. */
export const PRECISION = 22;

const FILTERS: Readonly<Record<Filter, { support: number; weigh(x: number): number }>> = {
  box: { support: 0.5, weigh: x => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weigh: x => Math.max(1 - Math.abs(x), 0) },
  bicubic: { support: 2, weigh: x => cubic(Math.abs(x)) },
  lanczos: { support: 3, weigh: x => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Keys' cubic with a = -0.5. */
function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/**
 * The weights of Pillow's `Image.resize`, to the bit: a filter is as wide as a pixel of the smaller of both lines.
 *
 * @param from pixels of the line
 * @param to pixels of the scaled line
 * @param start the first of those that are wanted
 * @param length how many are wanted
 * @see https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c
 */
export function filterTaps(filter: Filter, from: number, to: number, start: number, length: number): Taps {
  const { support, weigh } = FILTERS[filter];
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const most = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(length);
  const count = new Int32Array(length);
  const weights = new Int32Array(length * most);
  const exact = new Float64Array(most);
  for (let i = 0; i < length; i++) {
    const center = (start + i + 0.5) * scale;
    const low = Math.max(Math.trunc(center - reach + 0.5), 0);
    const taps = Math.min(Math.trunc(center + reach + 0.5), from) - low;
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      exact[k] = weigh((k + low - center + 0.5) * (1 / stretch));
      sum += exact[k]!;
    }
    for (let k = 0; k < taps; k++) {
      const weight = (sum === 0 ? exact[k]! : exact[k]! / sum) * 2 ** PRECISION;
      weights[i * most + k] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    first[i] = low;
    count[i] = taps;
  }
  return { first, count, weights, most };
}

/**
 * Which pixel of a line each one of a scaled line is, as in Pillow. It adds up steps, and so do we: sums of fractions are not
 * their products.
 *
 * @see https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Geometry.c
 */
export function nearestPixels(from: number, to: number, start: number, length: number): Int32Array {
  const step = from / to;
  const pixels = new Int32Array(length);
  let at = step * 0.5;
  for (let i = 0; i < start + length; i++, at += step) {
    if (i >= start) pixels[i - start] = Math.min(Math.trunc(at), from - 1);
  }
  return pixels;
}

/** The two pixels that one of a scaled line lies between: `low` and the next one. */
export interface Between {
  low: Int32Array;
  /** What the next one counts, of 2048. */
  weight: Int32Array;
}

/** What the two pixels of OpenCV's `INTER_LINEAR` count together. */
export const LINEAR_ONE = 2048;

/**
 * Where the pixels of OpenCV's `INTER_LINEAR` lie, to the bit.
 *
 * @param clamped whether a place beyond the border is that of the border's pixel alone, as OpenCV has it for columns
 * @see https://github.com/opencv/opencv/blob/4.x/modules/imgproc/src/resize.cpp
 */
export function linearPixels(
  from: number,
  to: number,
  start: number,
  length: number,
  clamped: boolean,
): Between {
  const scale = 1 / (to / from);
  const low = new Int32Array(length);
  const weight = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    const place = Math.fround((start + i + 0.5) * scale - 0.5);
    low[i] = Math.floor(place);
    const isBeyond = clamped && (low[i]! < 0 || low[i]! >= from - 1);
    if (isBeyond) low[i] = Math.min(Math.max(low[i]!, 0), from - 1);
    weight[i] = isBeyond ? 0 : halfEven(Math.fround(place - low[i]!) * LINEAR_ONE);
  }
  return { low, weight };
}

/** Rounds as IEEE does by default, and Python's `round`: halves to the even number. */
export function halfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
