import { messageOf } from '../../errors.js';
import type { EncodedBatch, Encoder, TaskFailure, TaskValue } from '../contract.js';
import { fileBytes } from '../file.js';
import { batchWindows, cutWindows } from '../windows.js';
import type { SeriesMeta, SeriesValue } from './contract.js';
import { beyond, failureOf, filled, readSeries } from './table.js';

/** The manifest's `input`, without `kind`. */
export interface SeriesOptions {
  channels: readonly string[];
  steps?: number;
  overlap?: number;
  fixed?: boolean;
  layout?: 'ncl' | 'nlc';
  mean?: readonly number[];
  std?: readonly number[];
  normalize?: 'series';
  tensor?: string;
}

const STEPS = 4096;
const TENSOR = 'series';

interface Prepared {
  channels: Float64Array[];
  metas: SeriesMeta[];
}

/** Makes tensors of time series: windows of the same length together. */
export class SeriesEncoder implements Encoder {
  readonly warmUp: SeriesValue;
  readonly #options: SeriesOptions;

  constructor(options: SeriesOptions) {
    this.#options = options;
    const column = new Array(options.steps ?? STEPS).fill(0);
    this.warmUp = { columns: Object.fromEntries(options.channels.map(name => [name, column])), tag: {} };
  }

  async *encode(
    values: readonly TaskValue[],
    fail: (row: number, failure: TaskFailure) => void,
  ): AsyncGenerator<EncodedBatch> {
    const failed = (row: number, error: unknown) =>
      fail(row, failureOf(values[row] as SeriesValue, messageOf(error)));
    const prepare = (value: TaskValue) => this.#prepare(value as SeriesValue);
    for await (const held of batchWindows(values, prepare, failed)) yield this.#batch(held);
  }

  async #prepare(value: SeriesValue): Promise<Prepared> {
    const { channels: names, steps = STEPS, overlap, fixed } = this.#options;
    const { file, json = null } = value;
    const text =
      file === undefined ? json : new TextDecoder('utf-8', { fatal: true }).decode(await fileBytes({ file }));
    const { channels, timing } = readSeries(text, value, names);
    const whole = channels.map((channel, at) => this.#scaled(filled(channel, names[at]!), at));
    const windows = cutWindows(timing.times.length, {
      size: steps,
      ...(overlap !== undefined && { overlap }),
      ...(fixed !== undefined && { fixed }),
    });
    return { channels: whole, metas: windows.map(window => ({ ...window, ...timing })) };
  }

  #scaled(channel: Float64Array, at: number): Float64Array {
    const { mean, std, normalize } = this.#options;
    let [shift, scale] = [mean?.[at] ?? 0, std?.[at] ?? 1];
    if (normalize === 'series') {
      shift = channel.reduce((sum, value) => sum + value, 0) / channel.length;
      scale = Math.sqrt(channel.reduce((sum, value) => sum + (value - shift) ** 2, 0) / channel.length) || 1;
      if (!Number.isFinite(scale))
        throw new Error(
          `its column '${this.#options.channels[at]}' has numbers that are too large to normalise`,
        );
    }
    return channel.map((value, step) => {
      const scaled = (value - shift) / scale;
      if (!Number.isFinite(Math.fround(scaled))) throw beyond(this.#options.channels[at]!, value, step);
      return scaled;
    });
  }

  #batch(held: readonly { value: number; prepared: Prepared }[]): EncodedBatch {
    const { channels: names, layout = 'ncl', tensor = TENSOR } = this.#options;
    const all = held.flatMap(({ value, prepared: { channels, metas } }) =>
      metas.map(meta => ({ value, channels, meta })),
    );
    const { size } = all[0]!.meta;
    const width = names.length;
    const data = new Float32Array(all.length * width * size);
    for (const [row, { channels, meta }] of all.entries()) {
      for (const [at, channel] of channels.entries()) {
        for (let step = 0; step < meta.count; step++) {
          const place = layout === 'ncl' ? at * size + step : step * width + at;
          data[row * width * size + place] = channel[meta.first + step]!;
        }
      }
    }
    const dims = layout === 'ncl' ? [all.length, width, size] : [all.length, size, width];
    return {
      rows: all.map(({ value }) => value),
      metas: all.map(({ meta }) => meta),
      feeds: { [tensor]: { type: 'float32', data, dims } },
    };
  }
}
