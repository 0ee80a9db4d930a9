import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { assert } from 'chai';
import type { Job } from '../../src/training/job.js';
import { servedBy } from '../registry/support.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { SENTIMENT } from '../support/configs.js';
import { addVersion } from '../support/models.js';
import { choiceOf } from '../support/results.js';
import { serve, stopServers, type TestServer } from '../task-data/servers.js';
import { Learner } from '../training/fit-models.js';

const URL_CONFIG = SENTIMENT.replace('value="$text"', 'value="$text" valueType="url"');
const CREATED = { a: 1_780_000_000, b: 1_790_000_000 };
const NAMES = ['a', 'b'] as const;
type Name = (typeof NAMES)[number];
const OLD = '20260101-000000-aaaaaa';

/** A Label Studio with a project 4 and an upload of it. */
function labelStudio(name: Name, text: string) {
  return (request: IncomingMessage, response: ServerResponse) => {
    const { authorization } = request.headers;
    if (authorization !== `Token token-${name}`) {
      response.writeHead(401).end(JSON.stringify({ detail: 'Invalid token.' }));
      return;
    }
    if (request.url === '/api/projects/4/?fields=id,created_at') {
      const created_at = new Date(CREATED[name] * 1_000 + 424).toISOString();
      response.end(JSON.stringify({ id: 4, created_at }));
      return;
    }
    if (request.url === '/data/upload/4/a.txt') response.end(text);
    else response.writeHead(404).end('{"detail": "No Project matches the given query."}');
  };
}

describe('two Label Studios with projects of one id', () => {
  let backend: TestBackend;
  let studios: Record<Name, TestServer>;
  const keyOf = (name: Name) => `4.${CREATED[name]}`;

  before(async () => {
    studios = {
      a: await serve(labelStudio('a', 'a wonderful, great film')),
      b: await serve(labelStudio('b', 'an awful, terrible film')),
    };
  });
  after(stopServers);

  const setup = (name: Name, more: object = {}) =>
    backend.setup({
      project: keyOf(name),
      schema: SENTIMENT,
      hostname: studios[name].url,
      access_token: `token-${name}`,
      ...more,
    });
  const hook = (action: string, project: object, more: object = {}) =>
    backend.post('/webhook', { action, project, ...more });
  const projectOf = (name: Name) => ({
    id: 4,
    created_at: new Date(CREATED[name] * 1_000 + 424).toISOString(),
    label_config: SENTIMENT,
  });
  const upload = async (name: Name) => {
    const tasks = [{ id: 1, data: { text: '/data/upload/4/a.txt' } }];
    return await backend.predict({ tasks, project: keyOf(name), label_config: URL_CONFIG });
  };
  const choice = async (name: Name) => choiceOf((await upload(name)).body.results[0]!).choice;

  describe('of which none is in the settings', () => {
    before(async () => {
      backend = await startBackend();
    });
    after(() => backend.stop());
    afterEach(async () => {
      for (const name of NAMES) await backend.post('/delete', { project: keyOf(name) });
    });

    it('have their own versions, uploads and tokens, and lose their own alone', async () => {
      const folder = (name: Name) => join(backend.dataDir, 'projects', keyOf(name), 'models/sentiment');
      await addVersion(folder('b'), OLD);
      await backend.backend.reload();
      for (const name of NAMES) {
        const { body } = await setup(name);
        assert.notProperty(body, 'warning');
        assert.equal(body.model_version.includes(OLD), name === 'b');
      }
      assert.equal(await servedBy(backend, keyOf('b')), `sentiment:${OLD}`);
      assert.notInclude(await servedBy(backend, keyOf('a')), OLD);
      assert.equal(await choice('a'), 'Positive');
      assert.equal(await choice('b'), 'Negative');

      const bare = await backend.predict({ tasks: [], project: '4' });
      assert.equal(bare.status, 409);
      assert.include(bare.reason, `id 4: ${keyOf('a')} of ${studios.a.url} and ${keyOf('b')} of`);
      for (const path of ['/api/projects/4', '/versions?project=4', '/api/jobs?project=4'])
        assert.equal((await backend.get<{ code: string }>(path)).body.code, 'project_ambiguous', path);

      assert.equal((await backend.post('/delete', { project: keyOf('a') })).status, 200);
      assert.equal(await servedBy(backend, keyOf('b')), `sentiment:${OLD}`);
      assert.equal(await servedBy(backend, '4'), `sentiment:${OLD}`);
      assert.equal((await backend.get(`/api/projects/${keyOf('a')}`)).status, 404);
    });

    it('remove their own alone by an event with the id alone: where Label Studio says that it is gone', async () => {
      let answer: (response: ServerResponse) => void = response => response.destroy();
      const studio = await serve((_, response) => answer(response));
      const event = { action: 'PROJECT_DELETED', project: { id: 4 } };
      const status = async () => (await backend.get(`/api/projects/${keyOf('b')}`)).status;
      await setup('b', { hostname: studio.url });
      const created_at = new Date(CREATED.b * 1_000).toISOString();
      for (answer of [
        (response: ServerResponse) => void response.destroy(),
        (response: ServerResponse) => void response.end(JSON.stringify({ id: 4, created_at })),
        (response: ServerResponse) => void response.end('<html>'),
        (response: ServerResponse) => void response.writeHead(404).end('404 page not found'),
        (response: ServerResponse) => void response.writeHead(401).end(),
        (response: ServerResponse) => void response.writeHead(302, { location: '/login' }).end(),
        (response: ServerResponse) => void response.writeHead(502).end(),
        () => {},
      ]) {
        await backend.post('/webhook', event);
        assert.equal(await status(), 200, String(answer));
      }
      await backend.log.line(({ msg }) =>
        msg.endsWith(`nothing is removed; to remove it, POST /delete {"project": "${keyOf('b')}"}`),
      );
      answer = response => void response.writeHead(404).end('{"detail": "Not found."}');
      await backend.post('/webhook', event);
      assert.equal(await status(), 404);
    });

    it('are told of a token that is not taken, at /setup and afterwards', async () => {
      const { status, body } = await setup('a', { access_token: 'of before' });
      assert.equal(status, 200);
      const why = `Label Studio at ${studios.a.url} does not take the token; set LABEL_STUDIO_URL to its address, and LABEL_STUDIO_API_KEY to an access token of it (Invalid token)`;
      assert.propertyVal(body, 'warning', why);
      const { notes } = (await backend.get<{ notes: string[] }>(`/api/projects/${keyOf('a')}`)).body;
      assert.deepEqual(notes, [`it cannot be read from Label Studio: ${why}`]);
      await backend.log.line(
        ({ msg }) => msg === `project ${keyOf('a')} cannot be read from Label Studio: ${why}`,
      );
      assert.match((await upload('a')).reason, /LABEL_STUDIO_API_KEY/);
      // Another token is tried at once.
      assert.notProperty((await setup('a')).body, 'warning');
      await backend.log.line(({ msg }) => msg.endsWith('can be read from Label Studio again'));
    });

    it('are told of an address at which there is another one', async () => {
      const { body } = await setup('a', { hostname: studios.b.url, access_token: 'token-b' });
      assert.propertyVal(
        body,
        'warning',
        `Label Studio at ${studios.b.url} has no project ${keyOf('a')}; set LABEL_STUDIO_URL to the address of the one that has it, as this machine sees it, and LABEL_STUDIO_API_KEY to the token of a user who may read it`,
      );
    });
  });

  it('have their own jobs', async () => {
    backend = await startBackend({}, [Learner]);
    try {
      for (const name of NAMES) {
        await setup(name);
        await hook('START_TRAINING', projectOf(name));
      }
      const jobs = async (query: string) =>
        (await backend.get<{ jobs: Job[] }>(`/api/jobs${query}`)).body.jobs.map(({ project }) => project);
      assert.deepEqual(await jobs(''), [keyOf('b'), keyOf('a')]);
      for (const name of NAMES) assert.deepEqual(await jobs(`?project=${keyOf(name)}`), [keyOf(name)]);
      await backend.post('/delete', { project: keyOf('b') });
      assert.deepEqual(await jobs(''), [keyOf('a')]);
    } finally {
      await backend.stop();
    }
  });

  it('are told apart where LABEL_STUDIO_URL is the address of one of them', async () => {
    backend = await startBackend({ LABEL_STUDIO_URL: studios.a.url, LABEL_STUDIO_API_KEY: 'token-a' });
    try {
      for (const name of NAMES) assert.notProperty((await setup(name)).body, 'warning');
      assert.equal(await choice('a'), 'Positive');
      assert.equal(await choice('b'), 'Negative');
      // It is kept at the next /setup too.
      const asked = studios.a.requests.length;
      await setup('b');
      assert.equal(await choice('b'), 'Negative');
      assert.equal(studios.a.requests.length, asked);
    } finally {
      await backend.stop();
    }
  });
});
