import { AppError, messageOf } from '../../errors.js';
import type { EncodedBatch, Encoder, PlainTensor, TaskFailure, TaskValue } from '../contract.js';
import { type FileValue, fileBytes, undecodable } from '../file.js';
import { type Decode, loadDecoder, type PixelOptions, type Pixels } from './decode.js';

/** The manifest's `input`, without `kind`. */
export interface ImageOptions extends PixelOptions {
  layout?: 'nchw' | 'nhwc';
  dtype?: 'float32' | 'uint8';
  scale?: number;
  mean?: readonly number[];
  std?: readonly number[];
  tensor?: string;
  batch?: number;
}

const BATCH = 8;
const TENSOR = 'pixel_values';
/** One white pixel. */
export const WARM_UP: FileValue = {
  file: 'data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==',
};

type Decoded = { row: number; pixels: Pixels } | { row: number; failure: TaskFailure };

/** Makes tensors of images, a few at a time; while a graph runs on some, the next ones are decoded. */
export class ImageEncoder implements Encoder {
  readonly warmUp = WARM_UP;
  readonly #options: ImageOptions;
  readonly #decode: Decode;
  /** For each channel of the tensor: which channel of the pixels it is, and what each of its values becomes. */
  readonly #channels: readonly { from: number; becomes: Float32Array }[];

  private constructor(options: ImageOptions, decode: Decode) {
    this.#options = options;
    this.#decode = decode;
    const { channels = 'rgb', scale = 1 / 255, mean = [0], std = [1] } = options;
    const order = { rgb: [0, 1, 2], bgr: [2, 1, 0], gray: [0] }[channels];
    this.#channels = order.map((from, to) => ({
      from,
      becomes: Float32Array.from(
        { length: 256 },
        (_, value) => (value * scale - (mean[to] ?? mean[0]!)) / (std[to] ?? std[0]!),
      ),
    }));
  }

  /** @throws AppError `version_invalid` for options that contradict each other */
  static async create(options: ImageOptions): Promise<ImageEncoder> {
    const channels = options.channels === 'gray' ? 1 : 3;
    for (const name of ['mean', 'std'] as const) {
      const length = options[name]?.length ?? 1;
      if (length !== 1 && length !== channels)
        throw invalid(`${name} has ${length} numbers, and the image ${channels} channels`);
    }
    const { dtype, fit, shortest_edge, width, height } = options;
    if (dtype === 'uint8' && [options.scale, options.mean, options.std].some(each => each !== undefined))
      throw invalid('dtype uint8 takes the pixels as they are: leave out scale, mean and std');
    if (fit === 'crop' && shortest_edge !== undefined && shortest_edge < Math.max(width, height))
      throw invalid(`shortest_edge is ${shortest_edge}, less than the ${width} x ${height} to be cut out`);
    return new ImageEncoder(options, await loadDecoder());
  }

  async *encode(
    values: readonly TaskValue[],
    fail: (row: number, failure: TaskFailure) => void,
  ): AsyncGenerator<EncodedBatch> {
    const { batch = BATCH } = this.#options;
    const decode = (first: number) =>
      Promise.all(
        values
          .slice(first, first + batch)
          .map((value, index) => this.#decoded(value as FileValue, first + index)),
      );
    let next = decode(0);
    for (let first = 0; first < values.length; first += batch) {
      const decoded = await next;
      next = decode(first + batch);
      const sound: { row: number; pixels: Pixels }[] = [];
      for (const each of decoded) {
        if ('failure' in each) fail(each.row, each.failure);
        else sound.push(each);
      }
      if (sound.length === 0) continue;
      yield {
        rows: sound.map(({ row }) => row),
        metas: sound.map(({ pixels }) => pixels.meta),
        feeds: { [this.#options.tensor ?? TENSOR]: this.#tensor(sound.map(({ pixels }) => pixels.data)) },
      };
    }
  }

  /** Never rejects: whoever stops in between does not wait for it. */
  async #decoded(value: FileValue, row: number): Promise<Decoded> {
    try {
      return { row, pixels: await this.#decode(await fileBytes(value), this.#options) };
    } catch (error) {
      return { row, failure: undecodable('an image', messageOf(error)) };
    }
  }

  #tensor(images: readonly Uint8Array[]): PlainTensor {
    const { width, height, layout = 'nchw', dtype = 'float32' } = this.#options;
    const plane = width * height;
    const count = this.#channels.length;
    const data = new (dtype === 'uint8' ? Uint8Array : Float32Array)(images.length * plane * count);
    for (const [index, pixels] of images.entries()) {
      for (const [to, { from, becomes }] of this.#channels.entries()) {
        const first = index * plane * count + (layout === 'nchw' ? to * plane : to);
        const step = layout === 'nchw' ? 1 : count;
        if (dtype === 'uint8') {
          for (let i = 0, at = first, pixel = from; i < plane; i++, at += step, pixel += count)
            data[at] = pixels[pixel]!;
        } else {
          for (let i = 0, at = first, pixel = from; i < plane; i++, at += step, pixel += count)
            data[at] = becomes[pixels[pixel]!]!;
        }
      }
    }
    const dims = layout === 'nchw' ? [count, height, width] : [height, width, count];
    return { type: dtype, data, dims: [images.length, ...dims] };
  }
}

function invalid(what: string): AppError {
  return new AppError('version_invalid', `the input's ${what}`);
}
