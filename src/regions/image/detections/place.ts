import type { PlainTensor } from '../../../inputs/contract.js';
import type { OutputSpec } from '../../../registry/version.js';
import type { RowOutputs } from '../../contract.js';
import { failed } from '../../failed.js';

/** Which of a graph's rows an image is, and how many the graph was given. */
export type RowPlace = Pick<RowOutputs, 'row' | 'rows'>;

/**
 * Where the numbers of one image begin in a tensor. A graph for one image may leave out the axis of images.
 *
 * @param part what the tensor holds, for the message
 * @param shapes the shapes that it may have behind the axis of images
 * @throws AppError `model_failed` when it has none of them
 */
export function placeOf(
  output: OutputSpec,
  part: string,
  { dims }: PlainTensor,
  { row, rows }: RowPlace,
  ...shapes: readonly (readonly number[])[]
): number {
  const isOf = (own: readonly number[], shape: readonly number[]) =>
    own.length === shape.length && own.every((side, axis) => side === shape[axis]);
  for (const shape of shapes) {
    const size = shape.reduce((product, side) => product * side, 1);
    if (isOf(dims.slice(1), shape) && dims[0] === (rows ?? dims[0]) && row < dims[0]!) return row * size;
    if (isOf(dims, shape) && row === 0) return 0;
  }
  const wanted = shapes.map(shape => `[${[rows ?? 'rows', ...shape].join(', ')}]`).join(' or ');
  throw failed(output, `${part} of [${dims.join(', ')}], and not of ${wanted},`);
}

/** The tensor of a part of an output; undefined: it has none. */
export function partOf(
  outputs: Readonly<Record<string, PlainTensor>>,
  output: OutputSpec,
  part: string,
): PlainTensor | undefined {
  const name = output.tensors?.[part];
  return name === undefined ? undefined : outputs[name]!;
}

/** How many prototypes of masks there are; 0 when the output has none. */
export function prototypeCount(outputs: Readonly<Record<string, PlainTensor>>, output: OutputSpec): number {
  const prototypes = partOf(outputs, output, 'prototypes');
  if (prototypes === undefined) return 0;
  const { dims } = prototypes;
  if (dims.length !== 3 && dims.length !== 4)
    throw failed(output, `prototypes of [${dims.join(', ')}], and not of [rows, k, height, width],`);
  return dims.at(-3)!;
}
