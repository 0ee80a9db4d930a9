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
      const rows = batch.rows.length;
      if (!('feeds' in batch) || new Set(batch.rows).size < 2 || graph.rowsOf(batch.feeds) !== undefined)
        return true;
      const [answer] = await graph.parts(batch.feeds, rows);
      if (!names.every(name => isTwice(answer!.outputs[name]!, rows))) return false;
      return await tellsApart(graph, batch.feeds, rows, names);
    }
    return true;
  } catch {
    return runsItself;
  }
}

/** Whether rows behind the first ones get an answer of their own: it is what they get alone. */
async function tellsApart(graph: GraphRows, feeds: Tensors, rows: number, names: readonly string[]) {
  const own = graph.graph.inputs.map(({ name }) => [name, feeds[name]!] as const);
  if (own.some(([, { dims }]) => dims[0] !== rows)) return true;
  const half = rows / 2;
  const others = own.map(([name, feed]) => [name, changed(taken(feed, half, half, half))] as const);
  const both = others.map(([name, other]) => {
    const data = concatenated([taken(feeds[name]!, 0, half, half).data, other.data]);
    return [name, { ...other, data, dims: [rows, ...other.dims.slice(1)] }] as const;
  });
  try {
    const [together] = await graph.parts(Object.fromEntries(both), rows);
    if (!names.every(name => isTwice(together!.outputs[name]!, rows))) return true;
    const [alone] = await graph.parts(Object.fromEntries(others), half);
    return names.every(name =>
      isNear(alone!.outputs[name]!.data, taken(together!.outputs[name]!, half, half, half).data),
    );
  } catch {
    // The graph does not take such numbers.
    return true;
  }
}

/** Rows of other numbers of the same kind: ids, which may be none that is larger, in another order and halved. */
function changed({ type, data, dims }: PlainTensor): PlainTensor {
  const length = data.length / dims[0]!;
  const mirrored = (at: number) => data[at - 2 * (at % length) + length - 1]!;
  const copy = data.slice() as Float32Array | BigInt64Array | string[];
  for (let at = 0; at < copy.length; at++) {
    if (type === 'float32' || type === 'float64') copy[at] = Number(data[at]) + ((at % 5) + 1) / 4;
    else if (type === 'uint8') copy[at] = Number(data[at]) ^ 0x55;
    else if (type === 'int64') copy[at] = halved(mirrored(at) as bigint);
    else copy[at] = mirrored(at);
  }
  return { type, data: copy, dims };
}

/** Masks and such keep their ones. */
function halved(id: bigint): bigint {
  return id > 1n ? id >> 1n : id;
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
