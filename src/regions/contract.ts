import type { PlainTensor } from '../inputs/contract.js';
import type { LabelNode, ParsedControl } from '../label-config/parse.js';
import type { OutputSpec } from '../registry/version.js';

/**
 * What a region kind is: how a model's output fills one control tag.
 *
 * `check` and `bind` run in the server when a project is set up; what `bind` returns crosses to the inference child,
 * where `encode` turns each row of the raw outputs into Label Studio results. `reader` goes the other way: from what
 * annotators answered to what a model is to learn.
 */

/** A Label Studio result; see https://labelstud.io/guide/predictions */
export interface Region {
  id: string;
  from_name: string;
  to_name: string;
  type: string;
  value: Record<string, unknown>;
  score?: number;
  [key: string]: unknown;
}

/** The control that a model is asked to fill, as the project's config has it. */
export interface BindTarget {
  name: string;
  tag: string;
  toName: string;
  attributes: Readonly<Record<string, string>>;
  parsed: ParsedControl;
  labelTree?: readonly LabelNode[];
}

/** A result without what the binding adds: `id`, `from_name`, `to_name` and `type`. */
export interface RegionBody {
  value: Record<string, unknown>;
  score?: number;
  [key: string]: unknown;
}

/** One control's result for one row. `score` is the prediction's confidence, 0..1, or null where there is none. */
export interface EncodedRow {
  results: RegionBody[];
  score: number | null;
}

/** What a model is to answer for a task: one label, any number of them, or a number. */
export type Target = string | readonly string[] | number;

/** What one annotated value says. */
export interface Reading {
  /** Null when it says nothing that the config allows. Of several labels, those that the config has, in its order. */
  target: Target | null;
  /** Whether it named something that the config has no more; with a null target and without this it is unreadable. */
  outdated: boolean;
}

/** Reads annotations of one control. */
export interface AnswerReader {
  /** The labels that targets are made of, in the order of the config; null: targets are numbers. */
  labels: readonly string[] | null;
  /**
   * Reads the `value` of a result of this control's type. Never throws: what annotations hold was never checked, and
   * the config may have changed since.
   */
  read(value: Readonly<Record<string, unknown>>): Reading;
}

/** An entry of the manifest's `outputs`, without `control` and `name`. */
export type RegionOptions = Readonly<Record<string, unknown>>;

/** One row from a model's numbers to results, which the tests serve as they serve any model. */
export interface RegionExample {
  /** The control with all that is in it, `name="control"` and `toName="object"`. */
  control: string;
  options: RegionOptions;
  output: OutputSpec;
  /** The graph's outputs for one row, by name. */
  outputs: Readonly<Record<string, PlainTensor>>;
  /** What `encode` makes of them. */
  encoded: EncodedRow;
  /** What the same value teaches when an annotator submits it. */
  target: Target;
}

export interface RegionKind<Binding = unknown> {
  /** The control tag, such as `Choices`; also the word in the manifest's `outputs[].control`. */
  tag: string;
  /** `type` of the results: the tag in lower case. */
  type: string;
  /** JSON schema of an entry of the manifest's `outputs`, without `control` and `name`. */
  optionsSchema: Readonly<Record<string, unknown>>;
  /**
   * Decides whether the control is one that such an entry can fill, whatever a model's labels are: a recipe, which has
   * none yet, is asked as well.
   * @throws AppError `no_model_fits` when it cannot; its message goes on from "the model '<name>' "
   */
  check(target: BindTarget, options: RegionOptions): void;
  /**
   * Decides how a version's output fills a control that passed `check`.
   * @returns plain JSON for `encode`
   * @throws AppError `label_mismatch` or `no_model_fits`, naming both sides, when it cannot; its message goes on from
   *   "the model '<name>' "
   */
  bind(target: BindTarget, output: OutputSpec, options: RegionOptions): Binding;
  /**
   * The result of one row. `outputs` are the graph's outputs by name, `row` the index along their first axis.
   * @throws AppError `model_failed` when the row's numbers mean nothing (NaN): that task's failure, not the others'
   */
  encode(
    outputs: Readonly<Record<string, PlainTensor>>,
    row: number,
    output: OutputSpec,
    binding: Binding,
  ): EncodedRow;
  /** Prepares to read annotations of a control that passed `check`. Targets are labels that `bind` maps to the control. */
  reader(target: BindTarget, options: RegionOptions): AnswerReader;
  example: RegionExample;
}
