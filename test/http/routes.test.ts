import { assert } from 'chai';
import type { EventStreams } from '../../src/http/job-routes.js';
import type { Route } from '../../src/http/route.js';
import { type RouteDeps, routes } from '../../src/http/routes.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody, Reply } from '../support/client.js';

const ROWS = routes({} as RouteDeps, {} as EventStreams, () => ({ json: null }));
const filled = (path: string) => path.replace(/\{\w+\}/g, 'x');
/** Each row as it is asked for, by each of its paths. */
const ASKED = ROWS.flatMap(row =>
  [row.path, ...(row.perModel ? [`/models/{model}${row.path}`] : [])].map(path => ({
    row,
    method: row.method,
    path: filled(path),
  })),
);
const METHODS = ['GET', 'POST', 'DELETE'] as const;

describe('the table of routes', () => {
  let backend: TestBackend;
  const credentials = { authorization: `Basic ${Buffer.from('me:pw').toString('base64')}` };
  before(async () => {
    backend = await startBackend({
      BASIC_AUTH_USER: 'me',
      BASIC_AUTH_PASS: 'pw',
      WEBHOOK_SECRET: 'the secret',
    });
  });
  after(() => backend.stop());
  const ask = (method: string, path: string, headers: Record<string, string> = credentials) =>
    backend.send<ErrorBody>(method, path, method === 'POST' ? '[]' : null, { headers });
  const codeOf = ({ status, body }: Reply<ErrorBody>) => (status >= 400 ? body.code : 'none');
  const pathsOf = (path: string) =>
    new Set(ASKED.filter(each => each.path === path).map(each => each.method));

  it('has one row for each method of a path', () => {
    const places = ASKED.map(({ method, path }) => `${method} ${path}`);
    assert.sameMembers([...new Set(places)], places);
  });

  for (const { row, method, path } of ASKED) {
    it(`${method} ${path}: who may call it, by which methods, and its name in metrics`, async () => {
      const open = row.access === 'anyone' || row.access === 'open';
      assert.equal(codeOf(await ask(method, path, {})) === 'unauthorized', !open);
      const secret = await ask(method, path, { 'x-webhook-secret': 'the secret' });
      assert.equal(
        codeOf(secret) === 'unauthorized',
        !open && (row.access !== 'webhook' || path.endsWith('/x')),
      );
      const foreign = await ask(method, path, { ...credentials, origin: 'https://evil.example' });
      assert.equal(codeOf(foreign) === 'origin_refused', row.access !== 'anyone');

      const before = await counted(row);
      const reply = await ask(method, `${path}/`);
      assert.notInclude(['unauthorized', 'not_found', 'method_not_allowed'], codeOf(reply), path);
      assert.equal(await counted(row), before + (row.metric === 'metrics' ? 2 : 1));

      const own = pathsOf(path);
      const allow = [...own, ...(own.has('GET') ? ['HEAD'] : []), 'OPTIONS'];
      for (const other of [...METHODS, 'PUT', 'PATCH', 'OPTIONS']) {
        if (own.has(other as Route['method'])) continue;
        const refused = await ask(other, path);
        assert.equal(codeOf(refused), other === 'OPTIONS' ? 'none' : 'method_not_allowed');
        assert.sameMembers(refused.headers.allow!.split(', '), allow);
      }
    });
  }

  /** How many requests of a route's name in metrics were answered. */
  async function counted({ metric }: Route): Promise<number> {
    const { body } = await backend.get<string>('/metrics', { headers: credentials });
    const all = [...body.matchAll(/^request_duration_seconds_count\{route="(\w+)",.*\} (\d+)$/gm)];
    return all.filter(([, route]) => route === metric).reduce((sum, [, , count]) => sum + Number(count), 0);
  }

  it('answers HEAD as GET, without a body', async () => {
    const head = (path: string) => fetch(`${backend.url}${path}`, { method: 'HEAD', headers: credentials });
    const { status, headers } = await head('/api/models');
    assert.equal(status, 200);
    assert.equal(headers.get('content-length'), (await ask('GET', '/api/models')).headers['content-length']);
    assert.equal((await head('/api/jobs/x/events')).status, 410);
    assert.equal((await head('/setup')).status, 405);
  });

  it('knows nothing else', async () => {
    for (const path of [
      '/HEALTH',
      '/health/x',
      '//health',
      '/models',
      '/models//predict',
      '/models/a/b/predict',
    ])
      for (const method of METHODS) assert.equal(codeOf(await ask(method, path)), 'not_found', path);
    for (const path of ['/api', '/api/jobs/a/b', '/api/models/x/versions/1', '/webhook/a/b'])
      assert.include(['not_found', 'method_not_allowed'], codeOf(await ask('POST', path)), path);
  });
});
