import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assert } from 'chai';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { type ServerProcess, startProcess } from '../support/process.js';
import { RawConnection, rawPost } from '../support/raw.js';

const SECRETS = {
  password: 'p4ssw0rd-of-basic-auth',
  webhook: 'w3bh00k-secret/with slash',
  key: 'k3y-of-label-studio',
  token: 't0ken-of-a-setup',
  text: 'wh4t-somebody-wrote',
};
const encoded = (text: string) => [text, encodeURIComponent(text), Buffer.from(text).toString('base64')];

describe('secrets and task data', () => {
  let server: ServerProcess;
  // A Label Studio that answers nothing but errors, with all that it was sent in them.
  const labelStudio = createServer((request, response) => {
    response.writeHead(500, { 'x-echo': request.headers.authorization ?? '' });
    response.end(`${request.url} ${request.headers.authorization}`);
  });
  before(async () => {
    await once(labelStudio.listen(0, '127.0.0.1'), 'listening');
    server = await startProcess({
      LOG_LEVEL: 'trace',
      BASIC_AUTH_USER: 'user',
      BASIC_AUTH_PASS: SECRETS.password,
      WEBHOOK_SECRET: SECRETS.webhook,
      LABEL_STUDIO_URL: `http://127.0.0.1:${(labelStudio.address() as AddressInfo).port}`,
      LABEL_STUDIO_API_KEY: SECRETS.key,
    });
  });
  after(async () => {
    labelStudio.close();
    labelStudio.closeAllConnections();
    await server.stop();
  });

  it('are nowhere in the log, at any level, whatever goes wrong', async () => {
    const basic = (password: string) => ({
      authorization: `Basic ${Buffer.from(`user:${password}`).toString('base64')}`,
    });
    const right = { headers: basic(SECRETS.password) };
    const setup = {
      project: '1',
      schema: SENTIMENT,
      hostname: 'http://127.0.0.1:1',
      access_token: SECRETS.token,
    };
    assert.equal((await server.post('/setup', setup, right)).status, 200);
    assert.equal(
      (await server.post('/setup', setup, { headers: basic(`${SECRETS.password}x`) })).status,
      401,
    );
    for (const broken of [
      `{"access_token": ${SECRETS.token}}`,
      `{"access_token": "${SECRETS.token}" "${SECRETS.token}"}`,
      `${SECRETS.token}`,
      `{"tasks": [{"data": {"text": ${SECRETS.text}}}]}`,
    ]) {
      for (const path of ['/setup', '/predict'])
        assert.equal((await server.post(path, broken, right)).status, 400, path);
    }
    for (const schema of [SECRETS.token, `<View a="${SECRETS.token}`])
      await server.post('/setup', { ...setup, schema: 1, access_token: schema }, right);

    const secret = encodeURIComponent(SECRETS.webhook);
    const event = { action: 'ANNOTATION_CREATED', project: { id: 1 }, task: tasksOf([SECRETS.text])[0] };
    for (const path of ['/webhook', '/models/sentiment/webhook'])
      assert.equal((await server.post(`${path}/${secret}`, event)).status, 200, path);
    for (const path of [
      `/webhook/${secret}/more`,
      `/webhook/${secret}/`,
      `/webhook//${secret}`,
      `/Webhook/${secret}`,
      `/webhooks/${secret}`,
      `/webhook/${secret}?${secret}`,
      `/webhook?secret=${secret}`,
      `/models/other/webhook/${secret}`,
      `/models/sentiment/webhook/${secret}/more`,
      `/hook/${secret}`,
      `/${secret}`,
      `/webhook${secret}`,
      `/webhook%2F${secret}`,
      `/api/${SECRETS.webhook.replace(' ', '%20')}`,
      `/models/${secret}`,
      `/user:${SECRETS.password}@host/setup`,
      `//user:${SECRETS.password}x@host/setup`,
      `/versions/${SECRETS.password}`,
      `/api/jobs/${SECRETS.key}/`,
    ]) {
      await server.post(path, event);
      await server.post(path, event, right);
      await server.get(path, right);
    }
    await server.post('/webhook', event, { headers: { 'x-webhook-secret': SECRETS.webhook } });

    const address = SENTIMENT.replace('<Text ', '<Text valueType="url" ');
    for (const value of [
      '/data/upload/1/x.txt',
      's3://bucket/x.txt',
      `http://u:${SECRETS.token}@127.0.0.1:1/x`,
    ]) {
      const tasks = [{ id: 1, data: { text: value } }];
      await server.predict({ project: '1', label_config: address, tasks }, right);
      await server.predict({ project: '1', label_config: address, tasks: [...tasks, ...tasks] }, right);
    }
    const texts = [SECRETS.text, { text: SECRETS.text }, [SECRETS.text]];
    for (const text of texts)
      await server.predict({ label_config: SENTIMENT, tasks: tasksOf([text]) }, right);

    const raw = await RawConnection.open(server.url);
    const body = JSON.stringify(setup);
    raw.send(
      rawPost(`http://user:${SECRETS.password}@x/setup?access_token=${SECRETS.token}`, body, right.headers),
    );
    raw.send(`nonsense ${SECRETS.token}\r\n\r\n`);
    await raw.closed;

    await server.get('/metrics', right);
    await server.stop();
    const log = server.log.lines.map(line => JSON.stringify(line));
    const written = [...log, await server.stderr];
    assert.isAbove(log.length, 30);
    for (const [name, value] of Object.entries(SECRETS)) {
      for (const form of encoded(value)) {
        const line = written.find(each => each.includes(form));
        assert.isUndefined(line, `${name}: ${line}`);
      }
    }
  });
});
