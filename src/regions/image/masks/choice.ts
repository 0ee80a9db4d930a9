import type { ImageMeta } from '../../../inputs/image/contract.js';
import type { OutputSpec } from '../../../registry/version.js';
import { failed, probability } from '../../failed.js';
import { sigmoid } from '../../scores.js';
import { nearestOf, placementOf, type Taps, tapsOf } from './axis.js';
import { mixLines } from './cut.js';

/** What a pixel has that has no label. */
export const NONE = 0xffff;

/** The one label of each pixel of the original. */
export interface Choice {
  labels: Uint16Array;
  /** The score of a label at a pixel; null: labels have none. */
  score: ((label: number, x: number, y: number) => number) | null;
}

interface Size {
  width: number;
  height: number;
}

/** Numbers of labels cannot be mixed: each pixel has that of the cell in which its middle lies. */
export function numbered(
  output: OutputSpec,
  numbers: Float32Array,
  { width, height }: Size,
  meta: ImageMeta,
): Choice {
  const classes = output.labels!.length;
  for (const label of numbers)
    if (!(Number.isInteger(label) && label >= 0 && label < classes))
      throw failed(output, `the label ${label} of ${classes}`);
  const { across, down, window } = placementOf(meta, { width, height });
  const labels = new Uint16Array(meta.width * meta.height).fill(NONE);
  const columns = nearestOf(across, window.left, window.width);
  const lines = nearestOf(down, window.top, window.height);
  for (let y = 0; y < window.height; y++) {
    const to = (window.top + y) * meta.width + window.left;
    const from = lines[y]! * width;
    for (let x = 0; x < window.width; x++) labels[to + x] = numbers[from + columns[x]!]!;
  }
  return { labels, score: null };
}

/**
 * The likeliest label of each pixel. The model's numbers are scaled to the original first, as
 * `post_process_semantic_segmentation` of transformers does.
 *
 * Where a label is the likeliest of all cells that a pixel is mixed of, it is so there as well, which spares looking at
 * all the others.
 *
 * @param cells the numbers, those of one cell side by side
 */
export function likeliest(
  output: OutputSpec,
  cells: Float32Array,
  { width, height }: Size,
  meta: ImageMeta,
): Choice {
  const classes = output.labels!.length;
  const labels = new Uint16Array(meta.width * meta.height).fill(NONE);
  const placement = placementOf(meta, { width, height });
  const { window } = placement;
  const across = tapsOf(placement.across, window.left, window.width);
  const down = tapsOf(placement.down, window.top, window.height);
  const line = new Float32Array(width * classes);
  const best = new Uint16Array(width);
  for (let y = 0; y < window.height; y++) {
    mixLines(line, cells, down.cells, down.weights, y * down.taps, down.taps);
    for (let x = 0, at = 0; x < width; x++) {
      const cell = at;
      let top = at;
      for (; at < cell + classes; at++) if (line[at]! > line[top]!) top = at;
      best[x] = top - cell;
    }
    const to = (window.top + y) * meta.width + window.left;
    for (let x = 0; x < window.width; x++) labels[to + x] = likeliestAt(line, best, across, x, classes);
  }
  return {
    labels,
    score: pixelScorer(output, cells, width, { across, down, left: window.left, top: window.top }),
  };
}

function likeliestAt(
  line: Float32Array,
  best: Uint16Array,
  { taps, cells, weights }: Taps,
  pixel: number,
  classes: number,
): number {
  const first = pixel * taps;
  const common = best[cells[first]!]!;
  let isSame = true;
  for (let tap = first + 1; tap < first + taps; tap++) if (best[cells[tap]!] !== common) isSame = false;
  if (isSame) return common;
  let label = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let each = 0; each < classes; each++) {
    let number = 0;
    for (let tap = first; tap < first + taps; tap++)
      number += line[cells[tap]! * classes + each]! * weights[tap]!;
    if (number > most) [label, most] = [each, number];
  }
  return label;
}

/** The score of a label at a pixel: its numbers are mixed, and then turned into scores. */
function pixelScorer(
  output: OutputSpec,
  cells: Float32Array,
  width: number,
  { across, down, left, top }: { across: Taps; down: Taps; left: number; top: number },
): NonNullable<Choice['score']> {
  const classes = output.labels!.length;
  const numbers = new Float64Array(classes);
  const isSoftmax = output.activation === 'softmax';
  return (label, x, y) => {
    numbers.fill(0);
    const [begin, end] = isSoftmax ? [0, classes] : [label, label + 1];
    for (let row = (y - top) * down.taps; row < (y - top + 1) * down.taps; row++) {
      for (let column = (x - left) * across.taps; column < (x - left + 1) * across.taps; column++) {
        const weight = down.weights[row]! * across.weights[column]!;
        const cell = (down.cells[row]! * width + across.cells[column]!) * classes;
        for (let each = begin; each < end; each++) numbers[each]! += weight * cells[cell + each]!;
      }
    }
    const own = numbers[label]!;
    if (!isSoftmax) return probability(output, output.activation === 'sigmoid' ? sigmoid(own) : own);
    let sum = 0;
    for (const number of numbers) sum += Math.exp(number - own);
    return 1 / sum;
  };
}
