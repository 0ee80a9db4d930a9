/** Zero crossings of the filter on each side, and how steep its window is: the defaults of SciPy. */
const CROSSINGS = 10;
const BETA = 5;

/** The modified Bessel function of the first kind and order 0, by its series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/**
 * Resamples by a windowed sinc filter, as `scipy.signal.resample_poly` does:
 * https://docs.scipy.org/doc/scipy/reference/generated/scipy.signal.resample_poly.html
 *
 * @param from samples of a second
 * @param to samples of a second
 * @returns `ceil(samples.length * to / from)` samples
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples;
  const common = gcd(from, to);
  const [up, down] = [to / common, from / common];
  const half = CROSSINGS * Math.max(up, down);
  const filter = lowPass(half, 1 / Math.max(up, down)).map(tap => tap * up);
  const result = new Float32Array(Math.ceil((samples.length * up) / down));
  for (let index = 0; index < result.length; index++) {
    // The filter's tap for each sample, were there up - 1 zeros behind each.
    const center = index * down;
    const first = Math.max(0, Math.ceil((center - half) / up));
    const last = Math.min(samples.length - 1, Math.floor((center + half) / up));
    let sum = 0;
    for (let sample = first, tap = half + center - first * up; sample <= last; sample++, tap -= up)
      sum += samples[sample]! * filter[tap]!;
    result[index] = sum;
  }
  return result;
}

/** A low-pass filter of 2 * half + 1 taps that lets a constant through as it is. */
function lowPass(half: number, cutoff: number): Float64Array {
  const taps = Float64Array.from({ length: 2 * half + 1 }, (_, index) => {
    const x = (index - half) * cutoff;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    const place = (index - half) / half;
    return sinc * bessel(BETA * Math.sqrt(Math.max(0, 1 - place * place)));
  });
  const sum = taps.reduce((all, tap) => all + tap, 0);
  return taps.map(tap => tap / sum);
}
