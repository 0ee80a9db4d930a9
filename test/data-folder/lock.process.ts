import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { assert } from 'chai';
import type { Claim } from '../../src/data-folder/claims.js';
import { listClaims, readClaim } from '../../src/data-folder/claims.js';
import { dataLayout } from '../../src/data-folder/layout.js';
import { State } from '../../src/state.js';
import type { Job } from '../../src/training/job.js';
import { CHOICES } from '../class-backend.js';
import { temporaryFolder } from '../support/folder.js';
import { type ServerProcess, startProcess } from '../support/process.js';
import { ROOT } from '../support/python.js';

const SCRIPT = ['--import', 'tsx', 'test/training/fit-entry.ts'];
const started: ServerProcess[] = [];

/** Starts a server of a class with a `fit`. */
async function start(DATA_DIR: string, env: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await startProcess({ DATA_DIR, ...env }, SCRIPT);
  started.push(server);
  return server;
}

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'it did not fail',
    (error: Error) => error.message,
  );
}

/** Asks for a `fit` that waits for a file. @returns its job, once it runs */
async function learn(server: ServerProcess, project: string, path: string): Promise<string> {
  await server.setup({ project, schema: CHOICES, extra_params: { model: 'learner' } });
  const event = { action: 'START_TRAINING', project: { id: Number(project) }, do: 'wait', path };
  const { job } = (await server.post<{ job: string }>('/webhook', event)).body;
  return job;
}

async function ended(server: ServerProcess, id: string, status = /finished|failed/): Promise<Job> {
  for (;;) {
    const { body } = await server.get<Job>(`/api/jobs/${id}`);
    if (status.test(body.status)) return body;
  }
}

describe('the lock of DATA_DIR', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    for (const server of started.splice(0)) {
      server.signal('SIGKILL');
      await server.ended;
    }
  });

  it('lets no second server in, which leaves alone what the first one is at', async () => {
    const first = await start(folder);
    const path = join(await temporaryFolder(), 'go');
    const job = await learn(first, '7', path);
    await ended(first, job, /started/);
    const output = join(dataLayout(folder).job(job).output, 'half');
    await mkdir(output, { recursive: true });
    const why = await failure(start(folder));
    assert.match(
      why,
      new RegExp(`DATA_DIR=${folder}: another server uses this folder \\(process ${first.pid} on `),
    );
    assert.isTrue(existsSync(output));
    await writeFile(path, '');
    assert.equal((await ended(first, job)).status, 'finished');
  });

  it('makes a server wait for one that is stopping, and then it trains', async () => {
    const first = await start(folder, { DRAIN_TIMEOUT: '12s' });
    const path = join(await temporaryFolder(), 'go');
    const job = await learn(first, '7', path);
    await ended(first, job, /started/);
    first.signal('SIGTERM');
    await first.log.line(({ msg }) => msg.startsWith('stopping'));
    let isOver = false;
    void first.ended.then(() => {
      isOver = true;
    });
    const second = await start(folder);
    assert.isTrue(isOver, 'both used the folder');
    const { msg } = await second.log.line(line => line.msg.includes('waiting for the server'));
    assert.include(msg, `process ${first.pid} on `);
    await writeFile(path, '');
    assert.equal((await ended(second, job)).status, 'finished');
  });

  it('is free at once when its server was killed on this machine', async () => {
    const first = await start(folder);
    first.signal('SIGKILL');
    await first.ended;
    const second = await start(folder);
    assert.isUndefined(second.log.lines.find(({ msg }) => msg.includes('no sign of life')));
    assert.equal((await second.get('/ready')).status, 200);
  });

  it('is free after some seconds when its server was killed elsewhere, whatever the clocks say', async () => {
    const first = await start(folder);
    first.signal('SIGKILL');
    await first.ended;
    const { lock } = dataLayout(folder);
    const [number] = listClaims(lock);
    const path = join(lock, String(number));
    const claim = readClaim(path)!.claim!;
    const elsewhere: Claim = { ...claim, process: 'another machine', since: '2099-01-01T00:00:00Z' };
    await writeFile(path, JSON.stringify(elsewhere));
    const second = await start(folder);
    await second.log.line(({ msg }) => msg.includes('no sign of life'));
    assert.deepEqual(await readdir(lock), [String(number! + 1)]);
  });

  it('ends a server that was stopped and wakes when another one has it, before it writes', async () => {
    const first = await start(folder);
    await first.setup({ project: '7', schema: CHOICES, extra_params: { model: 'learner' } });
    first.signal('SIGSTOP');
    const second = await start(folder);
    // It has arrived when the process wakes: the first thing that is done then would be written.
    const asked = failure(
      first
        .setup({ project: '8', schema: CHOICES, extra_params: { model: 'learner' } })
        .then(({ status }) => {
          if (status !== 200) throw new Error(String(status));
        }),
    );
    first.signal('SIGCONT');
    assert.equal(await first.ended, 1);
    assert.notEqual(await asked, 'it did not fail');
    const { msg } = await first.log.line(({ level }) => level === 60);
    assert.match(
      msg,
      /^DATA_DIR=.*: this server was stopped for so long that another one \(process \d+ on .*\) uses/,
    );
    assert.include(msg, `process ${second.pid} `);
    await second.stop();
    const state = State.open(folder);
    assert.isDefined(state.project('7'));
    assert.isUndefined(state.project('8'));
    await state.close();
  });

  it('ends when its DATA_DIR is removed, and says so', async () => {
    const folder = await temporaryFolder();
    const server = await start(folder);
    await rm(folder, { recursive: true });
    // It finds out by itself, or by the next write.
    await failure(server.setup({ project: '8', schema: CHOICES, extra_params: { model: 'learner' } }));
    assert.equal(await server.ended, 1);
    const { msg } = await server.log.line(({ level }) => level === 60);
    assert.match(
      msg,
      /^DATA_DIR=.*: the folder was removed while this server ran, or its disk was taken away; it ends/,
    );
  });

  it('is one server’s alone when many are started at once, also where a dead one has it', async () => {
    const layout = dataLayout(folder);
    await mkdir(layout.lock, { recursive: true });
    for (const before of [null, 'half a cl', 'dead'] as const) {
      for (const number of listClaims(layout.lock))
        await writeFile(join(layout.lock, String(number)), before ?? '');
      const takers: ChildProcess[] = Array.from({ length: 6 }, () =>
        spawn(process.execPath, ['--import', 'tsx', 'test/data-folder/take.ts', folder], {
          cwd: ROOT,
          stdio: ['pipe', 'pipe', 'inherit'],
        }),
      );
      const words = takers.map(taker => {
        const lines = createInterface({ input: taker.stdout! })[Symbol.asyncIterator]();
        return async () => String((await lines.next()).value);
      });
      await Promise.all(words.map(next => next()));
      for (const taker of takers) taker.stdin!.write('go');
      const said = await Promise.all(words.map(next => next()));
      assert.lengthOf(
        said.filter(word => word === 'taken'),
        1,
        said.join('\n'),
      );
      assert.lengthOf(
        said.filter(word => word.includes('another server uses this folder')),
        5,
        said.join('\n'),
      );
      const all = takers.map(taker => (taker.exitCode === null ? once(taker, 'exit') : null));
      for (const taker of takers) taker.stdin!.end();
      await Promise.all(all);
      assert.lengthOf(await readdir(layout.lock), 1);
      assert.include(await readFile(join(layout.lock, (await readdir(layout.lock))[0]!), 'utf8'), '"token"');
    }
  });
});
