import { join } from 'node:path';
import { pino } from 'pino';
import { State } from '../../src/state.js';
import type { Job, JobLimits } from '../../src/training/job.js';
import { Jobs, type JobsDeps } from '../../src/training/jobs.js';
import { temporaryFolder } from '../support/folder.js';
import { ENVIRONMENT, RUN_LIMITS } from './runs.js';

const LIMITS: JobLimits = { atOnce: 2, timeout: 60_000, kept: 100, ...RUN_LIMITS };

export const SILENT = pino({ level: 'silent' });

/** A queue on a state of its own, or on that of another one. */
export async function openJobs(
  deps: Partial<Omit<JobsDeps, 'limits'>> & { dataDir?: string; limits?: Partial<JobLimits> },
) {
  const dataDir = deps.dataDir ?? (await temporaryFolder());
  const state = deps.state ?? State.open(dataDir);
  const jobs = new Jobs({
    works: {},
    environment: ENVIRONMENT,
    log: SILENT,
    ended: () => {},
    host: () => '',
    ...deps,
    state,
    folder: join(dataDir, 'jobs'),
    limits: { ...LIMITS, ...deps.limits },
  });
  return { jobs, state, dataDir, close: () => jobs.stop(0).then(() => state.close()) };
}

/** A job, once something holds of it. */
export function until(jobs: Jobs, id: string, holds: (job: Job) => boolean): Promise<Job> {
  return new Promise(resolve => {
    const look = () => {
      const job = jobs.job(id);
      if (!holds(job)) return;
      unwatch();
      resolve(job);
    };
    const unwatch = jobs.watch(id, look);
    look();
  });
}

export const hasEnded = (job: Job) => job.ended !== undefined;
