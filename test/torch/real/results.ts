import sharp from 'sharp';
import type { Region } from '../../../src/regions/contract.js';

export type Point = readonly [x: number, y: number];

/** What a tool, or the server, finds in an image; places are in its pixels. `answers.py` has the same. */
export interface Found {
  label: string;
  /** Of all but semantic segmentation, whose originals have none. */
  score?: number;
  /** Left, top, right and bottom. */
  box?: number[];
  /** Of a turned box. */
  corners?: Point[];
  /** Name: x, y, score. */
  points?: Record<string, number[]>;
  /** Lengths of runs, row by row, the first of which is outside. */
  mask?: number[];
}

const CHANNELS = 4;
const RUN_SIZES = 4;

/**
 * What Label Studio's brush draws: pixels that are not transparent.
 * Format: https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack
 */
export function brushed(bytes: readonly number[]): Uint8Array {
  let at = 0;
  const read = (bits: number) => {
    let value = 0;
    for (let bit = 0; bit < bits; bit++, at++) value = value * 2 + ((bytes[at >> 3]! >> (7 - (at & 7))) & 1);
    return value;
  };
  const values = new Uint8Array(read(32));
  const word = read(5) + 1;
  const sizes = Array.from({ length: RUN_SIZES }, () => read(4) + 1);
  for (let index = 0; index < values.length; ) {
    const isRun = read(1) === 1;
    const end = index + read(sizes[read(2)]!) + 1;
    if (isRun) values.fill(read(word), index, end);
    else for (let each = index; each < end; each++) values[each] = read(word);
    index = end;
  }
  return Uint8Array.from({ length: values.length / CHANNELS }, (_, pixel) =>
    values[pixel * CHANNELS + CHANNELS - 1]! > 0 ? 1 : 0,
  );
}

async function bitmask(url: string): Promise<Uint8Array> {
  const png = Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
  const { data } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return Uint8Array.from({ length: data.length / CHANNELS }, (_, pixel) =>
    data[pixel * CHANNELS + CHANNELS - 1]! > 0 ? 1 : 0,
  );
}

/** The pixels of runs. */
export function pixels(runs: readonly number[]): Uint8Array {
  const all = new Uint8Array(runs.reduce((sum, run) => sum + run, 0));
  let at = 0;
  runs.forEach((run, index) => {
    if (index % 2 === 1) all.fill(1, at, at + run);
    at += run;
  });
  return all;
}

/** A thing that the server found; of a mask its pixels. */
export type Served = Omit<Found, 'mask'> & { mask?: Uint8Array };

/** Label Studio's results of an image, as the tools tell them. Points belong to the box that is their parent. */
export async function served(results: readonly Region[]): Promise<Served[]> {
  const things = new Map<string, Served>();
  for (const result of results) {
    const { id, type, value, score, original_width, original_height, parentID } = result as Region & {
      original_width: number;
      original_height: number;
      parentID?: string;
    };
    const [label] = (value[type] ?? []) as [string];
    const one: Served = { label, score: score as number };
    const [x, y, width, height] = [value.x, value.y, value.width, value.height].map(
      (percent, index) => (Number(percent) * (index % 2 === 0 ? original_width : original_height)) / 100,
    ) as [number, number, number, number];
    if (type === 'keypointlabels') {
      const parent = things.get(parentID!);
      if (parent === undefined) throw new Error(`a point '${label}' of no box`);
      parent.points = { ...parent.points, [label]: [x, y, score as number] };
      continue;
    }
    if (type === 'rectanglelabels') {
      one.box = [x, y, x + width, y + height];
      one.corners = turned([x, y], width, height, (Number(value.rotation) * Math.PI) / 180);
    }
    if (type === 'brushlabels') one.mask = brushed(value.rle as number[]);
    if (type === 'bitmasklabels') one.mask = await bitmask(value.imageDataURL as string);
    things.set(id, one);
  }
  return [...things.values()];
}

/** The corners of a rectangle that is turned about its first corner, as the editor does. */
function turned([x, y]: Point, width: number, height: number, angle: number): Point[] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return (
    [
      [0, 0],
      [width, 0],
      [width, height],
      [0, height],
    ] as const
  ).map(([dx, dy]) => [x + dx * cos - dy * sin, y + dx * sin + dy * cos]);
}
