import type { ChildProcess } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AppError, messageOf } from '../errors.js';
import { endWithServer } from '../guardian.js';
import { startProgram } from '../start-program.js';
import type { ProcessMark, SpawnOptions } from './job.js';
import type { JobLog } from './job-log.js';
import { oneLine, parseReport, type Report, readOutput } from './output.js';
import { endMarked, isLarger, JOB_VARIABLE, markOf, signalGroup } from './processes.js';

export interface ProcessOptions extends Pick<SpawnOptions, 'name' | 'onMessage'> {
  /** The job's id: the process and all that it starts have it in their environment. */
  job: string;
  command: string;
  args: readonly string[];
  cwd: string;
  /** All of its environment. */
  env: Readonly<Record<string, string>>;
  /** Ends it; the reason is what is thrown. */
  signal: AbortSignal;
  /** How long it may take to end by itself when it is asked to, in milliseconds. */
  grace(): number;
  /** Bytes that it may use, with all that it started. */
  memory: number;
  log: JobLog;
  /** Told of the process before it has done anything. */
  started(process: ProcessMark): void;
  report(report: Report): void;
}

/** Between two looks at the memory; more where there are so many processes that looking takes long. */
const MEMORY_EVERY_MS = 250;
const MEMORY_SHARE = 20;
/** How long output may still come when everything has ended. */
const LAST_OUTPUT_MS = 1_000;

/** Groups that run: they end with this process, also where it does not end as it should. */
const running = new Set<number>();
const killAll = () => {
  for (const group of running) signalGroup(group, 'SIGKILL');
};

/** The error of a job, or of a part of it, that failed. */
export function failed(message: string, cause?: unknown): AppError {
  return new AppError('training_failed', message, cause === undefined ? {} : { cause });
}

/**
 * Runs a program in a process group of its own, at low priority, and leaves nothing of it behind.
 *
 * @throws AppError `training_failed`: its own `{"error"}` from stdout, else how it ended and its last line on stderr
 * @throws the signal's reason when that is why it ended
 * @example
 * await runProcess({ command: 'python3', args: ['train.py'], cwd, env: {}, job, signal, grace, memory, log, started, report });
 */
export async function runProcess(options: ProcessOptions): Promise<void> {
  const { command, args, cwd, env, job, signal, grace, memory, log, onMessage } = options;
  signal.throwIfAborted();
  const child = await startProgram(command, args, {
    cwd,
    env: { ...env, [JOB_VARIABLE]: job },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(onMessage ? (['ipc'] as const) : [])],
  }).catch(error => {
    throw failed(`${command} cannot be started: ${messageOf(error)}`, error);
  });
  const ended = endOf(child);
  const pid = child.pid!;
  const unguard = endWithServer(-pid);
  if (running.add(pid).size === 1) process.on('exit', killAll);
  lowerPriority(pid);
  let unkept: unknown;
  try {
    options.started(markOf(pid));
  } catch (error) {
    // Nobody would know it again after a death of the server.
    unkept = error;
    signalGroup(pid, 'SIGKILL');
  }
  if (onMessage) {
    child.on('message', message => onMessage(message, reply => void child.send(reply, () => {})));
  }

  let error: string | undefined;
  let lastLine = '';
  const output = Promise.all([
    readOutput(child.stdout!, log, line => {
      const report = parseReport(line);
      if (!report) return;
      error = report.error ?? error;
      options.report(report);
    }),
    readOutput(child.stderr!, log, line => {
      if (line.trim() !== '') lastLine = line;
    }),
  ]);
  const over = new AbortController();
  const abort = () => void endGroup(pid, grace(), over.signal);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  let tooLarge = false;
  const watched = watchMemory(pid, memory, over.signal, () => {
    tooLarge = true;
    signalGroup(pid, 'SIGKILL');
  });

  const { why } = await ended;
  signal.removeEventListener('abort', abort);
  over.abort();
  // Whatever it started and left running.
  signalGroup(pid, 'SIGKILL');
  await endMarked(job);
  running.delete(pid);
  unguard();
  if (running.size === 0) process.off('exit', killAll);
  await Promise.race([output, setTimeout(LAST_OUTPUT_MS, undefined, { ref: false })]);
  child.stdout!.destroy();
  child.stderr!.destroy();
  await output;
  await watched;

  signal.throwIfAborted();
  if (unkept !== undefined) throw unkept;
  const name = options.name ?? basename(args[0] ?? command);
  if (tooLarge) {
    throw failed(`${name} needed more memory than TRAIN_MEMORY, ${megabytes(memory)} MB, and was ended`);
  }
  if (why === null) return;
  throw failed(error ?? oneLine(`${name} ${why}${lastLine === '' ? '' : `: ${lastLine}`}`));
}

const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);

/** How a process ended; `why` is null when all is well. */
function endOf(child: ChildProcess): Promise<{ why: string | null }> {
  return new Promise(resolve => {
    child.once('exit', (code, signal) => {
      if (code === 0) resolve({ why: null });
      else resolve({ why: signal ? `was ended by ${signal}` : `ended with exit code ${code}` });
    });
  });
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has just ended.
  }
}

/** Asks a group to end, and makes it end when it does not. */
async function endGroup(group: number, grace: number, over: AbortSignal): Promise<void> {
  signalGroup(group, 'SIGTERM');
  await setTimeout(grace, undefined, { signal: over }).catch(() => {});
  signalGroup(group, 'SIGKILL');
}

async function watchMemory(group: number, limit: number, over: AbortSignal, act: () => void): Promise<void> {
  let pause = 0;
  while (!over.aborted) {
    await setTimeout(pause, undefined, { signal: over, ref: false }).catch(() => {});
    if (over.aborted) return;
    const begin = performance.now();
    if ((await isLarger(group, limit)) && !over.aborted) act();
    pause = Math.max(MEMORY_EVERY_MS, MEMORY_SHARE * (performance.now() - begin));
  }
}
