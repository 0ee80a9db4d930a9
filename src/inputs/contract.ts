import type { ErrorCode } from '../errors.js';
import type { Context } from '../model.js';
import type { DrawnRegion } from '../regions/contract.js';
import type { FixedValue, Shown } from './shown/value.js';

/**
 * What an input kind is: how a task's value becomes tensors.
 *
 * `read` runs in the server (it sees whole tasks); `load` and the encoder that it returns run in the inference
 * child (they see only the values that `read` took out, so that nothing else crosses the process border).
 */

/** A tensor before it is handed to ONNX Runtime: row-major data with its shape. */
export interface PlainTensor {
  type: 'float32' | 'float64' | 'int32' | 'int64' | 'uint8' | 'bool' | 'string';
  data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | string[];
  dims: readonly number[];
}

/** Why one task of a batch cannot be answered. The others are. */
export interface TaskFailure {
  code: ErrorCode;
  message: string;
}

/** What `read` takes out of one task; plain JSON. */
export type TaskValue = unknown;

/**
 * Runs a graph of the version. Feeds that it has no input for are left out.
 *
 * @param graph one of `InputKind.graphs`; absent: `model.onnx`
 * @returns its outputs by name
 * @throws Error of ONNX Runtime when the feeds do not fit the graph or a kernel fails
 */
export type RunGraph = (
  feeds: Readonly<Record<string, PlainTensor>>,
  graph?: string,
) => Promise<Record<string, PlainTensor>>;

/** Some rows of a batch. */
export interface BatchRows {
  /**
   * Which of the given values these rows are, by index, in the order of the tensors' rows. A value that was cut into
   * windows has several rows, one after the other, all in the same batch unless that `continues`.
   */
  rows: readonly number[];
  /** Whether the last value has more rows in the next batch, as one that does not fit in memory at once. */
  continues?: boolean;
  /**
   * What region kinds must know of each row beyond the tensors (see `InputKind.meta`), in the order of the rows. Any
   * objects: they stay in the child.
   */
  metas?: readonly unknown[];
  /** Where a row is about a region that the annotator has just made: that. */
  drawn?: readonly (DrawnRegion | undefined)[];
}

/** Some rows as the feeds of one `session.run`. */
export interface EncodedBatch extends BatchRows {
  /** The graph's inputs by name; those that it does not have are left out. No dimension is ever 0 (onnxruntime aborts or throws on some graphs). */
  feeds: Readonly<Record<string, PlainTensor>>;
}

/** Some rows as outputs, of an encoder that ran the graphs itself. */
export interface AnsweredBatch extends BatchRows {
  outputs: Readonly<Record<string, PlainTensor>>;
}

/** The child's half of an input kind, loaded for one model version. */
export interface Encoder {
  /**
   * Turns values into feeds, in batches whose size the encoder bounds. A value that neither fails nor has a row says
   * nothing: its prediction has no results.
   * @param values what `read` returned, one a task
   * @param fail called with the index of each value that cannot be encoded; such a row is in no batch
   * @param run for encoders of several graphs, or of a graph that runs more than once for a value
   */
  encode(
    values: readonly TaskValue[],
    fail: (row: number, failure: TaskFailure) => void,
    run: RunGraph,
  ): Iterable<EncodedBatch> | AsyncIterable<EncodedBatch | AnsweredBatch>;
  /** A value that every model of this kind can take, for the warm-up run. */
  readonly warmUp: TaskValue;
  /** Whether each of its batches has one row, so that it does not matter what the graph makes of several. */
  readonly single?: boolean;
  /**
   * What a value lacks that some models can do without, in words such as `the task's data has no number in the column 'age'`:
   * it is told where the graph answers nothing for the value. Undefined: nothing; absent: never anything.
   */
  missing?(value: TaskValue): string | undefined;
  /** The names of the outputs that it makes itself, beside those of `model.onnx`. */
  readonly outputs?: readonly string[];
}

/** Where a bound model finds its value in a task. */
export interface InputPlace {
  /** The object tag's name, as in `to_name`. */
  object: string;
  /** The object tag, such as `Text`. */
  tag: string;
  /** The object tag's attributes, as they are written: `attribute` finds them in any case. */
  attributes: Readonly<Record<string, string>>;
  /** What the object tag shows of a task's data, for `shownValue`. */
  shown: Shown | FixedValue;
  /** Whether that is the URL of what is shown (`valueType="url"`). */
  isUrl: boolean;
  /** Whether it shows a list of pages, each with results of its own (the `valueList` of an Image); absent: it does not. */
  pages?: true;
  /** The columns that the Channels of a TimeSeries show, each once; absent: it has none. */
  columns?: readonly string[];
}

/** A task's value as trainers read it. */
export interface TrainingValue {
  /** What trainers learn from; the kind's `read` takes it in the place of what the object tag shows. */
  value: unknown;
  /** What the kind knows of the whole value beyond that, as in `BatchRows.metas`. */
  meta: unknown;
}

/** One task from its data to the graph's inputs, which the tests serve as they serve any model. */
export interface InputExample {
  /** The manifest's `input`, without `kind`. */
  options: Readonly<Record<string, unknown>>;
  /** The object tag that shows the value, `name="object"`. */
  object: string;
  /** The task's data. */
  data: Readonly<Record<string, unknown>>;
  /** What the annotator just did, for a kind that answers only to that. */
  context?: Context;
  /** The files of the version's folder that `load` reads, by name; their content is JSON. */
  files: Readonly<Record<string, unknown>>;
  /** What `model.onnx` is fed with for the data. */
  feeds: Readonly<Record<string, PlainTensor>>;
  /** What the graphs that the encoder runs itself answer, by file name; of those beside `model.onnx` also their inputs. */
  graphs?: Readonly<Record<string, GraphExample>>;
}

/** What a graph takes and what it answers. */
export interface GraphExample {
  feeds?: Readonly<Record<string, PlainTensor>>;
  outputs: Readonly<Record<string, PlainTensor>>;
}

export interface InputKind {
  /** The word in the manifest's `input.kind`. */
  kind: string;
  /** Whether what `read` takes out may be a `FileValue`: the server fetches its file before a child gets it. */
  file?: boolean;
  /** Whether `read` takes something of what an annotator has drawn on an object, whatever control drew it; absent: never. */
  readsDrawn?(context: Context, object: string): boolean;
  /** Further graphs of a version's folder, by file name, which the encoder runs. */
  graphs?: readonly string[];
  /** The object tags that show such a value; empty: any. */
  objectTags: readonly string[];
  /** JSON schema of the manifest's `input`, without `kind`. */
  optionsSchema: Readonly<Record<string, unknown>>;
  /** What a recipe, which is a model without a version, may leave to its training. */
  recipe?: {
    /** Options that each trained version brings, in its own `input`. */
    options: readonly string[];
    /** The object tags whose controls a recipe without them fills where nobody chose it by its name. */
    objectTags: readonly string[];
    /**
     * The options that the labeling config says, for trainers; absent: it says none.
     * @throws AppError `no_model_fits` when it does not say what it should
     */
    fromConfig?(place: InputPlace): Readonly<Record<string, unknown>>;
  };
  /** The word for what its `metas` are, which region kinds ask for by it (`RegionKind.needs`); absent: it has none. */
  meta?: string;
  /**
   * Takes this kind's value out of a task's data.
   * @param context what the annotator just did, in an interactive request; otherwise null
   * @throws AppError `task_invalid` when it is missing or of the wrong type: that task's failure, not the request's
   */
  read(
    data: Readonly<Record<string, unknown>>,
    place: InputPlace,
    options: Readonly<Record<string, unknown>>,
    context: Context | null,
  ): TaskValue;
  /**
   * What trainers learn from in a task, where that is another thing than what `read` takes out: of a document the words that it
   * shows.
   * @returns the value, or a promise of it: what takes long is done on a thread
   * @throws AppError when the model could not read the task
   */
  learnt?(data: Readonly<Record<string, unknown>>, place: InputPlace): unknown;
  /**
   * The same for a kind whose value is behind an address, or where annotations say where something is in words that only the
   * value explains, such as times; in the server.
   * @param value what `read` took out
   * @param readText gives what is behind an address, as text; throws AppError
   * @throws AppError `task_unreadable` when it cannot be read
   */
  forTraining?(
    value: TaskValue,
    place: InputPlace,
    options: Readonly<Record<string, unknown>>,
    readText: (address: string) => Promise<string>,
  ): Promise<TrainingValue>;
  /** Loads the version's own part of the input (vocabulary, columns ...) from its folder. */
  load(folder: string, options: Readonly<Record<string, unknown>>): Promise<Encoder>;
  example: InputExample;
}
