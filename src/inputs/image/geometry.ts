import type { ImageMeta } from './contract.js';
import { halfEven } from './kernels.js';
import type { Size } from './resample.js';

/** How an image is brought to the size of the tensor. */
export interface Fitting {
  /** Pixels of the tensor. With `edges` and `none` they may be absent: then it is as large as the scaled image. */
  width?: number;
  height?: number;
  fit?: 'stretch' | 'letterbox' | 'crop' | 'edges' | 'none';
  shortest_edge?: number;
  longest_edge?: number;
  multiple_of?: number;
  rounding?: Rounding;
  align?: 'center' | 'start';
}

/** How a side that is no whole number becomes one: as a library does it, or to the nearest one, or down. */
export type Rounding = 'torchvision' | 'transformers' | 'nearest' | 'down';

/** Where a scaled image goes: its own size, and where its top left corner lies in the tensor (negative: outside). */
export interface Placed extends ImageMeta {
  scaledWidth: number;
  scaledHeight: number;
}

/**
 * Places an image in the tensor. Sizes are whole pixels, so the two scales can differ a little.
 *
 * @param width pixels of the image, turned as its EXIF orientation says
 * @example
 * place({ width: 640, height: 640, fit: 'letterbox' }, 1280, 720);
 * // { scaledWidth: 640, scaledHeight: 360, left: 0, top: 140, scaleX: 0.5, scaleY: 0.5, ... }
 */
export function place(fitting: Fitting, width: number, height: number): Placed {
  const scaled = scaledSize(fitting, { width, height });
  const tensor = tensorSize(fitting, scaled);
  return {
    width,
    height,
    tensorWidth: tensor.width,
    tensorHeight: tensor.height,
    scaledWidth: scaled.width,
    scaledHeight: scaled.height,
    scaleX: scaled.width / width,
    scaleY: scaled.height / height,
    left: startOf(fitting, tensor.width, scaled.width),
    top: startOf(fitting, tensor.height, scaled.height),
  };
}

function scaledSize(fitting: Fitting, image: Size): Size {
  const { width, height, fit = 'stretch', shortest_edge, longest_edge } = fitting;
  switch (fit) {
    case 'stretch':
      return { width: width!, height: height! };
    case 'letterbox':
      return timesScale(fitting, Math.min(height! / image.height, width! / image.width), image);
    case 'crop':
      return shortest_edge === undefined
        ? covering({ width: width!, height: height! }, image)
        : ofShortest(shortest_edge, image);
    case 'edges':
      return shortest_edge === undefined
        ? ofLongest(longest_edge!, fitting, image)
        : ofEdges(shortest_edge, longest_edge, fitting, image);
    case 'none':
      return image;
  }
}

/** Both sides scaled alike, none of them to nothing. */
function timesScale({ rounding, align }: Fitting, scale: number, image: Size): Size {
  const side = (pixels: number) => {
    const exact = pixels * scale;
    if (rounding === 'down') return Math.max(Math.trunc(exact), 1);
    // Halves go as in the originals: Ultralytics' LetterBox has Python's `round`, Segment Anything adds 0.5.
    const isUp = align === 'start' || rounding === 'transformers';
    return Math.max(isUp ? Math.floor(exact + 0.5) : halfEven(exact), 1);
  };
  return { width: side(image.width), height: side(image.height) };
}

/** The size with which an image just covers another one. */
function covering({ width, height }: Size, image: Size): Size {
  if (width * image.height >= height * image.width)
    return { width, height: Math.max(Math.trunc((width * image.height) / image.width), height) };
  return { width: Math.max(Math.trunc((height * image.width) / image.height), width), height };
}

function oriented(short: number, long: number, { width, height }: Size): Size {
  return width <= height ? { width: short, height: long } : { width: long, height: short };
}

/** As torchvision's `Resize(size)`, and transformers' `get_resize_output_image_size`. */
function ofShortest(edge: number, image: Size): Size {
  const [short, long] = [Math.min(image.width, image.height), Math.max(image.width, image.height)];
  return oriented(edge, Math.trunc((edge * long) / short), image);
}

function ofLongest(edge: number, fitting: Fitting, image: Size): Size {
  const [short, long] = [Math.min(image.width, image.height), Math.max(image.width, image.height)];
  if (fitting.rounding === 'torchvision')
    return oriented(Math.max(Math.trunc((edge * short) / long), 1), edge, image);
  return timesScale(fitting, edge / long, image);
}

function ofEdges(shortest: number, longest: number | undefined, fitting: Fitting, image: Size): Size {
  const { rounding = 'torchvision' } = fitting;
  const [short, long] = [Math.min(image.width, image.height), Math.max(image.width, image.height)];
  if (rounding === 'nearest' || rounding === 'down')
    return timesScale(fitting, Math.min(shortest / short, (longest ?? Infinity) / long), image);
  if (rounding === 'transformers' && longest !== undefined) return ofBoth(shortest, longest, image);
  const size = ofShortest(shortest, image);
  const reached = Math.max(size.width, size.height);
  if (longest === undefined || reached <= longest) return size;
  return oriented(Math.max(Math.trunc((longest * shortest) / reached), 1), longest, image);
}

/** As transformers' `get_size_with_aspect_ratio`. */
function ofBoth(shortest: number, longest: number, image: Size): Size {
  const [short, long] = [Math.min(image.width, image.height), Math.max(image.width, image.height)];
  const isTooLong = (long / short) * shortest > longest;
  const exact = isTooLong ? (longest * short) / long : shortest;
  const edge = Math.max(halfEven(exact), 1);
  return short === edge ? image : oriented(edge, Math.trunc((exact * long) / short), image);
}

function tensorSize({ width, height, fit, multiple_of = 1 }: Fitting, scaled: Size): Size {
  if (width !== undefined && height !== undefined && fit !== 'none') return { width, height };
  const side = (pixels: number) => Math.ceil(pixels / multiple_of) * multiple_of;
  return { width: side(scaled.width), height: side(scaled.height) };
}

function startOf({ fit, align, rounding }: Fitting, whole: number, part: number): number {
  const room = whole - part;
  if (fit !== 'crop' && align === 'start') return 0;
  if (room >= 0) return Math.floor(room / 2);
  return -(rounding === 'transformers' ? Math.floor(-room / 2) : halfEven(-room / 2));
}
