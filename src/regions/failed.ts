import { AppError } from '../errors.js';
import type { OutputSpec } from '../registry/version.js';

/** What a model gave that is no answer: the failure of that task. @param what such as `NaN as a score` */
export function failed({ name }: OutputSpec, what: string): AppError {
  return new AppError('model_failed', `the model gives ${what} for '${name}'`);
}

/** How far from 0..1 a probability may be: what half precision makes of sums. */
const ROUNDING = 1e-3;

/**
 * A score that is shown as a probability.
 *
 * @param option the option of the output that says what turns logits into scores; null: it has none
 * @returns within 0..1, outside of which Label Studio refuses a prediction
 * @throws AppError `model_failed` when it is none: its numbers are then something else than what was declared
 */
export function probability(output: OutputSpec, score: number, option: string | null = 'activation'): number {
  if (score >= 0 && score <= 1) return score;
  if (score >= -ROUNDING && score <= 1 + ROUNDING) return score < 0 ? 0 : 1;
  const remedy =
    option === null ? '' : ` (of logits, declare "${option}": "softmax" or "sigmoid" in version.json)`;
  throw failed(output, `${score} as a score, which must be 0 to 1${remedy},`);
}
