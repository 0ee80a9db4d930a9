import { assert } from 'chai';
import type { PredictionItem } from '../../src/model.js';
import { runPython } from './python.js';

interface Verdict {
  line: number;
  accepted: boolean;
  errors: string[];
}

const collected: { label_config: string; prediction: unknown }[] = [];

/** Keeps the predictions of an answer, to be checked by Label Studio's own validator at the end of the run. */
export function collect(labelConfig: string, items: readonly PredictionItem[]): void {
  for (const prediction of items.flat()) {
    if ('result' in prediction) collected.push({ label_config: labelConfig, prediction });
  }
}

after("every prediction passes Label Studio's validator", async function () {
  this.timeout(60_000);
  if (collected.length === 0) return;
  const verdicts = await runPython<Verdict>('test/contract/validate_predictions.py', collected, [0, 1]);
  const rejected = verdicts
    .filter(({ accepted }) => !accepted)
    .map(({ line, errors }) => `${JSON.stringify(collected[line - 1])}: ${errors.join('; ')}`);
  assert.deepEqual(rejected.slice(0, 5), [], `${rejected.length} of ${collected.length} are rejected`);
  assert.equal(verdicts.length, collected.length);
});
