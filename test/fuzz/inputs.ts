import { assert } from 'chai';
import { ERRORS, type ErrorCode } from '../../src/errors.js';

/** `FUZZ_SEED` repeats a run that failed, or tries another one. */
export const SEED = Number(process.env.FUZZ_SEED || 20261124);

/** How many inputs are tried: `FUZZ_INPUTS`, else a small sample. */
export const inputsOr = (sample: number) => Number(process.env.FUZZ_INPUTS || sample);

/** Time for so many inputs on a busy machine, in milliseconds. */
export const timeFor = (inputs: number) => 120_000 + 500 * inputs;

/** What JavaScript says of a program's own fault. */
const OWN_FAULT =
  /Cannot (read propert|set propert|convert|destructure|access)|is not (a function|iterable|a constructor)|Invalid array length|Maximum call stack|\bat .*\.[jt]s:\d+|node_modules|\[object /;

/** What holds for the message of every error that people read. */
export function checkMessage(message: unknown, told: string): void {
  assert.isString(message, told);
  assert.notMatch(message as string, OWN_FAULT, told);
}

/** What holds for an error that an input may cause. @param codes those that it may have; absent: all but `internal` */
export function checkError(
  { code, message }: { code: ErrorCode; message: string },
  told: string,
  codes?: RegExp,
) {
  assert.property(ERRORS, code, told);
  if (codes) assert.match(code, codes, told);
  else assert.notEqual(code, 'internal', told);
  checkMessage(message, told);
}

/** Faults that do not end the run: one hides no other. */
export class Faults {
  readonly #messages: string[] = [];

  /** Runs checks. */
  see(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#messages.push((error as Error).message);
    }
  }

  expectNone(): void {
    const { length } = this.#messages;
    assert.equal(
      length,
      0,
      `${length} faults, of which some:\n${this.#messages.slice(0, 10).join('\n\n')}\n`,
    );
  }
}
