import { readFileSync } from 'node:fs';

/** The programs that a process has started, such as ffmpeg, and those that they have started. Linux alone tells. */
export function startedBy(pid: number): number[] {
  try {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    const own = list === '' ? [] : list.split(' ').map(Number);
    return own.flatMap(each => [each, ...startedBy(each)]);
  } catch {
    return [];
  }
}
