import { AppError } from '../errors.js';
import type { OutputSpec } from '../registry/version.js';

/** What a model gave that is no answer: the failure of that task. @param what such as `NaN as a score` */
export function failed({ name }: OutputSpec, what: string): AppError {
  return new AppError('model_failed', `the model gives ${what} for '${name}'`);
}
