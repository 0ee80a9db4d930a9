import { assert } from 'chai';
import type { Prediction, PredictionItem, TaskError } from '../../src/model.js';

/** The choice and the score of a prediction of one `Choices` control. */
export function choiceOf(item: PredictionItem | undefined): { choice: string; score: number } {
  const { result, score } = item as Prediction;
  assert.lengthOf(result, 1, JSON.stringify(item));
  const { value } = result[0] as { value: { choices: string[] } };
  assert.lengthOf(value.choices, 1);
  return { choice: value.choices[0]!, score: score! };
}

/** The error of an item that has no prediction. */
export function errorOf(item: PredictionItem | undefined): TaskError['error'] {
  assert.notProperty(item, 'result');
  return (item as TaskError).error;
}

/**
 * The same predictions: everything but the last digits of the scores, which depend on how many rows a run has and where
 * in it a row stands (vector instructions round in another order).
 */
export function expectSame(items: readonly PredictionItem[], expected: readonly PredictionItem[]): void {
  const rounded = (all: readonly PredictionItem[]) =>
    JSON.parse(JSON.stringify(all), (_key, value) => (typeof value === 'number' ? value.toFixed(12) : value));
  assert.deepEqual(rounded(items), rounded(expected));
}
