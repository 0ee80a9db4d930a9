import type { ImageMeta } from './contract.js';

/** How an image is brought to the size of the tensor. */
export interface Fitting {
  width: number;
  height: number;
  fit?: 'stretch' | 'letterbox' | 'crop';
  shortest_edge?: number;
  align?: 'center' | 'start';
}

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
  const { width: tensorWidth, height: tensorHeight, fit = 'stretch', align = 'center' } = fitting;
  let scaledWidth = tensorWidth;
  let scaledHeight = tensorHeight;
  if (fit !== 'stretch') {
    const [x, y] = [tensorWidth / width, tensorHeight / height];
    const cropped =
      fitting.shortest_edge === undefined ? Math.max(x, y) : fitting.shortest_edge / Math.min(width, height);
    const scale = fit === 'crop' ? cropped : Math.min(x, y);
    scaledWidth = Math.max(1, Math.round(width * scale));
    scaledHeight = Math.max(1, Math.round(height * scale));
  }
  const start = (whole: number, part: number) =>
    fit === 'letterbox' && align === 'start' ? 0 : Math.floor((whole - part) / 2);
  return {
    width,
    height,
    tensorWidth,
    tensorHeight,
    scaledWidth,
    scaledHeight,
    scaleX: scaledWidth / width,
    scaleY: scaledHeight / height,
    left: start(tensorWidth, scaledWidth),
    top: start(tensorHeight, scaledHeight),
  };
}
