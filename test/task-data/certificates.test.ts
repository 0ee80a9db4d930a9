import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { createLabelStudioAuth } from '../../src/label-studio/auth.js';
import { createLabelStudioClient } from '../../src/label-studio/client.js';
import { program } from '../support/program.js';
import { startProxy } from '../support/proxy.js';
import { ROOT } from '../support/python.js';
import { type PrivateCertificate, privateCertificate } from '../support/tls.js';
import { anyTask, taskDataWith, unreadable } from './servers.js';

describe('servers with a certificate of a private authority', () => {
  let certificate: PrivateCertificate;
  let server: Server;
  let url: string;

  before(async () => {
    certificate = await privateCertificate('files.example.org', 'IP:127.0.0.1');
    server = createServer(certificate, (_, response) => response.end('[]'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const advice =
    "its certificate is of an authority unknown here; set NODE_EXTRA_CA_CERTS to that authority's certificate (a PEM file), and restart this server";

  it('are not read, and the message says how they are', async () => {
    const { host } = new URL(url);
    expect(await unreadable(taskDataWith({ allowHosts: [host] }).read(`${url}/a`, anyTask))).to.equal(
      `cannot read '${url}/a': ${advice}`,
    );
    const labelStudio = () => ({ url, token: 'abc' });
    const place = `Label Studio at ${url} cannot be reached: ${advice}`;
    const message = await unreadable(taskDataWith({ labelStudio }).read('/data/upload/3/a.txt', anyTask));
    expect(message).to.equal(`cannot read '/data/upload/3/a.txt': ${place}`);
    expect(message.length).to.be.below(300);
    const limits = { timeoutMs: 1000, maxBytes: 1000, maxTotalBytes: 1000 };
    const auth = createLabelStudioAuth({ fetch, now: Date.now, timeoutMs: 1000 });
    const client = createLabelStudioClient({ labelStudio, auth, ...limits });
    expect(await client.hasProject('4').catch((error: Error) => error.message)).to.equal(place);
  });

  it('are read with NODE_EXTRA_CA_CERTS from the start of the process, through a proxy too', async () => {
    const proxy = await startProxy({ 'files.example.org': new URL(url).host });
    const code = `
      const { createTaskData } = await import(process.argv[1]);
      const { FileCache } = await import(process.argv[2]);
      const { proxies } = await import(process.argv[3]);
      const taskData = createTaskData({
        labelStudio: () => null, auth: null, localFilesRoot: null, allowHosts: ['127.0.0.1'], maxBytes: 1000,
        texts: { each: 1000, together: 1000 }, timeoutMs: 9000, answerMs: 9000, atOnce: 4,
        files: new FileCache({ folder: process.argv[4], maxBytes: 0 }),
        proxyOf: proxies({ HTTP_PROXY: null, HTTPS_PROXY: '${proxy.url}', NO_PROXY: ['127.0.0.1'] }),
      });
      for (const url of ['${url}/a', 'https://files.example.org/a'])
        console.log(await taskData.readText(url, { projectId: null, taskId: null }));
    `;
    const modules = ['task-data/fetch', 'task-data/file-cache', 'proxies'].map(name => program(name).at(-1)!);
    const options = program('main').slice(0, -1);
    const folder = `${certificate.authority}-copies`;
    const args = [...options, '--input-type=module', '-e', code, ...modules, folder];
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: certificate.authority };
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
    expect(stdout).to.equal('[]\n[]\n');
    expect(proxy.asked).to.deep.equal(['CONNECT files.example.org:443']);
    await proxy.stop();
  });

  it('are told apart from those of another host, or without https', async () => {
    const plain = createHttp((_, response) => response.end()).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as AddressInfo;
    const taskData = taskDataWith({ allowHosts: ['127.0.0.1'] });
    expect(await unreadable(taskData.read(`https://127.0.0.1:${port}/a`, anyTask))).to.contain(
      'it does not speak https as this server does; if it speaks http, write http://',
    );
    plain.close();
  });
});
