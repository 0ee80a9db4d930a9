import type { EncodedBatch, Encoder, RunGraph, TaskFailure, TaskValue } from '../../src/inputs/contract.js';

type Fail = (row: number, failure: TaskFailure) => void;

const NO_GRAPHS: RunGraph = () => Promise.reject(new Error('this encoder runs no graph itself'));

/** The batches of an encoder that waits for nothing, as those of features and tokens are. */
export function batchesOf(
  encoder: Encoder,
  values: readonly TaskValue[],
  fail: Fail,
): Iterable<EncodedBatch> {
  return encoder.encode(values, fail, NO_GRAPHS) as Iterable<EncodedBatch>;
}

/** The batches of an encoder that waits for files, as that of images does. */
export async function awaitedBatchesOf(
  encoder: Encoder,
  values: readonly TaskValue[],
  fail: Fail,
): Promise<EncodedBatch[]> {
  const batches: EncodedBatch[] = [];
  for await (const batch of encoder.encode(values, fail, NO_GRAPHS)) batches.push(batch as EncodedBatch);
  return batches;
}
