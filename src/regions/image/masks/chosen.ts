import type { ImageMeta } from '../../../inputs/image/contract.js';
import type { Window } from '../mask.js';
import { type Choice, NONE } from './choice.js';
import type { FoundMask, MaskSelection } from './contract.js';

/** Pixels of a label whose scores its mean is of, at least, where it has so many: the score of a pixel takes time. */
const SAMPLE = 1 << 15;

/** Where a label lies, and how many pixels it has. */
interface Place extends Window {
  pixels: number;
}

/** All that has a label, label by label, where each pixel has one. */
export function* chosen(
  { width, height }: ImageMeta,
  { wants, threshold, most }: MaskSelection,
  choice: Choice,
): Generator<FoundMask> {
  const { labels } = choice;
  const places = placesOf(labels, width);
  const sure = [...places]
    .filter(([label]) => wants(label))
    .map(([label, place]) => ({ label, score: meanOf(label, place, choice, width) }))
    .filter(({ score }) => score === null || score > threshold)
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0) || a.label - b.label);
  for (const { label, score } of sure.slice(0, most)) {
    const { pixels: _, ...window } = places.get(label)!;
    const data = new Uint8Array(window.width * window.height);
    for (let y = 0, to = 0; y < window.height; y++) {
      const row = (window.top + y) * width + window.left;
      for (let x = 0; x < window.width; x++, to++) data[to] = labels[row + x] === label ? 1 : 0;
    }
    yield { label, score, mask: { width, height, window, data }, isThing: false };
  }
}

/**
 * The mean score of a label over its pixels, of a large part over every n-th of them; null: there are no scores.
 */
function meanOf(label: number, place: Place, { labels, score }: Choice, width: number): number | null {
  if (score === null) return null;
  const step = Math.max(Math.floor(place.pixels / SAMPLE), 1);
  let [sum, count, seen] = [0, 0, 0];
  for (let y = place.top; y < place.top + place.height; y++) {
    for (let x = place.left; x < place.left + place.width; x++) {
      if (labels[y * width + x] !== label || seen++ % step !== 0) continue;
      sum += score(label, x, y);
      count++;
    }
  }
  return Math.min(sum / count, 1);
}

/** Where each label lies that a pixel has. */
function placesOf(labels: Uint16Array, width: number): Map<number, Place> {
  const bounds = new Map<
    number,
    { left: number; right: number; top: number; bottom: number; pixels: number }
  >();
  for (let y = 0, row = 0; row < labels.length; y++, row += width) {
    for (let x = 0; x < width; ) {
      const label = labels[row + x]!;
      const begin = x;
      while (x < width && labels[row + x] === label) x++;
      if (label === NONE) continue;
      const known = bounds.get(label);
      if (known === undefined)
        bounds.set(label, { left: begin, right: x, top: y, bottom: y + 1, pixels: x - begin });
      else {
        known.left = Math.min(known.left, begin);
        known.right = Math.max(known.right, x);
        known.bottom = y + 1;
        known.pixels += x - begin;
      }
    }
  }
  return new Map(
    [...bounds].map(([label, { left, right, top, bottom, pixels }]) => [
      label,
      { left, top, width: right - left, height: bottom - top, pixels },
    ]),
  );
}
