import type { EncodedBatch, Encoder } from '../../src/inputs/contract.js';

/** The batches of an encoder that waits for nothing, as those of features and tokens are. */
export function batchesOf(
  encoder: Encoder,
  ...[values, fail]: Parameters<Encoder['encode']>
): Iterable<EncodedBatch> {
  return encoder.encode(values, fail) as Iterable<EncodedBatch>;
}
