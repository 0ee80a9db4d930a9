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
