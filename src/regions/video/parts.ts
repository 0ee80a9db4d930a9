import type { PlainTensor } from '../../inputs/contract.js';
import type { VideoMeta } from '../../inputs/video/contract.js';
import type { RowOutputs } from '../contract.js';

/** What is kept of the rows of a video: their part of one output. */
export interface VideoRows {
  metas: readonly VideoMeta[];
  tensor: PlainTensor;
}

/** Takes the rows of a value out of an output. */
export function rowsOf({ outputs, row, metas }: RowOutputs, name: string): VideoRows {
  const { type, data, dims } = outputs[name]!;
  const [, ...rest] = dims;
  const size = rest.reduce((product, each) => product * each, 1);
  const own = data.slice(row * size, (row + metas.length) * size) as PlainTensor['data'];
  return { metas: metas as readonly VideoMeta[], tensor: { type, data: own, dims: [metas.length, ...rest] } };
}

/** All parts of a value as if its rows had come in one batch, in one tensor of floats. */
export function joined(parts: readonly VideoRows[], name: string): RowOutputs {
  const metas = parts.flatMap(part => part.metas);
  const [, ...rest] = parts[0]!.tensor.dims;
  const data = Float32Array.from(
    parts.flatMap(({ tensor }) => Array.from(tensor.data as Float32Array, Number)),
  );
  return { outputs: { [name]: { type: 'float32', data, dims: [metas.length, ...rest] } }, row: 0, metas };
}

/** Rows of single frames with the axis of frames that those of clips have. */
export function withFrames(whole: RowOutputs, name: string, transposed: unknown): RowOutputs {
  const tensor = whole.outputs[name]!;
  const [rows, labels = 1] = tensor.dims;
  if (tensor.dims.length > 2) return whole;
  const dims = transposed === true ? [rows!, labels, 1] : [rows!, 1, labels];
  return { ...whole, outputs: { [name]: { ...tensor, dims } } };
}
