import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assert } from 'chai';
import { Connections, connectionsFor } from '../../src/http/connections.js';
import { startBackend } from '../support/backend.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { ROOT } from '../support/python.js';
import { RawConnection, rawPost } from '../support/raw.js';

const GOOD = rawPost('/predict', JSON.stringify({ tasks: tasksOf(['good']), label_config: SENTIMENT }));
const HEALTH = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe('a server that has as many connections as it may', () => {
  it('closes those that have been idle for the longest, and serves new ones', async () => {
    const backend = await startBackend({}, [], { connections: 20 });
    try {
      const used = await RawConnection.open(backend.url);
      const idle = await Promise.all(Array.from({ length: 40 }, () => RawConnection.open(backend.url)));
      await Promise.all(idle.slice(0, 20).map(({ closed }) => closed));
      await used.closed;
      const halves = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(backend.url)));
      for (const half of halves) half.send('GET /health HTTP/1.1\r\n');
      for (const text of [HEALTH, GOOD]) {
        const asking = await RawConnection.open(backend.url);
        assert.equal((await asking.send(text).count(1))[0]!.status, 200);
        // It is the last of those that are idle.
        for (let times = 0; times < 19; times++) await RawConnection.open(backend.url);
        assert.equal((await asking.send(text).count(2))[1]!.status, 200);
      }
    } finally {
      await backend.stop();
    }
  });

  it('is limited by the descriptors that the process may have', () => {
    assert.equal(connectionsFor(100), 50);
    assert.equal(connectionsFor(1_024), 768);
    assert.equal(connectionsFor(1_048_576), 10_000);
    assert.equal(connectionsFor(null), 10_000);
    const script = "import('./src/proc.ts').then(({ descriptorLimit }) => console.log(descriptorLimit()))";
    const told = execFileSync('sh', ['-c', 'ulimit -n 123; exec node --import tsx -e "$0"', script], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    assert.equal(told, '123\n');
  });
});

describe('connections that are all busy', () => {
  let server: Server;
  let now: number;
  let url: string;
  beforeEach(async () => {
    now = 0;
    const connections = new Connections(2, () => now);
    server = createServer();
    server.on('connection', socket => connections.add(socket));
    server.on('request', (request, response) => connections.begin(request.socket, response));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  async function begin(text: string): Promise<RawConnection> {
    const connection = await RawConnection.open(url);
    connection.send(text);
    await once(server, 'request');
    return connection;
  }

  it('are kept while the server works on them, and new ones are closed', async () => {
    for (let times = 0; times < 2; times++) await begin(HEALTH);
    now += 60_000;
    for (let times = 0; times < 3; times++)
      assert.deepEqual(await (await RawConnection.open(url)).closed, []);
  });

  it('give way when they have been sending their requests for long', async () => {
    const slow = await begin(rawPost('/', '{', { 'Content-Length': 100 }));
    await begin(HEALTH);
    await (await RawConnection.open(url)).closed;
    now += 6_000;
    await begin(HEALTH);
    await slow.closed;
    await (await RawConnection.open(url)).closed;
  });

  it('give way when their answers have been going on for long', async () => {
    const streams: ServerResponse[] = [];
    server.prependListener('request', (_, response) => streams.push(response));
    const first = await begin(HEALTH);
    await begin(HEALTH);
    streams[0]!.write('begin');
    await once(first.socket, 'data');
    await (await RawConnection.open(url)).closed;
    now += 6_000;
    await begin(HEALTH);
    await first.closed;
    await (await RawConnection.open(url)).closed;
  });
});
