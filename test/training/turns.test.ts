import { once } from 'node:events';
import { assert } from 'chai';
import type { Job } from '../../src/training/job.js';
import { gate } from '../class-backend.js';
import { LabelStudioServer } from '../label-studio/server.js';
import { startBackend } from '../support/backend.js';
import { stopServers } from '../task-data/servers.js';
import { keyOf } from './loop.js';
import { hasEnded, openJobs, until } from './queue.js';
import { REQUEST } from './runs.js';
import { TOPICS } from './world.js';

describe('jobs that wait for a Label Studio', () => {
  const opened: { close(): Promise<void> }[] = [];
  const open = async (...args: Parameters<typeof openJobs>) => {
    const queue = await openJobs(...args);
    opened.push(queue);
    return queue;
  };
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    await stopServers();
  });
  const host = (project: string) => (project.startsWith('silent') ? 'http://silent' : 'http://quick');

  it('hold up no job of another one, nor of another project of the same', async () => {
    const begun: string[] = [];
    const silent = gate();
    const { jobs } = await open({
      host,
      limits: { atOnce: 1 },
      works: {
        async train({ project }, { aside }) {
          begun.push(project);
          await aside(async () => {
            if (project === 'silent-1') await silent.opened;
          });
          return { message: '' };
        },
      },
    });
    await jobs.start();
    const request = (project: string, model = 'm') => jobs.request({ ...REQUEST, project, model });
    const ids = ['a', 'b', 'c'].map(model => request('silent-1', model));
    for (const project of ['quick', 'silent-2']) await until(jobs, request(project), hasEnded);
    assert.deepEqual(begun, ['silent-1', 'quick', 'silent-2']);
    silent.open();
    for (const id of ids) assert.equal((await until(jobs, id, hasEnded)).status, 'finished');
  });

  it('are bounded, those of one Label Studio more than all', async () => {
    const begun: string[] = [];
    const { jobs } = await open({
      host,
      limits: { atOnce: 1 },
      works: {
        async train({ project }, { aside, signal }) {
          begun.push(project);
          if (project !== 'last') await aside(() => once(signal, 'abort'));
          return { message: '' };
        },
      },
    });
    await jobs.start();
    for (let project = 1; project <= 20; project++)
      jobs.request({ ...REQUEST, project: `silent-${project}` });
    await until(jobs, jobs.request({ ...REQUEST, project: 'last' }), hasEnded);
    assert.deepEqual(begun, ['silent-1', 'silent-2', 'silent-3', 'last']);
  });

  it('wait for their turn after it, without being late or blamed for what others do', async () => {
    const reading = gate();
    const { jobs } = await open({
      host,
      limits: { atOnce: 1, timeout: 300 },
      works: {
        async train({ project }, { aside, signal }) {
          if (project === 'first') await aside(() => reading.opened);
          else await once(signal, 'abort');
          signal.throwIfAborted();
          return { message: '' };
        },
      },
    });
    await jobs.start();
    const first = jobs.request({ ...REQUEST, project: 'first' });
    await until(jobs, first, ({ status }) => status === 'started');
    const second = jobs.request({ ...REQUEST, project: 'second' });
    await until(jobs, second, ({ status }) => status === 'started');
    reading.open();
    const waits = (job: Job) => job.message === 'waiting for another training to end';
    assert.equal((await until(jobs, first, waits)).attempts, 0);
    // The one that computes is over time, and ended; the one that waits is not.
    assert.match((await until(jobs, second, hasEnded)).error!, /took longer than TRAIN_TIMEOUT/);
    const { status, attempts } = await until(jobs, first, hasEnded);
    assert.deepEqual([status, attempts], ['finished', 1]);
  });

  it('of a silent Label Studio leave the trainings of another one alone', async () => {
    const [silent, quick] = [await LabelStudioServer.start(), await LabelStudioServer.start()];
    silent.answer = () => {};
    const backend = await startBackend({ DRAIN_TIMEOUT: '200ms' });
    try {
      const train = async (id: number, { url: hostname, token: access_token }: LabelStudioServer) => {
        const project = keyOf(String(id));
        await backend.setup({ project, schema: TOPICS, hostname, access_token });
        const event = { action: 'START_TRAINING', project: { id } };
        return (await backend.post<{ job: string }>('/webhook', event)).body.job;
      };
      for (let id = 1; id <= 4; id++) await train(id, silent);
      quick.annotate('9', []);
      const { body } = await backend.get<string>(`/api/jobs/${await train(9, quick)}/events`);
      assert.include(body, 'there are none');
    } finally {
      await backend.stop();
    }
  }).timeout(60_000);
});
