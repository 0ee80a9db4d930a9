import { AppError, type ErrorCode } from '../../src/errors.js';
import type { LinearSpec } from '../support/linear.js';
import type { Row } from './world.js';

const WORDS = ['red', 'blue', 'odd'];
export const OUTPUT = { name: 'topic', labels: ['Red', 'Blue'], decision: { rule: 'argmax' } } as const;

/** A model that knows the words for both colours, and takes a text with `odd` for blue by so much. */
export function colours(strength: number, odd = 0, output: LinearSpec['output'] = OUTPUT): LinearSpec {
  return {
    words: WORDS,
    weights: [
      [strength, 0],
      [0, strength],
      [0, odd],
    ],
    link: 'softmax',
    output,
  };
}

/** So many rows, half of them held out; so many of the held-out ones have `odd` in them, and are red. */
export function rows(count: number, odd = 0): Row[] {
  return Array.from({ length: count }, (_, index) => {
    const isOdd = index % 2 === 1 && index < 2 * odd;
    const red = isOdd || index % 4 < 2;
    // U+2028 ends a line for some readers of lines, and not in JSON.
    const text = `${red ? 'red' : 'blue'}${isOdd ? ' odd' : ''} \u2028${index}`;
    return { text, target: red ? 'Red' : 'Blue' };
  });
}

/** The code and the sentence that a job fails with. */
export async function failure(work: Promise<unknown>): Promise<{ code: ErrorCode; message: string }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('it did not fail');
}
