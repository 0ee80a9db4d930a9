import { lazily } from '../../lazily.js';
import { Slots } from '../../task-data/slots.js';
import { mediaTime } from '../media-time.js';
import { ApartDecoder } from './apart.js';
import { greysOf } from './colours.js';
import type { ImageMeta } from './contract.js';
import { type Fitting, place } from './geometry.js';
import type { Kernel } from './kernels.js';
import { type Part, type Picture, resample } from './resample.js';
import { loadSharp } from './sharp.js';
import { openImage, type Reading } from './source.js';

/** How an image's pixels come. */
export interface PixelOptions extends Fitting, Reading {
  /** Default `bilinear`. */
  resample?: Kernel;
}

/** What is seen of an image, row by row, 8 bits a channel, `rgb` or `gray`; and where in the tensor it lies. */
export interface Pixels extends Part {
  data: Uint8Array;
  meta: ImageMeta;
}

/** @param options or what they are for an image of some size, turned as its EXIF orientation says */
export type Decode = (
  bytes: Buffer,
  options: PixelOptions | ((width: number, height: number) => PixelOptions),
) => Promise<Pixels>;

/** Pixels of a side of a tensor that is as large as its image, at most. */
const MOST_SIDE = 8192;

/**
 * Pixels of an image that is decoded here beside others, at most: an image is held whole until it is scaled, 3 bytes a pixel, and a
 * progressive JPEG a second time.
 */
const MOST_PIXELS_BESIDE = 2 ** 24;
/** Images that are decoded at once: as many as Node.js has threads for it. */
const BESIDE = 4;

/** The formats whose decoding takes a time that follows from their pixels, by their first bytes. */
const PLAIN: readonly RegExp[] = [/^\x89PNG/, /^\xff\xd8\xff/, /^GIF8/, /^RIFF.{4}WEBP/s, /^BM/];
/** As far as their first bytes are looked at. */
const HEAD = 12;

/**
 * Loads the decoder, one for all models of a process. Only the inference children do: the server never decodes. Images that may
 * take long, or much memory, are decoded in a process of their own.
 *
 * @returns a function that throws an Error with a reason for people when it cannot decode
 */
export const loadDecoder: () => Promise<Decode> = lazily(async (): Promise<Decode> => {
  const sharp = await loadSharp();
  const apart = new ApartDecoder();
  const alone = new Slots(1);
  const beside = new Slots(BESIDE);
  return async (bytes, wanted) => {
    const optionsOf = typeof wanted === 'function' ? wanted : () => wanted;
    const head = bytes.toString('latin1', 0, HEAD);
    const image = PLAIN.some(format => format.test(head)) ? await openImage(sharp, bytes) : undefined;
    if (image === undefined || image.width * image.height > MOST_PIXELS_BESIDE)
      return alone.run(() => apart.decode(bytes, optionsOf, mediaTime.file()), undefined);
    const options = optionsOf(image.width, image.height);
    return beside.run(async () => fitted(await image.read(options), options), undefined);
  };
});

/**
 * Fits an image that is decoded already, in the same way.
 *
 * @param image three bytes a pixel
 * @throws Error with a reason for people when its tensor would be too large
 */
export function fitImage(image: Picture, options: PixelOptions): Pixels {
  const { channels, color = 'pillow' } = options;
  return fitted(channels === 'gray' ? { ...image, data: greysOf(image.data, color) } : image, options);
}

/**
 * Fits an image of one or three bytes a pixel.
 *
 * @throws Error with a reason for people when its tensor would be too large
 */
export function fitted(picture: Picture, options: PixelOptions): Pixels {
  const { scaledWidth, scaledHeight, ...meta } = place(options, picture.width, picture.height);
  const { tensorWidth, tensorHeight, left, top } = meta;
  if (Math.max(tensorWidth, tensorHeight) > MOST_SIDE) {
    throw new Error(
      `its tensor would have ${tensorWidth} x ${tensorHeight} pixels, more than ${MOST_SIDE} a side; a longest_edge in the model's input limits it`,
    );
  }
  // What lies in the tensor: of an image that is larger only its middle.
  const seen = {
    left: Math.max(left, 0),
    top: Math.max(top, 0),
    width: Math.min(scaledWidth, tensorWidth),
    height: Math.min(scaledHeight, tensorHeight),
  };
  const part = { ...seen, left: Math.max(-left, 0), top: Math.max(-top, 0) };
  const size = { width: scaledWidth, height: scaledHeight };
  return { data: resample(picture, size, options.resample ?? 'bilinear', part), ...seen, meta };
}
