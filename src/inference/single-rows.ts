import type { Encoder, PlainTensor } from '../inputs/contract.js';
import type { GraphRows } from './rows.js';

/** How far the numbers of two equal rows of one run may lie apart: kernels sum in another order. */
const NEAR = 1e-3;

/**
 * Whether a graph answers every row of a run, each for itself. A graph that was exported for one row may take several and
 * answer the first alone, or fail. It is tried with the same value twice.
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
      return names.every(name => isTwice(answer!.outputs[name]!, rows));
    }
    return true;
  } catch {
    return runsItself;
  }
}

/** Whether the second half of the rows is as the first. */
function isTwice({ data, dims }: PlainTensor, rows: number): boolean {
  if (dims[0] !== rows || rows % 2 !== 0) return false;
  // Where nothing is found a list of things is zeros, which prove nothing: exports of YOLO with nms and dynamic leave the other
  // rows at 0 as well.
  if (dims.length > 2 && (data as Float32Array).every(each => each === 0)) return false;
  const half = data.length / 2;
  for (let at = 0; at < half; at++) {
    const [a, b] = [data[at]!, data[half + at]!];
    if (a === b) continue;
    const [x, y] = [Number(a), Number(b)];
    if (Number.isNaN(x) && Number.isNaN(y)) continue;
    if (!(Math.abs(x - y) <= NEAR * Math.max(1, Math.abs(x)))) return false;
  }
  return true;
}
