import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { assert } from 'chai';
import { CREATED_AT, LabelStudioServer } from './label-studio/server.js';
import { startProcess } from './support/process.js';
import { type ProxyServer, startProxy } from './support/proxy.js';
import { privateCertificate } from './support/tls.js';
import { stopServers } from './task-data/servers.js';
import { keyOf } from './training/loop.js';
import { TOPICS } from './training/world.js';

describe('a Label Studio behind a proxy, with a certificate of a private authority', () => {
  let proxy: ProxyServer;
  let server: Server;
  let settings: Record<string, string>;

  before(async () => {
    const { authority, ...certificate } = await privateCertificate('studio.example.org');
    const labelStudio = await LabelStudioServer.start();
    labelStudio.annotate('4', []);
    server = createServer(certificate, (request, response) => labelStudio.handle(request, response));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    proxy = await startProxy({ 'studio.example.org': `127.0.0.1:${port}` }, 'me:pw');
    settings = {
      NODE_EXTRA_CA_CERTS: authority,
      https_proxy: proxy.url.replace('//', '//me:pw@'),
      LABEL_STUDIO_URL: 'https://studio.example.org',
      LABEL_STUDIO_API_KEY: labelStudio.token,
    };
  });
  after(async () => {
    server.close();
    await proxy.stop();
    await stopServers();
  });

  async function warning(env: Record<string, string>): Promise<string | undefined> {
    const backend = await startProcess({ ...settings, ...env });
    try {
      const { body } = await backend.post<{ warning?: string }>('/setup', {
        project: keyOf('4'),
        schema: TOPICS,
        hostname: 'http://localhost:8080',
        access_token: 'none',
      });
      if (body.warning !== undefined) return body.warning;
      const event = { action: 'START_TRAINING', project: { id: 4, created_at: CREATED_AT } };
      const { job } = (await backend.post<{ job: string }>('/webhook', event)).body;
      assert.include((await backend.get<string>(`/api/jobs/${job}/events`)).body, 'there are none');
      return undefined;
    } finally {
      await backend.stop();
    }
  }

  it('is reached with HTTPS_PROXY and NODE_EXTRA_CA_CERTS', async () => {
    assert.isUndefined(await warning({}));
    assert.isAbove(proxy.asked.length, 0);
    for (const asked of proxy.asked) assert.equal(asked, 'CONNECT studio.example.org:443');
  });

  it('is told at /setup where one of the two is missing', async () => {
    assert.include(await warning({ NODE_EXTRA_CA_CERTS: '' }), '; set NODE_EXTRA_CA_CERTS to that authority');
    assert.include(
      await warning({ https_proxy: proxy.url }),
      'answered HTTP 407; set HTTPS_PROXY=http://user',
    );
    assert.include(await warning({ https_proxy: '' }), 'its host is not known to DNS');
  });
});
