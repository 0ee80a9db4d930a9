import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, posix } from 'node:path';

/**
 * How many cores this process may use: those of the machine that it may run on, or fewer where a container's limit grants
 * less time (`docker run --cpus`, `limits.cpu` of Kubernetes, `CPUQuota` of systemd). Node counts the machine's alone.
 *
 * Part of a core counts only when there is no whole one: more processes than granted cores would be stopped in turn, each in
 * the middle of its work.
 *
 * @param root where `/proc` and the cgroup file systems are read; tests have files there
 * @param machine cores of the machine
 * @returns at least 1
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
 * @see https://docs.kernel.org/scheduler/sched-bwc.html
 * @example
 * availableCores(); // 2 in `docker run --cpus 2.5` on 64 cores
 */
export function availableCores(root = '/', machine = availableParallelism()): number {
  const granted = folders(root).map(({ folder, version }) => quotaOf(root, folder, version));
  return Math.max(1, Math.floor(Math.min(machine, ...granted)));
}

type Version = 1 | 2;

/** A mounted cgroup file system that may limit the CPU. */
interface Mount {
  version: Version;
  /** The cgroup that is mounted, and where. */
  top: string;
  point: string;
}

/** This process's own cgroups and all above them: any of them may have a limit. */
function folders(root: string): { folder: string; version: Version }[] {
  const own = ownPaths(read(root, 'proc/self/cgroup'));
  return mounts(read(root, 'proc/self/mountinfo')).flatMap(({ version, top, point }) => {
    const path = own[version];
    if (path === undefined) return [];
    const below = posix.relative(top, path);
    // What is mounted may be the process's own cgroup, under a path that only the host knows.
    let folder = below.startsWith('..') ? point : posix.join(point, below);
    const found = [{ folder, version }];
    for (; folder.length > point.length; found.push({ folder, version })) folder = posix.dirname(folder);
    return found;
  });
}

/** The path of this process's cgroup in each version, from lines such as `4:cpu,cpuacct:/path` and `0::/path`. */
function ownPaths(text: string): Partial<Record<Version, string>> {
  const paths: Partial<Record<Version, string>> = {};
  for (const line of text.split('\n')) {
    const [, number, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (number === '0' && controllers === '') paths[2] = path!;
    else if (controllers?.split(',').includes('cpu')) paths[1] = path!;
  }
  return paths;
}

/** Lines such as `33 31 0:30 /top /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu`; see proc_pid_mountinfo(5). */
function mounts(text: string): Mount[] {
  return text.split('\n').flatMap((line): Mount[] => {
    const [before = '', after = ''] = line.split(' - ', 2);
    const [, , , top = '', point = ''] = before.split(' ').map(unescaped);
    const [type, , options = ''] = after.split(' ');
    if (type === 'cgroup2') return [{ version: 2, top, point }];
    const isCpu = type === 'cgroup' && options.split(',').includes('cpu');
    return isCpu ? [{ version: 1, top, point }] : [];
  });
}

function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** How many cores' time a cgroup grants; infinite where it has no limit, or none of the CPU at all. */
function quotaOf(root: string, folder: string, version: Version): number {
  const [quota, period] =
    version === 2
      ? read(root, join(folder, 'cpu.max')).split(' ')
      : [read(root, join(folder, 'cpu.cfs_quota_us')), read(root, join(folder, 'cpu.cfs_period_us'))];
  const cores = Number.parseInt(quota!, 10) / Number.parseInt(period ?? '', 10);
  // "max", -1, or no such file.
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

function read(root: string, path: string): string {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    // Another system than Linux, or a container without that file system.
    return '';
  }
}
