import type { InputExample, PlainTensor } from '../inputs/contract.js';
import type { LabelRules } from '../label-config/fit-labels.js';
import type { LabelNode, OtherTag, ParsedControl, TagInfo } from '../label-config/parse.js';
import type { OutputSpec } from '../registry/version.js';
import type { OutputKinds } from './output-kinds.js';

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

/** An arrow between two regions; see https://labelstud.io/tags/relations */
export interface Relation {
  type: 'relation';
  from_id: string;
  to_id: string;
  direction: 'left' | 'right' | 'bi';
  labels?: readonly string[];
}

/** The control that a model is asked to fill, as the project's config has it. */
export interface BindTarget {
  name: string;
  tag: string;
  toName: string;
  /** The object tag that results name in `to_name`; undefined when the config has none of that name. */
  object: TagInfo | undefined;
  attributes: Readonly<Record<string, string>>;
  parsed: ParsedControl;
  labelTree?: readonly LabelNode[];
  /** Whether the object shows pages, each of which is answered for. */
  pages?: true;
  /** The first `<Labels>` on the same object, for a control whose results hold the labels of another. */
  labelsBeside?: { name: string; parsed: ParsedControl };
  /** The tags of the whole config that are neither controls nor objects nor labels of one. */
  others: readonly OtherTag[];
}

/**
 * A result without what the binding adds: `id`, `from_name`, `to_name` and `type`. Other keys than those named here are
 * the result's own, such as `original_width`.
 */
export interface RegionBody {
  value: Record<string, unknown>;
  score?: number;
  /** Absent: the binding makes one, which is the same whenever the value is answered. */
  id?: string;
  /** Which of the same results is its parent, by index: `parentID`. */
  parent?: number;
  /**
   * What it shows, for the results of other controls in the same prediction: two of the same key share their id, as the
   * editor wants it of a place and its label.
   */
  key?: string;
  /** The key of its parent, a result of another control; it has none where that is not shown. */
  parentKey?: string;
  /**
   * The key of the result of another control that it describes (`perRegion`): it gets the id and the place of that, and
   * is left out where that is not shown.
   */
  regionKey?: string;
  /** Its place in the order of reading, for a prediction that has one (`EncodedRow.inOrder`). */
  order?: number;
  [key: string]: unknown;
}

/** A relation of results of one control, each named by its index. */
export interface RelationBody {
  from: number;
  to: number;
  direction: Relation['direction'];
  labels?: readonly string[];
}

/** One control's results for one value. `score` is the prediction's confidence, 0..1, or null where there is none. */
export interface EncodedRow {
  results: RegionBody[];
  relations?: readonly RelationBody[];
  score: number | null;
  /** Whether it is read: the prediction's results then stand in the order of what they describe (`RegionBody.order`). */
  inOrder?: true;
}

/** What a graph answered for one value, and what its input knows of that value. */
export interface RowOutputs {
  /** The graph's outputs by name. */
  outputs: Readonly<Record<string, PlainTensor>>;
  /** The index of the value's first row, along the first axis of the graph's inputs. */
  row: number;
  /** How many rows the graph was given, of this value and of others; absent: as many as its outputs have. */
  rows?: number;
  /** What the input knows of each of the value's rows (more than one if it was cut into windows). */
  metas: readonly unknown[];
  /** What `RegionKind.part` kept of the value's rows that came in earlier batches; absent: there were none. */
  before?: readonly unknown[];
  /** The result of the annotator that the outputs are about, see `BatchRows.drawn`. */
  drawn?: DrawnRegion | undefined;
}

/** A region that the annotator has just made, which goes into the prediction as it is. */
export interface DrawnRegion {
  /** Its results, which share their id; the first says where it is. */
  results: readonly [Region, ...Region[]];
  /** The key of what models say of it. */
  key: string;
}

/** A region as a model is to find it: where it is, in the words of its kind, and its labels. */
export interface RegionTarget {
  labels: readonly string[];
  [place: string]: unknown;
}

/** What a model is to answer for a task: one label, any number of them, a number, texts, or regions. */
export type Target = string | readonly string[] | number | readonly RegionTarget[];

/** What one annotated value says. */
export interface Reading {
  /** Null when it says nothing that the config allows. Of several labels, those that the config has, in its order. */
  target: Target | null;
  /** Whether it named something that the config has no more; with a null target and without this it is unreadable. */
  outdated: boolean;
}

/** Reads annotations of one control. */
export interface AnswerReader {
  /** The labels that targets are made of, in the order of the config; null: targets are numbers or texts. */
  labels: readonly string[] | null;
  /** Whether targets are regions: what has no label is in the data as well, and one label can be learnt. */
  areRegions?: true;
  /**
   * Reads the results of this control's type that an annotation holds, at least one. Never throws: what annotations
   * hold was never checked, and the config may have changed since.
   */
  read(results: readonly AnnotatedResult[]): Reading;
  /**
   * Where the regions of a target are in the value that the model reads; absent: `read` says so already.
   * @param meta what the input knows of the value, see `InputKind.forTraining`
   * @returns null when none of them is in it
   */
  place?(target: Target, meta: unknown): Target | null;
}

/** A result of an annotation; nothing but its type has been checked. */
export type AnnotatedResult = Readonly<Record<string, unknown>>;

/** An entry of the manifest's `outputs`, without `control` and `name`. */
export type RegionOptions = Readonly<Record<string, unknown>>;

/** One row from a model's numbers to results, which the tests serve as they serve any model. */
export interface RegionExample {
  /** The control with all that is in it, `name="control"` and `toName="object"`. */
  control: string;
  options: RegionOptions;
  output: OutputSpec;
  /** The input that the outputs belong to, for a kind that needs its metas; absent: any input will do. */
  input?: InputExample & { kind: string };
  /** The graph's outputs for one row, by name. */
  outputs: Readonly<Record<string, PlainTensor>>;
  /** What `encode` makes of them. */
  encoded: EncodedRow;
  /** What the same value teaches when an annotator submits it. */
  target: Target;
  /** Another control without which the results mean nothing, `name="beside"`; it shows the same output unless it has its own. */
  beside?: { tag: string; control: string; output?: OutputSpec };
}

export interface RegionKind<Binding = unknown> {
  /** The control tag, such as `Choices`; also the word in the manifest's `outputs[].control`. */
  tag: string;
  /** Its word in the table, where another row fills the same tag on other objects; absent: the tag. */
  name?: string;
  /** `type` of the results: the tag in lower case. */
  type: string;
  /** JSON schema of an entry of the manifest's `outputs`, without `control` and `name`. */
  optionsSchema: Readonly<Record<string, unknown>>;
  /**
   * The options that an annotator's project may change: by an attribute of the control or by an extra param of that
   * name. `bind` gets what they say in the place of the manifest's.
   */
  overridable?: readonly string[];
  /** Whether it fills controls with `perRegion="true"`, and no others; absent: it is not for them. */
  perRegion?: true;
  /** The same of `labeling="true"`, which makes regions of a Taxonomy. */
  labeling?: true;
  /** Whether it answers for a whole value, and on the pages of an Image for each of them (`perItem="true"`). */
  perItem?: boolean;
  /**
   * The kinds of output whose things it shows as shapes with keys (`RegionBody.key`); absent: none. A thing is shown as one
   * shape, so of two optional outputs with the same tensors the first fills its control.
   */
  shows?: readonly string[];
  /** Whether its results belong to shapes that another control of the same model shows, without which they mean nothing. */
  describes?: true;
  /** The object tags on which it can be filled; absent: all that the input reads. */
  objectTags?: readonly string[];
  /** The kinds of output (`kind` in version.json) that can fill it; see `output-kinds.ts`. */
  outputKinds: OutputKinds;
  /** The metas of an input (`InputKind.meta`), any one of which `encode` needs; absent: it needs none. */
  needs?: readonly string[];
  /**
   * Decides whether the control is one that such an entry can fill, whatever a model's labels are: a recipe, which has
   * none yet, is asked as well.
   * @throws AppError `no_model_fits` when it cannot; its message goes on from "the model '<name>' "
   */
  check(target: BindTarget, options: RegionOptions): void;
  /**
   * Decides how a version's output fills a control that passed `check`.
   * @param rules for labels that differ, as `fitLabels` takes them
   * @returns plain JSON for `encode`
   * @throws AppError `label_mismatch` or `no_model_fits`, naming both sides, when it cannot; its message goes on from
   *   "the model '<name>' "
   */
  bind(target: BindTarget, output: OutputSpec, options: RegionOptions, rules?: LabelRules): Binding;
  /**
   * What is kept of some rows of a value, until its last ones come to `encode`; absent: of a value whose rows come in
   * several batches those of the first one speak for all.
   * @throws AppError as `encode` does
   */
  part?(answer: RowOutputs, output: OutputSpec, binding: Binding): unknown;
  /**
   * The results of one value.
   * @throws AppError `model_failed` when the row's numbers mean nothing (NaN): that task's failure, not the others'
   */
  encode(answer: RowOutputs, output: OutputSpec, binding: Binding): EncodedRow;
  /** Prepares to read annotations of a control that passed `check`. Targets are labels that `bind` maps to the control. */
  reader(target: BindTarget, options: RegionOptions): AnswerReader;
  example: RegionExample;
  /** Further ones, where one does not show all that the row fills. */
  otherExamples?: readonly RegionExample[];
}
