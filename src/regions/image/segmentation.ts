import type { PlainTensor } from '../../inputs/contract.js';
import type { ImageMeta } from '../../inputs/image/contract.js';
import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { failed } from '../failed.js';
import { sigmoid } from './detections.js';
import type { FoundMask, MaskSelection } from './found-masks.js';
import { type Grid, maskOf, pixelsIn, tensorArea, type Weights, type Window, weightsOf } from './mask.js';

/** What a pixel has that has no label. */
const NONE = 0xffff;

/** The numbers of one image. */
interface Cells {
  width: number;
  height: number;
  /** The number of a label at a cell, from 0. */
  at(cell: number, label: number): number;
}

/**
 * All that has a label, label by label, the surest first; see `MASKS`.
 *
 * Memory is what bounds this: of each label a mask is made when it is asked for, and what is kept of a pixel of the
 * original is its label alone.
 *
 * @throws AppError `model_failed` when the tensor is of another shape, a number is NaN, or the number of a label is none
 */
export function* segments(
  { outputs, row, metas }: RowOutputs,
  output: OutputSpec,
  selection: MaskSelection,
): Generator<FoundMask> {
  const meta = metas[0] as ImageMeta;
  const classes = output.labels!.length;
  const { dims, data } = outputs[output.tensor!]!;
  const transposed = output.transposed === true && dims.length === 4;
  const [height = 0, width = 0] = transposed ? dims.slice(1) : dims.slice(-2);
  const given = dims.length === 3 ? 1 : transposed ? dims[3]! : dims[1]!;
  const isNumbers = given === 1 && classes > 1;
  if ((dims.length !== 3 && dims.length !== 4) || !(isNumbers || given === classes))
    throw failed(output, `a tensor of [${dims.join(', ')}], and not of ${classes} labels a pixel,`);
  const plane = width * height;
  const first = row * plane * given;
  if (isNumbers) {
    yield* chosen(meta, selection, numbered(output, data, first, { width, height }, meta));
    return;
  }
  const [perCell, perLabel] = transposed ? [classes, 1] : [1, plane];
  const at = (cell: number, label: number) => Number(data[first + cell * perCell + label * perLabel]);
  const scores = activated(output, { width, height, at });
  if (output.independent === true || classes === 1)
    yield* independent(meta, selection, classes, label => {
      const own = new Float32Array(plane);
      for (let cell = 0; cell < plane; cell++) own[cell] = scores[cell * classes + label]!;
      return { width, height, data: own };
    });
  else yield* chosen(meta, selection, likeliest(meta, scores, classes, { width, height }));
}

/** The scores of all cells, those of one cell side by side. */
function activated(output: OutputSpec, { width, height, at }: Cells): Float32Array {
  const classes = output.labels!.length;
  const scores = new Float32Array(width * height * classes);
  for (let cell = 0, place = 0; cell < width * height; cell++, place += classes) {
    let most = Number.NEGATIVE_INFINITY;
    for (let label = 0; label < classes; label++) {
      const value = at(cell, label);
      if (Number.isNaN(value)) throw failed(output, 'NaN as a score');
      if (value > most) most = value;
      scores[place + label] = output.activation === 'sigmoid' ? sigmoid(value) : value;
    }
    if (output.activation !== 'softmax') continue;
    let sum = 0;
    for (let label = 0; label < classes; label++) {
      scores[place + label] = Math.exp(scores[place + label]! - most);
      sum += scores[place + label]!;
    }
    for (let label = 0; label < classes; label++) scores[place + label]! /= sum;
  }
  return scores;
}

function* independent(
  meta: ImageMeta,
  { wants, pixel, threshold, most }: MaskSelection,
  classes: number,
  gridOf: (label: number) => Grid,
): Generator<FoundMask> {
  const area = tensorArea(meta);
  const of = (label: number) => maskOf(gridOf(label), area, meta, pixel);
  const sure: { label: number; score: number }[] = [];
  for (let label = 0; label < classes; label++) {
    const score = wants(label) ? of(label)?.mean : undefined;
    if (score !== undefined && score >= threshold) sure.push({ label, score: inUnit(score) });
  }
  sure.sort((a, b) => b.score - a.score);
  for (const { label, score } of sure.slice(0, most))
    yield { label, score, mask: of(label)!.mask, isThing: false };
}

/** The one label of each pixel of the original, with the mean score of each label where it has any. */
interface Choice {
  labels: Uint16Array;
  /** In the order of the labels; null: they have none. */
  means: readonly number[] | null;
}

function* chosen(
  { width, height }: ImageMeta,
  { wants, threshold, most }: MaskSelection,
  { labels, means }: Choice,
): Generator<FoundMask> {
  const windows = windowsOf(labels, width);
  const sure = [...windows.keys()]
    .filter(label => wants(label))
    .map(label => ({ label, score: means === null ? null : inUnit(means[label]!) }))
    .filter(({ score }) => score === null || score >= threshold)
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0) || a.label - b.label);
  for (const { label, score } of sure.slice(0, most)) {
    const window = windows.get(label)!;
    const data = new Uint8Array(window.width * window.height);
    for (let y = 0, to = 0; y < window.height; y++) {
      const row = (window.top + y) * width + window.left;
      for (let x = 0; x < window.width; x++, to++) data[to] = labels[row + x] === label ? 1 : 0;
    }
    yield { label, score, mask: { width, height, window, data }, isThing: false };
  }
}

/** Where each label lies that a pixel has. */
function windowsOf(labels: Uint16Array, width: number): Map<number, Window> {
  const bounds = new Map<number, { left: number; right: number; top: number; bottom: number }>();
  for (let y = 0, row = 0; row < labels.length; y++, row += width) {
    for (let x = 0; x < width; ) {
      const label = labels[row + x]!;
      const begin = x;
      while (x < width && labels[row + x] === label) x++;
      if (label === NONE) continue;
      const known = bounds.get(label);
      if (known === undefined) bounds.set(label, { left: begin, right: x, top: y, bottom: y + 1 });
      else {
        known.left = Math.min(known.left, begin);
        known.right = Math.max(known.right, x);
        known.bottom = y + 1;
      }
    }
  }
  return new Map(
    [...bounds].map(([label, { left, right, top, bottom }]) => [
      label,
      { left, top, width: right - left, height: bottom - top },
    ]),
  );
}

/** Numbers of labels cannot be mixed: each pixel has that of the nearest cell. */
function numbered(
  output: OutputSpec,
  data: PlainTensor['data'],
  first: number,
  { width, height }: Pick<Cells, 'width' | 'height'>,
  meta: ImageMeta,
): Choice {
  const classes = output.labels!.length;
  const cells = new Uint16Array(width * height);
  for (let cell = 0; cell < cells.length; cell++) {
    const label = Number(data[first + cell]);
    if (!(Number.isInteger(label) && label >= 0 && label < classes))
      throw failed(output, `the label ${label} of ${classes}`);
    cells[cell] = label;
  }
  const { labels, window, across, down } = placed(meta, width, height);
  const nearest = ({ first, second, share }: Weights) =>
    first.map((cell, index) => (share[index]! < 0.5 ? cell : second[index]!));
  const [columns, lines] = [nearest(across), nearest(down)];
  for (let y = 0; y < window.height; y++) {
    const to = (window.top + y) * meta.width + window.left;
    const from = lines[y]! * width;
    for (let x = 0; x < window.width; x++) labels[to + x] = cells[from + columns[x]!]!;
  }
  return { labels, means: null };
}

/**
 * The likeliest label of each pixel, the scores being mixed bilinearly first.
 *
 * Between two cells at which the same label is the likeliest it is so as well, which spares looking at all the others.
 */
function likeliest(
  meta: ImageMeta,
  scores: Float32Array,
  classes: number,
  { width, height }: Pick<Cells, 'width' | 'height'>,
): Choice {
  const { labels, window, across, down } = placed(meta, width, height);
  const sums = new Float64Array(classes);
  const sizes = new Float64Array(classes);
  const line = new Float32Array(width * classes);
  const best = new Uint16Array(width);
  for (let y = 0; y < window.height; y++) {
    const [above, below] = [down.first[y]! * line.length, down.second[y]! * line.length];
    const share = down.share[y]!;
    for (let x = 0, at = 0; x < width; x++) {
      const cell = at;
      let top = at;
      for (; at < cell + classes; at++) {
        line[at] = scores[above + at]! * (1 - share) + scores[below + at]! * share;
        if (line[at]! > line[top]!) top = at;
      }
      best[x] = top - cell;
    }
    const to = (window.top + y) * meta.width + window.left;
    for (let x = 0; x < window.width; x++) {
      const left = across.first[x]!;
      const right = across.second[x]!;
      const part = across.share[x]!;
      const isSame = best[left] === best[right];
      let label = isSame ? best[left]! : 0;
      let score = mixed(line, left * classes + label, right * classes + label, part);
      for (let other = 1; !isSame && other < classes; other++) {
        const value = mixed(line, left * classes + other, right * classes + other, part);
        if (value > score) {
          label = other;
          score = value;
        }
      }
      labels[to + x] = label;
      sums[label]! += score;
      sizes[label]!++;
    }
  }
  return { labels, means: Array.from(sums, (sum, label) => sum / sizes[label]!) };
}

function mixed(line: Float32Array, left: number, right: number, part: number): number {
  return line[left]! * (1 - part) + line[right]! * part;
}

/** No label yet, and where the grid of the whole tensor lies at the pixels of the original. */
function placed(meta: ImageMeta, width: number, height: number) {
  const area = tensorArea(meta);
  const window = pixelsIn([area], meta);
  return {
    labels: new Uint16Array(meta.width * meta.height).fill(NONE),
    window,
    across: weightsOf(window.left, window.width, width, area.left, area.right),
    down: weightsOf(window.top, window.height, height, area.top, area.bottom),
  };
}

function inUnit(score: number): number {
  return Math.min(Math.max(score, 0), 1);
}
