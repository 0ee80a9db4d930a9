import { type Box, cornersOf, type Point } from '../../regions/image/geometry.js';
import type { Picture } from './contract.js';

/** Points that are looked at for a pixel of the crop in each direction, at most: shrunk text must not flicker. */
const MOST_POINTS = 4;

/** A box that is this much higher than wide holds a line that goes up or down: PaddleOCR turns it, anticlockwise. */
const UPRIGHT = 1.5;

/** The corners of a line from the top left one of its text, clockwise, and its sides in pixels. */
export interface LinePlace {
  corners: Point[];
  width: number;
  height: number;
}

/** A box as it is, in a picture that is larger than what the box is in by the two factors. */
export function placeOf(box: Box, [toX, toY]: readonly [number, number] = [1, 1]): LinePlace {
  return placeBetween(cornersOf(box).map(([x, y]): Point => [x * toX, y * toY]));
}

function placeBetween(corners: Point[]): LinePlace {
  const side = (from: number, to: number) =>
    Math.hypot(corners[to]![0] - corners[from]![0], corners[to]![1] - corners[from]![1]);
  return { corners, width: side(0, 1), height: side(1, 2) };
}

/** The same, from where its text begins. */
export function linePlace(box: Box, scale?: readonly [number, number]): LinePlace {
  const place = placeOf(box, scale);
  const { corners, width, height } = place;
  return height < UPRIGHT * width ? place : placeBetween([...corners.slice(1), corners[0]!]);
}

/** The place of a line that was written the other way round. */
export function upsideDown({ corners, ...sides }: LinePlace): LinePlace {
  return { corners: [...corners.slice(2), ...corners.slice(0, 2)], ...sides };
}

/**
 * Cuts a turned box out of a picture and scales it, by the means of points between the pixels. What is outside of the
 * picture is as its border.
 */
export function cut(
  picture: Picture,
  { corners, ...sides }: LinePlace,
  width: number,
  height: number,
): Picture {
  const [from, right, , down] = corners as [Point, Point, Point, Point];
  const [across, along] = [points(sides.width / width), points(sides.height / height)];
  const data = new Uint8Array(width * height * 3);
  const sums = [0, 0, 0];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      sums.fill(0);
      for (let i = 0; i < along; i++) {
        const v = (y + (i + 0.5) / along) / height;
        for (let j = 0; j < across; j++) {
          const u = (x + (j + 0.5) / across) / width;
          add(
            sums,
            picture,
            from[0] + u * (right[0] - from[0]) + v * (down[0] - from[0]) - 0.5,
            from[1] + u * (right[1] - from[1]) + v * (down[1] - from[1]) - 0.5,
          );
        }
      }
      for (let channel = 0; channel < 3; channel++)
        data[at + channel] = Math.round(sums[channel]! / (across * along));
    }
  }
  return { data, width, height };
}

function points(scale: number): number {
  return Math.min(MOST_POINTS, Math.max(1, Math.round(scale)));
}

/** Adds the colour of a place, between the four pixels around it. */
function add(sums: number[], { data, width, height }: Picture, x: number, y: number): void {
  const left = Math.min(Math.max(x, 0), width - 1);
  const top = Math.min(Math.max(y, 0), height - 1);
  const [x0, y0] = [Math.floor(left), Math.floor(top)];
  const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
  const [dx, dy] = [left - x0, top - y0];
  const [a, b, c, d] = [y0 * width + x0, y0 * width + x1, y1 * width + x0, y1 * width + x1];
  for (let channel = 0; channel < 3; channel++) {
    const upper = data[a * 3 + channel]! * (1 - dx) + data[b * 3 + channel]! * dx;
    const lower = data[c * 3 + channel]! * (1 - dx) + data[d * 3 + channel]! * dx;
    sums[channel]! += upper * (1 - dy) + lower * dy;
  }
}
