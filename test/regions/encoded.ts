import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { bindModel } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { EncodedRow } from '../../src/regions/contract.js';
import { REGIONS } from '../../src/regions/index.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { collect } from '../support/predictions.js';

export type Output = Pick<OutputSpec, 'kind' | 'labels' | 'decision'>;

/** What a control gets from a model's numbers for one row, once it is bound. */
export function encoded(
  control: string,
  output: Output,
  row: readonly number[],
  options: Record<string, unknown> = {},
  label = 0,
): EncodedRow {
  const config = readLabelConfig(`<View>${control}<Text name="text" value="$text"/></View>`);
  const { tag } = config.controls.get('c')!;
  const spec: OutputSpec = { name: 'out', tensor: 'numbers', ...output };
  const manifest = {
    format: 1 as const,
    title: 'M',
    input: { kind: 'text' },
    outputs: [{ name: 'out', control: tag, ...options }],
  };
  const { binding } = bindModel({ name: 'm', manifest, outputs: [spec] }, config);
  const tensors = {
    numbers: { type: 'float64' as const, data: Float64Array.from(row), dims: [1, row.length] },
    label: { type: 'int64' as const, data: BigInt64Array.of(BigInt(label)), dims: [1] },
  };
  const answer = REGIONS[tag]!.encode(
    { outputs: tensors, row: 0, metas: [] },
    spec,
    binding.controls[0]!.data,
  );
  const common = { from_name: 'c', to_name: 'text', type: tag.toLowerCase() };
  const result = answer.results.map((body, index) => ({ id: String(index), ...common, ...body }));
  collect(config.xml, [{ result, score: answer.score, model_version: 'm:1' }]);
  return answer;
}

/** The value of the only result. */
export function value(...input: Parameters<typeof encoded>): unknown {
  const { results } = encoded(...input);
  assert.lengthOf(results, 1);
  return Object.values(results[0]!.value)[0];
}

export function refusal(...input: Parameters<typeof encoded>): string {
  try {
    encoded(...input);
  } catch (error) {
    assert.instanceOf(error, AppError);
    return `${(error as AppError).code}: ${(error as AppError).message}`;
  }
  return assert.fail('it was bound');
}

/** An output of class probabilities. */
export const probabilities = (
  labels: string[],
  decision: Output['decision'] = { rule: 'argmax' },
): Output => ({
  kind: 'probabilities',
  labels,
  decision,
});

/** An output of a value. */
export const VALUE: Output = { kind: 'value' };
