import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import type { Job } from './job.js';
import { failed } from './process.js';

/**
 * Writes to the log what a job has come to.
 * @param error what it failed with, if anything was thrown
 */
export function logJob(log: Logger, job: Job, error?: unknown): void {
  const { id, kind, model, project, event, status } = job;
  const fields = { job: id, model, project, event };
  const whose = project === '' ? '' : ` for project ${project}`;
  const what = `${kind === 'train' ? 'training' : kind} of ${model}${whose}`;
  if (status === 'queued') log.info(fields, `${what} is queued: ${event}`);
  else if (status === 'started') log.info(fields, `${what} started`);
  else if (status === 'finished') log.info(fields, `${what} finished in ${secondsOf(job)} s: ${job.message}`);
  // What annotators can mend is no fault of the server; what is no error of the table is one that its stack helps to find.
  else if (error === undefined || (error instanceof AppError && error.status < 500))
    log.warn(fields, `${what} failed: ${job.error}`);
  else
    log.error(error instanceof AppError ? fields : { ...fields, err: error }, `${what} failed: ${job.error}`);
}

/** Why a job ends that takes longer than `TRAIN_TIMEOUT`. */
export function tooLate({ kind }: Job, timeout: number): AppError {
  const what = kind === 'train' ? 'the training' : 'fit()';
  return failed(`${what} took longer than TRAIN_TIMEOUT, ${duration(timeout)}, and was ended`);
}

function secondsOf({ started, ended }: Job): string {
  return ((Date.parse(ended ?? '') - Date.parse(started ?? '')) / 1000).toFixed(1);
}

function duration(milliseconds: number): string {
  return milliseconds % 60_000 === 0 ? `${milliseconds / 60_000} m` : `${milliseconds / 1000} s`;
}
