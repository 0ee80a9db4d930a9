/**
 * Half precision: ONNX Runtime gives and takes the bits of `float16` where the engine has no array of that type.
 *
 * IEEE 754 binary16: a sign, 5 bits of the exponent (biased by 15) and 10 of the fraction.
 */

/** Every number that there is, by its bits; made when it is first needed. */
let table: Float32Array | undefined;

function singles(): Float32Array {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
  return table;
}

/**
 * The numbers of half precision as single precision, which holds all of them.
 *
 * @param halves their bits, or the numbers themselves where the engine has `Float16Array`
 */
export function floatsOf(halves: Uint16Array | ArrayLike<number>): Float32Array {
  if (!(halves instanceof Uint16Array)) return Float32Array.from(halves);
  const known = singles();
  const floats = new Float32Array(halves.length);
  for (let at = 0; at < halves.length; at++) floats[at] = known[halves[at]!]!;
  return floats;
}

const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/**
 * The bits of the nearest numbers of half precision; of two that are equally near, the even one. From 65520 on it is infinity.
 */
export function halvesOf(floats: ArrayLike<number>): Uint16Array {
  const halves = new Uint16Array(floats.length);
  for (let at = 0; at < floats.length; at++) {
    const value = floats[at]!;
    FLOAT[0] = value;
    let bits = BITS[0]!;
    // Rounded twice, a double could land on the wrong side: as a single that is cut and odd it is no tie any more.
    if (FLOAT[0] !== value) bits = (Math.abs(FLOAT[0]) > Math.abs(value) ? bits - 1 : bits) | 1;
    const sign = (bits >>> 16) & 0x8000;
    const size = bits & 0x7fffffff;
    if (size > 0x7f800000) halves[at] = sign | 0x7e00;
    else if (size >= 0x477ff000) halves[at] = sign | 0x7c00;
    // Below 2 ** -14 halves are multiples of 2 ** -24.
    else if (size < 0x38800000) halves[at] = sign | roundEven(Math.abs(value) * 2 ** 24);
    else halves[at] = sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
  }
  return halves;
}

function roundEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}
