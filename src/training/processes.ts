import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { bootId, statFields } from '../proc.js';
import type { ProcessMark } from './job.js';

/** What Linux tells of other processes, in `/proc`; elsewhere it tells nothing, and nobody is found. */

/** The environment variable that every process of a job has, whatever group it put itself into. */
export const JOB_VARIABLE = 'TRAINING_JOB';

interface Stat {
  pid: number;
  parent: number;
  group: number;
  /** Clock ticks from the start of the system. */
  began: string;
}

function parseStat(text: string): Stat {
  const fields = statFields(text);
  return {
    pid: Number.parseInt(text, 10),
    parent: Number(fields[1]),
    group: Number(fields[2]),
    began: fields[19]!,
  };
}

/** A process, so that `isSame` knows it again. */
export function markOf(pid: number): ProcessMark {
  try {
    return { pid, began: `${bootId()} ${parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).began}` };
  } catch {
    return { pid, began: null };
  }
}

/** Whether the process of that id is still the one that was marked. */
export function isSame(mark: ProcessMark): boolean {
  return mark.began !== null && markOf(mark.pid).began === mark.began;
}

async function pids(): Promise<string[]> {
  return (await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name));
}

async function readAll<T>(read: (pid: string) => Promise<T | undefined>): Promise<T[]> {
  const all = await Promise.all((await pids()).map(pid => read(pid).catch(() => undefined)));
  return all.filter(each => each !== undefined);
}

/** The processes of a group and all that they started, their own groups included. */
async function membersOf(group: number): Promise<number[]> {
  const all = await readAll(async pid => parseStat(await readFile(`/proc/${pid}/stat`, 'utf8')));
  const members = new Set(all.filter(each => each.group === group).map(({ pid }) => pid));
  for (let size = -1; size !== members.size; ) {
    size = members.size;
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
  }
  return [...members];
}

async function kilobytes(path: string, field: RegExp): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return Number(field.exec(text)?.[1] ?? 0);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/**
 * Whether a group of processes, with all that it started, is larger than a limit in bytes. What they share counts once:
 * that is asked for only where the sum that is cheap to get is over the limit.
 */
export async function isLarger(group: number, limit: number): Promise<boolean> {
  const members = await membersOf(group);
  const memory = async (file: string, field: RegExp) =>
    1024 * sum(await Promise.all(members.map(pid => kilobytes(`/proc/${pid}/${file}`, field))));
  if ((await memory('status', /^VmRSS:\s+(\d+)/m)) <= limit) return false;
  return (await memory('smaps_rollup', /^Pss:\s+(\d+)/m)) > limit;
}

/** Sends a signal to a group; false: there is none any more. */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

/** How often it is looked again for processes of a job, and how long to wait in between. */
const LOOKS = { most: 200, pause: 10 };

/**
 * Ends every process that has a job's mark in its environment, and returns when there is none. One that was started by a
 * process which is ended just then is found at the next look.
 */
export async function endMarked(job: string): Promise<void> {
  const mark = `${JOB_VARIABLE}=${job}\0`;
  for (let look = 0; look < LOOKS.most; look++) {
    const found = await readAll(async pid =>
      (await readFile(`/proc/${pid}/environ`, 'latin1')).includes(mark) ? Number(pid) : undefined,
    );
    if (found.length === 0) return;
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
    await setTimeout(LOOKS.pause);
  }
}

/** Ends what a server that died left running for a job. */
export async function endOrphans(job: string, mark: ProcessMark | undefined): Promise<void> {
  if (mark && isSame(mark)) signalGroup(mark.pid, 'SIGKILL');
  await endMarked(job);
}
