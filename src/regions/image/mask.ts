/** Pixels of an image in a rectangle. */
export interface Window {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A part of an image: which of its pixels are in. */
export interface Mask {
  /** Pixels of the original image. */
  width: number;
  height: number;
  /** Where all pixels lie that are in, so that a small thing of a large image takes little memory; absent: anywhere. */
  window?: Window;
  /** The window row by row, 1 or 0. */
  data: Uint8Array;
}

export function windowOf({ width, height, window }: Mask): Window {
  return window ?? { left: 0, top: 0, width, height };
}

/**
 * Calls back with each stretch of pixels that are in, row by row of the window.
 *
 * @param visit given the row, and the first column and the one behind the last, in pixels of the original
 */
export function eachStretch(mask: Mask, visit: (y: number, begin: number, end: number) => void): void {
  const { left, top, width, height } = windowOf(mask);
  const { data } = mask;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      if (data[row + x] === 0) continue;
      const begin = x;
      while (x < width && data[row + x] === 1) x++;
      visit(top + y, left + begin, left + x);
    }
  }
}
