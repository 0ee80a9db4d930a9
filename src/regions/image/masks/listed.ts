import type { PlainTensor } from '../../../inputs/contract.js';
import type { ImageMeta } from '../../../inputs/image/contract.js';
import type { OutputSpec } from '../../../registry/version.js';
import type { RowOutputs } from '../../contract.js';
import { failed, probability } from '../../failed.js';
import { sigmoid } from '../../scores.js';
import { checkLabel, estimate, type Scorer } from '../detections/activation.js';
import { listedScores } from '../detections/boxes.js';
import { partOf, placeOf, type RowPlace } from '../detections/place.js';
import { inOriginal } from '../geometry.js';
import { placementOf } from './axis.js';
import type { FoundMask, MaskSelection } from './contract.js';
import { type Grid, maskOf } from './cut.js';
import { checkedNumbers, cutOf, floatsOf } from './numbers.js';
import { pasted } from './paste.js';

/** Things that a graph lists, each with a mask. */
interface Things {
  count: number;
  scores: Scorer;
  /** What makes a score of a number of `scores`. */
  check: typeof probability;
  /** Whether the masks are scaled to the tensor before they are scaled to the original. */
  twice: boolean;
}

/** Things with a mask each, the surest first. */
export function listed(answer: RowOutputs, output: OutputSpec, selection: MaskSelection) {
  const { outputs, ...place } = answer;
  const scores = partOf(outputs, output, 'scores')!;
  const labels = partOf(outputs, output, 'labels');
  const { dims } = scores;
  // [n, 1] of a graph for one image, without an axis of images.
  const isAlone = place.rows === 1 && dims.length === 2 && dims[0] !== 1 && dims[1] === 1;
  const perLabel = labels === undefined && (output.labels!.length > 1 || dims.length === 3 || isAlone);
  const count = dims.at(perLabel ? -2 : -1) ?? 0;
  // The activation of an output of masks is that of their pixels.
  const scored = { ...output, activation: output.score_activation };
  const scorer = listedScores(scored, { scores, labels }, place, count);
  return masksOf(answer, output, selection, { count, scores: scorer, check: probability, twice: false });
}

/** What an annotator points at: of one image, and without labels. */
export function asked(answer: RowOutputs, output: OutputSpec, selection: MaskSelection) {
  const { dims, data } = partOf(answer.outputs, output, 'scores')!;
  const count = dims.at(-1) ?? 0;
  if (dims.some((side, axis) => axis < dims.length - 1 && side !== 1))
    throw failed(output, `scores of [${dims.join(', ')}], and not of [1, n],`);
  const scores: Scorer = (index, take) => take(0, Number(data[index]));
  const unlabelled = { ...output, labels: [''] };
  // How well a mask fits is estimated, often a little above 1:
  // https://github.com/facebookresearch/segment-anything/blob/main/segment_anything/modeling/mask_decoder.py
  const things = { count, scores, check: estimate, twice: true };
  return masksOf(answer, unlabelled, { ...selection, wants: () => true }, things);
}

function* masksOf(
  { outputs, metas, ...place }: RowOutputs,
  output: OutputSpec,
  { threshold, wants, pixel, most }: MaskSelection,
  { count, scores, check, twice }: Things,
): Generator<FoundMask> {
  const meta = metas[0] as ImageMeta;
  const masks = partOf(outputs, output, 'masks')!;
  const [height = 0, width = 0] = masks.dims.slice(-2);
  const first = twice
    ? onlyImage(output, masks, count)
    : placeOf(output, 'masks', masks, place, [count, height, width], [count, 1, height, width]);
  const ends = boxReader(output, outputs, place, count, meta);
  const cut = cutOf(output, pixel);
  const sure: { index: number; label: number; score: number }[] = [];
  for (let index = 0; index < count; index++) {
    scores(index, (label, number) => {
      const score = check(output, number, twice ? null : 'score_activation');
      if (score <= threshold) return;
      checkLabel(output, label);
      if (wants(label)) sure.push({ index, label, score });
    });
  }
  sure.sort((a, b) => b.score - a.score);
  const placement = placementOf(meta, { width, height }, twice);
  const size = width * height;
  let shown = 0;
  for (const { index, label, score } of sure) {
    const data = checkedNumbers(output, floatsOf(masks, first + index * size, size));
    const grid = { width, height, data };
    const found =
      ends === undefined
        ? maskOf(grid, placement, meta, cut)
        : ofBox(scoredGrid(output, grid), ends(index), meta, pixel);
    if (found === undefined) continue;
    yield { label, score, mask: found.mask, isThing: true };
    if (++shown === most) return;
  }
}

/** Where the masks begin of a graph for one image, whatever axes of one there are before them. */
function onlyImage(output: OutputSpec, { dims }: PlainTensor, count: number): number {
  const things = dims.slice(0, -2);
  if (things.at(-1) !== count || things.slice(0, -1).some(side => side !== 1))
    throw failed(output, `masks of [${dims.join(', ')}], and not of [1, ${count}, height, width],`);
  return 0;
}

/** Outside of its box a mask has the score 0, which no logit is. */
function scoredGrid({ activation }: OutputSpec, grid: Grid): Grid {
  return activation === 'sigmoid' ? { ...grid, data: grid.data.map(sigmoid) } : grid;
}

function ofBox(own: Grid, ends: Parameters<typeof pasted>[1], meta: ImageMeta, pixel: number) {
  const { grid, placement } = pasted(own, ends, meta);
  return maskOf(grid, placement, meta, pixel);
}

/** What says where the box of each mask is, in pixels of the original; undefined: masks are of the whole tensor. */
function boxReader(
  output: OutputSpec,
  outputs: RowOutputs['outputs'],
  place: RowPlace,
  count: number,
  meta: ImageMeta,
) {
  const boxes = partOf(outputs, output, 'boxes');
  if (boxes === undefined) return undefined;
  const first = placeOf(output, 'boxes', boxes, place, [count, 4]);
  return (index: number) => {
    const [a, b, c, d] = [0, 1, 2, 3].map(each => Number(boxes.data[first + index * 4 + each]));
    const [left, top] = inOriginal(meta, [a!, b!]);
    const [right, bottom] = inOriginal(meta, [c!, d!]);
    if (![left, top, right, bottom].every(Number.isFinite)) throw failed(output, 'a box that is no number');
    return [
      [left, right],
      [top, bottom],
    ] as const;
  };
}
