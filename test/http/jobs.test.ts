import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { assert } from 'chai';
import { createBackend } from '../../src/backend.js';
import { readConfig } from '../../src/config.js';
import { EventStreams } from '../../src/http/job-routes.js';
import { createHttpServer } from '../../src/http/server.js';
import type { Job } from '../../src/training/job.js';
import { gate } from '../class-backend.js';
import { settings, startBackend, type TestBackend } from '../support/backend.js';
import { SENTIMENT } from '../support/configs.js';
import { temporaryFolder } from '../support/folder.js';
import { Learner } from '../training/fit-models.js';
import { hasEnded, openJobs, SILENT, until } from '../training/queue.js';
import { REQUEST } from '../training/runs.js';

describe('/api/jobs', () => {
  let backend: TestBackend;
  const ids: string[] = [];
  before(async () => {
    // Without an entry script its jobs fail at once.
    backend = await startBackend({ BASIC_AUTH_USER: 'me', BASIC_AUTH_PASS: 'pw' }, [Learner]);
    for (const id of [4, 5]) {
      const event = { action: 'START_TRAINING', project: { id, label_config: SENTIMENT } };
      ids.push((await backend.post<{ job: string }>('/webhook', event, auth)).body.job);
      await ask(`/api/jobs/${ids.at(-1)}/events`);
    }
  });
  after(() => backend.stop());

  const auth = { headers: { authorization: `Basic ${Buffer.from('me:pw').toString('base64')}` } };
  const ask = <T>(path: string) => backend.get<T>(path, auth);

  it('lists them, newest first, of a project or a model', async () => {
    const list = async (query: string) =>
      (await ask<{ jobs: Job[] }>(`/api/jobs${query}`)).body.jobs.map(({ id }) => id);
    assert.deepEqual(await list(''), [ids[1], ids[0]]);
    assert.deepEqual(await list('?project=4'), [ids[0]]);
    assert.deepEqual(await list('?project=4&model=learner'), [ids[0]]);
    assert.deepEqual(await list('?model=other'), []);
  });

  it('shows one with the end of its log, and nothing of the processes behind it', async () => {
    const { body } = await ask<Job & { log: string }>(`/api/jobs/${ids[0]}`);
    assert.include<object>(body, {
      id: ids[0],
      kind: 'fit',
      project: '4',
      status: 'failed',
      log: `failed: ${body.error}\n`,
    });
    assert.doesNotHaveAnyKeys(body, ['process', 'attempts']);
  });

  it('tells of one as server-sent events', async () => {
    const { status, headers, body } = await ask<string>(`/api/jobs/${ids[1]}/events`);
    assert.equal(status, 200);
    assert.match(headers['content-type']!, /^text\/event-stream/);
    assert.match(body, /^event: job\ndata: \{.*"status":"failed".*\}\n\n$/);
  });

  it('leaves one that has ended as it is when it is cancelled', async () => {
    const { status, body } = await backend.post<Job>(`/api/jobs/${ids[0]}/cancel`, {}, auth);
    assert.equal(status, 200);
    assert.notInclude(body.error, 'cancelled');
  });

  it('answers 410 for one that is not there, and 401 without credentials', async () => {
    for (const path of ['', '/events']) {
      assert.deepInclude(await ask(`/api/jobs/nope${path}`), { status: 410 });
      assert.deepInclude(await backend.get(`/api/jobs/${ids[0]}${path}`), { status: 401 });
    }
    assert.equal((await backend.post('/api/jobs/nope/cancel', {}, auth)).status, 410);
    assert.equal((await backend.post(`/api/jobs/${ids[0]}/cancel`, {})).status, 401);
    assert.equal((await ask('/api/jobs')).status, 200);
  });
});

describe('the events of a job', () => {
  /** A queue with one job that goes on until `finish` is opened. */
  async function running() {
    const finish = gate();
    const steps = gate<(progress: number) => void>();
    const queue = await openJobs({
      works: {
        async train(_, run) {
          steps.open(progress => run.report(progress, `at ${progress}`));
          await finish.opened;
          return { message: 'done' };
        },
      },
    });
    await queue.jobs.start();
    const id = queue.jobs.request(REQUEST);
    return { ...queue, id, finish, report: await steps.opened };
  }
  const told = (events: string) =>
    [...events.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Job);

  it('tell of the state and of each step, with signs of life, and end with the job', async () => {
    const { jobs, id, finish, report, close } = await running();
    const stream = new EventStreams(1).open(jobs, id).setEncoding('utf8');
    report(0.25);
    report(0.5);
    let events = '';
    for await (const part of stream) {
      events += part;
      if (events.includes(': still here\n\n')) finish.open();
    }
    assert.deepEqual(
      told(events).map(({ status, progress }) => [status, progress]),
      [
        ['started', undefined],
        ['started', 0.25],
        ['started', 0.5],
        ['finished', 1],
      ],
    );
    await close();
  });

  it('give a client that reads slowly the newest state, and the last one in any case', async () => {
    const { jobs, id, finish, report, close } = await running();
    const stream = new EventStreams().open(jobs, id);
    for (let step = 1; step <= 1000; step++) report(step / 1000);
    finish.open();
    await until(jobs, id, hasEnded);
    const events = told(await text(stream));
    assert.isBelow(events.length, 500);
    assert.equal(events[0]!.status, 'started');
    assert.include(events.at(-1)!, { status: 'finished', message: 'done' });
    await close();
  });

  it('are not kept for a client that has gone, and end when the server stops', async () => {
    const { jobs, id, finish, close } = await running();
    const streams = new EventStreams(1);
    const gone = streams.open(jobs, id);
    gone.destroy();
    await once(gone, 'close');
    const before = streams.open(jobs, id);
    streams.drain();
    for (const stream of [before, streams.open(jobs, id)])
      assert.equal(told(await text(stream)).at(-1)!.status, 'started');
    finish.open();
    await until(jobs, id, hasEnded);
    await close();
  });

  it('do not hold a server back that stops', async () => {
    const script = join(await temporaryFolder(), 'endless.js');
    await writeFile(script, 'setInterval(() => {}, 1000)');
    const config = readConfig(await settings({ DRAIN_TIMEOUT: '0s' }));
    const backend = await createBackend({ config, log: SILENT, models: [Learner], entry: { script } });
    const { server, drain } = createHttpServer(backend.app);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const body = JSON.stringify({ project: '1', label_config: SENTIMENT });
    const { job } = (await (await fetch(`${url}/train`, { method: 'POST', body })).json()) as { job: string };
    const events = await fetch(`${url}/api/jobs/${job}/events`);
    await drain(60_000);
    assert.match(await events.text(), /"status":"(queued|started)"/);
    await backend.close();
  });
});
