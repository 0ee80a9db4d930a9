import type { ControlBinding } from '../inference/protocol.js';
import type { LabelConfig } from '../label-config/parse.js';
import type { RegionOptions } from '../regions/contract.js';
import type { Manifest } from '../registry/manifest.js';

/** A training as it is kept. */
export interface Job {
  id: string;
  model: string;
  project: string;
}

export interface SpawnOptions {
  /** The job's folder by default. */
  cwd?: string;
  /** Added to the little that a program gets of the server's environment. */
  env?: Readonly<Record<string, string>>;
  /** What the program is called in messages. */
  name?: string;
}

/** What a job's work has at hand while it is done. */
export interface JobRun {
  /** `DATA_DIR/jobs/<id>`, made already. */
  folder: string;
  /** The project's labeling config. */
  labelConfig: string;
  /** Aborted by a cancel, `TRAIN_TIMEOUT` or the end of the server; its reason is the error to end with. */
  signal: AbortSignal;
  /** Tells how far it is, 0..1, and what it is at. */
  report(progress: number, message: string): void;
  /** Runs a program as part of the job. @throws AppError `training_failed` */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): Promise<void>;
}

export interface Outcome {
  version?: string;
  message: string;
  result?: unknown;
}

/** What is done for a kind of job. @throws AppError whose message says in one sentence why it failed */
export type Work = (job: Job, run: JobRun) => Promise<Outcome>;

/** What an annotation says for one output: a label, several of them, or a number. */
export type Target = string | readonly string[] | number;

/** An annotated task as Label Studio has it. */
export interface AnnotatedTask {
  id: number;
  [field: string]: unknown;
}

/** What a job's folder is filled from. */
export interface DatasetOptions {
  folder: string;
  job: string;
  model: string;
  project: string;
  manifest: Manifest;
  config: LabelConfig;
  /** The version that serves the project. */
  parent: string | null;
  tasks: AsyncIterable<AnnotatedTask>;
  signal: AbortSignal;
}

/** What became of the annotations. */
export interface Dataset {
  counts: Readonly<Record<string, unknown>> & { tasks: number; held_out: number };
}

/**
 * Writes `tasks.jsonl`, `label_config.xml` and `context.json`.
 * @throws AppError that says how many annotations are missing
 */
export type PrepareDataset = (options: DatasetOptions) => Promise<Dataset>;

/**
 * Prepares to read the results of a control.
 * @returns reads the `value` of one: null when it says nothing that the config has
 */
export type PrepareReader = (
  config: LabelConfig,
  control: ControlBinding,
  options: RegionOptions,
) => (value: Readonly<Record<string, unknown>>) => Target | null;
