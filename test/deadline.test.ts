import { assert } from 'chai';
import { Deadline } from '../src/deadline.js';
import { LabelStudioMLBase, type PredictionItem, type Task } from '../src/model.js';
import { type Answer, CHOICES, gate, startClasses, stopAll } from './class-backend.js';
import { serve, stopServers } from './task-data/servers.js';

const never = () => new Promise<never>(() => {});
const TASKS = [{ id: 1, data: { body: 'x' } }];

class Slow extends LabelStudioMLBase {
  override predict(): Promise<PredictionItem[]> {
    return never();
  }
}
/** Is no promise, but is waited for as one. */
class Thenable extends LabelStudioMLBase {
  override predict() {
    // biome-ignore lint/suspicious/noThenProperty: users' classes may return one
    return { then() {} } as unknown as Promise<PredictionItem[]>;
  }
}
class Unready extends LabelStudioMLBase {
  override setup(): Promise<void> {
    return never();
  }

  override predict(tasks: Task[]): PredictionItem[] {
    return tasks.map(() => ({ result: [] }));
  }
}
class Reading extends LabelStudioMLBase {
  override async predict(tasks: Task[]): Promise<PredictionItem[]> {
    await this.preloadTaskData(tasks[0]!);
    return tasks.map(() => ({ result: [] }));
  }
}
class Quick extends LabelStudioMLBase {
  override predict(tasks: Task[]): PredictionItem[] {
    return tasks.map(() => ({ result: [], score: 0.5 }));
  }
}

describe('a class that does not end', () => {
  afterEach(async () => {
    await stopAll();
    await stopServers();
  });

  const open = (...models: Parameters<typeof startClasses>[0]) =>
    startClasses(models, { REQUEST_DEADLINE: '300ms', ALLOW_HOSTS: '127.0.0.1' });
  const expectLate = ({ status, body }: Answer, what: string) => {
    assert.equal(status, 503);
    assert.include(body, { code: 'deadline_exceeded' });
    assert.equal(body.message, `${what} did not end within 0.3 s (REQUEST_DEADLINE); ask for it again`);
  };

  it('is given up by its requests at REQUEST_DEADLINE, in predict()', async () => {
    const backend = await open(Slow, Thenable);
    for (const name of ['slow', 'thenable']) {
      const request = { tasks: TASKS, label_config: CHOICES };
      expectLate(await backend.post(`/models/${name}/predict`, request), `predict() of the model '${name}'`);
    }
  });

  it('is given up by its requests at REQUEST_DEADLINE, in setup()', async () => {
    const backend = await open(Unready);
    const what = "setup() of the model 'unready'";
    expectLate(await backend.post('/setup', { project: '1.1', schema: CHOICES }), what);
    expectLate(await backend.post('/predict', { project: '1.1', tasks: TASKS }), what);
    expectLate(await backend.get('/api/projects/1'), what);
  });

  it('holds up no other that answers the same project', async () => {
    const backend = await open(Quick, Slow, Unready);
    const config = CHOICES.replace(
      '</View>',
      CHOICES.slice(6).replaceAll('"label"', '"b"').replaceAll('"text"', '"t"'),
    );
    for (const other of ['slow', 'unready']) {
      const models = { label: 'quick', b: other };
      const setup = await backend.post('/setup', { project: '1', schema: config, extra_params: { models } });
      assert.equal(setup.status, 200, setup.reason);
      const { status, body } = await backend.post('/predict', { project: '1', tasks: TASKS });
      assert.equal(status, 200);
      assert.deepInclude(body.results[0], { model_version: 'quick:0.0.1', score: 0.5 });
    }
  });

  it('reads nothing more for a request that was given up', async () => {
    const hungUp = gate();
    const silent = await serve((_, response) => void response.once('close', () => hungUp.open()));
    const backend = await open(Reading);
    const tasks = [{ id: 1, data: { body: `${silent.url}/a.txt` } }];
    // On a busy machine one may be given up before it has asked.
    while (silent.requests.length === 0) {
      const reply = await backend.post('/predict', { tasks, label_config: CHOICES });
      expectLate(reply, "predict() of the model 'reading'");
    }
    await hungUp.opened;
  });
});

describe('deadline', () => {
  it('gives what the work gives, or throws, in time', async () => {
    const deadline = new Deadline(10_000);
    assert.equal(await deadline.wait(Promise.resolve('done'), 'it'), 'done');
    const failed = deadline.wait(Promise.reject(new Error('failed')), 'it');
    assert.equal(await failed.catch((error: Error) => error.message), 'failed');
  });

  it('is one for all that is waited for', async () => {
    const deadline = new Deadline(100);
    const late = (error: Error) => error.message;
    assert.match(await deadline.wait(never(), 'a', 0.5).catch(late), /^a did not end within 0.05 s/);
    assert.match(await deadline.wait(never(), 'b').catch(late), /^b did not end within 0.1 s/);
    const begin = performance.now();
    await deadline.wait(never(), 'c').catch(late);
    assert.isBelow(performance.now() - begin, 100);
  });
});
