import type { PlainTensor } from '../../../inputs/contract.js';
import type { ImageMeta } from '../../../inputs/image/contract.js';
import type { OutputSpec } from '../../../registry/version.js';
import type { RowOutputs } from '../../contract.js';
import { failed, probability } from '../../failed.js';
import { sigmoid } from '../../scores.js';
import { backgrounds, contradiction } from '../detections/activation.js';
import { placeOf, type RowPlace } from '../detections/place.js';
import { placementOf } from './axis.js';
import { likeliest, numbered } from './choice.js';
import { chosen } from './chosen.js';
import type { FoundMask, MaskSelection } from './contract.js';
import { type Grid, maskOf } from './cut.js';
import { checkedNumbers, cutOf, floatsOf } from './numbers.js';

/**
 * All that has a label, label by label, the surest first; see `MASKS`.
 *
 * Memory is what bounds this: of each label a mask is made when it is asked for, and what is kept of a pixel of the
 * original is its label alone.
 */
export function* segments(
  { outputs, metas, ...place }: RowOutputs,
  output: OutputSpec,
  selection: MaskSelection,
): Generator<FoundMask> {
  const meta = metas[0] as ImageMeta;
  const isBackground = backgrounds(output);
  const classes = isBackground.length;
  const tensor = outputs[output.tensor!]!;
  const wants = (label: number) => !isBackground[label] && selection.wants(label);
  const shown = { ...selection, wants };
  const { width, height, given, first } = layoutOf(output, tensor, place);
  const size = { width, height };
  const plane = width * height;
  if (given === 'numbers') {
    checkNumbered(output, tensor);
    yield* chosen(meta, shown, numbered(output, floatsOf(tensor, first, plane), size, meta));
    return;
  }
  const { activation } = output;
  const independent = output.independent === true || classes === 1;
  if (independent && activation === 'softmax')
    throw contradiction(
      output,
      classes === 1
        ? 'softmax for one label, of which it always makes 1: use sigmoid'
        : 'softmax for labels that are independent: use sigmoid',
    );
  const numbers = checkedNumbers(output, floatsOf(tensor, first, plane * classes));
  const [perCell, perLabel] = output.transposed === true ? [classes, 1] : [1, plane];
  if (!independent) {
    const cells = new Float32Array(plane * classes);
    for (let label = 0; label < classes; label++)
      for (let cell = 0, from = label * perLabel; cell < plane; cell++, from += perCell)
        cells[cell * classes + label] = numbers[from]!;
    yield* chosen(meta, shown, likeliest(output, cells, size, meta));
    return;
  }
  const gridOf = (label: number): Grid => {
    if (perCell === 1) return { ...size, data: numbers.subarray(label * plane, (label + 1) * plane) };
    return {
      ...size,
      data: Float32Array.from({ length: plane }, (_, cell) => numbers[cell * perCell + label]!),
    };
  };
  yield* eachLabel(meta, shown, output, gridOf);
}

/** @throws AppError `version_invalid` for what means something for scores alone */
function checkNumbered(output: OutputSpec, { dims }: PlainTensor): void {
  const { activation = 'none', independent, labels } = output;
  if (activation === 'none' && independent !== true) return;
  const said = activation === 'none' ? '"independent"' : `the activation "${activation}"`;
  throw contradiction(
    output,
    `${said} for a tensor of [${dims.join(', ')}], whose numbers are those of labels: these take neither "activation" nor "independent"; scores need a channel for each of the ${labels!.length} labels`,
  );
}

/** How the numbers of an image lie in the tensor: the number of each pixel's label, or one for each label. */
function layoutOf(output: OutputSpec, tensor: PlainTensor, place: RowPlace) {
  const { dims } = tensor;
  const classes = output.labels!.length;
  const isLast = output.transposed === true;
  // Of a graph for one image, without an axis of images.
  const isAlone = place.rows === 1 && dims.length === 3 && dims[0] !== 1 && dims[isLast ? 2 : 0] === classes;
  const isWhole = dims.length === 4 || isAlone;
  const [height = 0, width = 0] = isWhole && isLast ? dims.slice(-3, -1) : dims.slice(-2);
  const single = [[height, width], isLast ? [height, width, 1] : [1, height, width]];
  if (classes === 1) {
    const first = placeOf(output, 'scores of pixels', tensor, place, ...single);
    return { width, height, given: 'scores' as const, first };
  }
  if (!isWhole || dims.at(isLast ? -1 : -3) === 1) {
    const first = placeOf(output, 'numbers of labels', tensor, place, ...single);
    return { width, height, given: 'numbers' as const, first };
  }
  const shape = isLast ? [height, width, classes] : [classes, height, width];
  if (dims.at(isLast ? -1 : -3) !== classes)
    throw failed(output, `a tensor of [${dims.join(', ')}], and not of ${classes} labels a pixel,`);
  const first = placeOf(output, 'scores of pixels', tensor, place, shape);
  return { width, height, given: 'scores' as const, first };
}

/** The pixels of each label by itself. */
function* eachLabel(
  meta: ImageMeta,
  { wants, pixel, threshold, most }: MaskSelection,
  output: OutputSpec,
  gridOf: (label: number) => Grid,
): Generator<FoundMask> {
  const cut = cutOf(output, pixel);
  const score = output.activation === 'sigmoid' ? sigmoid : (number: number) => number;
  const of = (label: number) => {
    const grid = gridOf(label);
    return maskOf(grid, placementOf(meta, grid), meta, cut, { score });
  };
  const sure: { label: number; score: number }[] = [];
  for (const label of output.labels!.keys()) {
    const mean = wants(label) ? of(label)?.mean : undefined;
    if (mean !== undefined && mean > threshold) sure.push({ label, score: probability(output, mean) });
  }
  sure.sort((a, b) => b.score - a.score);
  for (const { label, score } of sure.slice(0, most))
    yield { label, score, mask: of(label)!.mask, isThing: false };
}
