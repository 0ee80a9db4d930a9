/** `train`: a model of the repository is trained; `fit`: a class of the user learns. */
export type JobKind = 'train' | 'fit';

/** A process as it is found again; its id alone may be another's by then. */
export interface ProcessMark {
  pid: number;
  /** When it began, as the system counts, and which start of the system that was; null: the system does not tell. */
  began: string | null;
}

/** Something to be learnt in the background, as it is kept. Times are ISO 8601, UTC. */
export interface Job {
  id: string;
  kind: JobKind;
  model: string;
  project: string;
  /** What asked for it, such as `START_TRAINING` or `ANNOTATION_CREATED`. */
  event: string;
  status: 'queued' | 'started' | 'finished' | 'failed';
  created: string;
  started?: string;
  ended?: string;
  /** 0..1. */
  progress?: number;
  /** What it is at; at the end, what came out. */
  message?: string;
  /** Why it failed, in one sentence. */
  error?: string;
  /** How often it was started. */
  attempts: number;
  /** The process that works for it, by which it is found when the server has died. */
  process?: ProcessMark;
  /** The model version that came out. */
  version?: string;
  /** Anything else that came out. */
  result?: unknown;
}

/** What a job is done with: the newest event that asked for it. */
export interface JobInput {
  /** The body of the webhook, or of `/train`. */
  data: Record<string, unknown>;
  labelConfig: string;
  /** The controls that the model answers, where others answer the rest; absent: all. */
  controls?: readonly string[] | undefined;
}

export interface JobRequest extends JobInput {
  model: string;
  project: string;
  kind: JobKind;
  event: string;
}

export interface SpawnOptions {
  /** The job's folder by default. */
  cwd?: string;
  /** Added to the little that a program gets of the server's environment. */
  env?: Readonly<Record<string, string>>;
  /** What the program is called in messages; by default its script, else itself. */
  name?: string;
  /** Opens a channel to a Node process, and is told of what it sends. */
  onMessage?: (message: unknown, reply: (message: object) => void) => void;
}

/** What a job's work has at hand while it is done. */
export interface JobRun extends JobInput {
  /** `DATA_DIR/jobs/<id>`, made already; empty but for `log.txt`. */
  folder: string;
  /** Aborted by a cancel, `TRAIN_TIMEOUT` or the end of the server; its reason is the error to end with. */
  signal: AbortSignal;
  /** Tells how far it is, 0..1, and what it is at. */
  report(progress: number, message: string): void;
  /**
   * Does what waits for a Label Studio more than it computes: jobs of other projects may run meanwhile. Returns when that is done
   * and it is this job's turn again.
   * @throws what the work throws, or the signal's reason
   */
  aside<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Runs a program as part of the job, one at a time: no shell, a process group of its own, low priority, no secrets in its
   * environment. Lines of JSON on stdout, `{"progress", "message"}`, are reported; all output is in `log.txt`. It ends with
   * everything that it started: on abort, and when it grows past `TRAIN_MEMORY`.
   * @throws AppError `training_failed` with the program's own `{"error"}`, else with how it ended and its last words
   */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): Promise<void>;
}

export interface Outcome {
  version?: string;
  message: string;
  result?: unknown;
}

/**
 * What is done for a kind of job. It ends soon after its signal is aborted.
 * @throws AppError whose message says in one sentence why it failed
 */
export type Work = (job: Job, run: JobRun) => Promise<Outcome>;

export type Works = Readonly<Partial<Record<JobKind, Work>>>;

export interface JobLimits {
  /** Jobs that compute side by side, over all projects and models. */
  atOnce: number;
  /** How long one may take, in milliseconds: `TRAIN_TIMEOUT`. */
  timeout: number;
  /** Bytes that its programs may use together: `TRAIN_MEMORY`. */
  memory: number;
  /** How long a program that is asked to end may take to do so, in milliseconds. */
  grace: number;
  /** Ended jobs that are kept, with their folders. */
  kept: number;
}
