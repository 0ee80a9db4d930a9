import { AppError } from '../../errors.js';
import type { PlainTensor } from '../contract.js';
import type { PixelOptions } from './decode.js';

/** What the numbers of a tensor are, and in which order. */
export interface TensorOptions extends PixelOptions {
  /** `ncthw` is of clips, frames behind channels; with the other two, frames of a clip stand before them. */
  layout?: 'nchw' | 'nhwc' | 'ncthw';
  dtype?: 'float32' | 'uint8';
  scale?: number;
  mean?: readonly number[];
  std?: readonly number[];
}

/** Makes tensors of pixels. */
export class PixelTensors {
  readonly #options: TensorOptions;
  /** For each channel of the tensor: which channel of the pixels it is, and what each of its values becomes. */
  readonly #channels: readonly { from: number; becomes: Float32Array }[];

  /** @throws AppError `version_invalid` for options that contradict each other */
  constructor(options: TensorOptions) {
    this.#options = options;
    const { dtype, fit, shortest_edge, width, height, channels = 'rgb' } = options;
    const order = { rgb: [0, 1, 2], bgr: [2, 1, 0], gray: [0] }[channels];
    for (const name of ['mean', 'std'] as const) {
      const length = options[name]?.length ?? 1;
      if (length !== 1 && length !== order.length)
        throw invalid(`${name} has ${length} numbers, and the image ${order.length} channels`);
    }
    if (dtype === 'uint8' && [options.scale, options.mean, options.std].some(each => each !== undefined))
      throw invalid('dtype uint8 takes the pixels as they are: leave out scale, mean and std');
    if (fit === 'crop' && shortest_edge !== undefined && shortest_edge < Math.max(width, height))
      throw invalid(`shortest_edge is ${shortest_edge}, less than the ${width} x ${height} to be cut out`);
    const { scale = 1 / 255, mean = [0], std = [1] } = options;
    this.#channels = order.map((from, to) => ({
      from,
      becomes: Float32Array.from(
        { length: 256 },
        (_, value) => (value * scale - (mean[to] ?? mean[0]!)) / (std[to] ?? std[0]!),
      ),
    }));
  }

  /** A row for each image. */
  images(images: readonly Uint8Array[]): PlainTensor {
    const { data, dims } = this.#fill(images, 1);
    return { type: this.#type, data, dims: [images.length, ...dims.slice(1)] };
  }

  /**
   * A row for each clip.
   * @param frames those of the clips one after the other, `length` of each
   */
  clips(frames: readonly Uint8Array[], length: number): PlainTensor {
    const { data, dims } = this.#fill(frames, length);
    return { type: this.#type, data, dims: [frames.length / length, ...dims] };
  }

  get #type() {
    return this.#options.dtype ?? 'float32';
  }

  #fill(images: readonly Uint8Array[], length: number) {
    const { width, height, layout = 'nchw' } = this.#options;
    const plane = width * height;
    const count = this.#channels.length;
    const isBytes = this.#type === 'uint8';
    const data = new (isBytes ? Uint8Array : Float32Array)(images.length * plane * count);
    // How far apart two neighbours of each axis are.
    const frameStep = layout === 'ncthw' ? plane : plane * count;
    const channelStep = { nchw: plane, nhwc: 1, ncthw: plane * length }[layout];
    const pixelStep = layout === 'nhwc' ? count : 1;
    for (const [index, pixels] of images.entries()) {
      const start = Math.floor(index / length) * length * plane * count + (index % length) * frameStep;
      for (const [to, { from, becomes }] of this.#channels.entries()) {
        const first = start + to * channelStep;
        if (isBytes) {
          for (let i = 0, at = first, pixel = from; i < plane; i++, at += pixelStep, pixel += count)
            data[at] = pixels[pixel]!;
        } else {
          for (let i = 0, at = first, pixel = from; i < plane; i++, at += pixelStep, pixel += count)
            data[at] = becomes[pixels[pixel]!]!;
        }
      }
    }
    const dims = {
      nchw: [length, count, height, width],
      nhwc: [length, height, width, count],
      ncthw: [count, length, height, width],
    }[layout];
    return { data, dims };
  }
}

function invalid(what: string): AppError {
  return new AppError('version_invalid', `the input's ${what}`);
}
