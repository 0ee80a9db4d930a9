import type { ImageMeta } from '../../inputs/image/contract.js';

/** A point in pixels of the original image. */
export type Point = readonly [x: number, y: number];

/** A box in pixels of the original: its middle, its sides and how far it is turned, clockwise, in radians. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  angle: number;
}

/** What each result on an image has beside its value. */
export function frameOf({ width, height }: ImageMeta) {
  return { original_width: width, original_height: height, image_rotation: 0 };
}

/** A point of the tensor, in its pixels, where it lies in the original. */
export function inOriginal({ left, top, scaleX, scaleY }: ImageMeta, [x, y]: Point): Point {
  return [(x - left) / scaleX, (y - top) / scaleY];
}

/** Percents with as many places as tell a tenth of a pixel in the largest images. */
const PLACES = 1e6;

/** Pixels as a percent of a side. */
export function percent(pixels: number, side: number): number {
  return Math.round((100 * PLACES * pixels) / side) / PLACES;
}

/** Radians as degrees, 0 to 360, without 360 itself. */
export function degrees(angle: number): number {
  const turned = Math.round(((angle * 180) / Math.PI) * PLACES) / PLACES;
  return ((turned % 360) + 360) % 360;
}

/** The corners of a box, clockwise from the top left one before it was turned. */
export function cornersOf({ x, y, width, height, angle }: Box): Point[] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([right, down]) => {
    const [dx, dy] = [(right! * width) / 2, (down! * height) / 2];
    return [x + dx * cos - dy * sin, y + dx * sin + dy * cos];
  });
}

/** The part of a box that lies in the image, straight: of a turned one the part of the box around it. */
export function clipped(box: Box, { width, height }: ImageMeta): Box | undefined {
  const corners = cornersOf(box);
  const range = (index: 0 | 1, side: number) => {
    const all = corners.map(corner => Math.min(Math.max(corner[index], 0), side));
    return [Math.min(...all), Math.max(...all)] as const;
  };
  const [left, right] = range(0, width);
  const [top, bottom] = range(1, height);
  // What does not show as a percent is nothing.
  if (percent(right - left, width) <= 0 || percent(bottom - top, height) <= 0) return undefined;
  return {
    x: (left + right) / 2,
    y: (top + bottom) / 2,
    width: right - left,
    height: bottom - top,
    angle: 0,
  };
}

/**
 * A box as the editor has rectangles: `x` and `y` of the corner that it turns about, sides and `rotation` (degrees,
 * clockwise). A turned one may stick out of the image, but not with that corner.
 *
 * @returns undefined when nothing of it lies in the image
 */
export function rectangleOf(box: Box, meta: ImageMeta): Record<string, number> | undefined {
  const { width, height } = meta;
  if (degrees(box.angle) !== 0) {
    const corners = cornersOf(box);
    for (const [turns, [x, y]] of corners.entries()) {
      // From the next corner it is the same box, a quarter turned, its sides exchanged.
      const [w, h] = turns % 2 === 0 ? [box.width, box.height] : [box.height, box.width];
      const place = {
        x: percent(x, width),
        y: percent(y, height),
        width: percent(w, width),
        height: percent(h, height),
      };
      const isIn = Object.values(place).every(each => each >= 0 && each <= 100);
      if (isIn && place.width > 0 && place.height > 0)
        return { ...place, rotation: degrees(box.angle + (turns * Math.PI) / 2) };
    }
  }
  const part = clipped(box, meta);
  if (part === undefined) return undefined;
  return {
    x: percent(part.x - part.width / 2, width),
    y: percent(part.y - part.height / 2, height),
    width: percent(part.width, width),
    height: percent(part.height, height),
    rotation: 0,
  };
}

/**
 * The ellipse in a box as the editor has it: middle, half axes and `rotation` about the middle.
 *
 * @returns undefined when nothing of it lies in the image
 */
export function ellipseOf(box: Box, meta: ImageMeta): Record<string, number> | undefined {
  const value = ({ x, y, width, height, angle }: Box) => ({
    x: percent(x, meta.width),
    y: percent(y, meta.height),
    radiusX: percent(width / 2, meta.width),
    radiusY: percent(height / 2, meta.height),
    rotation: degrees(angle),
  });
  if (degrees(box.angle) !== 0) {
    const { x, y, radiusX, radiusY, rotation } = value(box);
    const isIn = [x, y].every(each => each >= 0 && each <= 100);
    if (isIn && radiusX > 0 && radiusY > 0 && radiusX <= 50 && radiusY <= 50)
      return { x, y, radiusX, radiusY, rotation };
  }
  const part = clipped(box, meta);
  const whole = part && value(part);
  return whole && whole.radiusX > 0 && whole.radiusY > 0 ? whole : undefined;
}
