import { readdirSync, readFileSync } from 'node:fs';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended meanwhile.
    return '';
  }
}

/** A process and all below it. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // The command in parentheses may hold anything; the parent is the second field behind it.
    const parent = Number(read(`/proc/${entry}/stat`).split(') ').at(-1)!.split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** Seconds of CPU that processes have taken so far. */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)!.split(' ');
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks / 100;
}

/** Seconds of CPU that the whole machine has spent on anything, or lost to its host. */
export function busySeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = read('/proc/stat')
    .split('\n', 1)[0]!
    .split(/ +/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / 100;
}

/** The proportional set size of one process in megabytes. */
export function pss(pid: number): number {
  return Number(/^Pss: +(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
}

/**
 * The proportional set size of processes together in megabytes, as if nothing else ran on the machine.
 *
 * The sum of `Pss` alone would be too small here: the load and the other contestants run too, and take their share of
 * the pages of `node`, `python` and the system's libraries. So a file's pages count once, in full; what is not of a
 * file is shared only by forking, so within the group, and `Pss` is right for it.
 */
export function pssTogether(pids: readonly number[]): number {
  let anonymous = 0;
  const files = new Map<string, number>();
  for (const pid of pids) {
    const own = new Map<string, number>();
    let key = '';
    let resident = 0;
    let proportional = 0;
    for (const line of read(`/proc/${pid}/smaps`).split('\n')) {
      const head = /^[0-9a-f]+-[0-9a-f]+ \S+ ([0-9a-f]+) \S+ (\d+) +(.*)$/.exec(line);
      if (head) {
        key = head[2] === '0' ? '' : `${head[3]} ${head[1]}`;
        continue;
      }
      const [name, value] = line.split(/: +/);
      if (name === 'Rss') resident = Number.parseInt(value!, 10);
      else if (name === 'Pss') proportional = Number.parseInt(value!, 10);
      else if (name === 'Anonymous') {
        const written = Number.parseInt(value!, 10);
        // Of a file's mapping the pages that were written to are the process's own.
        anonymous += key === '' ? proportional : written;
        if (key !== '') own.set(key, (own.get(key) ?? 0) + resident - written);
      }
    }
    for (const [file, size] of own) files.set(file, Math.max(files.get(file) ?? 0, size));
  }
  return (anonymous + [...files.values()].reduce((sum, size) => sum + size, 0)) / 1024;
}
