import type { PlainTensor } from '../../src/inputs/contract.js';
import type { ImageMeta } from '../../src/inputs/image/contract.js';
import { bindModel } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { EncodedRow, RegionKind } from '../../src/regions/contract.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { collect } from '../support/predictions.js';

/** An image of this size that is the tensor, pixel by pixel. */
export function metaOf(width: number, height: number): ImageMeta {
  return { width, height, tensorWidth: width, tensorHeight: height, scaleX: 1, scaleY: 1, left: 0, top: 0 };
}

export const float32 = (dims: number[], ...data: number[]): PlainTensor => ({
  type: 'float32',
  data: Float32Array.from(data),
  dims,
});

/** The control of a row's example, `name="control"`, on an image. */
export function configOf({ example }: RegionKind): string {
  return `<View><Image name="object" value="$image"/>${example.control}</View>`;
}

export interface OnImage {
  options?: Record<string, unknown>;
  meta?: ImageMeta;
  config?: string;
  row?: number;
}

/** What a row makes of a model's output on an image; its results go to Label Studio's validator at the end of the run. */
export function encodeOnImage(
  kind: RegionKind,
  output: Omit<OutputSpec, 'name'>,
  outputs: Record<string, PlainTensor>,
  { options = {}, meta = metaOf(100, 50), config = configOf(kind), row = 0 }: OnImage = {},
): EncodedRow {
  const spec = { name: 'out', ...output } as OutputSpec;
  const manifest = {
    format: 1 as const,
    title: 'M',
    input: { kind: 'image', width: 1, height: 1 },
    outputs: [{ name: 'out', control: kind.tag, ...options }],
  };
  const { binding } = bindModel({ name: 'm', manifest, outputs: [spec] }, readLabelConfig(config));
  const answer = kind.encode({ outputs, row, metas: [meta] }, spec, binding.controls[0]!.data);
  const common = { from_name: 'control', to_name: 'object', type: kind.type };
  const result = answer.results.map(({ key: _, parentKey: __, ...body }, index) => ({
    id: String(index),
    ...common,
    ...body,
  }));
  collect(config, [{ result, score: answer.score, model_version: 'm:1' }]);
  return answer;
}
