import { gzipSync } from 'node:zlib';
import { assert } from 'chai';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { type ServerProcess, startProcess } from '../support/process.js';
import { choiceOf, errorOf } from '../support/results.js';
import { serve, stopServers, type TestServer } from '../task-data/servers.js';

const URL_CONFIG = SENTIMENT.replace('<Text ', '<Text valueType="url" ');
const MEGA = 2 ** 20;

describe('large texts behind URLs', () => {
  let server: ServerProcess;
  let storage: TestServer;
  before(async () => {
    const large = gzipSync('word '.repeat(50 * MEGA));
    storage = await serve((request, response) => {
      if (request.url === '/good') return response.end('I love it, great');
      if (request.url === '/fits') return response.end('great '.repeat(MEGA));
      return response.setHeader('content-encoding', 'gzip').end(large);
    });
    // A heap that three of them would fill.
    server = await startProcess({
      ALLOW_HOSTS: storage.host,
      NODE_OPTIONS: '--max-old-space-size=700',
      FILE_CACHE: 'off',
    });
  });
  after(async () => {
    await server.stop();
    await stopServers();
  });

  it('that unpack to 250 MB fail by themselves, eight at once', async () => {
    const paths = Array.from({ length: 10 }, (_, index) =>
      index === 4 ? 'good' : index === 5 ? 'fits' : index,
    );
    const urls = paths.map(path => `${storage.url}/${path}`);
    const { status, body } = await server.predict({ tasks: tasksOf(urls), label_config: URL_CONFIG });
    assert.equal(status, 200);
    for (const [index, item] of body.results.entries()) {
      if (index === 4 || index === 5) assert.equal(choiceOf(item).choice, 'Positive');
      else assert.match(errorOf(item).message, /larger than 16777216 bytes/);
    }
  });
});
