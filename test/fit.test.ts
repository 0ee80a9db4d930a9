import { assert } from 'chai';
import { pino } from 'pino';
import { LabelStudioMLBase, type PredictionItem, readLabelConfig, type Task } from '../src/index.js';
import { createLabelStudioAuth } from '../src/label-studio/auth.js';
import { State } from '../src/state.js';
import { createTaskData } from '../src/task-data/fetch.js';
import { Fits } from '../src/training/fits.js';
import { CHOICES, type ClassBackend, gate, startClasses, stopAll, temporaryFolder } from './class-backend.js';

const PROJECT = { id: 7, title: 'Letters', label_config: CHOICES };

class Simple extends LabelStudioMLBase {
  override predict(tasks: Task[]): PredictionItem[] {
    return tasks.map(() => ({ result: [], score: 0.5 }));
  }
}

/** Asks for a job until it has ended. */
async function ended({ post }: ClassBackend, job: string) {
  for (;;) {
    const { body } = await post('/job_status', { job });
    if (['finished', 'failed'].includes(body.job_status)) return body;
  }
}

describe('LabelStudioMLBase.fit', () => {
  afterEach(stopAll);

  it('is called for what teaches something, with the whole body, and not for other events', async () => {
    const events: [string, unknown][] = [];
    class Learning extends Simple {
      override fit(event: string, data: Record<string, unknown>) {
        events.push([event, data.annotation]);
      }
    }
    const backend = await startClasses([Learning]);
    await backend.post('/setup', { project: '7.1795520884', schema: CHOICES });
    const learning = [
      'ANNOTATION_CREATED',
      'ANNOTATIONS_CREATED',
      'ANNOTATION_UPDATED',
      'ANNOTATIONS_DELETED',
    ];
    const other = [
      'TASKS_CREATED',
      'TASKS_DELETED',
      'PROJECT_UPDATED',
      'LABEL_LINK_CREATED',
      'SOMETHING_NEW',
    ];
    for (const action of [...learning, ...other, 'START_TRAINING']) {
      const { status, body } = await backend.post('/webhook', {
        action,
        project: PROJECT,
        annotation: { action },
      });
      assert.equal(status, 200);
      if (other.includes(action)) assert.notProperty(body, 'job');
      else assert.equal((await ended(backend, body.job)).job_status, 'finished');
    }
    assert.deepEqual(
      events,
      [...learning, 'START_TRAINING'].map(event => [event, { action: event }]),
    );
  });

  it('runs in the background: the webhook answers first, and the job tells how far it is', async () => {
    const finish = gate();
    class Slow extends Simple {
      override async fit() {
        await finish.opened;
        return { accuracy: 1 };
      }
    }
    const backend = await startClasses([Slow]);
    const { body } = await backend.post('/webhook', { action: 'START_TRAINING', project: PROJECT });
    const running = await backend.post('/job_status', { job: body.job });
    assert.include(['queued', 'started'], running.body.job_status);
    assert.approximately(Date.parse(running.body.created_at), Date.now(), 60_000);
    finish.open();
    assert.equal((await ended(backend, body.job)).job_status, 'finished');
  });

  it('begins after the answer even when it holds the thread', async () => {
    const order: string[] = [];
    class Holding extends Simple {
      override fit() {
        order.push('fit');
      }
    }
    const state = State.open(await temporaryFolder());
    const log = pino({ level: 'silent' });
    const fits = new Fits(state, log, () => {});
    const model = new Holding({
      name: 'holding',
      projectId: '7',
      labelConfig: readLabelConfig(CHOICES),
      extraParams: {},
      state: state.model('holding', '7'),
      taskData: createTaskData({
        labelStudio: () => null,
        auth: createLabelStudioAuth({ fetch, now: Date.now, timeoutMs: 1 }),
        localFilesRoot: null,
        allowHosts: [],
        maxBytes: 1,
        timeoutMs: 1,
      }),
      log,
    });
    fits.add(model, 'START_TRAINING', {});
    // An answer is written in the same turn of the event loop, some promises later.
    for (let promise = 0; promise < 100; promise++) await Promise.resolve();
    order.push('answer');
    await fits.stop(60_000);
    assert.deepEqual(order, ['answer', 'fit']);
    await state.close();
  });

  it('runs one at a time for a project, in the order of the events, and side by side for several', async () => {
    const steps: string[] = [];
    const gates = { '7': gate(), '8': gate() };
    class Ordered extends Simple {
      override async fit(event: string) {
        steps.push(`${this.projectId} ${event} begins`);
        await gates[this.projectId as '7' | '8'].opened;
        steps.push(`${this.projectId} ${event} ends`);
      }
    }
    const backend = await startClasses([Ordered]);
    const send = async (id: number, action: string) =>
      (await backend.post('/webhook', { action, project: { ...PROJECT, id } })).body.job;
    const jobs = [
      await send(7, 'ANNOTATION_CREATED'),
      await send(7, 'START_TRAINING'),
      await send(8, 'START_TRAINING'),
    ];
    gates['8'].open();
    await ended(backend, jobs[2]!);
    assert.equal((await backend.post('/job_status', { job: jobs[1] })).body.job_status, 'queued');
    gates['7'].open();
    await ended(backend, jobs[1]!);
    assert.deepEqual(steps, [
      '7 ANNOTATION_CREATED begins',
      '8 START_TRAINING begins',
      '8 START_TRAINING ends',
      '7 ANNOTATION_CREATED ends',
      '7 START_TRAINING begins',
      '7 START_TRAINING ends',
    ]);
  });

  it('that fails is a failed job, is logged, and leaves what was learned before', async () => {
    class Failing extends Simple {
      override fit(event: string) {
        if (event === 'START_TRAINING') throw new Error('too few annotations');
        return { learned: event };
      }
      override predict(tasks: Task[]) {
        return tasks.map(() => ({ result: [], trained: this.trainOutput }));
      }
    }
    const backend = await startClasses([Failing]);
    for (const action of ['ANNOTATION_CREATED', 'START_TRAINING', 'ANNOTATION_UPDATED', 'START_TRAINING']) {
      const { body } = await backend.post('/webhook', { action, project: PROJECT });
      const job = await ended(backend, body.job);
      assert.equal(job.job_status, action === 'START_TRAINING' ? 'failed' : 'finished');
      if (action === 'START_TRAINING') assert.equal(job.error, 'too few annotations');
    }
    assert.equal(backend.log.filter(({ msg }) => msg === 'fit() failed').length, 2);
    const { body } = await backend.post('/predict', {
      project: 7,
      tasks: [{ data: {} }],
      label_config: CHOICES,
    });
    assert.deepInclude<object>(body.results[0]!, { trained: { learned: 'ANNOTATION_UPDATED' } });
  });

  it('gives trainOutput, which survives a restart with everything that was set, per project', async () => {
    class Learning extends Simple {
      override fit() {
        this.set('count', ((this.get('count') as number | undefined) ?? 0) + 1);
        this.modelVersion = `learning:${this.get('count')}`;
        return { count: this.get('count') };
      }
      override predict(tasks: Task[]) {
        const known = [this.has('count'), this.get('count') ?? null, this.trainOutput ?? null];
        return tasks.map(() => ({ result: [], known }));
      }
    }
    const DATA_DIR = await temporaryFolder();
    const known = async ({ post }: ClassBackend, project: number) => {
      const { body } = await post('/predict', { project, tasks: [{ data: {} }], label_config: CHOICES });
      return (body.results[0] as unknown as { known: unknown[] }).known;
    };
    let backend = await startClasses([Learning], { DATA_DIR });
    assert.deepEqual(await known(backend, 7), [false, null, null]);
    for (const count of [1, 2]) {
      await ended(
        backend,
        (await backend.post('/webhook', { action: 'ANNOTATION_CREATED', project: PROJECT })).body.job,
      );
      assert.deepEqual(await known(backend, 7), [true, count, { count }]);
    }
    await backend.stop();

    backend = await startClasses([Learning], { DATA_DIR });
    assert.deepEqual(await known(backend, 7), [true, 2, { count: 2 }]);
    assert.deepEqual(await known(backend, 8), [false, null, null]);
    const { body } = await backend.post('/setup', { project: 7, schema: CHOICES });
    assert.equal(body.model_version, 'learning:2');
  });

  it('changes the version everywhere when it sets modelVersion, and only then', async () => {
    class Versioned extends Simple {
      override fit(event: string) {
        if (event === 'START_TRAINING') this.modelVersion = 'versioned:second';
      }
    }
    const backend = await startClasses([Versioned]);
    const versions = async () => {
      const setup = await backend.post('/setup', { project: 7, schema: CHOICES });
      const predict = await backend.post('/predict', { project: 7, tasks: [{ data: {} }] });
      const list = await backend.get('/versions');
      const own = await backend.get('/models/versioned/versions?project=7');
      return [
        setup.body.model_version,
        predict.body.model_version,
        predict.body.results[0]!.model_version,
        ...list.body.versions,
        ...own.body.versions,
      ];
    };
    const all = (version: string) => Array.from({ length: 5 }, () => version);
    assert.deepEqual(await versions(), all('versioned:0.0.1'));
    for (const [action, version] of [
      ['ANNOTATION_CREATED', 'versioned:0.0.1'],
      ['START_TRAINING', 'versioned:second'],
      ['ANNOTATION_CREATED', 'versioned:second'],
    ] as const) {
      await ended(backend, (await backend.post('/webhook', { action, project: PROJECT })).body.job);
      assert.deepEqual(await versions(), all(version));
    }
  });

  it('is started by /train as well, and is finished before the server has stopped', async () => {
    const finish = gate();
    const begun = gate();
    let learned = false;
    class Slow extends Simple {
      override async fit(event: string) {
        assert.equal(event, 'START_TRAINING');
        begun.open();
        await finish.opened;
        learned = true;
        return 1;
      }
    }
    const DATA_DIR = await temporaryFolder();
    const backend = await startClasses([Slow], { DATA_DIR });
    const { status, body } = await backend.post('/train', {
      project: 7,
      label_config: CHOICES,
      annotations: [],
    });
    assert.equal(status, 201);
    await begun.opened;
    const stopped = backend.stop();
    assert.isFalse(learned);
    finish.open();
    await stopped;
    assert.isTrue(learned);
    const again = await startClasses([Slow], { DATA_DIR });
    assert.equal((await again.post('/job_status', { job: body.job })).body.job_status, 'finished');
  });

  it('that a class does not have makes no job, and an unknown job is gone', async () => {
    const { post } = await startClasses([Simple]);
    const { status, body } = await post('/webhook', { action: 'START_TRAINING', project: PROJECT });
    assert.equal(status, 200);
    assert.notProperty(body, 'job');
    assert.deepInclude(await post('/job_status', { job: 'nope' }), {
      status: 410,
      reason: "there is no job 'nope' on this server",
    });
  });
});
