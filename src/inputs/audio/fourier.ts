/** The prime factors of a number, those of 4 together. */
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

/**
 * The discrete Fourier transform of any length, quick where that is a product of small numbers (Cooley and Tukey, 1965).
 *
 * @example
 * const transform = new Fourier(400);
 * transform.power(frame, spectrum); // 400 numbers to 201
 */
export class Fourier {
  readonly length: number;
  readonly #factors: number[];
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #real: Float64Array;
  readonly #imaginary: Float64Array;
  readonly #partReal = new Float64Array(64);
  readonly #partImaginary = new Float64Array(64);

  constructor(length: number) {
    this.length = length;
    this.#factors = factorsOf(length);
    const most = Math.max(1, ...this.#factors);
    if (most > 64) {
      this.#partReal = new Float64Array(most);
      this.#partImaginary = new Float64Array(most);
    }
    this.#cos = Float64Array.from({ length }, (_, k) => Math.cos((2 * Math.PI * k) / length));
    this.#sin = Float64Array.from({ length }, (_, k) => -Math.sin((2 * Math.PI * k) / length));
    this.#real = new Float64Array(length);
    this.#imaginary = new Float64Array(length);
  }

  /**
   * The squared size of each frequency up to the half.
   * @param samples as many as the transform is long
   * @param spectrum gets `floor(length / 2) + 1` numbers
   */
  power(samples: Float64Array, spectrum: Float64Array): void {
    this.#transform(samples, 0, 1, 0, this.length, 0);
    for (let k = 0; k <= this.length >> 1; k++) spectrum[k] = this.#real[k]! ** 2 + this.#imaginary[k]! ** 2;
  }

  /** Transforms every `stride`th sample from `from` on, `length` of them, to `to`. */
  #transform(
    samples: Float64Array,
    from: number,
    stride: number,
    to: number,
    length: number,
    depth: number,
  ): void {
    if (length === 1) {
      this.#real[to] = samples[from]!;
      this.#imaginary[to] = 0;
      return;
    }
    const factor = this.#factors[depth]!;
    const part = length / factor;
    for (let each = 0; each < factor; each++)
      this.#transform(samples, from + each * stride, stride * factor, to + each * part, part, depth + 1);
    const [real, imaginary] = [this.#real, this.#imaginary];
    const [cos, sin] = [this.#cos, this.#sin];
    const [heldReal, heldImaginary] = [this.#partReal, this.#partImaginary];
    const { length: whole } = this;
    for (let k = 0; k < part; k++) {
      for (let each = 0; each < factor; each++) {
        const at = to + each * part + k;
        const turn = each * k * stride;
        heldReal[each] = real[at]! * cos[turn]! - imaginary[at]! * sin[turn]!;
        heldImaginary[each] = real[at]! * sin[turn]! + imaginary[at]! * cos[turn]!;
      }
      for (let out = 0; out < factor; out++) {
        let sumReal = heldReal[0]!;
        let sumImaginary = heldImaginary[0]!;
        const step = (out * part * stride) % whole;
        for (let each = 1, turn = step; each < factor; each++, turn = (turn + step) % whole) {
          sumReal += heldReal[each]! * cos[turn]! - heldImaginary[each]! * sin[turn]!;
          sumImaginary += heldReal[each]! * sin[turn]! + heldImaginary[each]! * cos[turn]!;
        }
        real[to + out * part + k] = sumReal;
        imaginary[to + out * part + k] = sumImaginary;
      }
    }
  }
}
