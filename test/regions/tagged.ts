import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import type { PlainTensor } from '../../src/inputs/contract.js';
import type { TokensMeta } from '../../src/inputs/tokens/contract.js';
import { bindModel } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { EncodedRow } from '../../src/regions/contract.js';
import { REGIONS } from '../../src/regions/index.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { collect } from '../support/predictions.js';

export const LABELS = '<Label value="Person" predicted_values="PER"/><Label value="ORG"/>';
export const config = (attributes = '', inner = LABELS) =>
  `<View><Labels name="c" toName="t" ${attributes}>${inner}</Labels><Text name="t" value="$text"/></View>`;
export const BIO = ['O', 'B-PER', 'I-PER', 'B-ORG', 'I-ORG'];
export const TAGS: OutputSpec = {
  name: 'out',
  kind: 'tags',
  tensor: 'tags',
  values: 'probabilities',
  labels: BIO,
};
export const SPANS: OutputSpec = {
  name: 'out',
  kind: 'spans',
  tensors: { starts: 'starts', ends: 'ends', labels: 'labels', scores: 'scores' },
  unit: 'characters',
  labels: ['PER', 'ORG'],
};

/** Words between spaces, one token each. */
export function metaOf(text: string): TokensMeta {
  const words = [...text.matchAll(/\S+/g)];
  const tokens = {
    ids: words.map(() => 1),
    starts: words.map(({ index }) => index),
    ends: words.map(({ index, 0: word }) => index + word.length),
    words: words.map((_, index) => index),
  };
  return { text, tokens, first: 0, count: words.length, offset: 0 };
}

export function encode(
  outputs: Record<string, PlainTensor>,
  output: OutputSpec,
  metas: readonly TokensMeta[],
  xml = config(),
): EncodedRow {
  const manifest = {
    format: 1 as const,
    title: 'M',
    input: { kind: 'tokens' },
    outputs: [{ name: 'out', control: 'Labels' }],
  };
  const parsed = readLabelConfig(xml);
  const { binding } = bindModel({ name: 'm', manifest, outputs: [output] }, parsed);
  const answer = REGIONS.Labels!.encode({ outputs, row: 0, metas }, output, binding.controls[0]!.data);
  const common = { from_name: 'c', to_name: 't', type: 'labels' };
  const result = answer.results.map((body, index) => ({ id: String(index), ...common, ...body }));
  collect(xml, [{ result, score: answer.score, model_version: 'm:1' }]);
  return answer;
}

export const tensor = (data: readonly number[], dims: readonly number[]): PlainTensor => ({
  type: 'float32',
  data: Float32Array.from(data),
  dims,
});

/** Probabilities of 0.75 for one tag of each word. */
export function tagged(text: string, tags: readonly string[], xml?: string): EncodedRow {
  const row = tags.flatMap(tag => BIO.map(each => (each === tag ? 0.75 : 0.0625)));
  return encode({ tags: tensor(row, [1, tags.length, BIO.length]) }, TAGS, [metaOf(text)], xml);
}

export const values = ({ results }: EncodedRow) =>
  results.map(({ value: { start, end, text, labels } }) => [start, end, text, ...(labels as string[])]);

export function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.instanceOf(error, AppError);
    return `${(error as AppError).code}: ${(error as AppError).message}`;
  }
  return assert.fail('it was taken');
}
