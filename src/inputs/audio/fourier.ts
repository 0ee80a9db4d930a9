/** One step of a transform: `radix` transforms of `size` points become one. */
interface Step {
  radix: number;
  size: number;
  /** Roots of unity of the whole step: cosines, sines. */
  cos: Float64Array;
  sin: Float64Array;
}

const COS_1 = Math.cos((2 * Math.PI) / 5);
const COS_2 = Math.cos((4 * Math.PI) / 5);
const SIN_1 = Math.sin((2 * Math.PI) / 5);
const SIN_2 = Math.sin((4 * Math.PI) / 5);

/**
 * The discrete Fourier transform of any length, quick where that is a product of small numbers: mixed radix, decimation in
 * time (Cooley and Tukey, 1965, https://doi.org/10.1090/S0025-5718-1965-0178586-1).
 *
 * @example
 * const fourier = new Fourier(400);
 * fourier.powers(frame, next, spectrum, nextSpectrum); // twice 400 numbers to 201
 */
export class Fourier {
  readonly length: number;
  readonly #re: Float64Array;
  readonly #im: Float64Array;
  readonly #steps: readonly Step[];
  /** For each point, which one of the input it begins as. */
  readonly #order: Uint32Array;
  readonly #partRe: Float64Array;
  readonly #partIm: Float64Array;

  /** @param length at least 1 */
  constructor(length: number) {
    this.length = length;
    this.#re = new Float64Array(length);
    this.#im = new Float64Array(length);
    const radices = factorsOf(length);
    let done = 1;
    this.#steps = radices.map(radix => {
      const step = { radix, size: done, ...roots(radix * done) };
      done *= radix;
      return step;
    });
    this.#order = Uint32Array.from({ length }, (_, place) => source(place, length, radices));
    const widest = Math.max(1, ...radices);
    this.#partRe = new Float64Array(widest);
    this.#partIm = new Float64Array(widest);
  }

  /**
   * The squared size of each frequency up to the half, of two lists of samples: one transform of complex numbers is both.
   *
   * @param first as many as the transform is long
   * @param second the same
   * @param firstPowers gets `floor(length / 2) + 1` numbers
   * @param secondPowers the same
   */
  powers(
    first: Float64Array,
    second: Float64Array,
    firstPowers: Float64Array,
    secondPowers: Float64Array,
  ): void {
    this.#transform(first, second);
    const re = this.#re;
    const im = this.#im;
    for (let k = 0; k <= this.length >> 1; k++) {
      const mirror = k === 0 ? 0 : this.length - k;
      const evenRe = re[k]! + re[mirror]!;
      const evenIm = im[k]! - im[mirror]!;
      const oddRe = im[k]! + im[mirror]!;
      const oddIm = re[mirror]! - re[k]!;
      firstPowers[k] = (evenRe * evenRe + evenIm * evenIm) / 4;
      secondPowers[k] = (oddRe * oddRe + oddIm * oddIm) / 4;
    }
  }

  /** Transforms points of these real and imaginary parts. */
  #transform(real: Float64Array, imaginary: Float64Array): void {
    const order = this.#order;
    for (let place = 0; place < order.length; place++) {
      this.#re[place] = real[order[place]!]!;
      this.#im[place] = imaginary[order[place]!]!;
    }
    for (const step of this.#steps) {
      if (step.radix === 4) this.#four(step);
      else if (step.radix === 2) this.#two(step);
      else if (step.radix === 5) this.#five(step);
      else this.#any(step);
    }
  }

  #two({ size, cos, sin }: Step): void {
    const re = this.#re;
    const im = this.#im;
    for (let first = 0; first < re.length; first += 2 * size) {
      for (let at = 0; at < size; at++) {
        const a = first + at;
        const b = a + size;
        const bRe = re[b]! * cos[at]! - im[b]! * sin[at]!;
        const bIm = re[b]! * sin[at]! + im[b]! * cos[at]!;
        re[b] = re[a]! - bRe;
        im[b] = im[a]! - bIm;
        re[a] = re[a]! + bRe;
        im[a] = im[a]! + bIm;
      }
    }
  }

  #four({ size, cos, sin }: Step): void {
    const re = this.#re;
    const im = this.#im;
    for (let first = 0; first < re.length; first += 4 * size) {
      for (let at = 0; at < size; at++) {
        const a = first + at;
        const b = a + size;
        const c = b + size;
        const d = c + size;
        const bRe = re[b]! * cos[at]! - im[b]! * sin[at]!;
        const bIm = re[b]! * sin[at]! + im[b]! * cos[at]!;
        const cRe = re[c]! * cos[2 * at]! - im[c]! * sin[2 * at]!;
        const cIm = re[c]! * sin[2 * at]! + im[c]! * cos[2 * at]!;
        const dRe = re[d]! * cos[3 * at]! - im[d]! * sin[3 * at]!;
        const dIm = re[d]! * sin[3 * at]! + im[d]! * cos[3 * at]!;
        const evenRe = re[a]! + cRe;
        const evenIm = im[a]! + cIm;
        const aheadRe = re[a]! - cRe;
        const aheadIm = im[a]! - cIm;
        const oddRe = bRe + dRe;
        const oddIm = bIm + dIm;
        const behindRe = bRe - dRe;
        const behindIm = bIm - dIm;
        re[a] = evenRe + oddRe;
        im[a] = evenIm + oddIm;
        re[b] = aheadRe + behindIm;
        im[b] = aheadIm - behindRe;
        re[c] = evenRe - oddRe;
        im[c] = evenIm - oddIm;
        re[d] = aheadRe - behindIm;
        im[d] = aheadIm + behindRe;
      }
    }
  }

  #five({ size, cos, sin }: Step): void {
    const re = this.#re;
    const im = this.#im;
    for (let first = 0; first < re.length; first += 5 * size) {
      for (let at = 0; at < size; at++) {
        const a = first + at;
        const b = a + size;
        const c = b + size;
        const d = c + size;
        const e = d + size;
        const bRe = re[b]! * cos[at]! - im[b]! * sin[at]!;
        const bIm = re[b]! * sin[at]! + im[b]! * cos[at]!;
        const cRe = re[c]! * cos[2 * at]! - im[c]! * sin[2 * at]!;
        const cIm = re[c]! * sin[2 * at]! + im[c]! * cos[2 * at]!;
        const dRe = re[d]! * cos[3 * at]! - im[d]! * sin[3 * at]!;
        const dIm = re[d]! * sin[3 * at]! + im[d]! * cos[3 * at]!;
        const eRe = re[e]! * cos[4 * at]! - im[e]! * sin[4 * at]!;
        const eIm = re[e]! * sin[4 * at]! + im[e]! * cos[4 * at]!;
        // The second and the fifth root of unity are conjugates, as are the third and the fourth.
        const outRe = bRe + eRe;
        const outIm = bIm + eIm;
        const outRe2 = bRe - eRe;
        const outIm2 = bIm - eIm;
        const inRe = cRe + dRe;
        const inIm = cIm + dIm;
        const inRe2 = cRe - dRe;
        const inIm2 = cIm - dIm;
        const nearRe = re[a]! + outRe * COS_1 + inRe * COS_2;
        const nearIm = im[a]! + outIm * COS_1 + inIm * COS_2;
        const farRe = re[a]! + outRe * COS_2 + inRe * COS_1;
        const farIm = im[a]! + outIm * COS_2 + inIm * COS_1;
        const nearRe2 = outIm2 * SIN_1 + inIm2 * SIN_2;
        const nearIm2 = outRe2 * SIN_1 + inRe2 * SIN_2;
        const farRe2 = outIm2 * SIN_2 - inIm2 * SIN_1;
        const farIm2 = outRe2 * SIN_2 - inRe2 * SIN_1;
        re[a] = re[a]! + outRe + inRe;
        im[a] = im[a]! + outIm + inIm;
        re[b] = nearRe + nearRe2;
        im[b] = nearIm - nearIm2;
        re[e] = nearRe - nearRe2;
        im[e] = nearIm + nearIm2;
        re[c] = farRe + farRe2;
        im[c] = farIm - farIm2;
        re[d] = farRe - farRe2;
        im[d] = farIm + farIm2;
      }
    }
  }

  #any({ radix, size, cos, sin }: Step): void {
    const re = this.#re;
    const im = this.#im;
    const partRe = this.#partRe;
    const partIm = this.#partIm;
    const whole = radix * size;
    for (let first = 0; first < re.length; first += whole) {
      for (let at = 0; at < size; at++) {
        for (let part = 0; part < radix; part++) {
          partRe[part] = re[first + at + part * size]!;
          partIm[part] = im[first + at + part * size]!;
        }
        for (let to = 0; to < radix; to++) {
          const turn = at + to * size;
          let sumRe = partRe[0]!;
          let sumIm = partIm[0]!;
          let root = 0;
          for (let part = 1; part < radix; part++) {
            root += turn;
            if (root >= whole) root -= whole;
            sumRe += partRe[part]! * cos[root]! - partIm[part]! * sin[root]!;
            sumIm += partRe[part]! * sin[root]! + partIm[part]! * cos[root]!;
          }
          re[first + turn] = sumRe;
          im[first + turn] = sumIm;
        }
      }
    }
  }
}

/** The prime factors of a number, those of 4 together: the radices of the steps, the first one first. */
function factorsOf(length: number): number[] {
  const factors: number[] = [];
  let rest = length;
  for (let factor = 4; rest > 1; ) {
    if (rest % factor === 0) {
      factors.push(factor);
      rest /= factor;
    } else factor = factor === 4 ? 2 : factor === 2 ? 3 : factor + 2;
  }
  return factors;
}

/** Where a point comes from: its number with the digits, in the radices of the steps, the other way round. */
function source(place: number, size: number, radices: readonly number[]): number {
  let [from, rest, stride] = [0, place, size];
  for (const radix of radices) {
    stride /= radix;
    from += (rest % radix) * stride;
    rest = Math.floor(rest / radix);
  }
  return from;
}

function roots(count: number): Pick<Step, 'cos' | 'sin'> {
  const angle = (at: number) => (-2 * Math.PI * at) / count;
  return {
    cos: Float64Array.from({ length: count }, (_, at) => Math.cos(angle(at))),
    sin: Float64Array.from({ length: count }, (_, at) => Math.sin(angle(at))),
  };
}
