import type { PlainTensor } from '../../../inputs/contract.js';
import type { OutputSpec } from '../../../registry/version.js';
import { failed, probability } from '../../failed.js';
import { contradiction } from '../detections/activation.js';

/** The sigmoid of what is below is 0 in single precision. */
const LEAST_LOGIT = -104;

/** The logit of a score, 0..1: where the sigmoid of a number is that score. */
export function logit(score: number): number {
  return Math.max(Math.log(score / (1 - score)), LEAST_LOGIT);
}

/** What numbers are mixed of at most: a share of 0 of an infinite one would be NaN, and sums must not be infinite either. */
const MOST = 1e38;

/**
 * The number above which a pixel is in, for a score: of logits its logit.
 *
 * @throws AppError `version_invalid` for "softmax", which masks that may overlap cannot have
 */
export function cutOf(output: OutputSpec, score: number): number {
  if (output.activation === 'softmax')
    throw contradiction(output, 'softmax for masks that may overlap: use sigmoid');
  return output.activation === 'sigmoid' ? logit(score) : score;
}

/** Numbers of a tensor as floats, without a copy where it holds such. */
export function floatsOf({ data }: PlainTensor, first: number, count: number): Float32Array {
  if (data instanceof Float32Array) return data.subarray(first, first + count);
  const floats = new Float32Array(count);
  for (let at = 0; at < count; at++) floats[at] = Number(data[first + at]);
  return floats;
}

/**
 * Looks through the numbers of pixels.
 *
 * @returns the same ones; a copy where some are infinite, or nearly so, with the largest that can be mixed in their place
 * @throws AppError `model_failed` when one is NaN, or none is declared to be a logit and one is not 0 to 1
 */
export function checkedNumbers(output: OutputSpec, numbers: Float32Array): Float32Array {
  let [least, most] = [0, 0];
  for (const number of numbers) {
    if (Number.isNaN(number)) throw failed(output, 'NaN in a mask');
    if (number < least) least = number;
    else if (number > most) most = number;
  }
  if (output.activation !== 'sigmoid' && output.activation !== 'softmax') {
    probability(output, least);
    probability(output, most);
  }
  if (least >= -MOST && most <= MOST) return numbers;
  return numbers.map(number => Math.min(Math.max(number, -MOST), MOST));
}
