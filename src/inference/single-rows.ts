import type { Encoder, PlainTensor } from '../inputs/contract.js';
import { type GraphRows, joined, type Tensors, taken } from './rows.js';

/** How far the numbers of a row may lie apart, in parts of them, alone and in a run: kernels sum in another order. */
const NEAR = 2e-3;
/** And what is too small to count. */
const NOTHING = 1e-5;

/** Numbers of a value up to which it is tried with all changes: of large images four at once take much memory. */
const MANY_NUMBERS = 2 ** 20;

/**
 * Whether a graph answers every row of a run, each as if it were alone. A graph that was exported for one row may take several
 * and answer the first alone, or fail, or say the same of all; others compute with the mean or the largest number of a whole
 * run. It is tried with the warm-up value and changed ones, alone and together.
 *
 * @param names the outputs that matter
 * @returns true as well when it is never given several rows
 */
export async function answersRows(
  encoder: Encoder,
  graph: GraphRows,
  names: readonly string[],
): Promise<boolean> {
  const value = await feedsOfOne(encoder, graph);
  if (value === undefined) return true;
  const { feeds, rows } = value;
  const numbers = Object.values(feeds).reduce((sum, { data }) => sum + data.length, 0);
  const changes = numbers > MANY_NUMBERS ? CHANGES.slice(0, 1) : CHANGES;
  try {
    const given: Tensors[] = [feeds];
    const alone: Tensors[] = [await answerOf(graph, feeds, rows)];
    for (const change of changes) {
      const other = changedFeeds(feeds, change);
      try {
        alone.push(await answerOf(graph, other, rows));
        given.push(other);
      } catch {
        // The graph does not take such numbers.
      }
    }
    // The first one again, as all changed ones may be nothing to the graph, which rows that it does not answer are too.
    given.push(feeds);
    alone.push(alone[0]!);
    const parts = given.map((outputs, index) => ({ first: index * rows, count: rows, outputs }));
    const together = await answerOf(graph, joined(parts), rows * given.length);
    return names.every(name =>
      isEachAlone(
        together[name]!,
        alone.map(each => each[name]!),
      ),
    );
  } catch {
    return false;
  }
}

/** What the main graph is fed with for one value; undefined: it never gets several rows, or the encoder runs it itself. */
async function feedsOfOne(encoder: Encoder, graph: GraphRows) {
  if (encoder.single === true) return undefined;
  const batch = await firstBatch(encoder, graph, 2);
  if (batch === undefined || graph.rowsOf(batch.feeds) !== undefined) return undefined;
  const own = Object.entries(batch.feeds);
  if (own.some(([, { dims }]) => dims[0] !== batch.rows.length)) return undefined;
  // Encoders that give one value at a time may give several rows of it.
  const rows = batch.rows.filter(each => each === batch.rows[0]).length;
  return { rows, feeds: Object.fromEntries(own.map(([name, feed]) => [name, taken(feed, 0, rows, rows)])) };
}

/**
 * The rows and the graph's inputs of the first batch that an encoder makes of so many warm-up values.
 *
 * @returns undefined when it makes none, lacks an input, or runs its graphs itself
 */
async function firstBatch(encoder: Encoder, { graph }: GraphRows, values: number) {
  const run = async () => {
    throw new Error('the encoder runs its graphs itself');
  };
  try {
    for await (const batch of encoder.encode(new Array(values).fill(encoder.warmUp), () => {}, run)) {
      if (!('feeds' in batch)) return undefined;
      const { rows, feeds } = batch;
      // The run that follows says what is missing.
      if (graph.inputs.some(({ name }) => !Object.hasOwn(feeds, name))) return undefined;
      return { rows, feeds: Object.fromEntries(graph.inputs.map(({ name }) => [name, feeds[name]!])) };
    }
  } catch {
    return undefined;
  }
  return undefined;
}

async function answerOf(graph: GraphRows, feeds: Tensors, rows: number): Promise<Tensors> {
  const [part] = await graph.parts(feeds, rows);
  return part!.outputs;
}

function changedFeeds(feeds: Tensors, change: Change): Tensors {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, feed], index) => [name, changed(feed, change, index)]),
  );
}

/** Whether the rows of one run are what each of them is alone. */
function isEachAlone(together: PlainTensor, alone: readonly PlainTensor[]): boolean {
  const rows = (together.dims[0] ?? 0) / alone.length;
  if (!Number.isInteger(rows) || alone.some(({ dims }) => dims[0] !== rows)) return false;
  const others = alone.slice(1);
  // Where nothing is found a list of things is zeros, which prove nothing: exports of YOLO with nms and dynamic leave the other
  // rows at 0 as well.
  const isNothing = ({ data }: PlainTensor) => (data as Float32Array).every(each => each === 0);
  if (together.dims.length > 2 && others.every(isNothing)) return false;
  return alone.every(({ data }, index) => isNear(data, taken(together, index * rows, rows, rows).data));
}

/**
 * What a graph gives for other numbers than those of the warm-up value, such as an image that is not all white.
 *
 * @returns undefined when the encoder runs its graphs itself, or the graph does not take such numbers
 */
export async function answerToOther(encoder: Encoder, graph: GraphRows): Promise<Tensors | undefined> {
  const batch = await firstBatch(encoder, graph, 1);
  if (batch === undefined) return undefined;
  try {
    return await answerOf(graph, changedFeeds(batch.feeds, CHANGES[0]), batch.rows.length);
  } catch {
    return undefined;
  }
}

/** What becomes of the numbers of a row: scores near 0 or 1 may not tell one change from none. */
const CHANGES = [
  { float: (value: number, at: number) => value + ((at % 5) + 1) / 4, byte: 0x55 },
  { float: (value: number) => -value, byte: 0xff },
  { float: () => 0, byte: 0x0f },
] as const;
type Change = (typeof CHANGES)[number];

/**
 * Rows of other numbers of the same kind: ids, which may be none that is larger, in another order and halved.
 *
 * @param index of the tensor: ids and their mask lose their ones at other columns
 */
function changed({ type, data, dims }: PlainTensor, { float, byte }: Change, index: number): PlainTensor {
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

function isNear(some: PlainTensor['data'], others: PlainTensor['data']): boolean {
  if (some.length !== others.length) return false;
  for (let at = 0; at < some.length; at++) {
    const [a, b] = [some[at]!, others[at]!];
    if (a === b) continue;
    const [x, y] = [Number(a), Number(b)];
    if (Number.isNaN(x) && Number.isNaN(y)) continue;
    if (!(Math.abs(x - y) <= NEAR * Math.max(Math.abs(x), Math.abs(y)) + NOTHING)) return false;
  }
  return true;
}
