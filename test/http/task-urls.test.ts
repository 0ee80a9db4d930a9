import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
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
