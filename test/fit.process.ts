import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import type { Job } from '../src/training/job.js';
import { startBackend, type TestBackend } from './support/backend.js';
import { SENTIMENT, tasksOf } from './support/configs.js';
import { temporaryFolder } from './support/folder.js';
import { startProcess } from './support/process.js';
import { ROOT } from './support/python.js';
import { Learner, Simple } from './training/fit-models.js';
import { isRunning, written } from './training/runs.js';

const ENTRY = { script: `${ROOT}test/training/fit-entry.ts`, execArgv: process.execArgv };

type Client = Pick<TestBackend, 'get' | 'post'>;
type Known = { weights: unknown; output: unknown; pid: number };

const project = (id: number) => ({ id, title: 'x', label_config: SENTIMENT });

/** Sends an event, and gives the id of its job. */
async function teach(backend: Client, body: Record<string, unknown>, id = 7): Promise<string> {
  const event = { action: 'START_TRAINING', project: project(id), ...body };
  const reply = await backend.post<{ status: string; job: string }>('/models/learner/webhook', event);
  assert.equal(reply.status, 200);
  return reply.body.job;
}

/** Waits for the end of a job, by its events. */
async function ended(client: Client, id: string): Promise<Job> {
  const { body } = await client.get<string>(`/api/jobs/${id}/events`);
  return JSON.parse(
    body
      .trim()
      .split('\n')
      .at(-1)!
      .replace(/^data: /, ''),
  );
}

async function known(backend: Client, id = 7): Promise<Known & { version: string }> {
  const request = { project: id, tasks: tasksOf(['a']), label_config: SENTIMENT };
  const { body } = await backend.post<{ results: [{ known: Known; model_version: string }] }>(
    '/models/learner/predict',
    request,
  );
  return { ...body.results[0].known, version: body.results[0].model_version };
}

describe('LabelStudioMLBase.fit', () => {
  let backend: TestBackend;
  const open = (env: Record<string, string> = {}) => startBackend(env, [Learner, Simple], undefined, ENTRY);
  before(async () => {
    backend = await open({ TRAIN_MEMORY: '400mb', BASIC_AUTH_USER: '', BASIC_AUTH_PASS: '' });
  });
  after(() => backend.stop());

  it('is given the event with its whole body, in a process of its own that is like the server', async () => {
    process.env.SOME_VARIABLE = 'of the user';
    process.env.BASIC_AUTH_PASS = 'hunter2';
    try {
      await backend.post('/models/learner/setup', {
        project: '5.1',
        schema: SENTIMENT,
        extra_params: { a: 1 },
      });
      const body = { do: 'look', annotation: { id: 3 } };
      const job = await ended(backend, await teach(backend, { action: 'ANNOTATION_CREATED', ...body }, 5));
      assert.deepInclude<object>(job, {
        status: 'finished',
        kind: 'fit',
        model: 'learner',
        project: '5.1',
        progress: 1,
      });
      const { pid, ...seen } = (await known(backend, 5)).output as Record<string, unknown>;
      assert.notEqual(pid, process.pid);
      assert.deepEqual<object>(seen, {
        event: 'ANNOTATION_CREATED',
        data: { action: 'ANNOTATION_CREATED', project: project(5), ...body },
        nice: 10,
        variables: ['of the user', null],
        projectId: '5',
        labelConfig: SENTIMENT,
        extraParams: { a: 1 },
        weights: null,
        control: 'sentiment',
      });
    } finally {
      delete process.env.SOME_VARIABLE;
      delete process.env.BASIC_AUTH_PASS;
    }
  });

  it('is given the event beside other models of the project, for the controls that are its own', async () => {
    const schema = SENTIMENT.replace(
      '</View>',
      '<Choices name="other" toName="text"><Choice value="a"/><Choice value="b"/></Choices></View>',
    );
    const models = { sentiment: 'simple', other: 'learner' };
    const setup = { project: '8.1', schema, extra_params: { models } };
    assert.equal((await backend.post('/setup', setup)).status, 200);
    const event = { action: 'START_TRAINING', project: { id: 8, label_config: schema }, do: 'look' };
    const { body } = await backend.post<{ job: string; jobs?: string[] }>('/webhook', event);
    assert.isUndefined(body.jobs);
    const job = await ended(backend, body.job);
    assert.deepInclude<object>(job, { status: 'finished', model: 'learner', project: '8.1' });
    const request = { project: 8, tasks: tasksOf(['a']), label_config: schema };
    const { results } = (await backend.post<{ results: { model_version: string }[] }>('/predict', request))
      .body;
    assert.equal(results[0]!.model_version, 'learner:0.0.1+simple:0.0.1');
    const output = (await backend.get<{ models: object[] }>('/api/projects/8')).body;
    assert.deepInclude(output.models, { model: 'learner', version: 'learner:0.0.1', controls: ['other'] });
    const seen = (await known(backend, 8)).output as { control: string };
    assert.equal(seen.control, 'other');
  });

  it('changes what is predicted and its version, everywhere and at once, and after a restart', async () => {
    const DATA_DIR = await temporaryFolder();
    let own = await open({ DATA_DIR });
    const versions = async () => {
      const setup = await own.post<{ model_version: string }>('/models/learner/setup', {
        project: 7,
        schema: SENTIMENT,
      });
      const all = await own.get<{ versions: string[] }>('/models/learner/versions');
      const one = await own.get<{ versions: string[] }>('/models/learner/versions?project=7');
      return [setup.body.model_version, ...all.body.versions, ...one.body.versions];
    };
    assert.deepEqual(await versions(), Array(3).fill('learner:0.0.1'));
    assert.include(await known(own), { weights: null, version: 'learner:0.0.1' });
    const job = await teach(own, { weights: 4 });
    assert.include(await ended(own, job), { status: 'finished', version: 'learner:4' });
    const learnt = { weights: 4, output: { learnt: 4 }, version: 'learner:4', pid: process.pid };
    // Before anything else is asked: there is no instance of it now.
    const { body } = await own.get<{ versions: string[] }>('/models/learner/versions?project=7');
    assert.deepEqual(body.versions, ['learner:4']);
    assert.deepEqual(await known(own), learnt);
    assert.deepEqual(await versions(), Array(3).fill('learner:4'));
    await own.stop();

    own = await open({ DATA_DIR });
    const list = await own.get<{ versions: string[] }>('/models/learner/versions?project=7');
    assert.deepEqual(list.body.versions, ['learner:4']);
    assert.deepEqual(await known(own), learnt);
    assert.include(await known(own, 8), { weights: null, version: 'learner:0.0.1' });
    const { body: status } = await own.post<{ job_status: string }>('/job_status', { job });
    assert.equal(status.job_status, 'finished');
    await own.stop();
  });

  for (const [what, error] of [
    ['throw', /^too few annotations$/],
    ['throw later', /^nobody waited for this$/],
    ['throw what cannot be read', /^what was thrown has no message that can be read$/],
    ['throw at length', /^too few annotations, .{400,}\.\.\.$/],
    ['reject later', /^nobody waits for this$/],
    ['exit', /^fit\(\) ended its process before it returned$/],
    ['function', /^fit\(\) returned a function, which JSON cannot hold$/],
    ['eat', /^fit\(\) needed more memory than TRAIN_MEMORY, 400 MB, and was ended$/],
  ] as const) {
    it(`that fails (${what}) is a failed job, and all is as before`, async () => {
      const before = await known(backend);
      const id = await teach(backend, { do: what });
      const job = await ended(backend, id);
      assert.equal(job.status, 'failed');
      assert.match(job.error!, error);
      assert.deepEqual(await known(backend), before);
      const { body } = await backend.post<object>('/job_status', { job: id });
      assert.deepInclude(body, { job_status: 'failed', created_at: job.created, error: job.error });
      await backend.log.line(({ msg, job: of }) => of === id && msg.endsWith(` failed: ${job.error}`));
      if (what === 'throw') {
        const { log } = (await backend.get<{ log: string }>(`/api/jobs/${id}`)).body;
        assert.match(log, /Error: too few\nannotations\n\s+at Learner\.fit .*fit-models\.ts/);
      }
    });
  }

  it('that holds its thread holds nothing else, and is cancelled', async () => {
    const path = join(await temporaryFolder(), 'pid');
    const id = await teach(backend, { do: 'spin', path });
    const pid = Number(await written(path));
    assert.equal((await known(backend)).pid, process.pid);
    const waiting = await teach(backend, { do: 'spin', path });
    assert.notEqual(waiting, id);
    for (const each of [waiting, id]) {
      assert.equal((await backend.post(`/api/jobs/${each}/cancel`, {})).status, 200);
      assert.include(await ended(backend, each), {
        status: 'failed',
        error: `cancelled by POST /api/jobs/${each}/cancel`,
      });
    }
    assert.isFalse(await isRunning(pid));
  });

  it('is called once more for all that comes while it runs, with the newest', async () => {
    const path = join(await temporaryFolder(), 'go');
    const jobs = new Set<string>();
    for (let id = 0; id < 200; id++)
      jobs.add(await teach(backend, { action: 'ANNOTATION_CREATED', do: 'wait', path, annotation: { id } }));
    assert.equal(jobs.size, 2);
    await writeFile(path, '');
    await ended(backend, [...jobs][1]!);
    assert.deepEqual((await known(backend)).output, { id: 199 });
  });

  it('is started by /train as well, not by other events, and a class without it has no job', async () => {
    const { status, body } = await backend.post<{ job: string }>('/models/learner/train', {
      ...{ project: 7, label_config: SENTIMENT, annotations: [], weights: 1 },
    });
    assert.equal(status, 201);
    assert.equal((await ended(backend, body.job)).event, 'START_TRAINING');
    for (const action of ['TASKS_CREATED', 'PROJECT_UPDATED', 'LABEL_LINK_CREATED', 'SOMETHING_NEW'])
      assert.isUndefined(await teach(backend, { action }));
    const simple = await backend.post<object>('/models/simple/train', {
      project: 7,
      label_config: SENTIMENT,
    });
    assert.deepEqual([simple.status, simple.body], [201, {}]);
  });

  it('is not asked to learn from an event that is nested too deeply to be kept', async () => {
    const nested = '['.repeat(1_000_000) + ']'.repeat(1_000_000);
    const event = JSON.stringify({ action: 'START_TRAINING', project: project(7), nested: 0 });
    const { status, body } = await backend.post<{ code: string; message: string }>(
      '/models/learner/webhook',
      event.replace('"nested":0', `"nested":${nested}`),
    );
    assert.equal(status, 400, body.message);
    assert.include(body, { code: 'request_invalid', message: 'the body is nested too deeply' });
  });

  it('is ended with its project, and leaves nothing', async () => {
    const path = join(await temporaryFolder(), 'pid');
    const id = await teach(backend, { do: 'spin', path }, 9);
    const pid = Number(await written(path));
    await backend.post('/delete', { project: '9' });
    assert.isFalse(await isRunning(pid));
    assert.equal((await backend.get(`/api/jobs/${id}`)).status, 410);
    assert.isFalse(existsSync(join(backend.dataDir, 'jobs', id)));
  });

  it('is refused in words where nobody knows the script that serves the classes', async () => {
    const own = await startBackend({}, [Learner]);
    const { error } = await ended(own, await teach(own, {}));
    assert.match(
      error!,
      /^fit\(\) runs in a process of its own, .*: give createBackend\(\) that script as `entry`$/,
    );
    await own.stop();
  });
});

describe('a server that is killed while fit() runs', () => {
  it('leaves nothing of it that runs, and does the job again', async () => {
    const DATA_DIR = await temporaryFolder();
    const path = join(DATA_DIR, 'pid');
    const script = [...ENTRY.execArgv, ENTRY.script];
    const first = await startProcess({ DATA_DIR }, script);
    let id: string;
    let pid: number;
    try {
      id = await teach(first, { do: 'spin', path });
      pid = Number(await written(path));
    } finally {
      first.signal('SIGKILL');
      await first.ended;
    }
    const second = await startProcess({ DATA_DIR }, script);
    try {
      assert.equal((await ended(second, id)).status, 'finished');
      assert.isFalse(await isRunning(pid));
      assert.equal((await known(second)).output, `not ${pid}`);
    } finally {
      await second.stop();
    }
    assert.equal(await second.ended, 0);
    assert.isTrue(existsSync(join(DATA_DIR, 'jobs', id, 'log.txt')));
  });
});
