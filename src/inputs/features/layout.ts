import type { EncodedBatch, PlainTensor } from '../contract.js';
import type { Row } from './row.js';
import type { FeaturesSpec } from './spec.js';
import { grown } from './tables.js';

/** Rows that become the feeds of one run. Their arrays are used again by the next batch. */
export interface Layout {
  /** Adds a row; `source` is the index of the value that it came from. */
  add(source: number, row: Row): void;
  /** How many rows were added since the last `take`. */
  readonly rows: number;
  /** Whether the bound is reached and the batch has to go. */
  readonly full: boolean;
  /** The batch so far; the next one begins. */
  take(): EncodedBatch;
  /** Forgets the rows that were added since the last `take`. */
  clear(): void;
}

/** 64 MB: the most that the tensors of one batch hold, unless a single row holds more. */
export const BATCH_BYTES = 64 * 2 ** 20;

/**
 * The layout that a spec asks for.
 * @param bytes the bound of a batch
 *
 * @example
 * const layout = createLayout({ layout: 'dense', dtype: 'float32', width: 3 });
 * layout.add(0, row);
 * layout.take().feeds.input.dims // [1, 3]
 */
export function createLayout(
  spec: Pick<FeaturesSpec, 'layout' | 'dtype' | 'width'>,
  bytes = BATCH_BYTES,
): Layout {
  return spec.layout === 'sparse'
    ? new SparseLayout(spec.dtype, bytes)
    : new DenseLayout(spec.dtype, spec.width, bytes);
}

type Reals = Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

function reals(dtype: 'float64' | 'float32', length: number): Reals {
  return dtype === 'float64' ? new Float64Array(length) : new Float32Array(length);
}

/** Inputs `row`, `feature` and `value` of one entry each, and `size`, the number of rows. */
class SparseLayout implements Layout {
  readonly #limit: number;
  readonly #dtype: 'float64' | 'float32';
  #sources: number[] = [];
  #rows = new Int32Array(4096);
  #features = new Int32Array(4096);
  #values: Reals;
  #entries = 0;

  constructor(dtype: 'float64' | 'float32', bytes: number) {
    this.#dtype = dtype;
    this.#values = reals(dtype, 4096);
    this.#limit = bytes / (2 * Int32Array.BYTES_PER_ELEMENT + this.#values.BYTES_PER_ELEMENT);
  }

  get rows(): number {
    return this.#sources.length;
  }

  get full(): boolean {
    return this.#entries >= this.#limit;
  }

  add(source: number, row: Row): void {
    const { size, indices, values } = row;
    const start = this.#entries;
    const end = start + size;
    if (end > this.#rows.length) this.#grow(end);
    const features = this.#features;
    const out = this.#values;
    this.#rows.fill(this.#sources.length, start, end);
    for (let i = 0; i < size; i++) {
      features[start + i] = indices[i]!;
      out[start + i] = values[i]!;
    }
    this.#entries = end;
    this.#sources.push(source);
  }

  take(): EncodedBatch {
    const rows = this.#sources;
    // Rows without any entry still need one, of value 0: no dimension may be empty.
    if (this.#entries === 0) {
      this.#rows[0] = 0;
      this.#features[0] = 0;
      this.#values[0] = 0;
    }
    const entries = Math.max(this.#entries, 1);
    this.clear();
    return {
      rows,
      feeds: {
        row: { type: 'int32', data: this.#rows.subarray(0, entries), dims: [entries] },
        feature: { type: 'int32', data: this.#features.subarray(0, entries), dims: [entries] },
        value: { type: this.#dtype, data: this.#values.subarray(0, entries), dims: [entries] },
        size: oneInt64(rows.length),
      },
    };
  }

  clear(): void {
    this.#sources = [];
    this.#entries = 0;
  }

  #grow(length: number): void {
    this.#rows = grown(this.#rows, length);
    this.#features = grown(this.#features, length);
    const values = reals(this.#dtype, this.#rows.length);
    values.set(this.#values);
    this.#values = values;
  }
}

/** Input `input`, [rows, width]. */
class DenseLayout implements Layout {
  readonly #dtype: 'float64' | 'float32';
  readonly #width: number;
  readonly #limit: number;
  #sources: number[] = [];
  #data: Reals;

  constructor(dtype: 'float64' | 'float32', width: number, bytes: number) {
    this.#dtype = dtype;
    this.#width = width;
    this.#limit = Math.max(1, Math.floor(bytes / (width * (dtype === 'float64' ? 8 : 4))));
    this.#data = reals(dtype, width);
  }

  get rows(): number {
    return this.#sources.length;
  }

  get full(): boolean {
    return this.#sources.length === this.#limit;
  }

  add(source: number, row: Row): void {
    const start = this.#sources.length * this.#width;
    const end = start + this.#width;
    if (end > this.#data.length) {
      const data = reals(
        this.#dtype,
        Math.min(Math.max(end, this.#data.length * 2), this.#limit * this.#width),
      );
      data.set(this.#data);
      this.#data = data;
    }
    this.#data.fill(0, start, end);
    const { size, indices, values } = row;
    for (let i = 0; i < size; i++) this.#data[start + indices[i]!] = values[i]!;
    this.#sources.push(source);
  }

  take(): EncodedBatch {
    const rows = this.#sources;
    this.clear();
    const data = this.#data.subarray(0, rows.length * this.#width);
    return { rows, feeds: { input: { type: this.#dtype, data, dims: [rows.length, this.#width] } } };
  }

  clear(): void {
    this.#sources = [];
  }
}

function oneInt64(value: number): PlainTensor {
  const data = new BigInt64Array(1);
  // Little-endian, and no row count reaches 2^31: this spares the BigInt.
  new Int32Array(data.buffer)[0] = value;
  return { type: 'int64', data, dims: [1] };
}
