import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Environment } from '../../src/training/environment.js';
import type { Job, JobRequest, JobRun, ProcessMark } from '../../src/training/job.js';
import type { JobLog } from '../../src/training/job-log.js';
import { openRun } from '../../src/training/job-run.js';
import type { Report } from '../../src/training/output.js';
import { atEnd } from '../support/at-end.js';
import { temporaryFolder } from '../support/folder.js';

/** What a run may use, and how long it has to end in peace, in milliseconds. */
export const RUN_LIMITS = { memory: 2 ** 32, grace: 100 };

export const REQUEST: JobRequest = {
  model: 'm',
  project: '1',
  kind: 'train',
  event: 'ANNOTATION_CREATED',
  data: {},
  labelConfig: '<View/>',
};

/** What a program may be started with in the tests. */
export const ENVIRONMENT: Environment = { PATH: process.env.PATH, HOME: '/tmp', SECRET: 'hunter2' };

/** A job's run that nothing queued. */
export interface TestRun {
  run: JobRun;
  reports: Report[];
  processes: ProcessMark[];
  abort: AbortController;
  /** Closes the log and reads it. */
  log(): Promise<string>;
}

let runs = 0;
const logs = new Set<JobLog>();

atEnd(async () => {
  for (const log of logs) await log.close();
  logs.clear();
});

export async function testRun(
  options: { environment?: Environment; memory?: number; grace?: number; folder?: string } = {},
): Promise<TestRun> {
  const { environment = ENVIRONMENT, memory = RUN_LIMITS.memory, grace = RUN_LIMITS.grace } = options;
  const folder = options.folder ?? (await temporaryFolder());
  const abort = new AbortController();
  const reports: Report[] = [];
  const processes: ProcessMark[] = [];
  const job = {
    ...REQUEST,
    id: `test-${process.pid}-${runs++}`,
    status: 'started',
    created: '',
    attempts: 1,
  };
  const { run, log } = await openRun({
    guard() {},
    aside: work => work(),
    job: job as Job,
    input: { data: {}, labelConfig: '<View/>' },
    folder,
    signal: abort.signal,
    environment,
    memory,
    grace: () => grace,
    report: report => reports.push(report),
    started: mark => processes.push(mark),
  });
  logs.add(log);
  return {
    run,
    reports,
    processes,
    abort,
    async log() {
      logs.delete(log);
      await log.close();
      return readFile(join(folder, 'log.txt'), 'utf8');
    },
  };
}

/** Whether a process is there, and more than a zombie. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'x (x) Z');
  return !/\) Z/.test(stat);
}

/** The message of what a promise is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing failed',
    (error: Error) => error.message,
  );
}

/** The content of a file, once it ends with a line break. */
export async function written(path: string): Promise<string> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text.endsWith('\n')) return text;
    await setTimeout(5);
  }
}
