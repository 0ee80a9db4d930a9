import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody } from '../support/client.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { choiceOf } from '../support/results.js';
import { serve, stopServers } from '../task-data/servers.js';

const basic = (text: string) => ({
  headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` },
});
const body = { action: 'TASKS_CREATED', tasks: [], label_config: SENTIMENT };

describe('Basic auth', () => {
  let backend: TestBackend;
  before(async () => {
    backend = await startBackend({
      BASIC_AUTH_USER: 'user',
      BASIC_AUTH_PASS: 'pä:ss',
      WEBHOOK_SECRET: 's3/cret',
    });
  });
  after(() => backend.stop());

  it('is not asked of /health and /ready', async () => {
    assert.equal((await backend.get('/health')).status, 200);
    assert.equal((await backend.get('/ready')).status, 200);
  });

  it('is asked of everything else', async () => {
    for (const path of ['/setup', '/predict', '/webhook', '/train', '/job_status', '/validate', '/delete']) {
      const reply = await backend.post(path, body);
      assert.equal(reply.status, 401, path);
      assert.match(reply.headers['www-authenticate']!, /^Basic /);
      assert.include(reply.body as object, {
        code: 'unauthorized',
        message: reply.reason.replace('&gt;', '>'),
      });
    }
    for (const path of ['/versions', '/api/models', '/nothing', '/models/sentiment/versions', '/HEALTH'])
      assert.equal((await backend.get(path)).status, 401, path);
    assert.equal((await backend.post('/models/sentiment/predict', body)).status, 401);
  });

  it('lets the right credentials in, and no others', async () => {
    assert.equal((await backend.predict(body, basic('user:pä:ss'))).status, 200);
    for (const wrong of ['user:pass', 'user', ':', 'User:pä:ss', 'user:pä:ss ', 'null:null'])
      assert.equal((await backend.predict(body, basic(wrong))).status, 401, wrong);
    const bearer = {
      headers: { authorization: basic('user:pä:ss').headers.authorization.replace('Basic', 'Bearer') },
    };
    assert.equal((await backend.predict(body, bearer)).status, 401);
    assert.equal((await backend.predict(body, { headers: { authorization: 'Basic' } })).status, 401);
  });

  it('says whether credentials are missing or wrong', async () => {
    const message = async (path: string, headers: Record<string, string>) => {
      const { status, body: answer } = await backend.post<ErrorBody>(path, body, { headers });
      assert.equal(status, 401);
      return answer.message;
    };
    const wrong = basic('user:pass').headers;
    for (const path of ['/predict', '/setup', '/nothing']) {
      assert.match(await message(path, {}), /^this server wants Basic auth: /);
      assert.match(await message(path, wrong), /^the user or the password is wrong: .*BASIC_AUTH_PASS/);
      assert.match(
        await message(path, { authorization: 'Token abc' }),
        /Authorization that is not Basic auth/,
      );
    }
    assert.match(await message('/webhook', {}), /^the webhook carries neither Basic auth nor/);
    assert.match(await message('/webhook', wrong), /^the user or the password is wrong/);
    assert.match(await message('/webhook', { 'x-webhook-secret': 'x' }), /^the X-Webhook-Secret .* is wrong/);
    assert.match(await message('/webhook/x', {}), /^the webhook secret at the end of the path is wrong/);
  });

  it('lets a webhook in with the secret as a header or at the end of the path', async () => {
    const secret = { headers: { 'x-webhook-secret': 's3/cret' } };
    assert.equal((await backend.post('/webhook', body, secret)).status, 200);
    assert.equal((await backend.post('/models/sentiment/webhook', body, secret)).status, 200);
    assert.equal((await backend.post('/webhook/s3%2Fcret', body)).status, 200);
    assert.equal((await backend.post('/webhook', body, basic('user:pä:ss'))).status, 200);
    assert.equal((await backend.post('/predict', body, secret)).status, 401);
    for (const path of ['/webhook/other', '/webhook/', '/webhook/s3', '/webhook/%zz'])
      assert.equal((await backend.post(path, body)).status, 401, path);
  });

  it('writes no secret to the log', async () => {
    await backend.post('/webhook/s3%2Fcret', body);
    await backend.post('/webhook/s3%2Fcret/', body);
    const telling = backend.log.lines.filter(
      line => JSON.stringify(line).includes('cret"') || JSON.stringify(line).includes('2Fcret'),
    );
    assert.deepEqual(telling, []);
  });
});

describe('credentials beyond ASCII', () => {
  const header = (bytes: Buffer) => ({ headers: { authorization: `Basic ${bytes.toString('base64')}` } });
  for (const { pass, latin1 } of [
    { pass: 'pä:ss', latin1: true },
    { pass: 'ÿ~', latin1: true },
    { pass: '密码🔑', latin1: false },
  ]) {
    it(`are taken as UTF-8${latin1 ? ' and as Latin-1' : ''}: ${pass}`, async () => {
      const backend = await startBackend({
        BASIC_AUTH_USER: 'jürgen',
        BASIC_AUTH_PASS: pass,
        WEBHOOK_SECRET: pass,
      });
      try {
        const utf8 = Buffer.from(pass);
        assert.equal((await backend.predict(body, header(Buffer.from(`jürgen:${pass}`)))).status, 200);
        const asLatin1 = header(Buffer.from(`jürgen:${pass}`, 'latin1'));
        assert.equal((await backend.predict(body, asLatin1)).status, latin1 ? 200 : 401);
        // Half of it one way, half of it the other: nobody writes that.
        const mixed = Buffer.concat([Buffer.from('jürgen:'), Buffer.from(pass, 'latin1')]);
        assert.equal((await backend.predict(body, header(mixed))).status, 401);

        const secrets = [utf8, ...(latin1 ? [Buffer.from(pass, 'latin1')] : [])];
        for (const secret of secrets) {
          const headers = { 'x-webhook-secret': secret.toString('latin1') };
          // As bytes: Node writes headers in the encoding of a body that is a string.
          const bytes = Buffer.from(JSON.stringify(body));
          assert.equal((await backend.post('/webhook', bytes, { headers })).status, 200);
          const escaped = secret.toString('hex').replace(/../g, '%$&');
          assert.equal((await backend.post(`/webhook/${escaped}`, body)).status, 200);
        }
        const cut = { 'x-webhook-secret': utf8.subarray(0, -1).toString('latin1') };
        assert.equal((await backend.post('/webhook', body, { headers: cut })).status, 401);
      } finally {
        await backend.stop();
      }
    });
  }
});

describe('a webhook secret without Basic auth', () => {
  let backend: TestBackend;
  before(async () => {
    backend = await startBackend({ WEBHOOK_SECRET: 'secret' });
  });
  after(() => backend.stop());

  it('guards the webhook, however its path is written, and nothing else', async () => {
    assert.equal((await backend.predict(body)).status, 200);
    for (const path of [
      '/webhook',
      '/webhook/',
      '/webhook/x',
      '/webhook/x/',
      '/models/sentiment/webhook',
      '/webhook/%zz',
    ])
      assert.equal((await backend.post(path, body)).status, 401, path);
    for (const path of ['/Webhook', '/WEBHOOK/x', '/models/sentiment/WebHook'])
      assert.isAtLeast((await backend.post(path, body)).status, 400, path);
    assert.equal((await backend.post('/webhook/secret', body)).status, 200);
  });
});

describe('the hostname of /setup', () => {
  afterEach(stopServers);

  /** Whether a task's upload is read from the host that a /setup named. */
  async function believes(env: Record<string, string>, options = {}): Promise<boolean> {
    const labelStudio = await serve((request, response) => {
      response.statusCode = request.headers.authorization === 'Token abc' ? 200 : 401;
      response.end('I love it');
    });
    const backend = await startBackend(env);
    try {
      const setup = {
        project: '1',
        schema: SENTIMENT.replace('<Text ', '<Text valueType="url" '),
        hostname: labelStudio.url,
        access_token: 'abc',
      };
      assert.equal((await backend.setup(setup, options)).status, 200);
      const task = { project: '1', tasks: [...tasksOf(['/data/upload/1/a.txt', '/data/upload/1/a.txt'])] };
      const { results } = (await backend.predict(task, options)).body;
      if ('error' in results[0]!) {
        assert.match(JSON.stringify(results[0]), /LABEL_STUDIO_URL/);
        assert.lengthOf(labelStudio.requests, 0);
        return false;
      }
      assert.equal(choiceOf(results[0]).choice, 'Positive');
      return true;
    } finally {
      await backend.stop();
    }
  }

  it('is believed on loopback', async () => {
    assert.isTrue(await believes({}));
  });

  it('is not believed beyond, from a caller without credentials', async () => {
    assert.isFalse(await believes({ HOST: '0.0.0.0' }));
  });

  it('is believed beyond, from one with credentials', async () => {
    const env = { HOST: '0.0.0.0', BASIC_AUTH_USER: 'user', BASIC_AUTH_PASS: 'pass' };
    assert.isTrue(await believes(env, basic('user:pass')));
  });
});
