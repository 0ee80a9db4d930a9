import type { Binding } from '../inference/protocol.js';
import type { LabelConfig } from '../label-config/parse.js';
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
export interface LabelStudioTask {
  id: number;
  data?: unknown;
  annotations?: unknown;
  [field: string]: unknown;
}

/** An output as trainers read it in `context.json`. */
export interface TrainingOutput {
  name: string;
  control: string;
  from_name: string;
  to_name: string;
  labels?: readonly string[];
  [option: string]: unknown;
}

/** What one annotated value says; null when it says nothing that the config allows. */
export interface Reading {
  target: Target | null;
  outdated: boolean;
}

/** An output, and how annotations of its control are read. */
export interface LearntOutput {
  /** As trainers read it in `context.json`. */
  output: TrainingOutput;
  /** `type` of the control's results. */
  type: string;
  read(value: Readonly<Record<string, unknown>>): Reading;
}

/** What a model's outputs learn from, in a project. */
export type LearntOutputs = (manifest: Manifest, binding: Binding, config: LabelConfig) => LearntOutput[];

export interface DatasetOptions {
  tasks: AsyncIterable<LabelStudioTask> | Iterable<LabelStudioTask>;
  outputs: readonly LearntOutput[];
  /** Tasks that each label needs. */
  min: number;
  /** The job's folder, which gets `tasks.jsonl`. */
  folder: string;
  /** The task's data as the model is to read it. @throws AppError when the model could not: the task is left out */
  dataOf(task: LabelStudioTask): Promise<Record<string, unknown>> | Record<string, unknown>;
  signal?: AbortSignal | undefined;
}

export interface DatasetCounts {
  /** Tasks that count, held out or not. */
  tasks: number;
  held_out: number;
  left_out: { tasks: number; data: number; outdated: number; unreadable: number };
  /** Tasks by output. */
  answers: Record<string, number>;
  /** Tasks by output and label. */
  labels: Record<string, Record<string, number>>;
}

/** Writes `tasks.jsonl`. @throws AppError that says how many annotations are missing */
export type PrepareDataset = (options: DatasetOptions) => Promise<DatasetCounts>;
