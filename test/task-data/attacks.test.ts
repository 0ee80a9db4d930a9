import { once } from 'node:events';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { TaskData, TaskDataDeps } from '../../src/task-data/fetch.js';
import { FileCache } from '../../src/task-data/file-cache.js';
import { temporaryFolder } from '../support/folder.js';
import { anyTask, serve, stopServers, taskDataWith, unreadable } from './servers.js';

/** In both ways in which a value is read: into memory, and to the disk. */
const WAYS = ['read', 'file'] as const;

describe('task-data under attack', () => {
  let folder: string;
  const raw: Server[] = [];

  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    for (const server of raw.splice(0)) server.close();
    await stopServers();
  });

  const withFiles = (deps: Partial<TaskDataDeps> = {}): TaskData =>
    taskDataWith({ files: new FileCache({ folder, maxBytes: 2 ** 20 }), ...deps });

  /** A server below HTTP. */
  async function serveRaw(answer: (socket: Socket) => void): Promise<{ url: string; host: string }> {
    const server = createServer(socket => {
      socket.on('error', () => {});
      socket.once('data', () => answer(socket));
    });
    raw.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address() as { port: number };
    const host = `127.0.0.1:${address.port}`;
    return { url: `http://${host}`, host };
  }

  for (const way of WAYS) {
    describe(`(${way})`, () => {
      it('connects to no address of a private network, by a redirect neither', async () => {
        const inner = await serve((_, response) => response.end('secret'));
        const port = inner.host.split(':')[1];
        let location = '';
        const outer = await serve((_, response) => response.writeHead(302, { location }).end());
        const taskData = withFiles({
          allowHosts: [outer.host],
          lookup: async () => [{ address: '127.0.0.1', family: 4 }],
        });
        for (const host of [
          '127.0.0.1',
          '127.1',
          '2130706433',
          '017700000001',
          '0x7f.1',
          '127。0。0。1',
          '①②⑦.0.0.1',
          '%31%32%37.0.0.1',
          '0.0.0.0',
          '0',
          '169.254.169.254',
          '[::1]',
          '[::]',
          '[::ffff:127.0.0.1]',
          '[::ffff:7f00:1]',
          '[::127.0.0.1]',
          '[64:ff9b::127.0.0.1]',
          '[2002:7f00:1::]',
          '[fe80::1]',
          '[fd00:ec2::254]',
          'localhost',
          'LOCALHOST.',
          'metadata.google.internal',
        ]) {
          location = `http://${host}:${port}/`;
          const message = await unreadable(taskData[way](location, anyTask));
          expect(message, host).to.contain('is not public; if it may be read, set ALLOW_HOSTS=');
          // The head of an answer holds ASCII alone.
          if (!host.startsWith('['))
            location = `http://${encodeURIComponent(decodeURIComponent(host))}:${port}/`;
          expect(await unreadable(taskData[way](outer.url, anyTask)), host).to.contain('is not public');
        }
        expect(inner.requests).to.have.lengthOf(0);
      });

      it('is led to no other scheme', async () => {
        let location = '';
        const server = await serve((_, response) => response.writeHead(307, { location }).end());
        const taskData = withFiles({ allowHosts: [server.host] });
        for (location of ['file:///etc/passwd', 'ftp://a/b', 'data:text/plain,x', 'gopher://a:70/_x']) {
          expect(await unreadable(taskData[way](server.url, anyTask)), location).to.contain(
            'only http: and https: are followed',
          );
        }
        for (const value of ['file:///etc/passwd', '../../etc/passwd', 'ftp://a/b']) {
          // Text that stands for itself.
          if (way === 'read') expect((await taskData.read(value, anyTask)).toString()).to.equal(value);
          else
            expect(await unreadable(taskData.file(value, anyTask))).to.contain('not the address of a file');
        }
      });

      it('asks DNS once, and takes no second answer for the first', async () => {
        const inner = await serve((_, response) => response.end('secret'));
        const port = inner.host.split(':')[1];
        // Of the public part, and given to nobody.
        const unused = { address: '3ffe::1', family: 6 };
        let asked = 0;
        const lookup = async () => [asked++ === 0 ? unused : { address: '127.0.0.1', family: 4 }];
        const taskData = withFiles({ lookup, timeoutMs: 150 });
        const url = `http://rebind.example:${port}/`;
        const first = await unreadable(taskData[way](url, anyTask));
        expect(first).not.to.contain('is not public');
        expect(asked).to.equal(1);
        expect(await unreadable(taskData[way](url, anyTask))).to.contain('is not public');
        expect(asked).to.equal(2);
        expect(inner.requests).to.have.lengthOf(0);
      });

      it('unpacks a bomb as far as the limit', async () => {
        const bomb = gzipSync(Buffer.alloc(10 * 2 ** 20), { level: 9 });
        let sent = 0;
        let hungUp: Promise<unknown> | undefined;
        const server = await serve((_, response) => {
          hungUp = once(response, 'close');
          response.writeHead(200, { 'content-encoding': 'gzip' });
          // Member after member, without an end.
          const more = (): void => {
            do sent += bomb.length;
            while (!response.destroyed && response.write(bomb));
          };
          response.on('drain', more);
          more();
        });
        const taskData = withFiles({ allowHosts: [server.host] });
        const before = process.memoryUsage.rss();
        expect(await unreadable(taskData[way](server.url, anyTask))).to.contain('larger than 1000 bytes');
        await hungUp;
        expect(sent).to.be.below(20 * 2 ** 20);
        expect(process.memoryUsage.rss() - before).to.be.below(50 * 2 ** 20);
        expect(await readdir(folder)).to.deep.equal([]);
      });

      it('waits for no head and no body that drip', async () => {
        const dripping = (head: string) =>
          serveRaw(socket => {
            socket.write(head);
            const timer = setInterval(() => socket.write('x'), 10);
            socket.on('close', () => clearInterval(timer));
          });
        const servers = [
          await dripping('HTTP/1.1 200 OK\r\nx-'),
          await dripping('HTTP/1.1 200 OK\r\n\r\n'),
          await dripping('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n'),
        ];
        const taskData = withFiles({ allowHosts: servers.map(({ host }) => host), timeoutMs: 150 });
        for (const { url } of servers)
          expect(await unreadable(taskData[way](url, anyTask))).to.contain('took longer than 0.15 s');
        expect(await readdir(folder)).to.deep.equal([]);
      });

      it('takes no body for whole whose length is a lie, and no answer that is not HTTP', async () => {
        for (const [answer, reason] of [
          ['HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', 'closed the connection before the end'],
          ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal', 'closed the connection'],
          ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n', 'before the end'],
          ['HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nx', 'it failed with HPE_'],
          ['HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nx', 'it failed with HPE_'],
          ['HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\nx', 'larger than 1000 bytes'],
          ['HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nhalf', 'Z_DATA_ERROR'],
          ['nonsense\r\n\r\n', 'it failed with HPE_'],
          [`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`, 'it failed with HPE_HEADER_OVERFLOW'],
        ] as const) {
          const server = await serveRaw(socket => socket.end(answer));
          const taskData = withFiles({ allowHosts: [server.host] });
          expect(await unreadable(taskData[way](server.url, anyTask)), answer.slice(0, 60)).to.contain(
            reason,
          );
        }
        expect(await readdir(folder)).to.deep.equal([]);
      });

      it('sends the token to no other host, however alike it looks', async () => {
        const labelStudio = await serve((_, response) => response.end('own'));
        const other = await serve((_, response) => response.end('other'));
        const [ownPort, otherPort] = [labelStudio, other].map(({ host }) => host.split(':')[1]);
        const taskData = withFiles({
          labelStudio: () => ({ url: `http://ls.example:${ownPort}`, token: 'abc' }),
          allowHosts: ['127.0.0.1', '*.evil.example', 'ls.example.'],
          lookup: async () => [{ address: '127.0.0.1', family: 4 }],
        });
        for (const url of [
          `http://ls.example:${otherPort}/data/upload/1/a`,
          `http://ls.example.:${ownPort}/data/upload/1/a`,
          `http://ls.example.evil.example:${otherPort}/data/upload/1/a`,
          `http://ls.example:${ownPort}@127.0.0.1:${otherPort}/data/upload/1/a`,
          `http://x.evil.example:${otherPort}\\@ls.example:${ownPort}/data/upload/1/a`,
          `http://x.evil.example:${otherPort}#@ls.example:${ownPort}/data/upload/1/a`,
        ]) {
          await taskData[way](url, anyTask);
        }
        expect(other.requests).to.have.lengthOf(5);
        expect(labelStudio.requests).to.have.lengthOf(1);
        for (const { headers } of [...other.requests, ...labelStudio.requests])
          expect(headers.authorization ?? '').not.to.contain('abc');
      });

      it("reads nothing of Label Studio's API with the token, whatever the way there", async () => {
        const server = await serve((_, response) => response.end('own'));
        const taskData = withFiles({ labelStudio: () => ({ url: `${server.url}/ls`, token: 'abc' }) });
        for (const value of [
          `${server.url}/ls/api/current-user/token`,
          `${server.url}/ls/data/../api/current-user/token`,
          `${server.url}/ls/data/%2e%2e/api/current-user/token`,
          `${server.url}/ls/tasks/7/presign/../../../api/users/`,
          `${server.url}/ls//api/users/`,
          `${server.url}/data/upload/1/a`,
          'upload/1/../../../api/current-user/token',
          '/data/upload/1/../../../../api/users/',
          'storage-data/uploaded/?/../../api/users/',
          // A proxy in front of Label Studio may decode the path, more than once, before it resolves it.
          `${server.url}/ls/data/..%2fapi/users/`,
          `${server.url}/ls/data/..%252Fapi/users/`,
          `${server.url}/ls/data/..%25252525252fapi/users/`,
          `${server.url}/ls/data/%252e%252e/api/users/`,
          `${server.url}/ls/data/%2e%252e%5capi/users/`,
          `${server.url}/ls/data/..%5Capi/users/`,
          `${server.url}/ls/data/.%2e%255capi/users/`,
          `${server.url}/ls/data/..;/api/users/`,
          `${server.url}/ls/data/.%00./api/users/`,
          `${server.url}/ls/data/%2f..%2f..%2fapi/users/`,
          `${server.url}/ls/data/x%2f%2e%2e%2f..%2fapi/users/`,
          `${server.url}/ls/tasks/..%2f..%2fapi%2fusers%3f/presign/`,
          `${server.url}/ls/data%2f..%2fapi/users/`,
          `/data/upload/1/..%2f..%2f..%2fapi/users/`,
          'upload/1/..%5c..%5c..%5capi/users/',
        ]) {
          await taskData[way](value, anyTask);
        }
        const withToken = server.requests.filter(({ headers }) => headers.authorization !== undefined);
        expect(withToken.map(({ url }) => url)).to.deep.equal([
          '/ls/storage-data/uploaded/?/../../api/users/',
        ]);
        for (const path of ['tasks/7/resolve/?fileuri=x', 'data/upload/1/50%25%20..x%20%E4%B8%80.png']) {
          await taskData[way](`${server.url}/ls/${path}`, anyTask);
          expect(server.requests.at(-1)?.headers.authorization).to.equal('Token abc');
        }
      });

      it('follows a redirect of Label Studio into its API without the token', async () => {
        const server = await serve(({ url }, response) => {
          if (url?.startsWith('/data/upload/')) response.writeHead(302, { location: '/api/users/' }).end();
          else response.end('own');
        });
        await withFiles({ labelStudio: () => ({ url: server.url, token: 'abc' }) })[way](
          '/data/upload/1/a',
          anyTask,
        );
        expect(server.requests.map(({ url, headers }) => [url, headers.authorization])).to.deep.equal([
          ['/data/upload/1/a', 'Token abc'],
          ['/api/users/', undefined],
        ]);
      });

      it('writes no line into a request', async () => {
        const server = await serve((_, response) => response.end('content'));
        const taskData = withFiles({
          labelStudio: () => ({ url: server.url, token: 'abc' }),
          allowHosts: [server.host],
        });
        const line = '\r\nx-injected: 1\r\n\r\nGET /second HTTP/1.1';
        for (const value of [
          `${server.url}/a${line}`,
          `${server.url}/a${line.replaceAll(' ', '')}`,
          `${server.url}/a${encodeURIComponent(line)}`,
          `/data/upload/1/a${line}`,
          `/data/upload/1/a${encodeURIComponent(line)}`,
          `/data/local-files/?d=a${line}`,
          `s3://bucket/a${line}`,
          `s3://bucket/a${encodeURIComponent(line)}`,
        ]) {
          await taskData[way](value, { projectId: '1', taskId: line }).catch(() => {});
        }
        expect(server.requests.length).to.be.above(2);
        for (const { url, headers } of server.requests) {
          expect(headers).not.to.have.property('x-injected');
          expect(url).not.to.equal('/second');
        }
      });
    });
  }

  it('sends what a URL has as credentials to its host alone, and tells them nobody', async () => {
    let status = 302;
    const other = await serve((_, response) => response.end('other'));
    const server = await serve((_, response) => response.writeHead(status, { location: other.url }).end());
    const taskData = withFiles({ allowHosts: [server.host, other.host] });
    const url = server.url.replace('//', '//user:pa55word@');
    expect(await taskData.readText(url, anyTask)).to.equal('other');
    expect(server.requests[0]?.headers.authorization).to.match(/^Basic /);
    expect(other.requests[0]?.headers.authorization).to.equal(undefined);
    status = 500;
    const messages = [
      await unreadable(taskData.read(`${url}/a`, anyTask)),
      await unreadable(withFiles().read(`${url}/a`, anyTask)),
      await unreadable(taskData.file(`${url}/?X-Amz-Signature=pa55word`, anyTask)),
    ];
    expect(messages.join()).not.to.contain('pa55word');
  });

  it('leaves the folder of local files by no link that appears while it looks', async function () {
    if (process.platform !== 'linux') this.skip();
    const root = join(folder, 'root');
    await mkdir(join(root, 'sub'), { recursive: true });
    await mkdir(join(folder, 'outside'));
    await writeFile(join(root, 'sub', 'a'), 'inside');
    await writeFile(join(folder, 'outside', 'a'), 'secret');
    await symlink('../outside', join(root, 'link'));
    const swapping = `
      const { renameSync } = require('node:fs');
      const { parentPort, workerData: root } = require('node:worker_threads');
      parentPort.postMessage('ready');
      for (;;) {
        renameSync(root + '/sub', root + '/aside');
        renameSync(root + '/link', root + '/sub');
        renameSync(root + '/sub', root + '/link');
        renameSync(root + '/aside', root + '/sub');
      }`;
    const worker = new Worker(swapping, { eval: true, workerData: root });
    try {
      await once(worker, 'message');
      const taskData = withFiles({ localFilesRoot: root });
      const seen = new Map<string, number>();
      const until = performance.now() + 500;
      while (performance.now() < until) {
        const read = await taskData.readText('/data/local-files/?d=sub/a', anyTask).catch(() => 'refused');
        seen.set(read, (seen.get(read) ?? 0) + 1);
      }
      expect([...seen.keys()]).to.have.members(['inside', 'refused']);
    } finally {
      await worker.terminate();
      await rm(root, { recursive: true });
    }
  });
});
