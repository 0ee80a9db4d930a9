import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { State } from '../../src/state.js';
import type { Job, JobInput, Work } from '../../src/training/job.js';
import { failed } from '../../src/training/process.js';
import { gate } from '../class-backend.js';
import { CapturedLog } from '../support/log.js';
import { hasEnded, openJobs, until } from './queue.js';
import { isRunning, REQUEST, written } from './runs.js';

const isStarted = (job: Job) => job.status === 'started';
/** Work that goes on until it is told not to. */
const endless: Work = (_, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));

describe('the queue of jobs', () => {
  const opened: { close(): Promise<void> }[] = [];
  const open = async (...args: Parameters<typeof openJobs>) => {
    const queue = await openJobs(...args);
    opened.push(queue);
    return queue;
  };
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });

  it('takes a job at once and does it afterwards, with a folder, telling how far it is', async () => {
    const ended: string[] = [];
    let began = false;
    const { jobs } = await open({
      ended: status => ended.push(status),
      works: {
        async train(_, run) {
          began = true;
          assert.deepEqual(run.data, { a: 1 });
          assert.equal(run.labelConfig, REQUEST.labelConfig);
          assert.deepEqual(await readdir(run.folder), ['log.txt']);
          run.report(0.5, 'half way');
          await run.spawn('sh', ['-c', 'echo said; echo \'{"progress": 0.75}\'']);
          return { version: 'v1', message: 'done', result: { rows: 3 } };
        },
      },
    });
    await jobs.start();
    const id = jobs.request({ ...REQUEST, data: { a: 1 } });
    assert.isFalse(began);
    const told: (string | number | undefined)[][] = [];
    jobs.watch(id, ({ status, progress, message }) => told.push([status, progress, message]));
    const { created, started, ended: end, ...job } = await until(jobs, id, hasEnded);
    assert.isTrue(created <= started! && started! <= end!);
    assert.deepInclude(job, {
      ...{ kind: 'train', model: 'm', project: '1', event: 'ANNOTATION_CREATED', status: 'finished' },
      ...{ progress: 1, message: 'done', version: 'v1', result: { rows: 3 } },
    });
    assert.notProperty(job, 'process');
    assert.deepInclude(told, ['started', 0.5, 'half way']);
    assert.deepInclude(told, ['started', 0.75, 'half way']);
    assert.equal(await jobs.logEnd(id, 1000), 'half way\nsaid\n{"progress": 0.75}\n');
    assert.deepEqual(ended, ['finished']);
  });

  it('does one at a time for a project and model; one more waits and takes in the newest', async () => {
    const inputs: [string, JobInput['data']][] = [];
    const first = gate();
    const { jobs } = await open({
      works: {
        async train(job, { data }) {
          inputs.push([job.event, data]);
          await first.opened;
          return { message: '' };
        },
      },
    });
    await jobs.start();
    const ids = Array.from({ length: 1000 }, (_, annotation) =>
      jobs.request({
        ...REQUEST,
        event: annotation === 500 ? 'START_TRAINING' : REQUEST.event,
        data: { annotation },
      }),
    );
    assert.equal(new Set(ids).size, 2);
    assert.equal(jobs.job(ids[1]!).status, 'queued');
    first.open();
    await until(jobs, ids[999]!, hasEnded);
    assert.deepEqual(inputs, [
      ['ANNOTATION_CREATED', { annotation: 0 }],
      ['START_TRAINING', { annotation: 999 }],
    ]);
    assert.notEqual(jobs.request(REQUEST), ids[999]);
  });

  it('does those of other projects and models side by side, as many as it may', async () => {
    const running = new Set<string>();
    const most = gate<string[]>();
    const finish = gate();
    const { jobs } = await open({
      limits: { atOnce: 2 },
      works: {
        async train({ model, project }) {
          running.add(`${model} ${project}`);
          if (running.size === 2) most.open([...running]);
          await finish.opened;
          return { message: '' };
        },
      },
    });
    await jobs.start();
    for (const [model, project] of [
      ['a', '1'],
      ['a', '1'],
      ['a', '2'],
      ['b', '1'],
    ] as const)
      jobs.request({ ...REQUEST, model, project });
    assert.sameMembers(await most.opened, ['a 1', 'a 2']);
    const states = jobs.list().map(({ model, project, status }) => `${model} ${project} ${status}`);
    assert.deepEqual(states, ['b 1 queued', 'a 2 started', 'a 1 queued', 'a 1 started']);
    assert.lengthOf(jobs.list({ project: '1' }), 3);
    assert.lengthOf(jobs.list({ project: '1', model: 'a' }), 2);
    finish.open();
  });

  it('keeps what was asked for through a death of the server, and does it again once', async () => {
    const before = await openJobs({ works: { train: endless } });
    await before.jobs.start();
    const running = before.jobs.request(REQUEST);
    await until(before.jobs, running, isStarted);
    const waiting = before.jobs.request({ ...REQUEST, data: { newest: true } });
    // As a server leaves it that is killed.
    const jobsThen = before.state.jobs();
    await before.close();
    const state = State.open(before.dataDir);
    for (const job of jobsThen) state.setJob(job);

    const done: [string, unknown][] = [];
    const deps = { dataDir: before.dataDir, state };
    const work: Work = async ({ id, attempts }, { data }) => {
      done.push([id, attempts], [id, data]);
      return { message: '' };
    };
    const { jobs } = await open({ ...deps, works: { train: work } });
    assert.deepEqual(
      jobs.list().map(({ id }) => id),
      [waiting, running],
    );
    await jobs.start();
    await until(jobs, waiting, hasEnded);
    assert.deepEqual(done, [
      [running, 2],
      [running, {}],
      [waiting, 1],
      [waiting, { newest: true }],
    ]);
    state.setJob({ ...jobs.job(running), status: 'started', attempts: 2 });
    const again = await openJobs({ ...deps, works: { train: work } });
    await again.jobs.start();
    assert.deepInclude(again.jobs.job(running), {
      status: 'failed',
      error: 'the server ended 2 times while it ran: not tried again',
    });
  });

  it('gives what runs a moment when it stops; what has not ended then is done at the next start', async () => {
    const finish = gate();
    const works = {
      train: (job: Job, run: Parameters<Work>[1]) =>
        job.model === 'quick' ? finish.opened.then(() => ({ message: '' })) : endless(job, run),
    };
    const { jobs, state, dataDir } = await openJobs({ works });
    await jobs.start();
    const quick = jobs.request({ ...REQUEST, model: 'quick' });
    const slow = jobs.request({ ...REQUEST, model: 'slow' });
    const waiting = jobs.request({ ...REQUEST, model: 'slow' });
    await until(jobs, slow, isStarted);
    const stopped = jobs.stop(50);
    finish.open();
    await stopped;
    const left = ({ status, attempts }: Job) => [status, attempts];
    assert.deepEqual(
      [quick, slow, waiting].map(id => left(jobs.job(id))),
      [
        ['finished', 1],
        ['queued', 0],
        ['queued', 0],
      ],
    );
    await state.close();
    const after = await open({ dataDir, works: { train: async () => ({ message: '' }) } });
    await after.jobs.start();
    await until(after.jobs, waiting, hasEnded);
    assert.equal(after.jobs.job(slow).status, 'finished');
  });

  it('cancels what waits and what runs, with its programs, and goes on', async () => {
    const { jobs } = await open({
      works: {
        async train(_, run) {
          await run.spawn('sh', ['-c', 'echo $$ > pid; exec sleep 1000']);
          return { message: '' };
        },
        fit: async () => ({ message: '' }),
      },
    });
    await jobs.start();
    const running = jobs.request(REQUEST);
    await until(jobs, running, job => job.process !== undefined);
    const waiting = jobs.request(REQUEST);
    assert.include(jobs.cancel(waiting, 'somebody'), { status: 'failed', error: 'cancelled by somebody' });
    const next = jobs.request({ ...REQUEST, kind: 'fit' });
    const { pid } = jobs.job(running).process!;
    assert.isTrue(await isRunning(pid));
    jobs.cancel(running, 'the end');
    assert.equal((await until(jobs, next, hasEnded)).status, 'finished');
    assert.deepInclude(jobs.job(running), { status: 'failed', error: 'cancelled by the end' });
    assert.isFalse(await isRunning(pid));
    assert.include(jobs.cancel(running, 'somebody else'), { error: 'cancelled by the end' });
    assert.equal((await until(jobs, jobs.request({ ...REQUEST, kind: 'fit' }), hasEnded)).status, 'finished');
    assert.throws(() => jobs.cancel('nope', 'me'), AppError, "there is no job 'nope' on this server");
  });

  it('ends what takes longer than TRAIN_TIMEOUT', async () => {
    const { jobs } = await open({
      limits: { timeout: 100 },
      works: {
        async train(_, run) {
          await run.spawn('sleep', ['1000']);
          return { message: '' };
        },
      },
    });
    await jobs.start();
    const { error } = await until(jobs, jobs.request(REQUEST), hasEnded);
    assert.equal(error, 'the training took longer than TRAIN_TIMEOUT, 0.1 s, and was ended');
  });

  it('says in a sentence why a job failed, logs it, and keeps stacks of faults for the log', async () => {
    const log = new CapturedLog();
    const errors = [failed('needs 3 rows of each label'), new TypeError('undefined is not a function')];
    const { jobs } = await open({ log: log.logger, works: { train: () => Promise.reject(errors.shift()) } });
    await jobs.start();
    for (const [message, stack] of [
      ['needs 3 rows of each label', false],
      ['undefined is not a function', true],
    ] as const) {
      const id = jobs.request(REQUEST);
      assert.equal((await until(jobs, id, hasEnded)).error, message);
      const lines = log.lines.filter(({ job }) => job === id);
      const what = 'training of m for project 1';
      assert.deepEqual(
        lines.map(({ msg }) => msg),
        [`${what} is queued: ANNOTATION_CREATED`, `${what} started`, `${what} failed: ${message}`],
      );
      const line = lines.at(-1)!;
      assert.equal(line.level, 50);
      assert.equal(JSON.stringify(line).includes('jobs.test'), stack);
      assert.include(await jobs.logEnd(id, 1000), `failed: ${message}\n`);
    }
    const other = await until(jobs, jobs.request({ ...REQUEST, kind: 'fit' }), hasEnded);
    assert.equal(other.error, 'this server cannot fit');
  });

  it('keeps the newest jobs and their folders, none else, and never loses one that has not ended', async () => {
    const finish = gate();
    const works = {
      train: async (job: Job) => {
        if (job.model === 'slow') await finish.opened;
        return { message: '' };
      },
    };
    const { jobs, state, dataDir } = await openJobs({ limits: { kept: 3 }, works });
    await mkdir(join(dataDir, 'jobs', 'left-behind'), { recursive: true });
    await jobs.start();
    const slow = jobs.request({ ...REQUEST, model: 'slow' });
    const ids: string[] = [];
    for (let count = 0; count < 6; count++) {
      ids.push(jobs.request(REQUEST));
      await until(jobs, ids.at(-1)!, hasEnded);
    }
    finish.open();
    await until(jobs, slow, hasEnded);
    await jobs.stop(1000);
    const kept = ids.slice(-3);
    assert.sameMembers(await readdir(join(dataDir, 'jobs')), kept);
    assert.sameMembers(
      state.jobs().map(({ id }) => id),
      kept,
    );
    await state.close();
  });
});

describe("a job's folder", () => {
  it('keeps the log alone, but for what the newest job was given, if it failed', async () => {
    const orders = ['fail', 'fail', 'end well'];
    const { jobs, dataDir } = await openJobs({
      works: {
        async train(_, run) {
          run.report(0.5, 'at work');
          await writeFile(join(run.folder, 'tasks.jsonl'), 'secret');
          if (orders.shift() === 'fail') throw failed('no');
          return { message: '' };
        },
      },
    });
    await jobs.start();
    const files = (id: string) => readdir(join(dataDir, 'jobs', id));
    const first = jobs.request(REQUEST);
    await until(jobs, first, hasEnded);
    assert.sameMembers(await files(first), ['log.txt', 'tasks.jsonl']);
    const second = jobs.request(REQUEST);
    await until(jobs, second, hasEnded);
    const other = jobs.request({ ...REQUEST, project: 'other' });
    await until(jobs, other, hasEnded);
    await jobs.stop(1_000);
    assert.deepEqual(await files(first), ['log.txt']);
    assert.sameMembers(await files(second), ['log.txt', 'tasks.jsonl']);
    assert.deepEqual(await files(other), ['log.txt']);
  });
});

describe('what a dead server left running', () => {
  it('is ended before its job is done again, and nobody else is', async () => {
    const before = await openJobs({
      works: {
        async train(_, run) {
          await run.spawn('sh', ['-c', 'setsid sleep 1000 & sleep 1000 & echo $! > pids; wait']);
          return { message: '' };
        },
      },
    });
    await before.jobs.start();
    const id = before.jobs.request(REQUEST);
    const pids = [Number(await written(join(before.dataDir, 'jobs', id, 'pids')))];
    const left = before.jobs.job(id);
    pids.push(left.process!.pid);
    // The records of that moment, read by a server that has just started; the programs still run.
    const dataDir = before.dataDir;
    const seen: boolean[] = [];
    const after = await openJobs({
      dataDir,
      state: before.state,
      works: {
        async train(_, run) {
          for (const pid of pids) seen.push(await isRunning(pid));
          seen.push(existsSync(join(run.folder, 'pids')));
          return { message: '' };
        },
      },
    });
    await after.jobs.start();
    await until(after.jobs, id, hasEnded);
    assert.deepEqual(seen, [false, false, false]);
    await after.jobs.stop(0);
    await before.close();
  });

  it('is recognised: another process of the same id is not touched', async () => {
    const works = { train: async () => ({ message: '' }) };
    const { jobs, state, close } = await openJobs({ works });
    const job: Job = {
      ...{ id: 'j', kind: 'train', model: 'm', project: '1', event: 'e', created: '2026-01-01T00:00:00Z' },
      ...{ status: 'started', attempts: 1, process: { pid: process.ppid, began: 'another boot 17' } },
    };
    state.setJob(job, { data: {}, labelConfig: '' });
    const again = await openJobs({ state, works });
    await again.jobs.start();
    assert.equal((await until(again.jobs, 'j', hasEnded)).status, 'finished');
    assert.isTrue(await isRunning(process.ppid));
    await again.jobs.stop(0);
    await jobs.stop(0);
    await close();
  });
});
