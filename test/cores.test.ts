import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rmdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { assert } from 'chai';
import { availableCores } from '../src/cores.js';
import { temporaryFolder } from './support/folder.js';
import { spawnProcess } from './support/process.js';
import { inferenceProcesses } from './support/processes.js';
import { program } from './support/program.js';
import { ROOT } from './support/python.js';

const MACHINE = 16;
const CPU = '/sys/fs/cgroup/cpu';
const V1 = `30 25 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec - tmpfs tmpfs ro,mode=755
31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:10 - cgroup2 cgroup2 rw,nsdelegate
33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid,nodev,noexec,relatime shared:12 - cgroup cgroup rw,cpu,cpuacct
34 30 0:31 / /sys/fs/cgroup/cpuset rw,relatime shared:14 - cgroup cgroup rw,cpuset
`;
const V1_PATHS = (path: string) =>
  `12:cpuset:${path}\n4:cpu,cpuacct:${path}\n1:name=systemd:${path}\n0::${path}\n`;
const V2 =
  '29 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n';
const v1 = (folder: string, quota: number | string, period = 100_000) => ({
  [`${folder}/cpu.cfs_quota_us`]: `${quota}\n`,
  [`${folder}/cpu.cfs_period_us`]: `${period}\n`,
});

/** The files as the kernel lays them out in each place, and the cores that it grants there. */
const LAYOUTS: Record<string, { files: Record<string, string>; cores: number }> = {
  'no /proc at all, as on macOS': { files: {}, cores: MACHINE },
  'version 2, no limit': {
    files: {
      'proc/self/mountinfo': V2,
      'proc/self/cgroup': '0::/user.slice/user-1000.slice/session-2.scope\n',
      'sys/fs/cgroup/user.slice/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope/cpu.max': 'max 100000\n',
    },
    cores: MACHINE,
  },
  'version 2, docker run --cpus 2 with a namespace of its own': {
    files: {
      'proc/self/mountinfo':
        '1546 1545 0:29 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate,memory_recursiveprot\n',
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/cpu.max': '200000 100000\n',
    },
    cores: 2,
  },
  'version 2, docker run --cpus 1.5 --cgroupns host': {
    files: {
      'proc/self/mountinfo': V2,
      'proc/self/cgroup': '0::/system.slice/docker-0123abcd.scope\n',
      'sys/fs/cgroup/system.slice/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/system.slice/docker-0123abcd.scope/cpu.max': '150000 100000\n',
    },
    cores: 1,
  },
  'version 2, a limit above its own cgroup, as of a pod or a slice': {
    files: {
      'proc/self/mountinfo': V2,
      'proc/self/cgroup': '0::/kubepods.slice/kubepods-pod1.slice/cri-2.scope\n',
      'sys/fs/cgroup/kubepods.slice/cpu.max': '1200000 100000\n',
      'sys/fs/cgroup/kubepods.slice/kubepods-pod1.slice/cpu.max': '350000 100000\n',
      'sys/fs/cgroup/kubepods.slice/kubepods-pod1.slice/cri-2.scope/cpu.max': 'max 100000\n',
    },
    cores: 3,
  },
  // Values that were seen: https://github.com/opencontainers/runc/issues/2243
  'version 2, podman run --cpus 0.42': {
    files: {
      'proc/self/mountinfo':
        '649 648 0:48 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw\n652 648 0:52 / /sys ro,nosuid,nodev,noexec,relatime - sysfs sysfs ro\n653 652 0:27 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate,memory_recursiveprot\n',
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/cpu.max': '42000 100000\n',
    },
    cores: 1,
  },
  // https://github.com/coder/clistat/issues/25
  "version 2, beside a controller of version 1 that is not the CPU's": {
    files: {
      'proc/self/mountinfo':
        '726 725 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate,memory_recursiveprot\n',
      'proc/self/cgroup': '1:net_cls:/\n0::/\n',
      'sys/fs/cgroup/cpu.max': '200000 100000\n',
    },
    cores: 2,
  },
  'version 2, half a core in another period': {
    files: {
      'proc/self/mountinfo': V2,
      'proc/self/cgroup': '0::/a.service\n',
      'sys/fs/cgroup/a.service/cpu.max': '5000 10000\n',
    },
    cores: 1,
  },
  'version 2, more than the machine has': {
    files: {
      'proc/self/mountinfo': V2,
      'proc/self/cgroup': '0::/a.service\n',
      'sys/fs/cgroup/a.service/cpu.max': '6400000 100000\n',
    },
    cores: MACHINE,
  },
  'version 1, no limit': {
    files: {
      'proc/self/mountinfo': V1,
      'proc/self/cgroup': V1_PATHS('/'),
      ...v1('sys/fs/cgroup/cpu,cpuacct', -1),
    },
    cores: MACHINE,
  },
  'version 1, docker run --cpus 4, whose own path only the host knows': {
    files: {
      'proc/self/mountinfo':
        '970 969 0:29 /docker/0123abcd /sys/fs/cgroup/cpu,cpuacct ro,nosuid,nodev,noexec,relatime master:12 - cgroup cgroup rw,cpu,cpuacct\n',
      'proc/self/cgroup': V1_PATHS('/docker/0123abcd'),
      ...v1('sys/fs/cgroup/cpu,cpuacct', 400_000),
    },
    cores: 4,
  },
  'version 1, a path that is not below what is mounted': {
    files: {
      'proc/self/mountinfo':
        '970 969 0:29 /docker/0123abcd /sys/fs/cgroup/cpu ro,relatime - cgroup cgroup rw,cpu\n',
      'proc/self/cgroup': V1_PATHS('/'),
      ...v1('sys/fs/cgroup/cpu', 300_000),
    },
    cores: 3,
  },
  'version 1, a limit above': {
    files: {
      'proc/self/mountinfo': V1,
      'proc/self/cgroup': V1_PATHS('/kubepods/pod1/2'),
      ...v1('sys/fs/cgroup/cpu,cpuacct', -1),
      ...v1('sys/fs/cgroup/cpu,cpuacct/kubepods/pod1', 250_000),
      ...v1('sys/fs/cgroup/cpu,cpuacct/kubepods/pod1/2', -1),
    },
    cores: 2,
  },
  'version 1, mounted where a space is': {
    files: {
      'proc/self/mountinfo': '33 30 0:29 / /cg\\040roups/cpu rw - cgroup cgroup rw,cpu\n',
      'proc/self/cgroup': V1_PATHS('/a:b'),
      ...v1('cg roups/cpu/a:b', 50_000, 10_000),
    },
    cores: 5,
  },
  'files that make no sense': {
    files: {
      'proc/self/mountinfo': `${V2}nonsense\n- - -\n\n`,
      'proc/self/cgroup': 'nonsense\n0::/a\n::\n',
      'sys/fs/cgroup/a/cpu.max': '0 0\n',
      'sys/fs/cgroup/cpu.max': '\n',
    },
    cores: MACHINE,
  },
};

/** Runs a program in a cgroup: what stands before it. */
const within = (cgroup: string) => ['sh', '-c', `echo $$ > ${cgroup}/cgroup.procs && exec "$@"`, 'sh'];

/** How many inference processes the server has that is started in a cgroup. */
async function processesIn(cgroup: string): Promise<number> {
  // Without a model, none is there that only tries whether a model can be loaded.
  const env = { WORKERS: '', MODEL_DIR: await temporaryFolder() };
  const server = await spawnProcess(env, program('cli/start'), within(cgroup));
  try {
    await Promise.race([server.log.line(line => / on http:\/\//.test(line.msg)), server.ended]);
    return (await inferenceProcesses(server.pid)).length;
  } finally {
    server.signal('SIGTERM');
    await server.ended;
  }
}

/** What a process counts that is started in a cgroup. */
async function countedIn(cgroup: string): Promise<number> {
  const cores = program('cores').at(-1)!;
  const [...options] = program('cores').slice(0, -1);
  const code = `import { availableCores } from ${JSON.stringify(cores)}; console.log(availableCores())`;
  const node = [process.execPath, ...options, '--input-type=module', '-e', code];
  const [command, ...args] = [...within(cgroup), ...node];
  const { stdout } = await promisify(execFile)(command!, args, { cwd: ROOT });
  return Number(stdout);
}

/** A cgroup of version 1 that this process may make; null where it may not. */
async function realCgroup(): Promise<string | null> {
  try {
    await readFile(join(CPU, 'cpu.cfs_quota_us'));
    return await mkdtemp(join(CPU, 'label-studio-onnx-'));
  } catch {
    return null;
  }
}

/** Skips a test, and says why. */
function skipped(context: Mocha.Context): void {
  context.test!.title += ` (it needs root and ${CPU}, the CPU controller of version 1)`;
  context.skip();
}

describe('availableCores()', () => {
  for (const [name, { files, cores }] of Object.entries(LAYOUTS)) {
    it(`counts ${cores} with ${name}`, async () => {
      const root = await temporaryFolder();
      for (const [path, text] of Object.entries(files)) {
        await mkdir(join(root, dirname(path)), { recursive: true });
        await writeFile(join(root, path), text);
      }
      assert.equal(availableCores(root, MACHINE), cores);
    });
  }

  it('counts what a real cgroup of version 1 grants, and one above it', async function () {
    const cgroup = await realCgroup();
    if (cgroup === null) return skipped(this);
    const child = join(cgroup, 'child');
    try {
      assert.equal(await countedIn(cgroup), availableParallelism());
      await writeFile(join(cgroup, 'cpu.cfs_quota_us'), '100000');
      assert.equal(await countedIn(cgroup), 1);
      await mkdir(child);
      assert.equal(await countedIn(child), 1);
      await writeFile(join(cgroup, 'cpu.cfs_quota_us'), '6400000');
      assert.equal(await countedIn(child), availableParallelism());
    } finally {
      for (const each of [child, cgroup]) await rmdir(each).catch(() => {});
    }
  });

  it('is how many inference processes a real server has in a real cgroup of version 1', async function () {
    this.timeout(120_000);
    const cgroup = await realCgroup();
    if (cgroup === null) return skipped(this);
    try {
      assert.equal(await processesIn(cgroup), availableParallelism());
      await writeFile(join(cgroup, 'cpu.cfs_quota_us'), '100000');
      assert.equal(await processesIn(cgroup), 1);
    } finally {
      await rmdir(cgroup).catch(() => {});
    }
  });
});
