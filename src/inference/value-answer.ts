import { AppError } from '../errors.js';
import type { EncodedRow, RowOutputs } from '../regions/contract.js';
import { REGIONS } from '../regions/index.js';
import { type Answer, type ControlBinding, failureText, type VersionSource } from './protocol.js';
import { ResultList } from './results.js';

/** What is known of one control while parts of a value are still to come. */
interface OpenControl {
  /** What the region kind kept of each part. */
  kept: unknown[];
  /** What a kind that keeps nothing made of the first part. */
  encoded?: EncodedRow;
}

/** Makes the answer to one value of what a graph gives for it: at once, or in several parts. */
export class ValueAnswer {
  readonly #version: VersionSource;
  readonly #controls: readonly ControlBinding[];
  readonly #reasonOf: (failure: AppError) => AppError;
  #open: OpenControl[] | undefined;
  #failure: AppError | undefined;

  /** @param reasonOf says in other words why there is no prediction, see `LoadedVersion.reasonOf` */
  constructor(
    version: VersionSource,
    controls: readonly ControlBinding[],
    reasonOf: (failure: AppError) => AppError = failure => failure,
  ) {
    this.#version = version;
    this.#controls = controls;
    this.#reasonOf = reasonOf;
  }

  /** Takes a part that is not the last one. */
  add(answer: RowOutputs): void {
    this.#open ??= this.#controls.map(() => ({ kept: [] }));
    this.#try(() => {
      for (const [index, { row, output, data }] of this.#controls.entries()) {
        const { part, encode } = REGIONS[row]!;
        const open = this.#open![index]!;
        const spec = this.#version.outputs[output]!;
        if (part) open.kept.push(part(answer, spec, data));
        else open.encoded ??= encode(answer, spec, data);
      }
    });
  }

  /** The text of the value's item, with the last part: its prediction, or why its numbers are none. */
  finish(answer: RowOutputs): string {
    const item = this.#try(() => JSON.stringify(this.#answer(answer)));
    if (item !== undefined) return item;
    const { code, message } = this.#reasonOf(this.#failure!);
    return failureText({ code, message }, this.#version.label);
  }

  #answer(answer: RowOutputs): Answer {
    const list = new ResultList(answer.drawn);
    for (const [index, control] of this.#controls.entries()) {
      const { type, encode } = REGIONS[control.row]!;
      const open = this.#open?.[index];
      const whole = open ? { ...answer, before: open.kept } : answer;
      const encoded = open?.encoded ?? encode(whole, this.#version.outputs[control.output]!, control.data);
      list.add(encoded, control, type);
    }
    return { ...list.finish(), model_version: this.#version.label };
  }

  /** Does nothing after a failure: that of one part is that of the value. */
  #try<T>(make: () => T): T | undefined {
    if (this.#failure) return undefined;
    try {
      return make();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#failure = error;
      return undefined;
    }
  }
}
