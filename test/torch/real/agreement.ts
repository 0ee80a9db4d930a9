import { assert } from 'chai';
import { type Found, type Point, pixels, type Served } from './results.js';

/** Pixels of the image file. */
const MOST_PIXELS = 1;
const MOST_SCORE = 1e-3;
const LEAST_OVERLAP = 0.99;

/** How far two pipelines are from each other, at most. */
export interface Difference {
  pixels: number;
  score: number;
  /** The overlap of masks, which is 1 at best. */
  overlap: number;
}

/** Pixels of an image. */
export interface Size {
  width: number;
  height: number;
}

const NONE: Difference = { pixels: 0, score: 0, overlap: 1 };

export function worst(all: readonly Difference[]): Difference {
  return {
    pixels: Math.max(0, ...all.map(each => each.pixels)),
    score: Math.max(0, ...all.map(each => each.score)),
    overlap: Math.min(1, ...all.map(each => each.overlap)),
  };
}

/** What counts as one thing: as many pixels as are allowed weigh as much as a score, or an overlap, that is allowed. */
function weight({ pixels: far, score, overlap }: Difference): number {
  return far / MOST_PIXELS + score / MOST_SCORE + (1 - overlap) / (1 - LEAST_OVERLAP);
}

/** The part of a box that lies in the image, which is what the server shows. */
function clipped(box: readonly number[], { width, height }: Size): number[] {
  return box.map((side, index) => Math.min(Math.max(side, 0), index % 2 === 0 ? width : height));
}

function between(one: Found, other: Served, size: Size): Difference {
  const difference = { ...NONE };
  if (one.score !== undefined) difference.score = Math.abs(one.score - (other.score ?? Infinity));
  const far: number[] = [];
  if (one.box)
    for (const [index, side] of clipped(one.box, size).entries())
      far.push(Math.abs(side - (other.box?.[index] ?? Infinity)));
  if (one.corners) far.push(cornersApart(one.corners, other.corners ?? []));
  for (const [name, [x, y]] of Object.entries(one.points ?? {})) {
    const point = other.points?.[name];
    far.push(point === undefined ? Infinity : Math.hypot(point[0]! - x!, point[1]! - y!));
  }
  difference.pixels = Math.max(0, ...far);
  if (one.mask) difference.overlap = other.mask ? overlapOf(pixels(one.mask), other.mask) : 0;
  return difference;
}

/** The largest distance of corners, whichever of them comes first and whichever way round. */
function cornersApart(one: readonly Point[], other: readonly Point[]): number {
  const orders = [0, 1, 2, 3].flatMap(first => [1, 3].map(step => [first, step] as const));
  const apart = orders.map(([first, step]) =>
    Math.max(
      ...one.map(([x, y], index) => {
        const [ox, oy] = other[(first + index * step) % 4] ?? [Infinity, Infinity];
        return Math.hypot(x - ox, y - oy);
      }),
    ),
  );
  return Math.min(...apart);
}

function overlapOf(one: Uint8Array, other: Uint8Array): number {
  assert.lengthOf(other, one.length, 'pixels of a mask');
  let [both, either] = [0, 0];
  one.forEach((inside, pixel) => {
    both += inside & other[pixel]!;
    either += inside | other[pixel]!;
  });
  return either === 0 ? 1 : both / either;
}

/**
 * Compares what the server found in an image with what a tool's own pipeline finds.
 *
 * @param size pixels of the image
 * @param threshold the score from which things are told; those whose score is as close to it as scores may be apart may be
 *   told by one of the two
 * @returns how far those are apart that belong together
 * @throws AssertionError when there is a thing that only one of the two found
 */
export function compare(
  expected: readonly Found[],
  found: readonly Served[],
  size: Size,
  threshold: number,
): Difference {
  const isSure = ({ score = 1 }: { score?: number }) => score > threshold + MOST_SCORE;
  const left = new Set(found);
  const differences: Difference[] = [];
  for (const one of expected.filter(isSure)) {
    const [nearest] = [...left]
      .filter(({ label }) => label === one.label)
      .map(other => ({ other, difference: between(one, other, size) }))
      .sort((a, b) => weight(a.difference) - weight(b.difference));
    assert(nearest, `'${one.label}' of ${one.score} was not found`);
    left.delete(nearest.other);
    differences.push(nearest.difference);
  }
  const more = [...left].filter(isSure).map(({ label, score }) => `'${label}' of ${score}`);
  assert.isEmpty(more, 'found by the server alone');
  return worst(differences);
}

/** @throws AssertionError when two pipelines are further from each other than they may be */
export function assertClose({ pixels: far, score, overlap }: Difference): void {
  assert.isAtMost(far, MOST_PIXELS, 'pixels');
  assert.isAtMost(score, MOST_SCORE, 'scores');
  assert.isAtLeast(overlap, LEAST_OVERLAP, 'overlap of masks');
}
