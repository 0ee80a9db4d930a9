/** Objects and lists of a text, at most: one of 64 MB from Label Studio has about a million. */
const OBJECTS = 3_000_000;
/** Different names of fields, at most: each makes V8 keep shapes of objects, which takes longer than all else of JSON. */
const NAMES = 500_000;
/** Names are told apart by so many bits of a hash, which misses a few. */
const BITS = 22;

const QUOTE = 0x22;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;

/**
 * Finds JSON that would take far more memory or time to parse than its size says: a few bytes make an object of a hundred.
 * @returns what there is more of than may be; null: it may be parsed
 */
export function tooDense(json: Buffer): string | null {
  // Each object, and each name with its value, takes some bytes.
  if (json.length < Math.min(OBJECTS, NAMES * 5)) return null;
  const seen = new Uint8Array(1 << (BITS - 3));
  // Nobody can choose names that this takes for the same.
  const seed = Math.floor(Math.random() * 2 ** 32);
  let objects = 0;
  let names = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++objects > OBJECTS) return `${OBJECTS} objects and lists`;
    } else if (byte === QUOTE) {
      let hash = seed;
      for (at++; at < json.length && json[at] !== QUOTE; at++) {
        if (json[at] === BACKSLASH) at++;
        hash = Math.imul(hash ^ json[at]!, 0x01000193);
        hash ^= hash >>> 15;
      }
      let next = at + 1;
      while (next < json.length && json[next]! <= 0x20) next++;
      if (json[next] !== COLON) continue;
      const bit = hash >>> (32 - BITS);
      const mask = 1 << (bit & 7);
      if (seen[bit >> 3]! & mask) continue;
      seen[bit >> 3]! |= mask;
      if (++names > NAMES) return `${NAMES} different names of fields`;
    }
  }
  return null;
}
