import { messageOf } from '../../errors.js';
import type { EncodedBatch, Encoder, TaskFailure, TaskValue } from '../contract.js';
import { type FileValue, fileBytes, undecodable } from '../file.js';
import { type Decode, loadDecoder, type Pixels } from './decode.js';
import { sizeFeeds } from './feeds.js';
import { invalid, isDynamic } from './options.js';
import { PixelTensors, type TensorOptions } from './tensor.js';

/** The manifest's `input`, without `kind`. */
export interface ImageOptions extends TensorOptions {
  layout?: 'nchw' | 'nhwc';
  tensor?: string;
  batch?: number;
}

const BATCH = 8;
/** The name of the graph's input that most image models from Hugging Face have. */
export const TENSOR = 'pixel_values';
/** One white pixel. */
export const WARM_UP: FileValue = {
  file: 'data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==',
};

type Decoded = { row: number; pixels: Pixels } | { row: number; failure: TaskFailure };

/** Makes tensors of images, a few at a time; while a graph runs on some, the next ones are decoded. */
export class ImageEncoder implements Encoder {
  readonly warmUp = WARM_UP;
  readonly single: boolean;
  readonly #batch: number;
  readonly #options: ImageOptions;
  readonly #tensors: PixelTensors;
  readonly #decode: Decode;

  private constructor(options: ImageOptions, decode: Decode) {
    this.#options = options;
    // Images of several sizes are no batch.
    this.#batch = isDynamic(options) ? 1 : (options.batch ?? BATCH);
    this.single = this.#batch === 1;
    this.#tensors = new PixelTensors(options);
    this.#decode = decode;
  }

  /** @throws AppError `version_invalid` for options that contradict each other */
  static async create(options: ImageOptions): Promise<ImageEncoder> {
    if (isDynamic(options) && (options.batch ?? 1) > 1)
      throw invalid(`batch is ${options.batch}, and images without a width and height go one by one`);
    return new ImageEncoder(options, await loadDecoder());
  }

  async *encode(
    values: readonly TaskValue[],
    fail: (row: number, failure: TaskFailure) => void,
  ): AsyncGenerator<EncodedBatch> {
    const batch = this.#batch;
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
      const images = sound.map(({ pixels }) => pixels);
      yield {
        rows: sound.map(({ row }) => row),
        metas: images.map(({ meta }) => meta),
        feeds: sizeFeeds(images, { [this.#options.tensor ?? TENSOR]: this.#tensors.images(images) }),
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
}
