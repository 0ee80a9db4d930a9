import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { jobLayout } from '../data-folder/layout.js';
import type { Guard } from '../data-folder/lock.js';
import { removeTree } from '../data-folder/remove-tree.js';
import { type Environment, trainerEnvironment } from './environment.js';
import type { Job, JobInput, JobRun, ProcessMark } from './job.js';
import { JobLog } from './job-log.js';
import { oneLine, type Report } from './output.js';
import { runProcess } from './process.js';

export interface RunOptions {
  job: Job;
  input: JobInput;
  /** The job's own folder. */
  folder: string;
  signal: AbortSignal;
  /** This process's environment. */
  environment: Environment;
  memory: number;
  /** What its programs may take to end when they are asked to, in milliseconds. */
  grace(): number;
  /** Called before each write. */
  guard: Guard;
  aside: JobRun['aside'];
  report(report: Report): void;
  started(process: ProcessMark): void;
}

/** A job's run, with its folder made and its log open. */
export interface OpenRun {
  run: JobRun;
  log: JobLog;
}

/** Makes a job's folder anew, its log apart, and what its work has at hand. */
export async function openRun(options: RunOptions): Promise<OpenRun> {
  const { job, input, folder, signal, environment, memory, grace, guard, aside, report, started } = options;
  const { log: logFile } = jobLayout(folder);
  guard();
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    // What an earlier attempt left must not be taken for this one's.
    if (name !== basename(logFile)) await removeTree(join(folder, name));
  }
  const log = await JobLog.open(logFile, undefined, guard);
  let last = '';
  const run: JobRun = {
    ...input,
    folder,
    signal,
    aside,
    report(progress, message) {
      report({ progress, message: oneLine(message) });
      if (message !== last) void log.write(`${message}\n`);
      last = message;
    },
    spawn: (command, args, { cwd = folder, env = {}, name, onMessage } = {}) =>
      runProcess({
        job: job.id,
        command,
        args,
        cwd,
        env: { ...trainerEnvironment(environment), ...env },
        signal,
        grace,
        memory,
        log,
        started,
        report,
        ...(name === undefined ? {} : { name }),
        ...(onMessage ? { onMessage } : {}),
      }),
  };
  return { run, log };
}
