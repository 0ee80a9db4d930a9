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
