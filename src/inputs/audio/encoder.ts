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
import { type FileValue, fileBytes, undecodable } from '../file.js';
import { batchWindows, cutWindows } from '../windows.js';
import type { AudioMeta } from './contract.js';
import type { DecodeSound, Sound, SoundOptions } from './decode.js';
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
export interface AudioOptions extends SoundOptions, MelOptions {
  features?: 'waveform' | 'log-mel';
  seconds?: number;
  overlap?: number;
  fixed?: boolean;
  channel_axis?: boolean;
  tensor?: string;
  stream?: StreamOptions;
}

const TENSOR = 'audio';
/** One second of silence is heard when a version is loaded: 16-bit WAV, mono, 8 kHz. */
const SILENCE = wav(8000);

interface Prepared {
  rows: Float32Array[];
  dims: number[];
  metas: AudioMeta[];
}

/** Makes tensors of recordings: windows of the same length together. */
export class AudioEncoder implements Encoder {
  readonly warmUp: FileValue = { file: `data:audio/wav;base64,${SILENCE.toString('base64')}` };
  readonly #options: AudioOptions;
  readonly #decode: DecodeSound;
  readonly #mel: MelSpectrum | undefined;

  /**
   * @param decode made for the same options
   * @throws AppError `version_invalid` for options that contradict each other
   */
  constructor(options: AudioOptions, decode: DecodeSound) {
    const { seconds, overlap = 0, fixed, stream, features, sample_rate } = options;
    if (overlap >= (seconds ?? Number.POSITIVE_INFINITY))
      throw invalid(`overlap is ${overlap} s, and a window has ${seconds} s`);
    if (fixed === true && seconds === undefined) throw invalid('fixed needs seconds: how long a row is');
    if (stream && (features === 'log-mel' || seconds !== undefined))
      throw invalid('stream takes the whole recording as it is: leave out features and seconds');
    const { n_fft = N_FFT, win_length = n_fft, f_min = 0, f_max = sample_rate / 2 } = options;
    if (win_length > n_fft) throw invalid(`win_length is ${win_length}, more than n_fft, ${n_fft}`);
    if (f_min >= f_max || f_max > sample_rate / 2)
      throw invalid(`bands from ${f_min} to ${f_max} Hz are not in 0 to ${sample_rate / 2}`);
    this.#options = options;
    this.#decode = decode;
    this.#mel = features === 'log-mel' ? new MelSpectrum(options, sample_rate) : undefined;
  }

  async *encode(
    values: readonly TaskValue[],
    fail: (row: number, failure: TaskFailure) => void,
    run: RunGraph,
  ): AsyncGenerator<EncodedBatch | AnsweredBatch> {
    const { stream, tensor = TENSOR } = this.#options;
    const prepare = async (value: TaskValue) => {
      const sound = await this.#decode(await fileBytes(value as FileValue));
      return stream ? this.#streamed(sound, stream) : this.#prepared(sound);
    };
    const failed = (row: number, error: unknown) => fail(row, undecodable('a recording', messageOf(error)));
    for await (const held of batchWindows(values, prepare, failed)) {
      const rows = held.flatMap(({ value, prepared }) => prepared.metas.map(() => value));
      const metas = held.flatMap(({ prepared }) => prepared.metas);
      if (stream) {
        // One recording at a time: what the graph remembers is of that.
        for (const { value, prepared } of held) {
          const outputs = await hear(prepared.rows[0]!, stream, this.#options.sample_rate, tensor, run);
          yield { rows: [value], metas: prepared.metas, outputs };
        }
        continue;
      }
      const all = held.flatMap(({ prepared }) => prepared.rows);
      const size = all[0]!.length;
      const data = new Float32Array(all.length * size);
      for (const [index, row] of all.entries()) data.set(row, index * size);
      const { dims } = held[0]!.prepared;
      yield { rows, metas, feeds: { [tensor]: { type: 'float32', data, dims: [all.length, ...dims] } } };
    }
  }

  #prepared({ samples, duration }: Sound): Prepared {
    const {
      seconds,
      overlap = 0,
      fixed = false,
      sample_rate: rate,
      channel = 0,
      channel_axis,
    } = this.#options;
    const size = seconds === undefined ? samples.length : Math.round(seconds * rate);
    const windows = cutWindows(samples.length, { size, overlap: Math.round(overlap * rate), fixed });
    const rows = windows.map(window => {
      const row = new Float32Array(window.size);
      row.set(samples.subarray(window.first, window.first + window.count));
      return this.#mel ? this.#mel.of(row) : row;
    });
    const own = this.#mel ? [this.#mel.mels, this.#mel.frames(windows[0]!.size)] : [windows[0]!.size];
    const dims = channel_axis === true ? [1, ...own] : own;
    return { rows, dims, metas: windows.map(window => ({ ...window, rate, duration, channel })) };
  }

  #streamed({ samples, duration }: Sound, { samples: piece }: StreamOptions): Prepared {
    const { sample_rate: rate, channel = 0 } = this.#options;
    const size = Math.ceil(samples.length / piece) * piece;
    const window = { first: 0, count: samples.length, size, total: samples.length };
    return { rows: [samples], dims: [samples.length], metas: [{ ...window, rate, duration, channel }] };
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

/** A WAV file of so many samples of silence: http://soundfile.sapp.org/doc/WaveFormat/ */
function wav(samples: number): Buffer {
  const file = Buffer.alloc(44 + samples * 2);
  file.write('RIFF');
  file.writeUInt32LE(36 + samples * 2, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(8000, 24);
  file.writeUInt32LE(16_000, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(samples * 2, 40);
  return file;
}

function invalid(what: string): AppError {
  return new AppError('version_invalid', `the input's ${what}`);
}
