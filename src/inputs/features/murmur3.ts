const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/**
 * MurmurHash3_x86_32 with seed 0, as a signed 32-bit number.
 * https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp
 *
 * @param bytes the key is `bytes[start..end)`
 * @example
 * murmur3(Buffer.from('hello'), 0, 5) // 613153351
 */
export function murmur3(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const tail = end - (length & 3);
  let h = 0;
  for (let i = start; i < tail; i += 4) {
    const k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    h ^= mixKey(k);
    h = (h << 13) | (h >>> 19);
    h = Math.imul(h, 5) + 0xe6546b64;
  }
  if (tail < end) {
    let k = 0;
    for (let i = end - 1; i >= tail; i--) k = (k << 8) | bytes[i]!;
    h ^= mixKey(k);
  }
  h ^= length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function mixKey(key: number): number {
  const k = Math.imul(key, C1);
  return Math.imul((k << 15) | (k >>> 17), C2);
}
