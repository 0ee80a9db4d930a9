import { expect } from 'chai';
import { readConfig } from '../../src/config.js';
import { createLabelStudioAuth } from '../../src/label-studio/auth.js';
import { createLabelStudioClient } from '../../src/label-studio/client.js';
import { proxiedFetch, proxies } from '../../src/proxies.js';
import type { TaskDataDeps } from '../../src/task-data/fetch.js';
import { type ProxyServer, startProxy } from '../support/proxy.js';
import { anyTask, serve, stopServers, taskDataWith, unreadable } from './servers.js';

describe('task-data through a proxy', () => {
  const running: ProxyServer[] = [];
  const proxy = async (...args: Parameters<typeof startProxy>) => {
    const started = await startProxy(...args);
    running.push(started);
    return started;
  };
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop();
    await stopServers();
  });
  const through = (env: Record<string, string>, deps: Partial<TaskDataDeps> = {}) =>
    taskDataWith({ proxyOf: proxies(readConfig(env)), ...deps });

  it('asks it for public names, which it alone can resolve', async () => {
    const server = await serve((_, response) => response.end('content'));
    const { url, asked } = await proxy({ 'images.example.org': server.host });
    const taskData = through({ http_proxy: url });
    expect(await taskData.readText('http://images.example.org/a.txt?b=c', anyTask)).to.equal('content');
    expect(asked).to.deep.equal(['GET http://images.example.org/a.txt?b=c']);
    expect(server.requests[0]!.headers).to.include({
      host: 'images.example.org',
      'user-agent': 'label-studio-onnx',
    });
  });

  it('follows redirects through it, and drops what is too large', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: 'http://other.example.org/b' });
      response.end(request.url === '/large' ? 'x'.repeat(1001) : 'content');
    });
    const { url } = await proxy({ 'one.example.org': server.host, 'other.example.org': server.host });
    const taskData = through({ HTTP_PROXY: url });
    expect(await taskData.readText('http://one.example.org/a', anyTask)).to.equal('content');
    expect(await unreadable(taskData.read('http://one.example.org/large', anyTask))).to.contain(
      'larger than',
    );
    // The proxy may not lead to what this server would refuse.
    await stopServers();
    const leading = await serve((_, response) =>
      response.writeHead(302, { location: 'http://10.0.0.1/' }).end(),
    );
    const second = await proxy({ 'one.example.org': leading.host });
    const message = await unreadable(
      through({ HTTP_PROXY: second.url }).read('http://one.example.org/a', anyTask),
    );
    expect(message).to.contain("the address of '10.0.0.1' is not public");
    expect(second.asked).to.have.length(1);
  });

  it('refuses what is of its own network, unless ALLOW_HOSTS or LABEL_STUDIO_URL names it', async () => {
    const server = await serve((_, response) => response.end('content'));
    const { url, asked } = await proxy({ minio: server.host, 'label-studio': server.host });
    const hosts = [
      '127.0.0.1',
      '10.1.2.3',
      '[::1]',
      '169.254.169.254',
      'localhost',
      'a.localhost',
      'minio',
      'minio.',
    ];
    const refusing = through({ HTTP_PROXY: url });
    for (const host of hosts)
      expect(await unreadable(refusing.read(`http://${host}/a`, anyTask)), host).to.contain('is not public');
    expect(asked).to.deep.equal([]);
    const labelStudio = () => ({ url: 'http://label-studio:8080', token: 'abc' });
    const taskData = through({ HTTP_PROXY: url }, { allowHosts: ['minio:9000'], labelStudio });
    expect(await taskData.readText('http://minio:9000/a', anyTask)).to.equal('content');
    expect(await taskData.readText('/data/upload/3/a.txt', anyTask)).to.equal('content');
    expect(asked).to.deep.equal([
      'GET http://minio:9000/a',
      'GET http://label-studio:8080/data/upload/3/a.txt',
    ]);
    expect(server.requests.map(({ headers }) => headers.authorization)).to.deep.equal([
      undefined,
      'Token abc',
    ]);
  });

  it('reads directly what NO_PROXY names', async () => {
    const server = await serve((_, response) => response.end('content'));
    const { url, asked } = await proxy();
    for (const entry of ['127.0.0.1', server.host, '127.0.0.0/8', '*', 'a.example, 127.0.0.1']) {
      const taskData = through({ HTTP_PROXY: url, NO_PROXY: entry }, { allowHosts: [server.host] });
      expect(await taskData.readText(`${server.url}/a`, anyTask), entry).to.equal('content');
    }
    expect(asked).to.deep.equal([]);
  });

  it('says what is wrong with it', async () => {
    const { url, asked } = await proxy({}, 'me:p@ss');
    const why = (env: Record<string, string>, address: string) =>
      unreadable(through(env).read(address, anyTask));
    const closed = 'http://127.0.0.1:1';
    const [HTTP, HTTPS] = ['http://example.org/a', 'https://example.org/a'];
    for (const [setting, address] of [
      ['HTTP_PROXY', HTTP],
      ['HTTPS_PROXY', HTTPS],
    ] as const) {
      expect(await why({ [setting]: closed }, address)).to.equal(
        `cannot read '${address}': it is read through the proxy ${closed} of ${setting}, and that failed: nothing listens at its address; check the proxy, or add example.org to NO_PROXY`,
      );
      for (const wrong of [url, url.replace('//', '//me:no@')])
        expect(await why({ [setting]: wrong }, address)).to.equal(
          `cannot read '${address}': the proxy ${url} of ${setting} answered HTTP 407; set ${setting}=http://user:password@host:port`,
        );
      expect(await why({ [setting]: url.replace('//', '//me:p%40ss@') }, address)).to.contain(
        'answered HTTP 502',
      );
    }
    expect(asked.at(-1)).to.equal('CONNECT example.org:443');
  });

  it('stops waiting for one that does not answer', async () => {
    const silent = await serve(() => {});
    const message = await unreadable(
      through({ HTTP_PROXY: silent.url }, { answerMs: 50 }).read('http://example.org/a', anyTask),
    );
    expect(message).to.contain('did not begin to answer within 0.05 s');
  });

  it("is what Label Studio's API is asked through", async () => {
    const server = await serve((_, response) => response.end('{"id": 4}'));
    const { url, asked } = await proxy({ 'studio.example.org': server.host }, 'me:pw');
    const client = (address: string) => {
      const fetch = proxiedFetch(proxies(readConfig({ HTTP_PROXY: address, HTTPS_PROXY: address })));
      const auth = createLabelStudioAuth({ fetch, now: Date.now, timeoutMs: 1000 });
      const labelStudio = () => ({ url: 'http://studio.example.org/ls', token: 'abc' });
      return createLabelStudioClient({
        labelStudio,
        auth,
        fetch,
        timeoutMs: 1000,
        maxBytes: 1000,
        maxTotalBytes: 1000,
      });
    };
    expect(await client(url.replace('//', '//me:pw@')).hasProject('4')).to.equal(true);
    expect(asked).to.deep.equal(['GET http://studio.example.org/ls/api/projects/4/?fields=id,created_at']);
    expect(server.requests[0]!.headers).to.include({
      authorization: 'Token abc',
      'user-agent': 'label-studio-onnx',
    });
    expect(server.requests[0]!.headers).not.to.have.property('proxy-authorization');
    const failure = await client(url)
      .hasProject('4')
      .catch((error: Error) => error.message);
    expect(failure).to.contain(`the proxy ${url} of HTTP_PROXY answered HTTP 407; set HTTP_PROXY=`);
  });
});
