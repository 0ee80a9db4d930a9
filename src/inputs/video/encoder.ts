import { AppError, messageOf } from '../../errors.js';
import type { EncodedBatch, Encoder, TaskFailure, TaskValue } from '../contract.js';
import { filePath, undecodable } from '../file.js';
import { fitImage, type Pixels } from '../image/decode.js';
import { TENSOR } from '../image/encoder.js';
import { invalid } from '../image/options.js';
import type { Picture } from '../image/resample.js';
import { PixelTensors, type TensorOptions } from '../image/tensor.js';
import { type FileTime, mediaTime } from '../media-time.js';
import { cutWindows, type Window } from '../windows.js';
import type { EditorVideo, VideoMeta, VideoValue } from './contract.js';
import { type FrameReader, lengthsOf, readFrames } from './frames.js';

/** The manifest's `input`, without `kind`. */
export interface VideoOptions extends TensorOptions {
  /** Frames that are read of a second; absent: as many as the editor counts. */
  fps?: number;
  /** Frames of a row; absent: each frame is a row, without an axis of frames. */
  clip?: number;
  overlap?: number;
  /** Whether one clip holds frames of the whole video. */
  spread?: boolean;
  tensor?: string;
  batch?: number;
}

/** Frames of a run, where each is a row. */
const BATCH = 8;
/** Frames that are read of one video, at most: a quarter of an hour at a frame rate of 25. */
const MOST_FRAMES = 22_500;
/** One white pixel, for as long as a frame of a GIF is. */
const WARM_UP: VideoValue = {
  file: 'data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==',
  frameRate: 24,
};

/** What is read of a video. */
interface Plan {
  video: EditorVideo;
  /** Seconds from one frame to the next. */
  step: number;
  windows: readonly Window[];
}

/** Makes tensors of frames; while a graph runs on some, the next ones are decoded. */
export class VideoEncoder implements Encoder {
  readonly warmUp = WARM_UP;
  readonly #options: VideoOptions;
  readonly #tensors: PixelTensors;

  private constructor(options: VideoOptions) {
    this.#options = options;
    this.#tensors = new PixelTensors(options);
  }

  /** @throws AppError `version_invalid` for options that contradict each other */
  static async create(options: VideoOptions): Promise<VideoEncoder> {
    const { clip, overlap = 0, spread = false, layout, fps } = options;
    if (clip === undefined && (overlap > 0 || spread || layout === 'ncthw'))
      throw invalid('overlap, spread and ncthw are of clips: say how long a clip is');
    if (clip !== undefined && overlap >= clip)
      throw invalid(`overlap is ${overlap} frames, and a clip has ${clip}`);
    if (spread && (fps !== undefined || overlap > 0))
      throw invalid('a clip that is spread over the video takes no fps and no overlap');
    return new VideoEncoder(options);
  }

  async *encode(
    values: readonly TaskValue[],
    fail: (row: number, failure: TaskFailure) => void,
  ): AsyncGenerator<EncodedBatch> {
    for (const [index, value] of values.entries()) {
      try {
        yield* this.#encodeOne(value as VideoValue, index);
      } catch (error) {
        const failure = error instanceof AppError ? error : undecodable('a video', messageOf(error));
        fail(index, { code: failure.code, message: failure.message });
      }
    }
  }

  async *#encodeOne(value: VideoValue, index: number): AsyncGenerator<EncodedBatch> {
    const { path, release } = await filePath(value);
    let reader: FrameReader | undefined;
    try {
      const time = mediaTime.file();
      const plan = await this.#plan(path, value.frameRate, time);
      const { windows, step } = plan;
      const { total } = windows[0]!;
      reader = readFrames(path, { rate: 1 / step, count: total }, time);
      const rows = new RowReader(reader, image => fitImage(image, this.#options));
      const { batch = this.#options.clip === undefined ? BATCH : 1 } = this.#options;
      let next = this.#rows(rows, windows.slice(0, batch));
      for (let first = 0; first < windows.length; first += batch) {
        const frames = await next;
        const held = windows.slice(first, first + batch);
        next = this.#rows(rows, windows.slice(first + batch, first + 2 * batch));
        // Whoever stops in between does not wait for it.
        next.catch(() => {});
        yield this.#batch(index, plan, held, frames, first + batch < windows.length);
      }
    } finally {
      reader?.close();
      await release();
    }
  }

  async #plan(path: string, frameRate: number, time: FileTime): Promise<Plan> {
    const { fps = frameRate, clip, spread = false, overlap = 0 } = this.#options;
    const lengths = await lengthsOf(path, time);
    const framesCount = Math.max(1, Math.round(lengths.duration * frameRate));
    const video = { framesCount, duration: lengths.duration, frameRate };
    if (spread) {
      return { video, step: lengths.video / clip!, windows: cutWindows(clip!, { size: clip! }) };
    }
    const count = Math.max(1, Math.ceil(lengths.video * fps - 1e-6));
    if (count > MOST_FRAMES) {
      throw new AppError(
        'task_invalid',
        `the video has ${count} frames at ${fps} a second, and at most ${MOST_FRAMES} are read; a lower fps in the model's input reads fewer`,
      );
    }
    const windows = cutWindows(count, { size: clip ?? 1, overlap, fixed: true });
    return { video, step: 1 / fps, windows };
  }

  async #rows(rows: RowReader, windows: readonly Window[]): Promise<Pixels[]> {
    const frames: Pixels[] = [];
    for (const window of windows) frames.push(...(await rows.read(window)));
    return frames;
  }

  #batch(
    index: number,
    { video, step }: Plan,
    windows: readonly Window[],
    frames: readonly Pixels[],
    continues: boolean,
  ): EncodedBatch {
    const { clip, tensor = TENSOR } = this.#options;
    const image = frames[0]!.meta;
    return {
      rows: windows.map(() => index),
      continues,
      metas: windows.map((window): VideoMeta => ({ ...window, video, step, image })),
      feeds: {
        [tensor]: clip === undefined ? this.#tensors.images(frames) : this.#tensors.clips(frames, clip),
      },
    };
  }
}

/** Reads the frames of windows, one after the other; those that two windows share are read once. */
class RowReader {
  readonly #reader: FrameReader;
  readonly #fit: (image: Picture) => Pixels;
  /** Frames that are held, from `#first` on. */
  #held: Pixels[] = [];
  #first = 0;

  constructor(reader: FrameReader, fit: (image: Picture) => Pixels) {
    this.#reader = reader;
    this.#fit = fit;
  }

  /** As many as the window is long: its last frame fills it up. */
  async read({ first, count, size }: Window): Promise<Pixels[]> {
    this.#held = this.#held.slice(first - this.#first);
    this.#first = first;
    while (this.#held.length < count) this.#held.push(this.#fit(await this.#reader.next()));
    return Array.from({ length: size }, (_, at) => this.#held[Math.min(at, count - 1)]!);
  }
}
