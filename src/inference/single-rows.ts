import type { Encoder, PlainTensor } from '../inputs/contract.js';
import { concatenated, type GraphRows, type Tensors, taken } from './rows.js';

/** How far the numbers of two equal rows of one run may lie apart: kernels sum in another order. */
const NEAR = 1e-3;

/**
 * Whether a graph answers every row of a run, each for itself. A graph that was exported for one row may take several and
 * answer the first alone, or fail, or say the same of all. It is tried with the same value twice, and with that value and a
 * changed one.
 *
 * @param names the outputs that matter
 * @returns true as well when it is never given several rows
 */
export async function answersRows(
  encoder: Encoder,
  graph: GraphRows,
  names: readonly string[],
): Promise<boolean> {
  const { warmUp } = encoder;
  // An encoder that runs its graphs itself knows what they take.
  let runsItself = false;
  const run = async () => {
    runsItself = true;
    throw new Error('the encoder runs its graphs itself');
  };
  try {
    for await (const batch of encoder.encode([warmUp, warmUp], () => {}, run)) {
      if (!('feeds' in batch) || graph.rowsOf(batch.feeds) !== undefined) return true;
      const own = graph.graph.inputs.map(({ name }) => [name, batch.feeds[name]!] as const);
      const hasRows = own.every(([, { dims }]) => dims[0] === batch.rows.length);
      // Encoders that give one value at a time may give several rows of it.
      const isOne = new Set(batch.rows).size < 2;
      if (isOne && !hasRows) return true;
      const feeds = Object.fromEntries(isOne ? own.map(([name, feed]) => [name, twice(feed)]) : own);
      const rows = batch.rows.length * (isOne ? 2 : 1);
      const [answer] = await graph.parts(feeds, rows);
      if (!names.every(name => isTwice(answer!.outputs[name]!, rows))) return false;
      return !hasRows || (await tellsApart(graph, feeds, rows, names));
    }
    return true;
  } catch {
    return runsItself;
  }
}

/**
 * What a graph gives for other numbers than those of the warm-up value, such as an image that is not all white.
 *
 * @returns undefined when the encoder runs its graphs itself, or the graph does not take such numbers
 */
export async function answerToOther(encoder: Encoder, graph: GraphRows): Promise<Tensors | undefined> {
  const run = async () => {
    throw new Error('the encoder runs its graphs itself');
  };
  try {
    for await (const batch of encoder.encode([encoder.warmUp], () => {}, run)) {
      if (!('feeds' in batch)) return undefined;
      const feeds = graph.graph.inputs.map(
        ({ name }, index) => [name, changed(batch.feeds[name]!, CHANGES[0], index)] as const,
      );
      const [part] = await graph.parts(Object.fromEntries(feeds), batch.rows.length);
      return part!.outputs;
    }
  } catch {
    return undefined;
  }
  return undefined;
}

function twice({ type, data, dims }: PlainTensor): PlainTensor {
  const [rows = 0, ...rest] = dims;
  return { type, data: concatenated([data, data]), dims: [2 * rows, ...rest] };
}

/** Whether rows behind the first ones get an answer of their own: it is what they get alone. */
async function tellsApart(graph: GraphRows, feeds: Tensors, rows: number, names: readonly string[]) {
  const half = rows / 2;
  for (const change of CHANGES) {
    const others = Object.entries(feeds).map(
      ([name, feed], index) => [name, changed(taken(feed, half, half, half), change, index)] as const,
    );
    const both = others.map(([name, other]) => {
      const data = concatenated([taken(feeds[name]!, 0, half, half).data, other.data]);
      return [name, { ...other, data, dims: [rows, ...other.dims.slice(1)] }] as const;
    });
    try {
      const [together] = await graph.parts(Object.fromEntries(both), rows);
      if (!names.every(name => isTwice(together!.outputs[name]!, rows))) return true;
      const [alone] = await graph.parts(Object.fromEntries(others), half);
      const isOwn = (name: string) =>
        isNear(alone!.outputs[name]!.data, taken(together!.outputs[name]!, half, half, half).data);
      if (!names.every(isOwn)) return false;
    } catch {
      // The graph does not take such numbers.
      return true;
    }
  }
  return true;
}

/** What becomes of the numbers of a row: scores near 0 or 1 may not tell one change from none. */
const CHANGES = [
  { float: (value: number, at: number) => value + ((at % 5) + 1) / 4, byte: 0x55 },
  { float: (value: number) => -value, byte: 0xff },
  { float: () => 0, byte: 0x0f },
] as const;

/**
 * Rows of other numbers of the same kind: ids, which may be none that is larger, in another order and halved.
 *
 * @param index of the tensor: ids and their mask lose their ones at other columns
 */
function changed(
  { type, data, dims }: PlainTensor,
  { float, byte }: (typeof CHANGES)[number],
  index: number,
): PlainTensor {
  const length = data.length / dims[0]!;
  const mirrored = (at: number) => data[at - 2 * (at % length) + length - 1]!;
  const copy = data.slice() as Float32Array | BigInt64Array | string[];
  for (let at = 0; at < copy.length; at++) {
    if (type === 'float32' || type === 'float64') copy[at] = float(Number(data[at]), at);
    else if (type === 'uint8') copy[at] = Number(data[at]) ^ byte;
    else if (type === 'int64') copy[at] = halved(mirrored(at) as bigint, (at + index) % 2);
    else copy[at] = mirrored(at);
  }
  return { type, data: copy, dims };
}

/** @param one what becomes of 1, which is all that masks have, and all ids where words are unknown */
function halved(id: bigint, one: number): bigint {
  return id === 1n ? BigInt(one) : id >> 1n;
}

/** Whether the second half of the rows is as the first. */
function isTwice({ data, dims }: PlainTensor, rows: number): boolean {
  if (dims[0] !== rows || rows % 2 !== 0) return false;
  // Where nothing is found a list of things is zeros, which prove nothing: exports of YOLO with nms and dynamic leave the other
  // rows at 0 as well.
  if (dims.length > 2 && (data as Float32Array).every(each => each === 0)) return false;
  const half = data.length / 2;
  return isNear(data.slice(0, half), data.slice(half));
}

function isNear(some: PlainTensor['data'], others: PlainTensor['data']): boolean {
  if (some.length !== others.length) return false;
  for (let at = 0; at < some.length; at++) {
    const [a, b] = [some[at]!, others[at]!];
    if (a === b) continue;
    const [x, y] = [Number(a), Number(b)];
    if (Number.isNaN(x) && Number.isNaN(y)) continue;
    if (!(Math.abs(x - y) <= NEAR * Math.max(1, Math.abs(x)))) return false;
  }
  return true;
}
