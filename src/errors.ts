/**
 * Every error that a client, a log or a person at the terminal can meet: its code, its HTTP status and what it means.
 *
 * The README's table of errors is held against this one by a test, in both directions.
 */
export const ERRORS = {
  json_invalid: { status: 400, meaning: 'the body is not JSON' },
  request_invalid: { status: 400, meaning: 'the body is JSON of the wrong shape, such as no `tasks`' },
  no_label_config: {
    status: 400,
    meaning: 'no labeling config came with the request and no project was set up yet',
  },
  unauthorized: {
    status: 401,
    meaning: 'Basic auth is set on the server, and the request has no or wrong credentials',
  },
  origin_refused: {
    status: 403,
    meaning:
      'the request comes from a page of another site, or names a host that is not this server; see `PUBLIC_HOSTS`',
  },
  version_read_only: { status: 403, meaning: 'shipped versions cannot be changed: name a `project`' },
  not_found: { status: 404, meaning: 'there is no such path' },
  project_unknown: { status: 404, meaning: 'the project was never set up here, or was deleted' },
  model_unknown: { status: 404, meaning: 'there is no model of that name' },
  version_unknown: { status: 404, meaning: 'the model has no such version, or has it for another project' },
  method_not_allowed: { status: 405, meaning: 'the path exists, but not for this method' },
  untrained: { status: 409, meaning: 'the model is a recipe that has not been trained for this project yet' },
  annotations_too_few: {
    status: 409,
    meaning: 'a training needs more annotations of a label, or of another one',
  },
  project_ambiguous: {
    status: 409,
    meaning:
      'several projects here have this id: name the one that is meant as `<id>.<seconds of its creation>`',
  },
  label_studio_unknown: {
    status: 409,
    meaning: "Label Studio's address is not known; set `LABEL_STUDIO_URL` and `LABEL_STUDIO_API_KEY`",
  },
  version_in_use: { status: 409, meaning: 'the version serves, or a request in flight still holds it' },
  job_unknown: { status: 410, meaning: 'there is no such job, or it was removed' },
  request_timeout: { status: 408, meaning: 'the request did not arrive in time' },
  body_too_large: {
    status: 413,
    meaning: 'the body is larger than `BODY_LIMIT`, or would take far more memory than its size',
  },
  headers_too_large: { status: 431, meaning: 'the head of the request is larger than 16 KB' },
  label_config_invalid: { status: 422, meaning: 'the labeling config does not parse' },
  label_mismatch: { status: 422, meaning: "the model's labels do not map to the config's labels" },
  no_model_fits: {
    status: 422,
    meaning: 'no model of this server can fill a control of the labeling config',
  },
  model_ambiguous: { status: 422, meaning: 'several models fit the labeling config equally well' },
  task_invalid: { status: 422, meaning: "the task's value is missing or of the wrong type" },
  task_unreadable: { status: 422, meaning: 'what the task points to cannot be read' },
  version_unusable: { status: 422, meaning: 'the version that should serve cannot be loaded' },
  version_rejected: {
    status: 422,
    meaning: 'the new version does not fit the labeling config, or is worse than the one that serves',
  },
  task_poisonous: {
    status: 500,
    meaning: 'the task ended the inference process each time it was tried, or took longer than `RUN_TIMEOUT`',
  },
  model_failed: { status: 500, meaning: 'the model threw an error; the log has it under the request id' },
  data_dir_unwritable: {
    status: 507,
    meaning:
      'what the request brings cannot be kept in `DATA_DIR`; the message says why, such as a full disk',
  },
  predictions_invalid: {
    status: 500,
    meaning: '`predict` returned something that is not one prediction a task, or that JSON cannot hold',
  },
  internal: { status: 500, meaning: 'an error of this server; the log has it under the request id' },
  training_failed: { status: 500, meaning: 'a training, or `fit`, did not end well; its job says why' },
  setting_invalid: {
    status: 500,
    meaning: 'a setting (environment variable) has a value that it cannot have',
  },
  provider_unavailable: { status: 500, meaning: 'an execution provider cannot be used on this machine' },
  manifest_invalid: { status: 500, meaning: 'a `model.json` is not valid' },
  version_invalid: {
    status: 500,
    meaning: 'a model version is incomplete, changed since its export, or does not run',
  },
  label_studio_unauthorized: {
    status: 502,
    meaning: 'Label Studio does not take the token, or its user may not read the project',
  },
  label_studio_unexpected: {
    status: 502,
    meaning: 'Label Studio has no such project, or what answers at its address is not its API',
  },
  label_studio_unreachable: {
    status: 503,
    meaning: 'Label Studio does not answer, or only with errors of its own; it was asked several times',
  },
  child_lost: { status: 503, meaning: 'the inference process that held the request ended; send it again' },
  overloaded: {
    status: 503,
    meaning:
      'as many requests, or bytes of bodies and answers, wait as the server takes: send it again later; or as many projects are known as it keeps',
  },
  deadline_exceeded: {
    status: 503,
    meaning: 'the answer was not ready within `REQUEST_DEADLINE`; ask for it again',
  },
  client_gone: {
    status: 499,
    meaning: 'the client hung up before the answer was ready; only the log sees this',
  },
  not_ready: {
    status: 503,
    meaning:
      'the server is starting, the version is being loaded, or no inference process is up; send it again',
  },
  shutting_down: { status: 503, meaning: 'the server is stopping; send it again to the next one' },
} as const satisfies Record<string, { status: number; meaning: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** Whether a value is a code of the table. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}

/** An error as it crosses a process border. */
export interface ErrorData {
  code: ErrorCode;
  message: string;
  /** What caused it, for the log alone. */
  cause?: string;
}

/**
 * An error with a code of the table and a message for people: what is wrong, where, and what to do.
 *
 * @example
 * throw new AppError('task_invalid', `task 12: its data has no 'text', which the Text tag 'review' shows`);
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    // Only the classes of users can get here with another one: they may be JavaScript.
    this.code = isErrorCode(code) ? code : 'model_failed';
  }

  /** The HTTP status of the code. */
  get status(): number {
    return ERRORS[this.code].status;
  }

  /** Whether the same request may succeed when it is sent again. */
  get retryable(): boolean {
    return this.status === 503;
  }

  /** The error as plain data, to cross a process border. */
  toData(): ErrorData {
    const { code, message, cause } = this;
    return cause === undefined ? { code, message } : { code, message, cause: messageOf(cause) };
  }

  /** The error that `toData` described, as the same class. */
  static from({ code, message, cause }: ErrorData): AppError {
    return new AppError(code, message, cause === undefined ? {} : { cause: new Error(cause) });
  }
}

/** Anything thrown as an error of the table: such a one as it is, any other as the cause of a new one. */
export function asAppError(error: unknown, code: ErrorCode, message: string): AppError {
  return isSound(error) ? error : new AppError(code, message, { cause: error });
}

/** Whether it is an error of the table that can be answered. Users' classes may extend the class, or change theirs. */
function isSound(error: unknown): error is AppError {
  try {
    return (
      error instanceof AppError &&
      isErrorCode(error.code) &&
      typeof error.message === 'string' &&
      error.status === ERRORS[error.code].status
    );
  } catch {
    return false;
  }
}

/** What a piece of work gives, or the error of the table that it throws; any other is thrown on. */
export function attempt<T>(work: () => T): T | AppError {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** Characters of a message in answers and in the log: it may name what a request said, however long that is. */
export const MESSAGE_LENGTH = 2_000;

/** The text, or its beginning and `...`. */
export function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 3)}...` : text;
}

/** The message of anything thrown; it never throws itself, whatever that is. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'what was thrown has no message that can be read';
  }
}
