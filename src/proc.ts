import { readFileSync } from 'node:fs';

/** What Linux tells of processes in `/proc`: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */

/** The fields of a process's `stat` behind its name, of which the first is its state: the third of the manual page. */
export function statFields(stat: string): string[] {
  // The name stands in brackets and may hold anything.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Names the start of the system. @throws the file system's error where the system does not tell */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** How many descriptors this process may have open; null where the system does not tell, or sets no limit. */
export function descriptorLimit(): number | null {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}
