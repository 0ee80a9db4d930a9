import { assert } from 'chai';
import { floatsOf, halvesOf } from '../../src/inference/half.js';
import { runPython } from '../support/python.js';

type Answer = Record<'halves' | 'singles' | 'ofSingles' | 'doubles' | 'ofDoubles', string>;

/** The bits of any NaN: which one it is says nothing. */
const isNotANumber = (bits: number) => (bits & 0x7fff) > 0x7c00;

describe('half precision', () => {
  let answer: Record<keyof Answer, ArrayBuffer>;

  before(async () => {
    const [texts] = await runPython<Answer>('test/inference/half.py', [{ seed: 16 }]);
    const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'base64')).buffer;
    answer = Object.fromEntries(
      Object.entries(texts!).map(([name, text]) => [name, bytesOf(text)]),
    ) as typeof answer;
  });

  it('is read as NumPy reads it, all 65,536 of its numbers', () => {
    const expected = new Float32Array(answer.halves);
    const floats = floatsOf(Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits));
    assert.lengthOf(floats, 2 ** 16);
    for (const [bits, float] of floats.entries()) {
      if (!Object.is(float, expected[bits])) assert.fail(`${bits}: ${float} for ${expected[bits]}`);
    }
  });

  it('is read where the engine has an array of its own type', () => {
    assert.deepEqual([...floatsOf([0.5, -0, 65504])], [0.5, -0, 65504]);
  });

  it('is written as NumPy writes it, single and double precision: to the nearest, ties to even', () => {
    const pairs = [
      [new Float32Array(answer.singles), new Uint16Array(answer.ofSingles)],
      [new Float64Array(answer.doubles), new Uint16Array(answer.ofDoubles)],
    ] as const;
    for (const [numbers, expected] of pairs) {
      assert.isAbove(numbers.length, 80_000);
      const halves = halvesOf(numbers);
      const wrong = [...halves.keys()].filter(
        at => halves[at] !== expected[at] && !(isNotANumber(halves[at]!) && isNotANumber(expected[at]!)),
      );
      const told = wrong.slice(0, 3).map(at => `${numbers[at]}: ${halves[at]} for ${expected[at]}`);
      assert.deepEqual(told, [], `${wrong.length} of ${numbers.length}`);
    }
  });
});
