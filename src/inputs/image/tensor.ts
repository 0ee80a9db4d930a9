import type { PlainTensor } from '../contract.js';
import type { PixelOptions, Pixels } from './decode.js';
import { checkOptions } from './options.js';

/** What the numbers of a tensor are, and in which order. */
export interface TensorOptions extends PixelOptions {
  /** `ncthw` is of clips, frames behind channels; with the other two, frames of a clip stand before them. */
  layout?: 'nchw' | 'nhwc' | 'ncthw';
  dtype?: 'float32' | 'uint8';
  scale?: number;
  mean?: readonly number[];
  std?: readonly number[];
  /** What stands beside an image that is smaller than the tensor, for each channel of that. */
  fill?: number | readonly number[];
  /** Whether it stands there before the normalising, as a level of 0 to 255, or after it, as a number of the tensor. */
  pad?: 'before' | 'after';
}

interface Channel {
  /** Which channel of the pixels it is. */
  from: number;
  /** What each of their values becomes. */
  becomes: Float32Array;
  fill: number;
}

/** Makes tensors of pixels. */
export class PixelTensors {
  readonly #options: TensorOptions;
  readonly #channels: readonly Channel[];

  /** @throws AppError `version_invalid` for options that contradict each other */
  constructor(options: TensorOptions) {
    checkOptions(options);
    this.#options = options;
    const { channels = 'rgb', scale = 1 / 255, mean = [0], std = [1], fill = 0, pad, dtype } = options;
    const order = { rgb: [0, 1, 2], bgr: [2, 1, 0], gray: [0] }[channels];
    const fills = [fill].flat() as number[];
    this.#channels = order.map((from, to) => {
      const normalised = (value: number) => (value * scale - (mean[to] ?? mean[0]!)) / (std[to] ?? std[0]!);
      const own = fills[to] ?? fills[0]!;
      return {
        from,
        becomes: Float32Array.from({ length: 256 }, (_, value) => normalised(value)),
        fill: pad === 'after' || dtype === 'uint8' ? own : normalised(own),
      };
    });
  }

  /** A row for each image; all of them in tensors of one size. */
  images(images: readonly Pixels[]): PlainTensor {
    const { data, dims } = this.#fill(images, 1);
    return { type: this.#type, data, dims: [images.length, ...dims.slice(1)] };
  }

  /**
   * A row for each clip.
   * @param frames those of the clips one after the other, `length` of each
   */
  clips(frames: readonly Pixels[], length: number): PlainTensor {
    const { data, dims } = this.#fill(frames, length);
    return { type: this.#type, data, dims: [frames.length / length, ...dims] };
  }

  get #type() {
    return this.#options.dtype ?? 'float32';
  }

  #fill(images: readonly Pixels[], length: number) {
    const { layout = 'nchw' } = this.#options;
    const { tensorWidth: width, tensorHeight: height } = images[0]!.meta;
    const plane = width * height;
    const count = this.#channels.length;
    const data = new (this.#type === 'uint8' ? Uint8Array : Float32Array)(images.length * plane * count);
    // How far apart two neighbours of each axis are.
    const frameStep = layout === 'ncthw' ? plane : plane * count;
    const channelStep = { nchw: plane, nhwc: 1, ncthw: plane * length }[layout];
    const pixelStep = layout === 'nhwc' ? count : 1;
    for (const [index, pixels] of images.entries()) {
      const start = Math.floor(index / length) * length * plane * count + (index % length) * frameStep;
      const hasBars = pixels.width * pixels.height < plane;
      for (const [to, channel] of this.#channels.entries()) {
        const first = start + to * channelStep;
        if (hasBars && channel.fill !== 0) fillPlane(data, first, plane, pixelStep, channel.fill);
        const corner = first + (pixels.top * width + pixels.left) * pixelStep;
        copyChannel(pixels, count, channel, data, corner, pixelStep, width * pixelStep);
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

type Numbers = Uint8Array | Float32Array;

function fillPlane(data: Numbers, first: number, plane: number, step: number, value: number): void {
  if (step === 1) data.fill(value, first, first + plane);
  else for (let i = 0, at = first; i < plane; i++, at += step) data[at] = value;
}

function copyChannel(
  { data: pixels, width, height }: Pixels,
  count: number,
  { from, becomes }: Channel,
  data: Numbers,
  corner: number,
  pixelStep: number,
  rowStep: number,
): void {
  let pixel = from;
  for (let y = 0; y < height; y++) {
    let at = corner + y * rowStep;
    if (data instanceof Uint8Array)
      for (let x = 0; x < width; x++, at += pixelStep, pixel += count) data[at] = pixels[pixel]!;
    else for (let x = 0; x < width; x++, at += pixelStep, pixel += count) data[at] = becomes[pixels[pixel]!]!;
  }
}
