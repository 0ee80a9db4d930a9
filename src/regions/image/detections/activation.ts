import { AppError } from '../../../errors.js';
import type { OutputSpec } from '../../../registry/version.js';
import { failed, probability } from '../../failed.js';
import { sigmoid } from '../../scores.js';

/** Calls back with each label that a candidate may have, and its score, whose range was not checked. */
export type Scorer = (index: number, take: (label: number, score: number) => void) => void;

/** What an output declares and cannot be. @param what such as `"softmax" for scores of one label` */
export function contradiction({ name }: OutputSpec, what: string): AppError {
  return new AppError('version_invalid', `the output '${name}' declares ${what}`);
}

/** How far beyond 0..1 a number may be that only estimates a score. */
const ESTIMATE = 0.5;

/**
 * A number that a model was trained to bring near to a score, and not into 0..1: how well a mask fits, or the height of a
 * hill in a heat map. What is a little beyond is cut off.
 *
 * @throws AppError `model_failed` when it is far beyond, or NaN
 */
export function estimate(output: OutputSpec, number: number, option?: string | null): number {
  if (number >= -ESTIMATE && number <= 1 + ESTIMATE) return Math.min(Math.max(number, 0), 1);
  return probability(output, number, option);
}

/** Whether each label is the background: all labels of that name are. */
export function backgrounds(output: OutputSpec): boolean[] {
  const { background } = output;
  const are = output.labels!.map(name => name === background);
  if (background !== undefined && !are.includes(true))
    throw contradiction(output, `the background '${background}', which is none of its labels`);
  return are;
}

/**
 * The scores of candidates that have a number for each label.
 *
 * The background is left out before the largest score is looked for, and counts in the sum of the softmax: so does
 * `post_process_object_detection` of DETR in transformers. With `multi_label` each pair of a candidate and a label is a
 * detection, as in that of RT-DETR and Deformable DETR.
 *
 * @param number the number of a candidate and a label
 * @param weight what the scores of a candidate are multiplied with; absent: 1
 */
export function perLabel(
  output: OutputSpec,
  number: (index: number, label: number) => number,
  weight?: (index: number) => number,
): Scorer {
  const { activation } = output;
  const isBackground = backgrounds(output);
  const count = isBackground.length;
  const softmax = activation === 'softmax';
  if (softmax && count === 1)
    throw contradiction(output, 'softmax for one label, of which it always makes 1: use sigmoid');
  const scoreOf = (value: number, most: number, sum: number) =>
    softmax ? Math.exp(value - most) / sum : activation === 'sigmoid' ? sigmoid(value) : value;
  const values = new Float64Array(count);
  return (index, take) => {
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (let label = 0; label < count; label++) {
      const value = number(index, label);
      values[label] = value;
      if (Number.isNaN(value)) throw failed(output, 'NaN as a score');
      if (value > most) most = value;
      if (!isBackground[label] && (best < 0 || value > values[best]!)) best = label;
    }
    let sum = 0;
    if (softmax) for (const value of values) sum += Math.exp(value - most);
    const factor = weight === undefined ? 1 : weight(index);
    if (output.multi_label === true) {
      for (let label = 0; label < count; label++)
        if (!isBackground[label]) take(label, factor * scoreOf(values[label]!, most, sum));
    } else if (best >= 0) take(best, factor * scoreOf(values[best]!, most, sum));
  };
}

/**
 * The scores of candidates that have one number each, and the number of their label beside it.
 *
 * @param label the number of a candidate's label
 * @throws AppError `version_invalid` for "softmax", which needs the numbers of all labels
 */
export function numbered(
  output: OutputSpec,
  number: (index: number) => number,
  label: (index: number) => number,
): Scorer {
  const { activation } = output;
  const isBackground = backgrounds(output);
  if (activation === 'softmax')
    throw contradiction(
      output,
      'softmax for scores that are of one label each: it needs those of all labels',
    );
  if (output.multi_label === true)
    throw contradiction(output, '"multi_label" for scores that are of one label each');
  return (index, take) => {
    const own = label(index);
    const value = number(index);
    if (!isBackground[own]) take(own, activation === 'sigmoid' ? sigmoid(value) : value);
  };
}

/** @throws AppError `model_failed` when a number is none of the output's labels */
export function checkLabel(output: OutputSpec, label: number): void {
  const count = output.labels!.length;
  if (!(Number.isInteger(label) && label >= 0 && label < count))
    throw failed(output, `the label ${label} of ${count}`);
}
