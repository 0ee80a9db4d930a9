import { AppError, clip } from './errors.js';

/** Characters of why a training failed: what to do must fit into what Label Studio shows of a message as well. */
const FAILURE_LENGTH = 180;

/** What Label Studio sees of a recipe that was never trained for a project. */
export function untrained(model: string): string {
  return `${model}:untrained`;
}

/** What is known of a model that has to be trained before it can answer a project. */
export interface Untrained {
  /** New annotations that start a training. */
  every: number;
  /** Why its last training failed, if it did. */
  failure: string | undefined;
  /** Whether a version is there, whose labels the project no longer has. */
  isOutdated: boolean;
}

/** Why a recipe cannot answer a project, and what to do. */
export function notTrained(model: string, { every, failure, isOutdated }: Untrained): AppError {
  const state = isOutdated ? "knows none of the project's labels any more" : 'is not trained yet';
  const told =
    failure === undefined
      ? `: annotate ${every === 1 ? 'a task' : `${every} tasks`} or press Start training`
      : `. Its last training failed: ${clip(failure, FAILURE_LENGTH)}. When that is mended, press Start training`;
  return new AppError('untrained', `the model '${model}' ${state}${told}`);
}

/** Why a model cannot answer that has neither a version nor a trainer, such as one that was not fetched. */
export function withoutVersion(model: string): AppError {
  return new AppError(
    'version_unusable',
    `the model '${model}' has nothing to answer with: its folder has no version, and its model.json no trainer; ` +
      'make models fetches the versions of ocr and speech, make topics makes that of topics',
  );
}
