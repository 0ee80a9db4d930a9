import type { Metadata, Sharp, SharpOptions } from 'sharp';
import { isBmp, openBmp } from './bmp.js';
import { bytesOf, type Colour, coloursOf, coloursOfInks, greysOf } from './colours.js';
import { backgroundOf, type Rgb, withoutTransparency } from './gif.js';
import type { Picture, Size } from './resample.js';
import { isUnassociated, isUnreadYcbcr, withoutAssociation } from './tiff.js';

/** What pixels are read as. */
export interface Reading {
  /** Default `pillow`. */
  color?: Colour;
  channels?: 'rgb' | 'bgr' | 'gray';
}

/** An image file of which only the header was read. */
export interface ImageSource extends Size {
  /** All of its pixels, turned as its EXIF orientation says: red, green and blue, or greys. */
  read(reading: Reading): Promise<Picture>;
}

export type MakeSharp = (bytes: Uint8Array, options: SharpOptions) => Sharp;

/**
 * Pixels of an image, at most: a small file can hold billions of them. Twice what Pillow warns of, where it refuses as well:
 * https://pillow.readthedocs.io/en/stable/reference/Image.html#PIL.Image.open
 */
export const MOST_PIXELS = 178_956_970;

/** The longer side of an image, at most: a row takes its time, however short it is. JPEG has 65,535. */
const MOST_SIDE = 100_000;

/**
 * The same of AVIF and HEIC, which are held whole several times while they are decoded: 19 bytes a pixel.
 */
const MOST_HEIF_PIXELS = 2 ** 26;

/** What shows through transparent parts, as on the page of the editor. */
const PAPER: Rgb = { r: 255, g: 255, b: 255 };
const BLACK: Rgb = { r: 0, g: 0, b: 0 };

/** Numbers of a channel that fit into what both libraries read. */
const DEPTHS: readonly string[] = ['uchar', 'ushort'];
/** Kinds of colours that both of them know. */
const SPACES: readonly string[] = ['srgb', 'rgb16', 'b-w', 'grey16', 'cmyk'];

/**
 * Opens an image file of any format that is read.
 *
 * @throws Error with a reason for people when it is no such file, or has too many pixels
 */
export async function openImage(sharp: MakeSharp, bytes: Uint8Array): Promise<ImageSource> {
  if (isBmp(bytes)) return bmpSource(bytes);
  const options = { limitInputPixels: MOST_PIXELS, failOn: 'error', sequentialRead: true } as const;
  // With the size as it is after the orientation was applied.
  const metadata = await sharp(bytes, { ...options, limitInputPixels: false }).metadata();
  const { width, height } = metadata.autoOrient;
  const most = metadata.format === 'heif' ? MOST_HEIF_PIXELS : MOST_PIXELS;
  if (width * height > most)
    throw new Error(`it has ${width} x ${height} pixels, and at most ${most} in all are decoded`);
  if (Math.max(width, height) > MOST_SIDE)
    throw new Error(`it has ${width} x ${height} pixels, and sides of at most ${MOST_SIDE} are decoded`);
  if (metadata.format === 'tiff' && isUnreadYcbcr(bytes))
    throw new Error('it is a TIFF of the colours YCbCr that is no JPEG, which is not read; save it as RGB');
  return {
    width,
    height,
    async read({ color = 'pillow', channels = 'rgb' }) {
      const opened = (file: Uint8Array, ignoreIcc: boolean) =>
        sharp(file, { ...options, ignoreIcc }).autoOrient();
      const data = await (color === 'managed'
        ? shown(opened(bytes, false), PAPER)
        : declared(bytes, metadata, color, each => opened(each, true)));
      const isGrey = data.length === width * height;
      if (channels === 'gray') return { data: isGrey ? data : greysOf(data, color), width, height };
      return { data: isGrey ? coloursOf(data) : data, width, height };
    },
  };
}

/** libvips has no loader of BMP. */
function bmpSource(bytes: Uint8Array): ImageSource {
  const { pixels, width, height } = openBmp(bytes, MOST_PIXELS);
  return {
    width,
    height,
    async read({ color = 'pillow', channels = 'rgb' }) {
      const data = pixels(color);
      return { data: channels === 'gray' ? greysOf(data, color) : data, width, height };
    },
  };
}

/** With what shows through its transparent parts. */
function shown(image: Sharp, background: Rgb): Promise<Uint8Array> {
  return image.flatten({ background }).toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer();
}

/**
 * The numbers of the file. Profiles do not count, and transparency is dropped: what a pixel's colour would be is what it is.
 *
 * @returns three bytes a pixel, or one of a file of greys
 */
async function declared(
  file: Uint8Array,
  { format, depth, space, hasAlpha }: Metadata,
  color: Exclude<Colour, 'managed'>,
  open: (bytes: Uint8Array) => Sharp,
): Promise<Uint8Array> {
  // It has no pixels of its own, and what is not drawn on has no colour.
  if (format === 'svg') return shown(open(file), PAPER);
  // OpenCV drops transparency as well, but not what these two formats make of it.
  if (color === 'opencv' && format === 'gif') return shown(open(file), backgroundOf(file));
  const isTiff = color === 'opencv' && format === 'tiff';
  if (isTiff && space === 'srgb' && hasAlpha && isUnassociated(file)) return shown(open(file), BLACK);
  const image = open(format === 'gif' ? withoutTransparency(file) : isTiff ? withoutAssociation(file) : file);
  if (!DEPTHS.includes(depth) || !SPACES.includes(space)) {
    throw new Error(
      `its pixels are ${DEPTHS.includes(depth) ? `colours of the kind ${space}` : `numbers of the type ${depth}`}, which cannot be shown in 8 bits without a choice; save it as RGB or greys of 8 or 16 bits`,
    );
  }
  const isGrey = space === 'b-w' || space === 'grey16';
  const isDeep = depth === 'ushort';
  if (space === 'cmyk') image.pipelineColourspace('cmyk').toColourspace('cmyk');
  else image.removeAlpha().toColourspace(isDeep ? (isGrey ? 'grey16' : 'rgb16') : isGrey ? 'b-w' : 'srgb');
  const numbers = await image.raw({ depth: isDeep ? 'ushort' : 'uchar' }).toBuffer();
  const bytes = isDeep
    ? bytesOf(new Uint16Array(numbers.buffer, numbers.byteOffset, numbers.length / 2))
    : numbers;
  return space === 'cmyk' ? coloursOfInks(bytes, color) : bytes;
}
