import type { Sharp } from 'sharp';
import { Slots } from '../../task-data/slots.js';
import type { ImageMeta } from './contract.js';
import { type Fitting, place } from './geometry.js';
import { resample, type Size } from './resample.js';

/** How an image's pixels come. */
export interface PixelOptions extends Fitting {
  fill?: number;
  kernel?: 'nearest' | 'linear' | 'cubic' | 'lanczos3';
  channels?: 'rgb' | 'bgr' | 'gray';
}

/** Pixels row by row, 8 bits a channel, `rgb` or `gray`. */
export interface Pixels {
  data: Uint8Array;
  meta: ImageMeta;
}

/** @param options or what they are for an image of some size, turned as its EXIF orientation says */
export type Decode = (
  bytes: Buffer,
  options: PixelOptions | ((width: number, height: number) => PixelOptions),
) => Promise<Pixels>;

/** An image that is decoded already: row by row, three bytes a pixel. */
export interface RawImage {
  data: Uint8Array;
  width: number;
  height: number;
}

export type FitImage = (image: RawImage, options: PixelOptions) => Promise<Pixels>;

/**
 * Pixels of an image, at most: a small file can hold billions of them. Twice what Pillow warns of, where it refuses as well:
 * https://pillow.readthedocs.io/en/stable/reference/Image.html#PIL.Image.open
 */
export const MOST_PIXELS = 178_956_970;

/**
 * Pixels of an image that is decoded beside others, at most; larger ones go one after the other. A progressive JPEG is held
 * whole while it is decoded, 3 bytes a pixel, whatever it is scaled to.
 */
const MOST_PIXELS_BESIDE = 2 ** 24;

/** What shows through transparent parts, as on the page of the editor. */
const PAPER = '#ffffff';

/**
 * Loads the decoder. Only the inference children do: the server never decodes.
 *
 * @returns a function that throws an Error with a reason for people when it cannot decode
 */
export async function loadDecoder(): Promise<Decode> {
  const sharp = await loadSharp();
  const alone = new Slots(1);
  return async (bytes, wanted) => {
    const input = { limitInputPixels: MOST_PIXELS, failOn: 'error', sequentialRead: true } as const;
    const image = sharp(bytes, input);
    // With the size as it is after the orientation was applied.
    const { autoOrient, width, height } = await image.metadata();
    if (width * height > MOST_PIXELS)
      throw new Error(`it has ${width} x ${height} pixels, and at most ${MOST_PIXELS} in all are decoded`);
    const options = typeof wanted === 'function' ? wanted(autoOrient.width, autoOrient.height) : wanted;
    const decode = () => pixelsOf(image.autoOrient().flatten({ background: PAPER }), autoOrient, options);
    return width * height > MOST_PIXELS_BESIDE ? alone.run(decode, undefined) : decode();
  };
}

/** Loads what fits images that are decoded already, in the same way. */
export async function loadFitter(): Promise<FitImage> {
  const sharp = await loadSharp();
  return ({ data, width, height }, options) =>
    pixelsOf(sharp(data, { raw: { width, height, channels: 3 } }), { width, height }, options);
}

async function loadSharp() {
  const { default: sharp } = await import('sharp');
  // The children are as many as the cores; and no image comes twice.
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}

async function pixelsOf(
  image: Sharp,
  { width, height }: { width: number; height: number },
  options: PixelOptions,
): Promise<Pixels> {
  const placed = place(options, width, height);
  const data = await fitted(image, placed, options).toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer();
  const { scaledWidth: _, scaledHeight: __, ...meta } = placed;
  return { data: options.channels === 'gray' ? greysOf(data) : data, meta };
}

/**
 * The luma of ITU-R BT.601, which is the grey of Pillow, OpenCV and torchvision; libvips' own is another one.
 *
 * @see https://pillow.readthedocs.io/en/stable/reference/Image.html#PIL.Image.Image.convert
 */
function greysOf(rgb: Uint8Array): Uint8Array {
  const greys = new Uint8Array(rgb.length / 3);
  for (let to = 0, from = 0; to < greys.length; to++, from += 3)
    greys[to] = Math.round((299 * rgb[from]! + 587 * rgb[from + 1]! + 114 * rgb[from + 2]!) / 1000);
  return greys;
}

function fitted(image: Sharp, placed: ReturnType<typeof place>, options: PixelOptions): Sharp {
  const { tensorWidth, tensorHeight, scaledWidth, scaledHeight, left, top } = placed;
  const { kernel = 'linear', fill = 0 } = options;
  // The decoder of JPEG scales down by itself, but only to twice the size: at less, models would see what they were not trained with.
  const scaled = image.resize(scaledWidth, scaledHeight, { fit: 'fill', kernel, fastShrinkOnLoad: false });
  const right = tensorWidth - scaledWidth - left;
  const bottom = tensorHeight - scaledHeight - top;
  if (options.fit === 'crop') {
    return scaled.extract({ left: -left, top: -top, width: tensorWidth, height: tensorHeight });
  }
  return left + top + right + bottom === 0
    ? scaled
    : scaled.extend({ left, top, right, bottom, background: { r: fill, g: fill, b: fill } });
}

/**
 * Scales decoded pixels as OpenCV does, three channels of 8 bits each.
 *
 * @returns the pixels of an image of that size
 */
export async function rescale(data: Uint8Array, from: Size, to: Size): Promise<Uint8Array> {
  return resample({ data, ...from }, to, 'opencv-linear');
}
