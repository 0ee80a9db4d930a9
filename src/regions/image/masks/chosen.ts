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
  const places = new Map([...placesOf(labels, width)].filter(([label]) => wants(label)));
  const means = meansOf(places, choice, width);
  const sure = [...places.keys()]
    .map(label => ({ label, score: means === null ? null : means.get(label)! }))
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

/** The mean score of each label over its pixels, of a large part over every n-th of them; null: there are no scores. */
function meansOf(
  places: ReadonlyMap<number, Place>,
  { labels, score }: Choice,
  width: number,
): ReadonlyMap<number, number> | null {
  if (score === null) return null;
  const most = Math.max(0, ...places.keys()) + 1;
  const [steps, seen, sums] = [new Uint32Array(most), new Uint32Array(most), new Float64Array(most)];
  for (const [label, { pixels }] of places) steps[label] = Math.max(Math.floor(pixels / SAMPLE), 1);
  for (let y = 0, pixel = 0; pixel < labels.length; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      const label = labels[pixel]!;
      const step = label < most ? steps[label]! : 0;
      if (step > 0 && seen[label]!++ % step === 0) sums[label]! += score(label, x, y);
    }
  }
  return new Map(
    [...places.keys()].map(label => [
      label,
      Math.min(sums[label]! / Math.ceil(seen[label]! / steps[label]!), 1),
    ]),
  );
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
