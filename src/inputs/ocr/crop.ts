import { type Box, cornersOf, type Point } from '../../regions/image/geometry.js';
import type { Picture } from './contract.js';

/** A box that is at least this many times as high as wide holds a line that goes up or down: PaddleOCR turns it, anticlockwise. */
const UPRIGHT = 1.5;

/** Numbers that differ by less are the same. */
const EXACT = 1e-6;

/** How OpenCV bends its cubic curves (`INTER_CUBIC`). */
const CUBIC = -0.75;

/** The corners of a line, clockwise from the top left one of its text, and its sides in whole pixels. */
export interface LinePlace {
  corners: Point[];
  width: number;
  height: number;
}

/** How the place of a box in a picture is found. */
export interface Placing {
  /** How many times the picture is as wide and as high as what the box is in. */
  scale?: readonly [number, number];
  /** What is added on each side, as a share of the box's shorter side. */
  margin?: number;
}

/** Where a box lies in a picture. Straight boxes have corners at whole pixels, as in PaddleOCR: they are copied as they are. */
export function placeOf(box: Box, { scale: [toX, toY] = [1, 1], margin = 0 }: Placing = {}): LinePlace {
  const { width, height, ...rest } = box;
  const more = 2 * margin * Math.min(width, height);
  const corners = cornersOf({ ...rest, width: width + more, height: height + more });
  const whole = (value: number) => (box.angle === 0 ? Math.round(value) : value);
  return placeBetween(corners.map(([x, y]): Point => [whole(x * toX), whole(y * toY)]));
}

function placeBetween(corners: Point[]): LinePlace {
  const side = (from: number, to: number) =>
    Math.trunc(Math.hypot(corners[to]![0] - corners[from]![0], corners[to]![1] - corners[from]![1]) + EXACT);
  return { corners, width: side(0, 1), height: side(1, 2) };
}

/** The same, from where its text begins. */
export function linePlace(box: Box, placing?: Placing): LinePlace {
  const place = placeOf(box, placing);
  const { corners, width, height } = place;
  return height < UPRIGHT * width ? place : placeBetween([...corners.slice(1), corners[0]!]);
}

/** The place of a line that was written the other way round. */
export function upsideDown({ corners, ...sides }: LinePlace): LinePlace {
  return { corners: [...corners.slice(2), ...corners.slice(0, 2)], ...sides };
}

/**
 * Cuts a turned box out of a picture, in its own size, by cubic interpolation between pixels. Outside of the picture its border
 * goes on. This is PaddleOCR's `get_rotate_crop_image` (`warpPerspective` with `INTER_CUBIC` and `BORDER_REPLICATE`).
 *
 * @see https://github.com/PaddlePaddle/PaddleOCR/blob/v2.7.0/tools/infer/utility.py
 */
export function cut(picture: Picture, { corners, ...sides }: LinePlace): Picture {
  const [from, right, , down] = corners as [Point, Point, Point, Point];
  const width = Math.max(1, sides.width);
  const height = Math.max(1, sides.height);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    const v = (y + 0.5) / height;
    for (let x = 0; x < width; x++, at += 3) {
      const u = (x + 0.5) / width;
      const fromX = from[0] + u * (right[0] - from[0]) + v * (down[0] - from[0]) - 0.5;
      const fromY = from[1] + u * (right[1] - from[1]) + v * (down[1] - from[1]) - 0.5;
      put(data, at, picture, fromX, fromY);
    }
  }
  return { data, width, height };
}

/** Puts the colour of a place, between the sixteen pixels around it. */
function put(data: Uint8Array, at: number, picture: Picture, x: number, y: number): void {
  const [left, top] = [Math.floor(x + EXACT), Math.floor(y + EXACT)];
  const [dx, dy] = [x - left, y - top];
  if (dx < 2 * EXACT && dy < 2 * EXACT) {
    const pixel = pixelAt(picture, left, top);
    for (let channel = 0; channel < 3; channel++) data[at + channel] = picture.data[pixel + channel]!;
    return;
  }
  const [across, along] = [cubic(dx), cubic(dy)];
  let [red, green, blue] = [0, 0, 0];
  for (let j = 0; j < 4; j++) {
    for (let i = 0; i < 4; i++) {
      const weight = across[i]! * along[j]!;
      const pixel = pixelAt(picture, left + i - 1, top + j - 1);
      red += weight * picture.data[pixel]!;
      green += weight * picture.data[pixel + 1]!;
      blue += weight * picture.data[pixel + 2]!;
    }
  }
  data[at] = inByte(red);
  data[at + 1] = inByte(green);
  data[at + 2] = inByte(blue);
}

/** Where the nearest pixel of a picture begins in its data. */
function pixelAt({ width, height }: Picture, x: number, y: number): number {
  return (Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)) * 3;
}

/**
 * How much the four pixels around a place count in one direction (Keys, 1981).
 *
 * @param part how far the place is from the second pixel, 0 to 1
 */
function cubic(part: number): number[] {
  const near = (d: number) => ((CUBIC + 2) * d - (CUBIC + 3)) * d * d + 1;
  const far = (d: number) => ((CUBIC * d - 5 * CUBIC) * d + 8 * CUBIC) * d - 4 * CUBIC;
  return [far(part + 1), near(part), near(1 - part), far(2 - part)];
}

function inByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
