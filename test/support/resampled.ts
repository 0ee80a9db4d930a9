import { Resampler, resamplingFilter } from '../../src/inputs/audio/resample.js';

/** Samples of another rate, as the input `audio` makes them when they come in pieces of these sizes, and the rest. */
export function resampled(
  samples: Float32Array,
  from: number,
  to: number,
  sizes: readonly number[] = [],
): Float32Array {
  const resampler = new Resampler(resamplingFilter(from, to));
  const parts: Float32Array[] = [];
  let at = 0;
  for (const size of [...sizes, samples.length]) {
    parts.push(resampler.push(samples.subarray(at, at + size)));
    at += size;
  }
  parts.push(resampler.finish());
  return Float32Array.from(parts.flatMap(part => [...part]));
}
