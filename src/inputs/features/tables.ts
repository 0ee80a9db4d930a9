/**
 * Hash tables in flat typed arrays: no object a term, no string a lookup.
 *
 * Both use open addressing with linear probing at a load of at most one half. A hash only chooses where to look:
 * the key itself is always compared, so two keys with the same hash are never confused.
 */

/** Start value and multiplier of FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ (here over UTF-16 units). */
export const HASH_START = 0x811c9dc5 | 0;
export const HASH_FACTOR = 0x01000193;

/** The FNV-1a hash of `units[start..end)`; callers that scan a text compute it as they go. */
export function hashUnits(units: Uint16Array, start: number, end: number): number {
  let hash = HASH_START;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ units[i]!, HASH_FACTOR);
  return hash;
}

/** Spreads a hash over the low bits, which choose the slot (the finaliser of MurmurHash3). */
function spread(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The smallest power of two that holds `count` entries at a load of one half. */
function capacityFor(count: number): number {
  let capacity = 16;
  while (capacity < count * 2) capacity *= 2;
  return capacity;
}

/**
 * Strings (UTF-16 units) numbered from 0 in the order they were added.
 *
 * @example
 * const table = StringTable.of(['a', 'bc']);
 * const text = Uint16Array.of(0x61, 0x62, 0x63);
 * table.find(text, 1, 3, hashUnits(text, 1, 3)) // 1
 */
export class StringTable {
  /** How many strings it holds. */
  size = 0;
  /** Two numbers a slot: the hash, and the string's number + 1 (0: free). */
  #slots = new Int32Array(32);
  #units = new Uint16Array(64);
  /** String `i` is `units[offsets[i]..offsets[i + 1])`. */
  #offsets = new Int32Array(16);

  /** A table of some strings, numbered by their place in the list; of equal strings the first counts. */
  static of(strings: Iterable<string>): StringTable {
    const table = new StringTable();
    let units = new Uint16Array(64);
    for (const string of strings) {
      if (string.length > units.length) units = new Uint16Array(string.length * 2);
      for (let i = 0; i < string.length; i++) units[i] = string.charCodeAt(i);
      table.add(units, 0, string.length, hashUnits(units, 0, string.length));
    }
    table.trim();
    return table;
  }

  /** The number of the string `units[start..end)`, or -1. `hash` is its `hashUnits`. */
  find(units: Uint16Array, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const offsets = this.#offsets;
    const known = this.#units;
    const last = slots.length - 2;
    const length = end - start;
    for (let slot = (spread(hash) << 1) & last; ; slot = (slot + 2) & last) {
      const number = slots[slot + 1]! - 1;
      if (number < 0) return -1;
      if (slots[slot] !== hash) continue;
      const from = offsets[number]!;
      if (offsets[number + 1]! - from !== length) continue;
      let i = 0;
      while (i < length && known[from + i] === units[start + i]) i++;
      if (i === length) return number;
    }
  }

  /** Adds the string unless it is there, and returns its number. */
  add(units: Uint16Array, start: number, end: number, hash: number): number {
    const found = this.find(units, start, end, hash);
    if (found >= 0) return found;
    const number = this.size++;
    const from = this.#offsets[number]!;
    const to = from + end - start;
    if (number + 2 > this.#offsets.length) this.#offsets = grown(this.#offsets, number + 2);
    if (to > this.#units.length) this.#units = grown(this.#units, to);
    this.#units.set(units.subarray(start, end), from);
    this.#offsets[number + 1] = to;
    if (this.size * 4 > this.#slots.length) this.#rehash();
    this.#place(number, hash);
    return number;
  }

  /** Gives back the room that was kept for more strings. */
  trim(): void {
    this.#offsets = this.#offsets.slice(0, this.size + 1);
    this.#units = this.#units.slice(0, this.#offsets[this.size]);
  }

  #place(number: number, hash: number): void {
    const last = this.#slots.length - 2;
    let slot = (spread(hash) << 1) & last;
    while (this.#slots[slot + 1] !== 0) slot = (slot + 2) & last;
    this.#slots[slot] = hash;
    this.#slots[slot + 1] = number + 1;
  }

  #rehash(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (let slot = 0; slot < old.length; slot += 2) {
      if (old[slot + 1] !== 0) this.#place(old[slot + 1]! - 1, old[slot]!);
    }
  }
}

/** A map from two non-negative 32-bit numbers to a third one. */
export class PairTable {
  /** Three numbers a slot: the first key + 1 (0: free), the second key, the value. */
  #slots: Int32Array;
  #mask: number;
  #size = 0;

  /** @param expected how many pairs will be set; it grows when there are more */
  constructor(expected: number) {
    const capacity = capacityFor(expected);
    this.#slots = new Int32Array(capacity * 3);
    this.#mask = capacity - 1;
  }

  /** The value of the pair, or -1. */
  get(first: number, second: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    const key = first + 1;
    for (let slot = spreadPair(first, second) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * 3;
      const found = slots[at];
      if (found === 0) return -1;
      if (found === key && slots[at + 1] === second) return slots[at + 2]!;
    }
  }

  /** Sets the value of a pair that has none yet. */
  set(first: number, second: number, value: number): void {
    if (++this.#size * 2 > this.#mask + 1) this.#rehash();
    this.#place(first, second, value);
  }

  #place(first: number, second: number, value: number): void {
    let slot = spreadPair(first, second) & this.#mask;
    while (this.#slots[slot * 3] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot * 3] = first + 1;
    this.#slots[slot * 3 + 1] = second;
    this.#slots[slot * 3 + 2] = value;
  }

  #rehash(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    for (let at = 0; at < old.length; at += 3) {
      if (old[at] !== 0) this.#place(old[at]! - 1, old[at + 1]!, old[at + 2]!);
    }
  }
}

function spreadPair(first: number, second: number): number {
  return spread(Math.imul(first, 0x9e3779b1) ^ second);
}

/** Elements beyond which a working array is not kept for the next text. */
const LARGE = 1 << 20;

/**
 * A working array with room for `length` elements: the given one if it fits, and what it held is lost. One that a
 * huge text left behind goes with the next text of usual size.
 */
export function sized<A extends Uint8Array | Uint16Array | Int32Array>(array: A, length: number): A {
  const fits = length <= array.length && (array.length <= LARGE || length > LARGE / 2);
  if (fits) return array;
  return new (array.constructor as new (length: number) => A)(length > LARGE ? length : length * 2);
}

/** A copy with room for at least `length` elements, and for as many again. */
export function grown<A extends Uint8Array | Uint16Array | Int32Array | Float64Array>(
  array: A,
  length: number,
): A {
  const copy = new (array.constructor as new (length: number) => A)(Math.max(length, array.length * 2));
  copy.set(array);
  return copy;
}
