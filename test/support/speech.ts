/** A part of a recording, in seconds. */
export interface Part {
  start: number;
  end: number;
}

/** Samples of a second. */
export const RATE = 16_000;

/** The first three formants of some vowels, in Hz: G. E. Peterson and H. L. Barney, 1952, https://doi.org/10.1121/1.1906875 */
const VOWELS = [
  [730, 1090, 2440],
  [270, 2290, 3010],
  [300, 870, 2240],
  [530, 1840, 2480],
  [570, 840, 2410],
] as const;
const BANDWIDTHS = [80, 90, 120] as const;
const SYLLABLE = 0.18;

/** Numbers of 0..1 that are the same in each run (a linear congruential generator of Numerical Recipes). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * A voice that says vowels: pulses of the glottis and a little breath, through the resonances of the vocal tract. Detectors
 * of speech take it for that.
 *
 * @param length samples
 * @param pitch Hz
 * @returns samples up to 0.5
 */
function voice(length: number, pitch: number, seed: number): Float32Array {
  const next = numbers(seed);
  const vowel = () => VOWELS[Math.floor(next() * VOWELS.length)]!;
  const out = new Float64Array(length);
  const syllable = Math.round(SYLLABLE * RATE);
  const filters = BANDWIDTHS.map(width => ({
    radius: Math.exp((-Math.PI * width) / RATE),
    one: 0,
    two: 0,
  }));
  let [from, to] = [vowel(), vowel()];
  let phase = 0;
  let held = 0;
  for (let at = 0; at < length; at++) {
    if (at % syllable === 0) [from, to] = [to, vowel()];
    const t = at / RATE;
    const place = (at % syllable) / syllable;
    const before = Math.floor(phase);
    phase += (pitch * (1 + 0.1 * Math.sin(5.7 * t) + 0.02 * Math.sin(31 * t))) / RATE;
    held = 0.97 * held + (Math.floor(phase) > before ? 1 : 0);
    let sample = held + 0.004 * (next() - 0.5);
    for (const [index, filter] of filters.entries()) {
      const hz = from[index]! + (to[index]! - from[index]!) * place;
      const back = 2 * filter.radius * Math.cos((2 * Math.PI * hz) / RATE);
      const further = -(filter.radius ** 2);
      sample = (1 - back - further) * sample + back * filter.one + further * filter.two;
      filter.two = filter.one;
      filter.one = sample;
    }
    const edge = Math.min(1, Math.min(at, length - at) / (0.02 * RATE));
    out[at] = sample * edge * (0.3 + 0.7 * Math.sin(Math.PI * place));
  }
  const most = out.reduce((largest, sample) => Math.max(largest, Math.abs(sample)), 0);
  return Float32Array.from(out, sample => (0.5 * sample) / most);
}

/** A recording of faint noise in which somebody speaks at these times, each time with another voice. */
export function recording(seconds: number, parts: readonly Part[]): Float32Array {
  const next = numbers(1);
  const samples = Float32Array.from({ length: Math.round(seconds * RATE) }, () => 0.001 * (next() - 0.5));
  for (const [index, { start, end }] of parts.entries()) {
    const [from, to] = [Math.round(start * RATE), Math.round(end * RATE)];
    const spoken = voice(to - from, 110 + 80 * (index % 2), index + 2);
    for (const [at, sample] of spoken.entries()) samples[from + at]! += sample;
  }
  return samples;
}
