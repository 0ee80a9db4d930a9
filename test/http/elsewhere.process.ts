import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody, Reply } from '../support/client.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { RawConnection } from '../support/raw.js';

const predict = { tasks: tasksOf(['good']), label_config: SENTIMENT };
/** Every route that does or tells something, as a page would ask for it. */
const ROUTES = [
  ['GET', '/'],
  ['GET', '/models/sentiment/health'],
  ['POST', '/setup'],
  ['POST', '/predict'],
  ['POST', '/models/sentiment/predict/'],
  ['GET', '/versions'],
  ['POST', '/webhook'],
  ['POST', '/webhook/secret'],
  ['POST', '/train'],
  ['POST', '/job_status'],
  ['POST', '/validate'],
  ['POST', '/duplicate_model'],
  ['POST', '/delete'],
  ['GET', '/metrics'],
  ['GET', '/api/jobs'],
  ['GET', '/api/jobs/1/events'],
  ['POST', '/api/jobs/1/cancel'],
  ['GET', '/api/models'],
  ['GET', '/api/models/sentiment/versions'],
  ['POST', '/api/models/sentiment/versions/1/activate'],
  ['DELETE', '/api/models/sentiment/versions/1'],
  ['OPTIONS', '/delete'],
  ['GET', '/nothing'],
] as const;

describe('requests from elsewhere', () => {
  let backend: TestBackend;
  let port: string;
  afterEach(() => backend.stop());
  async function start(env: Record<string, string> = {}): Promise<void> {
    backend = await startBackend(env);
    port = new URL(backend.url).port;
  }
  const ask = (headers: Record<string, string>, method = 'POST', path = '/predict') =>
    backend.send<ErrorBody>(method, path, method === 'POST' ? JSON.stringify(predict) : null, { headers });
  const refusal = ({ status, reason, body }: Reply<ErrorBody>) => {
    assert.equal(status, 403);
    assert.equal(body.code, 'origin_refused');
    assert.equal(body.message, reason);
    return body.message;
  };
  async function passes(headers: Record<string, string>): Promise<void> {
    assert.equal((await ask(headers)).status, 200, JSON.stringify(headers));
  }
  async function fails(headers: Record<string, string>, message: RegExp): Promise<void> {
    assert.match(refusal(await ask(headers)), message, JSON.stringify(headers));
  }

  it('are refused on every route but /health and /ready, with the name of the setting', async () => {
    await start({ WEBHOOK_SECRET: 'secret' });
    for (const headers of [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { host: 'evil.example' },
    ]) {
      for (const [method, path] of ROUTES)
        assert.match(refusal(await ask(headers, method, path)), /PUBLIC_HOSTS/, `${method} ${path}`);
      for (const path of ['/health', '/ready']) assert.equal((await ask(headers, 'GET', path)).status, 200);
    }
  });

  it('change nothing, as a plain form that needs no permission of the browser', async () => {
    await start();
    const form = { origin: 'https://evil.example', 'content-type': 'text/plain' };
    const setup = JSON.stringify({ project: '1', schema: SENTIMENT, hostname: 'http://127.0.0.1:1' });
    refusal(await backend.send('POST', '/setup', setup, { headers: form }));
    assert.equal((await backend.predict({ tasks: [] })).status, 400, 'no project was set up');
  });

  it('are known by their Origin, whatever it looks like', async () => {
    await start();
    for (const origin of [
      'null',
      '',
      'file://',
      'http://localhost',
      'http://localhost:8080',
      `http://localhost:${port}`,
      `http://127.0.0.1:${port}.evil.example`,
      `http://evil.example/127.0.0.1:${port}`,
      `ftp://127.0.0.1:${port}`,
      'x'.repeat(2_000),
    ])
      await fails({ origin }, /^the request comes from a page of another site, '.{0,100}'; .*PUBLIC_HOSTS/);
    await fails(
      { origin: 'https://evil.example' },
      /'https:\/\/evil\.example'; .*PUBLIC_HOSTS=evil\.example: all its pages may then use this server$/,
    );
    // Of a name that others have on other ports, too, that one alone.
    await fails({ origin: 'http://localhost:8080' }, /PUBLIC_HOSTS=localhost:8080: /);
    await fails({ origin: 'http://localhost:80' }, /PUBLIC_HOSTS=localhost:80: /);
    await passes({ origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' });
    await passes({ origin: `http://localhost:${port}`, host: `localhost:${port}` });
    for (const site of ['none', 'same-origin', 'same-site']) await passes({ 'sec-fetch-site': site });
  });

  it('on loopback are known by their Host; names of the machine and addresses are its own', async () => {
    await start();
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      'localhost.evil.example',
      'a b',
      'x@localhost',
    ])
      await fails({ host }, /^this server has no host name '/);
    await fails(
      { host: 'evil.example:1', origin: 'http://evil.example:1' },
      /PUBLIC_HOSTS=evil\.example:1: /,
    );
    for (const host of [
      'localhost',
      'LOCALHOST:80',
      'localhost.',
      'app.localhost:9090',
      '127.0.0.1',
      '127.1:9090',
      '[::1]:9090',
      // A Label Studio in a container asks these, and Docker Desktop and Podman lead them to the host's loopback.
      'host.docker.internal:9090',
      'host.containers.internal:9090',
      '192.168.65.254:9090',
    ])
      await passes({ host });
  });

  it('have no host in HTTP/1.0, which no browser speaks', async () => {
    await start();
    const raw = await RawConnection.open(backend.url);
    raw.send('GET /api/models HTTP/1.0\r\n\r\n');
    assert.equal((await raw.closed)[0]!.status, 200);
  });

  it('are let in for the hosts of PUBLIC_HOSTS', async () => {
    await start({ PUBLIC_HOSTS: 'ml.example, *.tunnel.example,other.example:8443' });
    await passes({ host: 'ml.example' });
    await passes({ host: 'ml.example:9090', origin: 'https://ml.example', 'sec-fetch-site': 'same-origin' });
    // A proxy that does not pass the Host on.
    await passes({ host: '127.0.0.1:9090', origin: 'https://ml.example' });
    await passes({ host: 'a.tunnel.example' });
    await passes({ host: 'other.example:8443' });
    await fails({ host: 'other.example:8444' }, /PUBLIC_HOSTS/);
    await fails({ host: 'evil.example' }, /PUBLIC_HOSTS/);
    await fails({ host: 'ml.example', origin: 'https://evil.example' }, /PUBLIC_HOSTS/);
  });

  it('may name any Host beyond loopback, where a server cannot know its names', async () => {
    await start({ HOST: '0.0.0.0' });
    await passes({ host: 'ml-backend:9090' });
    await passes({ host: 'ml-backend:9090', origin: 'http://ml-backend:9090' });
    await fails({ host: 'ml-backend:9090', origin: 'https://evil.example' }, /PUBLIC_HOSTS/);
    await fails({ host: 'ml-backend:9090', 'sec-fetch-site': 'cross-site' }, /PUBLIC_HOSTS/);
  });
});

describe('PUBLIC_HOSTS', () => {
  it('is refused when an entry is no host', async () => {
    for (const entry of ['https://ml.example', 'ml.example/path', 'a.*.example'])
      try {
        await (await startBackend({ PUBLIC_HOSTS: entry })).stop();
        assert.fail('it started');
      } catch (error) {
        assert.match((error as Error).message, /^PUBLIC_HOSTS: '.*' is not host, host:port or/);
      }
  });
});
