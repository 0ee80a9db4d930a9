import { grown } from './tables.js';

/**
 * One sparse row: `values[i]` stands in column `indices[i]`, for i < `size`; every other column is 0.
 *
 * Indices ascend, as in the rows that scikit-learn sums, so that sums of doubles come out the same. One row is used
 * over and over; its arrays grow and are only valid until the next text.
 */
export class Row {
  size = 0;
  indices = new Int32Array(256);
  values = new Float64Array(256);

  /** Makes room for `count` entries in all. */
  reserve(count: number): void {
    if (count <= this.indices.length) return;
    this.indices = grown(this.indices, count);
    this.values = grown(this.values, count);
  }

  push(index: number, value: number): void {
    if (this.size === this.indices.length) this.reserve(this.size + 1);
    this.indices[this.size] = index;
    this.values[this.size++] = value;
  }

  /** Puts the entries in order again. */
  sort(): void {
    const order = Array.from({ length: this.size }, (_, i) => i).sort(
      (a, b) => this.indices[a]! - this.indices[b]!,
    );
    this.indices.set(order.map(i => this.indices[i]!));
    this.values.set(order.map(i => this.values[i]!));
  }

  /** Gives every one of `width` columns an entry. */
  fill(width: number): void {
    this.reserve(width);
    const { indices, values } = this;
    let last = this.size - 1;
    for (let column = width - 1; column >= 0; column--) {
      values[column] = last >= 0 && indices[last] === column ? values[last--]! : 0;
      indices[column] = column;
    }
    this.size = width;
  }

  /** Becomes a copy of another row. */
  copy(other: Row): void {
    this.reserve(other.size);
    this.indices.set(other.indices.subarray(0, other.size));
    this.values.set(other.values.subarray(0, other.size));
    this.size = other.size;
  }
}

/** Slots that a counter starts with; after a text that needed far more it goes back to them. */
const SMALL = 1024;
const LARGE = 1 << 18;

/**
 * Sums amounts by index for one row.
 *
 * A hash table whose size follows the distinct indices of the row, not the width of the model: for a usual text it
 * stays in the first-level cache, and a model of 2^31 hashed features costs no more than a small one.
 *
 * @example
 * counter.add(7, 1);
 * counter.add(2, 1);
 * counter.add(7, 1);
 * counter.drain(row); // indices 2, 7; values 1, 2
 */
export class Counter {
  /** The index + 1, 0: free. */
  #keys = new Int32Array(SMALL);
  #sums = new Float64Array(SMALL);
  /** The slots in use, in the order of their first use. */
  #used = new Int32Array(SMALL / 2);
  #size = 0;

  /** Adds to an index's sum. An index counts as present from its first amount on, also when the sum is 0 again. */
  add(index: number, amount: number): void {
    const keys = this.#keys;
    const mask = keys.length - 1;
    const key = index + 1;
    let slot = Math.imul(index, 0x9e3779b1) >>> 7;
    for (slot &= mask; ; slot = (slot + 1) & mask) {
      const found = keys[slot];
      if (found === key) {
        this.#sums[slot]! += amount;
        return;
      }
      if (found === 0) break;
    }
    if (this.#size === this.#used.length) {
      this.#grow();
      this.add(index, amount);
      return;
    }
    keys[slot] = key;
    this.#sums[slot] = amount;
    this.#used[this.#size++] = slot;
  }

  /** Replaces a row's entries by the sums, ascending, and starts again with none. */
  drain(row: Row): void {
    const size = this.#size;
    const keys = this.#keys;
    const used = this.#used;
    row.reserve(size);
    const { indices, values } = row;
    for (let i = 0; i < size; i++) indices[i] = keys[used[i]!]! - 1;
    sort(indices, size);
    const mask = keys.length - 1;
    for (let i = 0; i < size; i++) {
      const key = indices[i]! + 1;
      let slot = (Math.imul(key - 1, 0x9e3779b1) >>> 7) & mask;
      while (keys[slot] !== key) slot = (slot + 1) & mask;
      values[i] = this.#sums[slot]!;
    }
    row.size = size;
    if (keys.length > LARGE) {
      this.#keys = new Int32Array(SMALL);
      this.#sums = new Float64Array(SMALL);
      this.#used = new Int32Array(SMALL / 2);
    } else {
      for (let i = 0; i < size; i++) keys[used[i]!] = 0;
    }
    this.#size = 0;
  }

  /** Forgets what was added, for a text that failed half-way. */
  clear(): void {
    for (let i = 0; i < this.#size; i++) this.#keys[this.#used[i]!] = 0;
    this.#size = 0;
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

/** Ascending, in place. The built-in sort costs a call into the engine, which is slower for a short list. */
function sort(array: Int32Array, size: number): void {
  if (size > 24) {
    array.subarray(0, size).sort();
    return;
  }
  for (let i = 1; i < size; i++) {
    const value = array[i]!;
    let j = i - 1;
    while (j >= 0 && array[j]! > value) {
      array[j + 1] = array[j]!;
      j--;
    }
    array[j + 1] = value;
  }
}
