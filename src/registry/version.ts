/** How a class is chosen from a row of the output; scikit-learn's `predict` is not always the argmax. */
export type Decision =
  /** The largest column. */
  | { rule: 'argmax' }
  /** Each column above `threshold` (multilabel). */
  | { rule: 'threshold'; threshold: number }
  /** The graph itself gives the index of the class in the output named by `tensor`. */
  | { rule: 'label'; tensor: string };

/** One output of a model version: what its numbers mean. */
export interface OutputSpec {
  /** The target's name; the manifest's `outputs[].name` refers to it. */
  name: string;
  /** What the numbers mean: one of the `outputKinds` of the control's row, which say what else is there. */
  kind: string;
  /** The graph's output that holds the numbers: of classes and values [rows, columns] or [rows]. */
  tensor?: string;
  /** The graph's outputs by their part, where one does not hold all. */
  tensors?: Readonly<Record<string, string>>;
  /** The classes, in the order of the columns. */
  labels?: readonly string[];
  decision?: Decision;
  /** Whether its classes are of regions that another output lists; absent: it has none, or no version was loaded. */
  ofRegions?: boolean;
  [option: string]: unknown;
}

/** The graph's outputs that hold the numbers of a model's output. */
export function tensorsOf({ tensor, tensors = {} }: OutputSpec): string[] {
  return [...(tensor === undefined ? [] : [tensor]), ...Object.values(tensors)];
}

/** The same, with the one that says which class was chosen. */
export function graphOutputs(output: OutputSpec): string[] {
  const { decision } = output;
  return [...tensorsOf(output), ...(decision?.rule === 'label' ? [decision.tensor] : [])];
}

/** The graph's outputs that list things of all rows of a run, and tell in a column of which row each is. */
export function listOutputs(output: OutputSpec): string[] {
  return Array.isArray(output.columns) && output.columns.includes('image') ? [output.tensor!] : [];
}

/** What a model reads: a word of `src/inputs/index.ts`, and the options of that kind. */
export interface InputSpec {
  kind: string;
  [option: string]: unknown;
}

/** `versions/<version>/version.json`. */
export interface VersionRecord {
  /** 1: from before images were scaled as models are trained with; inputs of pixels are refused there. */
  format: 1 | 2;
  /** ISO 8601, UTC. */
  created: string;
  /** SHA-256 (hex) of every other file of the folder. */
  files: Readonly<Record<string, string>>;
  /** What this version reads, in place of the manifest's `input`: a trained one's columns. */
  input?: InputSpec;
  outputs: readonly OutputSpec[];
  metrics: Readonly<Record<string, unknown>>;
  /** What the parity gate measured when this version was exported. */
  parity: Readonly<Record<string, unknown>>;
  /** Versions of the tools that made it. */
  tools: Readonly<Record<string, string>>;
}
