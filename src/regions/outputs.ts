import { AppError } from '../errors.js';
import type { OutputSpec } from '../registry/version.js';
import type { RowOutputs } from './contract.js';

/** The classes that a row's decision rule chose. */
export interface ClassRow {
  /** Columns, ascending; empty only under the rule `threshold`. */
  chosen: number[];
  /** How sure the model is of them, 0..1; null when its numbers are no probabilities. */
  score: number | null;
}

/** Where the numbers of a row are. */
type ClassOutputs = Pick<RowOutputs, 'outputs' | 'row'>;

/**
 * Reads one row of class numbers and applies the version's decision rule.
 *
 * @param answer the class numbers are [rows, columns]; of a value that was cut into windows the first one counts
 * @param threshold in the place of the version's, under the rule `threshold`
 * @throws AppError `model_failed` when one of the numbers is NaN
 */
export function classRow({ outputs, row }: ClassOutputs, output: OutputSpec, threshold?: number): ClassRow {
  const { data, dims } = outputs[output.tensor!]!;
  const columns = dims[1] ?? 1;
  const first = row * columns;
  const at = (column: number) => Number(data[first + column]);
  const isProbability = output.kind === 'probabilities';
  const decision = output.decision ?? { rule: 'argmax' };
  // NaN is larger than nothing and smaller than nothing: it would go unseen, and the first class would be chosen.
  for (let column = 0; column < columns; column++) if (Number.isNaN(at(column))) throw noNumber(output, NaN);

  if (decision.rule === 'threshold') {
    const least = threshold ?? decision.threshold;
    const chosen: number[] = [];
    let certainty = 1;
    for (let column = 0; column < columns; column++) {
      const value = at(column);
      const accepted = value > least;
      if (accepted) chosen.push(column);
      certainty = Math.min(certainty, accepted ? value : 1 - value);
    }
    return { chosen, score: isProbability ? inUnit(certainty) : null };
  }

  let best = 0;
  if (decision.rule === 'label') {
    best = Number(outputs[decision.tensor]!.data[row]);
  } else {
    for (let column = 1; column < columns; column++) if (at(column) > at(best)) best = column;
  }
  return { chosen: [best], score: isProbability ? inUnit(at(best)) : null };
}

/** Sums of probabilities can be a last bit above 1, and Label Studio then refuses the prediction. */
function inUnit(probability: number): number {
  return Math.min(Math.max(probability, 0), 1);
}

/**
 * Reads the value of a regressor.
 * @throws AppError `model_failed` when it is not finite: JSON cannot hold it, and no control either
 */
export function valueRow({ outputs, row }: ClassOutputs, output: OutputSpec): number {
  const { data, dims } = outputs[output.tensor!]!;
  const value = Number(data[row * (dims[1] ?? 1)]);
  if (!Number.isFinite(value)) throw noNumber(output, value);
  return value;
}

function noNumber({ name }: OutputSpec, value: number): AppError {
  return new AppError('model_failed', `the model gives ${value} for '${name}', which is no answer`);
}
