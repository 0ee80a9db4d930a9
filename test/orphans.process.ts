import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import { SENTIMENT, tasksOf } from './support/configs.js';
import { temporaryFolder } from './support/folder.js';
import { POISON, poisonousModel } from './support/poison.js';
import { type StartingProcess, spawnProcess, startProcess } from './support/process.js';
import { inferenceProcesses } from './support/processes.js';
import { isRunning, written } from './training/runs.js';

const SCRIPT = ['--import', 'tsx', 'test/training/fit-entry.ts'];
const CHOICES =
  '<View><Text name="t" value="$t"/><Choices name="c" toName="t"><Choice value="A"/></Choices></View>';

/** The seconds of computing of a process. */
async function busy(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[12]) / 100;
}

/** Resolves once a process has computed so long from now on. */
async function computes(pid: number, seconds: number): Promise<void> {
  const before = await busy(pid);
  while ((await busy(pid)) < before + seconds) await setTimeout(20);
}

async function gone(pid: number): Promise<void> {
  while (await isRunning(pid)) await setTimeout(10);
}

describe('a server that is killed (kill -9)', function () {
  this.timeout(60_000);
  let server: StartingProcess | undefined;
  const pids: number[] = [];

  before(function () {
    if (process.platform !== 'linux') this.skip();
  });
  afterEach(async () => {
    server?.signal('SIGKILL');
    // Those of a test that failed.
    for (const pid of pids.splice(0)) if (await isRunning(pid)) process.kill(pid, 'SIGKILL');
    await server?.ended;
  });

  it('takes an inference process with it that is in an endless graph', async () => {
    const { root } = await poisonousModel();
    const serving = await startProcess({ MODEL_DIR: root });
    server = serving;
    pids.push(...(await inferenceProcesses(server.pid)));
    const [pid] = pids;
    serving.predict({ tasks: tasksOf([`the ${POISON.hang}`]), label_config: SENTIMENT }).catch(() => {});
    await computes(pid!, 0.5);
    server.signal('SIGKILL');
    await server.ended;
    await gone(pid!);
  });

  it('takes one with it that never gets ready, and one that is stopped', async () => {
    const { root } = await poisonousModel({ hang: 'up' });
    server = await spawnProcess({ MODEL_DIR: root, WORKERS: '1' });
    // One to serve, and one that the version is tried in.
    while ((await inferenceProcesses(server.pid)).length < 2) await setTimeout(20);
    pids.push(...(await inferenceProcesses(server.pid)));
    const looping = await Promise.race(pids.map(pid => computes(pid, 3).then(() => pid)));
    for (const pid of pids) if (pid !== looping) process.kill(pid, 'SIGSTOP');
    server.signal('SIGKILL');
    await server.ended;
    for (const pid of pids) await gone(pid);
  });

  it('takes the process of a fit with it that holds its thread', async () => {
    const serving = await startProcess({ DATA_DIR: await temporaryFolder() }, SCRIPT);
    server = serving;
    const path = join(await temporaryFolder(), 'pid');
    const webhook = { action: 'START_TRAINING', project: { id: 1, label_config: CHOICES }, do: 'spin', path };
    const { status } = await serving.post('/models/learner/webhook', webhook);
    assert.equal(status, 200);
    pids.push(Number(await written(path)));
    server.signal('SIGKILL');
    await server.ended;
    await gone(pids[0]!);
  });
});
