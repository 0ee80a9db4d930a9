/** The prime factors of a number, those of 4 together and first. */
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

/** Cosine and sine of 2 pi / 5 and of 4 pi / 5. */
const [C1, S1] = [Math.cos((2 * Math.PI) / 5), Math.sin((2 * Math.PI) / 5)];
const [C2, S2] = [Math.cos((4 * Math.PI) / 5), Math.sin((4 * Math.PI) / 5)];

/**
 * The discrete Fourier transform of real samples, of any number of them; quick where that is a product of small numbers
 * (Stockham's variant of Cooley and Tukey, 1965). Of an even number, two samples are one complex number.
 *
 * @example
 * const transform = new Fourier(400);
 * transform.power(frame, spectrum); // 400 numbers to 201
 */
export class Fourier {
  readonly length: number;
  readonly #points: number;
  readonly #factors: number[];
  /** exp(-2 pi i k / points) and exp(-2 pi i k / length). */
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #wholeCos: Float64Array;
  readonly #wholeSin: Float64Array;
  /** Real and imaginary parts, and those of the next pass. */
  #re: Float64Array;
  #im: Float64Array;
  #nextRe: Float64Array;
  #nextIm: Float64Array;
  readonly #partRe: Float64Array;
  readonly #partIm: Float64Array;

  constructor(length: number) {
    this.length = length;
    this.#points = length % 2 === 0 ? length / 2 : length;
    this.#factors = factorsOf(this.#points);
    const table = (points: number, of: (angle: number) => number) =>
      Float64Array.from({ length: points }, (_, k) => of((-2 * Math.PI * k) / points));
    this.#cos = table(this.#points, Math.cos);
    this.#sin = table(this.#points, Math.sin);
    this.#wholeCos = table(length, Math.cos);
    this.#wholeSin = table(length, Math.sin);
    [this.#re, this.#im, this.#nextRe, this.#nextIm] = [0, 0, 0, 0].map(
      () => new Float64Array(this.#points),
    ) as [Float64Array, Float64Array, Float64Array, Float64Array];
    const most = Math.max(1, ...this.#factors);
    this.#partRe = new Float64Array(most);
    this.#partIm = new Float64Array(most);
  }

  /**
   * The squared size of each frequency up to the half.
   * @param samples as many as the transform is long
   * @param spectrum gets `floor(length / 2) + 1` numbers
   */
  power(samples: Float64Array, spectrum: Float64Array): void {
    const points = this.#points;
    const isPaired = points !== this.length;
    for (let at = 0; at < points; at++) {
      this.#re[at] = isPaired ? samples[2 * at]! : samples[at]!;
      this.#im[at] = isPaired ? samples[2 * at + 1]! : 0;
    }
    let [size, stride] = [points, 1];
    for (const factor of this.#factors) {
      this.#pass(factor, size / factor, stride);
      size /= factor;
      stride *= factor;
      [this.#re, this.#nextRe] = [this.#nextRe, this.#re];
      [this.#im, this.#nextIm] = [this.#nextIm, this.#im];
    }
    const [re, im] = [this.#re, this.#im];
    for (let k = 0; k <= this.length >> 1; k++) {
      if (!isPaired) {
        spectrum[k] = re[k]! ** 2 + im[k]! ** 2;
        continue;
      }
      // What the even and the odd samples gave is taken apart again.
      const [here, there] = [k % points, (points - k) % points];
      const evenRe = (re[here]! + re[there]!) / 2;
      const evenIm = (im[here]! - im[there]!) / 2;
      const oddRe = (im[here]! + im[there]!) / 2;
      const oddIm = (re[there]! - re[here]!) / 2;
      const [cos, sin] = [this.#wholeCos[k % this.length]!, this.#wholeSin[k % this.length]!];
      spectrum[k] = (evenRe + oddRe * cos - oddIm * sin) ** 2 + (evenIm + oddRe * sin + oddIm * cos) ** 2;
    }
  }

  /** Joins transforms `stride` apart, `factor` of them to one, for each of `groups`. */
  #pass(factor: number, groups: number, stride: number): void {
    const [re, im, toRe, toIm] = [this.#re, this.#im, this.#nextRe, this.#nextIm];
    const [cos, sin] = [this.#cos, this.#sin];
    const [partRe, partIm] = [this.#partRe, this.#partIm];
    for (let group = 0; group < groups; group++) {
      for (let each = 0; each < stride; each++) {
        for (let k = 0, at = each + stride * group; k < factor; k++, at += stride * groups) {
          partRe[k] = re[at]!;
          partIm[k] = im[at]!;
        }
        this.#small(factor);
        for (let k = 0, at = each + stride * factor * group; k < factor; k++, at += stride) {
          const turn = group * k * stride;
          toRe[at] = partRe[k]! * cos[turn]! - partIm[k]! * sin[turn]!;
          toIm[at] = partRe[k]! * sin[turn]! + partIm[k]! * cos[turn]!;
        }
      }
    }
  }

  /** Transforms the few numbers that `#pass` holds, in place. */
  #small(count: number): void {
    const [re, im] = [this.#partRe, this.#partIm];
    if (count === 2) {
      const [a, b] = [re[1]!, im[1]!];
      re[1] = re[0]! - a;
      im[1] = im[0]! - b;
      re[0]! += a;
      im[0]! += b;
    } else if (count === 4) {
      const [sumRe, sumIm] = [re[0]! + re[2]!, im[0]! + im[2]!];
      const [offRe, offIm] = [re[0]! - re[2]!, im[0]! - im[2]!];
      const [otherRe, otherIm] = [re[1]! + re[3]!, im[1]! + im[3]!];
      const [sideRe, sideIm] = [im[1]! - im[3]!, re[3]! - re[1]!];
      re[0] = sumRe + otherRe;
      im[0] = sumIm + otherIm;
      re[1] = offRe + sideRe;
      im[1] = offIm + sideIm;
      re[2] = sumRe - otherRe;
      im[2] = sumIm - otherIm;
      re[3] = offRe - sideRe;
      im[3] = offIm - sideIm;
    } else if (count === 5) {
      const [r0, i0] = [re[0]!, im[0]!];
      const [r14, i14, d14, e14] = [re[1]! + re[4]!, im[1]! + im[4]!, re[1]! - re[4]!, im[1]! - im[4]!];
      const [r23, i23, d23, e23] = [re[2]! + re[3]!, im[2]! + im[3]!, re[2]! - re[3]!, im[2]! - im[3]!];
      const [firstRe, firstIm] = [r0 + C1 * r14 + C2 * r23, i0 + C1 * i14 + C2 * i23];
      const [secondRe, secondIm] = [r0 + C2 * r14 + C1 * r23, i0 + C2 * i14 + C1 * i23];
      const [a, b] = [S1 * e14 + S2 * e23, S1 * d14 + S2 * d23];
      const [c, d] = [S2 * e14 - S1 * e23, S2 * d14 - S1 * d23];
      re[0] = r0 + r14 + r23;
      im[0] = i0 + i14 + i23;
      re[1] = firstRe + a;
      im[1] = firstIm - b;
      re[4] = firstRe - a;
      im[4] = firstIm + b;
      re[2] = secondRe + c;
      im[2] = secondIm - d;
      re[3] = secondRe - c;
      im[3] = secondIm + d;
    } else {
      const [fromRe, fromIm] = [re.slice(0, count), im.slice(0, count)];
      const step = this.#points / count;
      for (let k = 0; k < count; k++) {
        let [sumRe, sumIm] = [0, 0];
        for (let n = 0; n < count; n++) {
          const turn = ((k * n) % count) * step;
          sumRe += fromRe[n]! * this.#cos[turn]! - fromIm[n]! * this.#sin[turn]!;
          sumIm += fromRe[n]! * this.#sin[turn]! + fromIm[n]! * this.#cos[turn]!;
        }
        re[k] = sumRe;
        im[k] = sumIm;
      }
    }
  }
}
