import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { bindModel } from '../../src/label-config/bind.js';
import { targetOf } from '../../src/label-config/bind-control.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { AnswerReader, EncodedRow, RegionKind } from '../../src/regions/contract.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { collect } from '../support/predictions.js';

export interface Bound {
  /** The labeling config, its control named `c`. */
  xml: string;
  /** The manifest's `input`. */
  input: { kind: string; [option: string]: unknown };
  output: Omit<OutputSpec, 'name'>;
  options?: Record<string, unknown>;
}

/** What results of regions belong to, on an object named `t`. */
const SHAPE = {
  tag: '<Rectangle name="shape" toName="t"/>',
  entry: { name: 'shape', control: 'Rectangle' },
  output: { name: 'shape', kind: 'boxes', tensors: { boxes: 'b', scores: 's' }, labels: ['x'] },
} as const;

/**
 * What a row makes of a model's outputs for one value, once it is bound; its results go to Label Studio's validator at the
 * end of the run.
 */
export function answered(
  kind: RegionKind,
  { xml, input, output, options = {} }: Bound,
  outputs: Record<string, PlainTensor>,
  metas: readonly unknown[] = [],
): EncodedRow {
  const spec = { name: 'out', ...output } as OutputSpec;
  const shape = kind.describes === true ? SHAPE : undefined;
  const manifest = {
    format: 1 as const,
    title: 'M',
    input,
    outputs: [{ name: 'out', control: kind.tag, ...options }, ...(shape ? [shape.entry] : [])],
  };
  const specs = [spec, ...(shape ? [shape.output] : [])];
  const config = shape ? xml.replace('</View>', `${shape.tag}</View>`) : xml;
  const { binding } = bindModel({ name: 'm', manifest, outputs: specs }, readLabelConfig(config));
  const { data, toName } = binding.controls.find(({ control }) => control === 'c')!;
  const answer = kind.encode({ outputs, row: 0, metas }, spec, data);
  const common = { from_name: 'c', to_name: toName, type: kind.type };
  const result = answer.results.map(({ regionKey: _, ...body }, index) => ({
    id: String(index),
    ...common,
    ...body,
  }));
  const relations = (answer.relations ?? []).map(({ from, to, ...rest }) => ({
    type: 'relation',
    from_id: String(from),
    to_id: String(to),
    ...rest,
  }));
  collect(xml, [{ result: [...result, ...relations] as never, score: answer.score, model_version: 'm:1' }]);
  return answer;
}

/** Reads annotations of the control `c`. */
export function readerOf(kind: RegionKind, xml: string): AnswerReader {
  const config = readLabelConfig(xml);
  return kind.reader(targetOf(config, 'c', config.parsed.c!.to_name[0]!), {});
}

/** The code and the message of what is refused. */
export function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.instanceOf(error, AppError);
    return `${(error as AppError).code}: ${(error as AppError).message}`;
  }
  return assert.fail('it was taken');
}

export const numbers = (dims: number[], ...data: number[]): PlainTensor => ({
  type: 'float64',
  data: Float64Array.from(data),
  dims,
});
