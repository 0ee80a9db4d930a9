import { Fourier } from './fourier.js';

/** How log-mel spectra are made; the defaults are those of Whisper. */
export interface MelOptions {
  n_fft?: number;
  win_length?: number;
  hop_length?: number;
  n_mels?: number;
  f_min?: number;
  f_max?: number;
  mel_scale?: 'slaney' | 'htk';
  log?: 'log10' | 'ln';
  floor?: number;
  normalize?: 'whisper';
}

export const N_FFT = 400;
const HOP = 160;
const MELS = 80;
const FLOOR = 1e-10;

/** Slaney's scale is linear up to here, and logarithmic above (Auditory Toolbox, 1998). */
const BREAK_HZ = 1000;
const LINEAR_HZ = 200 / 3;
const LOG_STEP = Math.log(6.4) / 27;

const SCALES = {
  slaney: {
    toMel: (hz: number) =>
      hz < BREAK_HZ ? hz / LINEAR_HZ : BREAK_HZ / LINEAR_HZ + Math.log(hz / BREAK_HZ) / LOG_STEP,
    toHz: (mel: number) =>
      mel < BREAK_HZ / LINEAR_HZ
        ? mel * LINEAR_HZ
        : BREAK_HZ * Math.exp(LOG_STEP * (mel - BREAK_HZ / LINEAR_HZ)),
  },
  htk: {
    toMel: (hz: number) => 2595 * Math.log10(1 + hz / 700),
    toHz: (mel: number) => 700 * (10 ** (mel / 2595) - 1),
  },
};

/** A triangle over frequencies: the weights of those from `first` on. */
interface Filter {
  first: number;
  weights: Float64Array;
}

/** The triangles of librosa's and torchaudio's filter banks; those of Slaney have the same area. */
function filtersOf(options: MelOptions, rate: number): Filter[] {
  const { n_fft = N_FFT, n_mels = MELS, f_min = 0, f_max = rate / 2, mel_scale = 'slaney' } = options;
  const { toMel, toHz } = SCALES[mel_scale];
  const [low, high] = [toMel(f_min), toMel(f_max)];
  const corners = Array.from({ length: n_mels + 2 }, (_, index) =>
    toHz(low + ((high - low) * index) / (n_mels + 1)),
  );
  return Array.from({ length: n_mels }, (_, index) => {
    const [left, middle, right] = corners.slice(index, index + 3) as [number, number, number];
    const area = mel_scale === 'slaney' ? 2 / (right - left) : 1;
    const weights = Array.from({ length: (n_fft >> 1) + 1 }, (_, bin) => {
      const hz = (bin * rate) / n_fft;
      return area * Math.max(0, Math.min((hz - left) / (middle - left), (right - hz) / (right - middle)));
    });
    const first = weights.findIndex(weight => weight > 0);
    if (first < 0) return { first: 0, weights: new Float64Array(0) };
    return {
      first,
      weights: Float64Array.from(weights.slice(first, weights.findLastIndex(weight => weight > 0) + 1)),
    };
  });
}

/**
 * Makes log-mel spectra, [mels, frames] row by row: frames of a Hann window around each `hop_length`th sample, the recording
 * mirrored at its ends, and as many as `floor(samples / hop_length)`, as Whisper and librosa (without the last one) have them:
 * https://librosa.org/doc/latest/generated/librosa.feature.melspectrogram.html
 *
 * @param rate samples of a second
 */
export class MelSpectrum {
  readonly mels: number;
  readonly #options: MelOptions;
  readonly #filters: Filter[];
  readonly #fourier: Fourier;
  readonly #hann: Float64Array;

  constructor(options: MelOptions, rate: number) {
    const { n_fft = N_FFT, n_mels = MELS } = options;
    this.mels = n_mels;
    this.#options = options;
    this.#filters = filtersOf(options, rate);
    this.#fourier = new Fourier(n_fft);
    this.#hann = hannOf(n_fft, options.win_length ?? n_fft);
  }

  /** Frames of so many samples; at least one. */
  frames(samples: number): number {
    return Math.max(1, Math.floor(samples / (this.#options.hop_length ?? HOP)));
  }

  of(samples: Float32Array): Float32Array {
    const { hop_length = HOP, log = 'log10', floor = FLOOR } = this.#options;
    const { length } = this.#fourier;
    const frames = this.frames(samples.length);
    const result = new Float32Array(this.mels * frames);
    const one = new Float64Array(length);
    const other = new Float64Array(length);
    const spectra = [one, other].map(() => new Float64Array((length >> 1) + 1));
    const [spectrum, otherSpectrum] = spectra as [Float64Array, Float64Array];
    const scale = log === 'log10' ? 1 / Math.LN10 : 1;
    for (let at = 0; at < frames; at += 2) {
      this.#frame(samples, at * hop_length, one);
      this.#frame(samples, (at + 1) * hop_length, other);
      this.#fourier.powers(one, other, spectrum, otherSpectrum);
      this.#bands(spectrum, result.subarray(at), frames, floor, scale);
      if (at + 1 < frames) this.#bands(otherSpectrum, result.subarray(at + 1), frames, floor, scale);
    }
    return this.#options.normalize === 'whisper' ? asWhisper(result) : result;
  }

  /** The samples around one, in their window. */
  #frame(samples: Float32Array, middle: number, into: Float64Array): void {
    const hann = this.#hann;
    const begin = middle - (hann.length >> 1);
    if (begin >= 0 && begin + hann.length <= samples.length) {
      for (let at = 0; at < hann.length; at++) into[at] = samples[begin + at]! * hann[at]!;
    } else {
      for (let at = 0; at < hann.length; at++)
        into[at] = samples[mirrored(begin + at, samples.length)]! * hann[at]!;
    }
  }

  /** Writes one number a band, `stride` apart. */
  #bands(spectrum: Float64Array, into: Float32Array, stride: number, floor: number, scale: number): void {
    let to = 0;
    for (const { first, weights } of this.#filters) {
      let sum = 0;
      for (let bin = 0; bin < weights.length; bin++) sum += weights[bin]! * spectrum[first + bin]!;
      into[to] = Math.log(Math.max(sum, floor)) * scale;
      to += stride;
    }
  }
}

/** A periodic Hann window in the middle of so many numbers. */
function hannOf(length: number, width: number): Float64Array {
  const window = new Float64Array(length);
  const first = (length - width) >> 1;
  for (let at = 0; at < width; at++) window[first + at] = 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / width);
  return window;
}

/** The index that an index outside of a list is mirrored to, the ends not repeated. */
function mirrored(index: number, length: number): number {
  if (index >= 0 && index < length) return index;
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const inside = ((index % period) + period) % period;
  return inside < length ? inside : period - inside;
}

/** https://github.com/openai/whisper/blob/main/whisper/audio.py: at most 8 below the largest, then about -1 to 1. */
function asWhisper(spectrum: Float32Array): Float32Array {
  const most = spectrum.reduce((largest, value) => Math.max(largest, value), Number.NEGATIVE_INFINITY);
  return spectrum.map(value => (Math.max(value, most - 8) + 4) / 4);
}
