import type { Row } from './row.js';

/** Amounts that are kept one by one, in the order in which they come; beyond, their sums are kept in a table. */
const FEW = 256;
/** Parts into which the indices of a row are sorted first: of a usual text each gets one or two. */
const PARTS = 64;

/**
 * Sums amounts of 1 and -1 by index for one row.
 *
 * Most texts have so few terms that a list of them is sorted in less time than a table of their sums takes. Neither
 * follows the width of the model: one of 2^31 hashed features costs no more than a small one.
 *
 * @example
 * const counter = new Counter(8);
 * counter.add(7, 1);
 * counter.add(2, 1);
 * counter.add(7, 1);
 * counter.drain(row); // indices 2, 7; values 1, 2
 */
export class Counter {
  /** Two times each index, and 1 more for an amount of -1. */
  readonly #few = new Uint32Array(FEW);
  #size = 0;
  /** What is left of an entry of the list without these bits is its part. */
  readonly #shift: number;
  readonly #ends = new Int32Array(PARTS + 1);
  readonly #sorted = new Uint32Array(FEW);
  readonly #table = new SumTable();

  /** @param width all indices are below it; 2^31 at most */
  constructor(width: number) {
    this.#shift = Math.max(0, Math.ceil(Math.log2(width / PARTS))) + 1;
  }

  /** Adds to an index's sum. An index counts as present from its first amount on, also when the sum is 0 again. */
  add(index: number, amount: 1 | -1): void {
    if (this.#size === FEW) this.#empty();
    this.#few[this.#size++] = index * 2 + (amount < 0 ? 1 : 0);
  }

  /** Replaces a row's entries by the sums, ascending, and starts again with none. */
  drain(row: Row): void {
    if (this.#table.size > 0) {
      this.#empty();
      this.#table.drain(row);
      return;
    }
    this.#sort();
    row.reserve(this.#size);
    const { indices, values } = row;
    const sorted = this.#sorted;
    let last = -1;
    let count = 0;
    for (let i = 0; i < this.#size; i++) {
      const index = indexOf(sorted[i]!);
      const amount = amountOf(sorted[i]!);
      if (index === last) {
        values[count - 1]! += amount;
      } else {
        indices[count] = index;
        values[count++] = amount;
        last = index;
      }
    }
    row.size = count;
    this.#size = 0;
  }

  /** Forgets what was added, for a text that failed half-way. */
  clear(): void {
    this.#size = 0;
    this.#table.clear();
  }

  /** Moves the list into the table. */
  #empty(): void {
    for (let i = 0; i < this.#size; i++) this.#table.add(indexOf(this.#few[i]!), amountOf(this.#few[i]!));
    this.#size = 0;
  }

  /** By parts, and then by insertion, for which little is left to do. */
  #sort(): void {
    const size = this.#size;
    const few = this.#few;
    const sorted = this.#sorted;
    const ends = this.#ends;
    const shift = this.#shift;
    ends.fill(0);
    for (let i = 0; i < size; i++) ends[(few[i]! >>> shift) + 1]!++;
    for (let part = 1; part < PARTS; part++) ends[part]! += ends[part - 1]!;
    for (let i = 0; i < size; i++) sorted[ends[few[i]! >>> shift]!++] = few[i]!;
    for (let i = 1; i < size; i++) {
      const entry = sorted[i]!;
      let j = i - 1;
      while (j >= 0 && sorted[j]! > entry) {
        sorted[j + 1] = sorted[j]!;
        j--;
      }
      sorted[j + 1] = entry;
    }
  }
}

function indexOf(entry: number): number {
  return entry >>> 1;
}

function amountOf(entry: number): number {
  return 1 - 2 * (entry & 1);
}

/** Slots that a table starts with; after a text that needed far more it goes back to them. */
const SMALL = 1024;
const LARGE = 1 << 18;

/** A hash table of sums by index, whose size follows the distinct indices. */
class SumTable {
  /** The index + 1, 0: free. */
  #keys = new Int32Array(SMALL);
  #sums = new Float64Array(SMALL);
  /** The slots in use, in the order of their first use. */
  #used = new Int32Array(SMALL / 2);
  #size = 0;

  /** How many indices it holds. */
  get size(): number {
    return this.#size;
  }

  add(index: number, amount: number): void {
    if (this.#size === this.#used.length) this.#grow();
    const slot = this.#slotOf(index);
    if (this.#keys[slot] === 0) {
      this.#keys[slot] = index + 1;
      this.#sums[slot] = amount;
      this.#used[this.#size++] = slot;
    } else {
      this.#sums[slot]! += amount;
    }
  }

  /** Replaces a row's entries by the sums, ascending, and starts again with none. */
  drain(row: Row): void {
    const size = this.#size;
    row.reserve(size);
    const { indices, values } = row;
    for (let i = 0; i < size; i++) indices[i] = this.#keys[this.#used[i]!]! - 1;
    indices.subarray(0, size).sort();
    for (let i = 0; i < size; i++) values[i] = this.#sums[this.#slotOf(indices[i]!)]!;
    row.size = size;
    this.clear();
  }

  clear(): void {
    if (this.#keys.length > LARGE) {
      this.#keys = new Int32Array(SMALL);
      this.#sums = new Float64Array(SMALL);
      this.#used = new Int32Array(SMALL / 2);
    } else {
      for (let i = 0; i < this.#size; i++) this.#keys[this.#used[i]!] = 0;
    }
    this.#size = 0;
  }

  /** The slot that holds an index, or the free one where it belongs. */
  #slotOf(index: number): number {
    const keys = this.#keys;
    const mask = keys.length - 1;
    const key = index + 1;
    let slot = (Math.imul(index, 0x9e3779b1) >>> 7) & mask;
    while (keys[slot] !== key && keys[slot] !== 0) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const keys = this.#keys;
    const sums = this.#sums;
    const used = this.#used;
    const size = this.#size;
    this.#keys = new Int32Array(keys.length * 2);
    this.#sums = new Float64Array(keys.length * 2);
    this.#used = new Int32Array(keys.length);
    this.#size = 0;
    for (let i = 0; i < size; i++) this.add(keys[used[i]!]! - 1, sums[used[i]!]!);
  }
}
