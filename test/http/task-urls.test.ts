import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import { LabelStudioMLBase, type Task } from '../../src/model.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { RawConnection, rawPost } from '../support/raw.js';
import { choiceOf, errorOf } from '../support/results.js';
import { serve, stopServers, type TestServer } from '../task-data/servers.js';

const URL_CONFIG = SENTIMENT.replace('<Text ', '<Text valueType="url" ');

describe('tasks whose value is a URL (valueType="url")', () => {
  let backend: TestBackend;
  let storage: TestServer;

  before(async () => {
    storage = await serve((request, response) => {
      response.statusCode = request.url === '/good.txt' ? 200 : 404;
      response.end('I love it, great');
    });
    backend = await startBackend({ ALLOW_HOSTS: storage.host });
    await backend.setup({ project: '1', schema: URL_CONFIG });
  });
  after(async () => {
    await backend.stop();
    await stopServers();
  });

  it('reads them, and says of each that cannot be read why', async () => {
    const urls = [`${storage.url}/good.txt`, `${storage.url}/gone.txt`, 'http://10.0.0.1/a.txt', 12];
    const { status, body } = await backend.predict({ tasks: tasksOf(urls), project: '1' });
    assert.equal(status, 200);
    assert.equal(choiceOf(body.results[0]).choice, 'Positive');
    assert.equal(errorOf(body.results[1]).code, 'task_unreadable');
    assert.match(errorOf(body.results[1]).message, /^cannot read 'http:\/\/127.0.0.1:\d+\/gone.txt': .*404/);
    assert.equal(errorOf(body.results[2]).code, 'task_unreadable');
    assert.match(errorOf(body.results[2]).message, /ALLOW_HOSTS/);
    assert.equal(errorOf(body.results[3]).code, 'task_invalid');
  });

  it('fails the request when the only one cannot be read', async () => {
    const reply = await backend.predict({ tasks: tasksOf([`${storage.url}/gone.txt`]), project: '1' });
    assert.equal(reply.status, 422);
    assert.include(reply.body as object, { code: 'task_unreadable', message: reply.reason });
  });
});

describe('fetches for clients that have hung up', () => {
  let storage: TestServer;
  let ended: Promise<unknown>[];
  before(async () => {
    storage = await serve((request, response) => {
      if (request.url === '/good') return response.end('I love it, great');
      ended.push(once(response, 'close'));
    });
  });
  beforeEach(() => {
    ended = [];
  });
  after(stopServers);

  const slow = (count: number) =>
    tasksOf(Array.from({ length: count }, (_, index) => `${storage.url}/slow/${index}`));
  /** Asks for what never comes, and hangs up when so much of it was asked for. */
  const hangUp = async (
    backend: Pick<TestBackend, 'url'>,
    body: unknown,
    clients: number,
    fetches: number,
  ) => {
    const all = await Promise.all(Array.from({ length: clients }, () => RawConnection.open(backend.url)));
    for (const client of all) client.send(rawPost('/predict', JSON.stringify(body)));
    while (ended.length < fetches) await setTimeout(5);
    for (const { socket } of all) socket.destroy();
    await Promise.all(ended);
  };

  it('end, and leave their places to others', async () => {
    const backend = await startBackend({ ALLOW_HOSTS: storage.host, FILE_CACHE: 'off' });
    for (const project of ['1', '2', '3', '4']) {
      const tasks = tasksOf(slow(8).map(({ data }) => `${data.text}/${project}`));
      await hangUp(backend, { project, tasks, label_config: URL_CONFIG }, 1, 8 * Number(project));
    }
    const last = await backend.predict({ tasks: tasksOf([`${storage.url}/good`]), label_config: URL_CONFIG });
    assert.equal(choiceOf(last.body.results[0]).choice, 'Positive');
    await backend.stop();
  });

  it('end where a class has asked for them, and when the server stops', async () => {
    class Reads extends LabelStudioMLBase {
      override async predict(tasks: Task[]) {
        await Promise.all(tasks.map(task => this.preloadTaskData(task)));
        return tasks.map(() => ({ result: [] }));
      }
    }
    const backend = await startBackend({ ALLOW_HOSTS: storage.host }, [Reads]);
    await hangUp(backend, { project: '1', tasks: slow(3), label_config: SENTIMENT }, 2, 3);
    await backend.stop();
  });
});
