import type { PlainTensor } from '../inputs/contract.js';
import { floatsOf, halvesOf } from './half.js';

/** What a graph says of one of its inputs or outputs. */
export interface TensorInfo {
  name: string;
  /** The word of ONNX Runtime, such as `float32`. */
  type: string;
  /** A name where a side may be of any length; empty for a scalar, and where the rank is not known. */
  shape: readonly (number | string)[];
}

/** A tensor as ONNX Runtime has it. */
export interface GraphTensor {
  type: string;
  data: PlainTensor['data'] | Uint16Array;
  dims: readonly number[];
}

/** The types that a tensor can be turned into without another meaning. */
const BECOMES: Readonly<Partial<Record<PlainTensor['type'], readonly string[]>>> = {
  float32: ['float64', 'float16'],
  float64: ['float32', 'float16'],
  int32: ['int64', 'float32', 'float64'],
  int64: ['int32', 'float32', 'float64', 'float16', 'bool'],
  bool: ['int32', 'int64', 'float32'],
};

/**
 * A tensor of an input kind as the graph takes it: of its type, and with or without an axis of 1.
 *
 * @throws Error with a reason for people when it cannot be
 */
export function asInput(feed: PlainTensor, info: TensorInfo): GraphTensor {
  const possible = BECOMES[feed.type] ?? [];
  const isSame = feed.type === info.type;
  if (!isSame && !possible.includes(info.type)) {
    const hint =
      info.type === 'uint8' && feed.type === 'float32'
        ? 'declare "dtype": "uint8" if it takes pixels as they are'
        : feed.type === 'uint8'
          ? 'leave "dtype" out'
          : `export it with ${[feed.type, ...possible].join(' or ')}`;
    throw new Error(
      `its graph takes ${info.type} for '${info.name}', and its input gives ${feed.type}: ${hint}`,
    );
  }
  const dims = fittingDims(feed.dims, info);
  return { type: info.type, data: isSame ? feed.data : converted(feed, info.type), dims };
}

/** What a graph gave, half precision as single. */
export function asOutput(tensor: GraphTensor): PlainTensor {
  // One of ONNX Runtime's has its data behind a getter, which copies of it lack.
  const { type, data, dims } = tensor;
  if (type === 'float16') return { type: 'float32', data: floatsOf(data as Uint16Array), dims };
  return { type, data, dims } as PlainTensor;
}

/** Whether a graph takes one row without an axis of rows, as the detectors of torchvision do. */
export function lacksRows({ dims }: Pick<PlainTensor, 'dims'>, { shape }: TensorInfo): boolean {
  return shape.length > 0 && shape.length === dims.length - 1 && fitsAll(dims.slice(1), shape);
}

function fittingDims(dims: readonly number[], { name, shape }: TensorInfo): readonly number[] {
  if (shape.length === 0 && dims.length !== 1) return dims;
  const given = [dims, [...dims, 1], dims.slice(1), dims.slice(0, -1)];
  // An axis can be left out where it is 1, and the first one can be of any length: rows are fed as the graph takes them.
  const possible = [true, true, dims[0] === 1, dims.at(-1) === 1];
  const fit = given.find(
    (each, index) => possible[index] && (fitsAll(each, shape) || (index === 0 && fitsRows(each, shape))),
  );
  if (fit !== undefined) return fit;
  throw new Error(
    `its graph takes [${shape.join(', ')}] for '${name}', and its input gives [${dims.join(', ')}]: declare ${missingOption(dims, shape)}`,
  );
}

/** The option of the input that another shape asks for. */
function missingOption([rows, ...sides]: readonly number[], shape: TensorInfo['shape']): string {
  if (sides.length === 3) {
    const [a, b, c] = sides as [number, number, number];
    if (fitsRows([rows!, b, c, a], shape)) return '"layout": "nhwc"';
    if (fitsRows([rows!, c, a, b], shape)) return '"layout": "nchw"';
    if (fitsRows([rows!, 1, b, c], shape) && a === 3) return '"channels": "gray"';
  }
  return 'in "input" what it was exported with';
}

function fitsAll(dims: readonly number[], shape: TensorInfo['shape']): boolean {
  return (
    dims.length === shape.length &&
    shape.every((side, axis) => typeof side === 'string' || side < 0 || side === dims[axis])
  );
}

function fitsRows(dims: readonly number[], shape: TensorInfo['shape']): boolean {
  return dims.length === shape.length && fitsAll(dims.slice(1), shape.slice(1));
}

function converted({ data, type }: PlainTensor, to: string): GraphTensor['data'] {
  if (to === 'float16') return halvesOf(type === 'int64' ? numbersOf(data) : (data as Float32Array));
  if (to === 'bool') return Uint8Array.from(numbersOf(data), each => Number(each !== 0));
  if (to === 'int64') return BigInt64Array.from(data as Int32Array, BigInt);
  const numbers = numbersOf(data);
  if (to === 'float64') return Float64Array.from(numbers);
  if (to === 'float32') return Float32Array.from(numbers);
  const whole = Int32Array.from(numbers);
  if (whole.some((each, index) => each !== numbers[index]))
    throw new Error('a number of its input is too large for int32');
  return whole;
}

function numbersOf(data: PlainTensor['data']): ArrayLike<number> {
  return data instanceof BigInt64Array ? Float64Array.from(data, Number) : (data as Float32Array);
}
