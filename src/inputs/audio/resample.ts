/** Lobes of the filter on each side, and the shape of its window: those of scipy.signal.resample_poly. */
const LOBES = 10;
const KAISER_BETA = 5;
/** The least common rate of the two would be absurd above it. */
const MOST_FACTOR = 400_000;

/** Part of the filter that meets the samples around one output sample. */
interface Phase {
  /** The first sample that it meets, counted from the one at or before the output sample. */
  from: number;
  /** One number a sample. */
  taps: Float64Array;
}

/** What makes one rate of another: for each place that an output sample can have between two input samples, its filter. */
export interface Filter {
  up: number;
  down: number;
  phases: readonly Phase[];
}

/**
 * A filter that keeps what both rates can hold: a sinc under a Kaiser window, as scipy.signal.resample_poly makes it by
 * default (https://docs.scipy.org/doc/scipy/reference/generated/scipy.signal.resample_poly.html).
 *
 * @param from samples a second that are there, a whole number above 0
 * @param to samples a second that are wanted
 * @throws Error with a reason for people when the two have no sensible common multiple
 */
export function resamplingFilter(from: number, to: number): Filter {
  const divisor = greatestDivisor(from, to);
  const [up, down] = [to / divisor, from / divisor];
  const widest = Math.max(up, down);
  if (widest > MOST_FACTOR) throw new Error(`${from} samples a second cannot be made ${to}`);
  const half = LOBES * widest;
  const whole = new Float64Array(2 * half + 1);
  const scale = bessel(KAISER_BETA);
  let sum = 0;
  for (let at = -half; at <= half; at++) {
    const angle = (Math.PI * at) / widest;
    const sinc = at === 0 ? 1 : Math.sin(angle) / angle;
    sum += whole[at + half] = (sinc * bessel(KAISER_BETA * Math.sqrt(1 - (at / half) ** 2))) / scale;
  }
  const phases = Array.from({ length: up }, (_, phase): Phase => {
    const first = Math.ceil((phase - half) / up);
    const last = Math.floor((phase + half) / up);
    const taps = Float64Array.from(
      { length: last - first + 1 },
      (_, index) => (whole[half + phase - (first + index) * up]! / sum) * up,
    );
    return { from: first, taps };
  });
  return { up, down, phases };
}

/** Makes samples of one rate from those of another, piece by piece; the pieces are as one long recording. */
export class Resampler {
  readonly #filter: Filter;
  /** Samples that are still needed, and the number of the first of them in the recording. */
  #held = new Float32Array(0);
  #first = 0;
  /** Number of the next output sample. */
  #next = 0;

  constructor(filter: Filter) {
    this.#filter = filter;
  }

  /** @returns what can be said with the samples so far */
  push(samples: Float32Array): Float32Array {
    const held = new Float32Array(this.#held.length + samples.length);
    held.set(this.#held);
    held.set(samples, this.#held.length);
    this.#held = held;
    const { up, down, phases } = this.#filter;
    // No filter meets more samples behind its own than the first one of them.
    const reach = phases[0]!.taps.length;
    const sure = this.#first + held.length - reach;
    return this.#advance(Math.max(this.#next, Math.floor((sure * up) / down)));
  }

  /** @returns the rest, as if silence followed */
  finish(): Float32Array {
    const { up, down } = this.#filter;
    return this.#advance(Math.ceil(((this.#first + this.#held.length) * up) / down));
  }

  /** Makes the output samples up to a number. */
  #advance(end: number): Float32Array {
    const { up, down, phases } = this.#filter;
    const held = this.#held;
    const out = new Float32Array(end - this.#next);
    for (let index = 0; index < out.length; index++) {
      const place = (this.#next + index) * down;
      const { from, taps } = phases[place % up]!;
      const begin = Math.floor(place / up) + from - this.#first;
      const last = Math.min(taps.length, held.length - begin);
      let sum = 0;
      for (let tap = Math.max(0, -begin); tap < last; tap++) sum += taps[tap]! * held[begin + tap]!;
      out[index] = sum;
    }
    this.#next = end;
    const needed = Math.floor((end * down) / up) - phases[0]!.taps.length - this.#first;
    if (needed > 0) {
      this.#held = held.slice(needed);
      this.#first += Math.min(needed, held.length);
    }
    return out;
  }
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** The modified Bessel function of order 0, by its series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (x / (2 * n)) ** 2;
    sum += term;
  }
  return sum;
}
