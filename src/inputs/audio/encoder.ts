import { AppError, messageOf } from '../../errors.js';
import type {
  AnsweredBatch,
  EncodedBatch,
  Encoder,
  PlainTensor,
  RunGraph,
  TaskFailure,
  TaskValue,
} from '../contract.js';
import { type FileValue, undecodable } from '../file.js';
import { batchWindows, cutWindows } from '../windows.js';
import type { AudioMeta } from './contract.js';
import type { DecodeSound, Sound, SoundOptions } from './decode.js';
import { joinedRuns } from './joined.js';
import { type MelOptions, MelSpectrum, N_FFT } from './mel.js';

/** How a graph that hears a recording piece by piece is fed. */
export interface StreamOptions {
  /** Samples of a piece. */
  samples: number;
  /** Samples of the piece before that stand before it. */
  context?: number;
  /** What the graph gives back to be told again: its input and its output, and the shape of the first one, all zeros. */
  state: { input: string; output: string; shape: readonly number[] };
  /** The input that gets the rate as an int64 without dimensions. */
  rate?: string;
  /** The output with a number for each piece. */
  output: string;
}

/** The manifest's `input`, without `kind`. */
export interface AudioOptions extends SoundOptions, Omit<MelOptions, 'normalize'> {
  normalize?: 'whisper' | 'standard';
  features?: 'waveform' | 'log-mel';
  seconds?: number;
  overlap?: number;
  fixed?: boolean;
  channel_axis?: boolean;
  tensor?: string;
  stream?: StreamOptions;
  batch?: number;
}

const TENSOR = 'audio';
const BATCH = 16;
/** One second is heard when a version is loaded. */
const WARM_UP_RATE = 8000;
/** Keeps silence from becoming noise; that of Hugging Face's Wav2Vec2FeatureExtractor. */
const LEAST_VARIANCE = 1e-7;

interface Prepared {
  samples: Float32Array;
  metas: AudioMeta[];
}

/** One row that is to be. */
interface Row {
  samples: Float32Array;
  meta: AudioMeta;
}

/** Makes tensors of recordings: windows of the same length together. */
export class AudioEncoder implements Encoder {
  readonly warmUp: FileValue;
  readonly #options: AudioOptions;
  readonly #decode: DecodeSound;
  readonly #mel: MelSpectrum | undefined;

  /**
   * @param decode made for the same options
   * @throws AppError `version_invalid` for options that contradict each other
   */
  constructor(options: AudioOptions, decode: DecodeSound) {
    const { seconds, overlap = 0, fixed, stream, features, normalize, sample_rate, channel = 0 } = options;
    if (overlap >= (seconds ?? Number.POSITIVE_INFINITY))
      throw invalid(`overlap is ${overlap} s, and a window has ${seconds} s`);
    if (fixed === true && seconds === undefined) throw invalid('fixed needs seconds: how long a row is');
    if (stream && (features === 'log-mel' || seconds !== undefined || normalize !== undefined))
      throw invalid('stream takes the whole recording as it is: leave out features, seconds and normalize');
    if (normalize !== undefined && (normalize === 'whisper') !== (features === 'log-mel'))
      throw invalid(`normalize ${normalize} is not for features ${features ?? 'waveform'}`);
    const { n_fft = N_FFT, win_length = n_fft, f_min = 0, f_max = sample_rate / 2 } = options;
    if (win_length > n_fft) throw invalid(`win_length is ${win_length}, more than n_fft, ${n_fft}`);
    if (f_min >= f_max || f_max > sample_rate / 2)
      throw invalid(`bands from ${f_min} to ${f_max} Hz are not in 0 to ${sample_rate / 2}`);
    this.#options = options;
    this.#decode = decode;
    this.#mel =
      features === 'log-mel' ? new MelSpectrum(options as AudioOptions & MelOptions, sample_rate) : undefined;
    const silence = silent(WARM_UP_RATE, channel + 1);
    this.warmUp = { file: `data:audio/wav;base64,${silence.toString('base64')}` };
  }

  async *encode(
    values: readonly TaskValue[],
    fail: (row: number, failure: TaskFailure) => void,
    run: RunGraph,
  ): AsyncGenerator<EncodedBatch | AnsweredBatch> {
    const { stream, tensor = TENSOR, batch = BATCH, sample_rate } = this.#options;
    const prepare = async (value: TaskValue) => this.#prepared(await this.#decode(value as FileValue));
    const failed = (row: number, error: unknown) => fail(row, undecodable('a recording', messageOf(error)));
    for await (const held of batchWindows(values, prepare, failed)) {
      if (stream) {
        // One recording at a time: what the graph remembers is of that.
        for (const { value, prepared } of held) {
          const outputs = await hear(prepared.samples, stream, sample_rate, tensor, run);
          yield { rows: [value], metas: prepared.metas, outputs };
        }
        continue;
      }
      const all = held.flatMap(({ value, prepared: { samples, metas } }) =>
        metas.map(meta => ({ value, samples, meta })),
      );
      const [rows, metas] = [all.map(({ value }) => value), all.map(({ meta }) => meta)];
      if (all.length <= batch) {
        yield { rows, metas, feeds: { [tensor]: this.#tensor(all) } };
        continue;
      }
      const runs: Record<string, PlainTensor>[] = [];
      for (let first = 0; first < all.length; first += batch)
        runs.push(await run({ [tensor]: this.#tensor(all.slice(first, first + batch)) }));
      yield { rows, metas, outputs: joinedRuns(runs) };
    }
  }

  #prepared({ samples, duration }: Sound): Prepared {
    const { seconds, overlap = 0, fixed, sample_rate: rate, channel = 0, stream } = this.#options;
    const total = samples.length;
    const windows = stream
      ? [{ first: 0, count: total, size: Math.ceil(total / stream.samples) * stream.samples, total }]
      : cutWindows(total, {
          size: seconds === undefined ? total : Math.max(1, Math.round(seconds * rate)),
          overlap: Math.round(overlap * rate),
          ...(fixed !== undefined && { fixed }),
        });
    return { samples, metas: windows.map(window => ({ ...window, rate, duration, channel })) };
  }

  /** @param rows of the same size */
  #tensor(rows: readonly Row[]): PlainTensor {
    const { channel_axis, normalize } = this.#options;
    const { size } = rows[0]!.meta;
    const own = this.#mel ? [this.#mel.mels, this.#mel.frames(size)] : [size];
    const dims = [rows.length, ...(channel_axis === true ? [1] : []), ...own];
    const length = own.reduce((product, each) => product * each, 1);
    const data = new Float32Array(rows.length * length);
    for (const [index, { samples, meta }] of rows.entries()) {
      const row = new Float32Array(size);
      row.set(samples.subarray(meta.first, meta.first + meta.count));
      if (normalize === 'standard') standardize(row.subarray(0, meta.count));
      data.set(this.#mel ? this.#mel.of(row) : row, index * length);
    }
    return { type: 'float32', data, dims };
  }
}

/** Tells a graph a recording piece by piece. @returns its numbers, [1, pieces] */
async function hear(
  samples: Float32Array,
  { samples: piece, context = 0, state, rate: rateInput, output }: StreamOptions,
  rate: number,
  tensor: string,
  run: RunGraph,
): Promise<Record<string, PlainTensor>> {
  const pieces = Math.ceil(samples.length / piece);
  const numbers = new Float32Array(pieces);
  const length = state.shape.reduce((all, side) => all * side, 1);
  let held: PlainTensor = { type: 'float32', data: new Float32Array(length), dims: state.shape };
  for (let index = 0; index < pieces; index++) {
    const data = new Float32Array(context + piece);
    const begin = index * piece - context;
    const from = Math.max(0, begin);
    data.set(samples.subarray(from, (index + 1) * piece), from - begin);
    const outputs = await run({
      [tensor]: { type: 'float32', data, dims: [1, data.length] },
      [state.input]: held,
      ...(rateInput !== undefined && {
        [rateInput]: { type: 'int64', data: BigInt64Array.of(BigInt(rate)), dims: [] },
      }),
    });
    held = outputs[state.output]!;
    numbers[index] = Number(outputs[output]!.data[0]);
  }
  return { [output]: { type: 'float32', data: numbers, dims: [1, pieces] } };
}

/** Gives samples the mean 0 and the deviation 1, in place. */
function standardize(samples: Float32Array): void {
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  const variance = samples.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / samples.length;
  const deviation = Math.sqrt(variance + LEAST_VARIANCE);
  for (let at = 0; at < samples.length; at++) samples[at] = (samples[at]! - mean) / deviation;
}

/** A WAV file of a second of silence, 8 bits a sample: http://soundfile.sapp.org/doc/WaveFormat/ */
function silent(rate: number, channels: number): Buffer {
  const size = rate * channels;
  const file = Buffer.alloc(44 + size, 128);
  file.write('RIFF');
  file.writeUInt32LE(36 + size, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(channels, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(size, 28);
  file.writeUInt16LE(channels, 32);
  file.writeUInt16LE(8, 34);
  file.write('data', 36);
  file.writeUInt32LE(size, 40);
  return file;
}

function invalid(what: string): AppError {
  return new AppError('version_invalid', `the input's ${what}`);
}
