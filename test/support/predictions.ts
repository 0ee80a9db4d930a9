import { assert } from 'chai';
import type { PredictionItem } from '../../src/model.js';
import { atEnd } from './at-end.js';
import { runPython } from './python.js';

interface Verdict {
  line: number;
  accepted: boolean;
  errors: string[];
}

const collected: { label_config: string; prediction: unknown }[] = [];

/** Keeps the predictions of an answer, to be checked by Label Studio's own validator when the tests have ended. */
export function collect(labelConfig: string, items: readonly PredictionItem[]): void {
  for (const prediction of items.flat()) {
    if ('result' in prediction) collected.push({ label_config: labelConfig, prediction });
  }
}

atEnd(async () => {
  const lines = collected.splice(0);
  if (lines.length === 0) return;
  const verdicts = await runPython<Verdict>('test/contract/validate_predictions.py', lines, [0, 1]);
  const rejected = verdicts
    .filter(({ accepted }) => !accepted)
    .map(({ line, errors }) => `${JSON.stringify(lines[line - 1])}: ${errors.join('; ')}`);
  const told = `Label Studio's validator rejects ${rejected.length} of ${lines.length} predictions`;
  assert.deepEqual(rejected.slice(0, 5), [], told);
  assert.equal(verdicts.length, lines.length);
});
