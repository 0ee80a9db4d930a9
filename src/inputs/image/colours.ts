/** Whose colours pixels have: those that Pillow or OpenCV reads, or those that a browser shows. */
export type Colour = 'pillow' | 'opencv' | 'managed';

/** How many parts of a grey red, green and blue are, in units of `1 / 2 ** bits`. */
const GREYS: Readonly<Record<Colour, readonly [red: number, green: number, blue: number, bits: number]>> = {
  pillow: [19595, 38470, 7471, 16],
  opencv: [9798, 19235, 3735, 15],
  managed: [19595, 38470, 7471, 16],
};

/**
 * The luma of ITU-R BT.601, as Pillow's `convert("L")` or OpenCV's `COLOR_RGB2GRAY` rounds it; libvips' own is another one.
 *
 * @param rgb three bytes a pixel
 * @returns a byte a pixel
 * @see https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Convert.c
 * @see https://github.com/opencv/opencv/blob/4.x/modules/imgproc/src/color_rgb.simd.hpp
 */
export function greysOf(rgb: Uint8Array, colour: Colour): Uint8Array {
  const [red, green, blue, bits] = GREYS[colour];
  const half = 1 << (bits - 1);
  const greys = new Uint8Array(rgb.length / 3);
  for (let to = 0, from = 0; to < greys.length; to++, from += 3)
    greys[to] = (red * rgb[from]! + green * rgb[from + 1]! + blue * rgb[from + 2]! + half) >> bits;
  return greys;
}

/** A grey as the colour that has it three times. */
export function coloursOf(greys: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(greys.length * 3);
  for (let from = 0, to = 0; from < greys.length; from++, to += 3) {
    const grey = greys[from]!;
    rgb[to] = grey;
    rgb[to + 1] = grey;
    rgb[to + 2] = grey;
  }
  return rgb;
}

/**
 * Inks as colours, without a profile, as both libraries do; they round differently.
 *
 * @param inks cyan, magenta, yellow and black of each pixel, 255 for all of it
 */
export function coloursOfInks(inks: Uint8Array, colour: Exclude<Colour, 'managed'>): Uint8Array {
  const mixed = colour === 'pillow' ? mixedByPillow : mixedByOpenCv;
  const rgb = new Uint8Array((inks.length / 4) * 3);
  for (let from = 0, to = 0; from < inks.length; from += 4, to += 3) {
    const light = 255 - inks[from + 3]!;
    rgb[to] = mixed(inks[from]!, light);
    rgb[to + 1] = mixed(inks[from + 1]!, light);
    rgb[to + 2] = mixed(inks[from + 2]!, light);
  }
  return rgb;
}

function mixedByPillow(ink: number, light: number): number {
  const product = ink * light + 128;
  return Math.max(light - (((product >> 8) + product) >> 8), 0);
}

function mixedByOpenCv(ink: number, light: number): number {
  return light - ((ink * light) >> 8);
}

/** The upper byte of each number of 16 bits, which is what both libraries keep of it. */
export function bytesOf(numbers: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(numbers.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = numbers[i]! >> 8;
  return bytes;
}
