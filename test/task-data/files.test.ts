import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { LabelStudio } from '../../src/label-studio/source.js';
import type { TaskDataDeps } from '../../src/task-data/fetch.js';
import { FileCache } from '../../src/task-data/file-cache.js';
import { temporaryFolder } from '../support/folder.js';
import { anyTask, serve, stopServers, taskDataWith, unreadable } from './servers.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('task-data as files', () => {
  let folder: string;
  let now: number;

  beforeEach(async () => {
    folder = join(await temporaryFolder(), 'files');
    now = Date.now();
  });
  afterEach(stopServers);

  const withFiles = (deps: Partial<TaskDataDeps> = {}) =>
    taskDataWith({ files: new FileCache({ folder, maxBytes: 2 ** 20, now: () => now }), ...deps });
  const text = async (work: Promise<{ path: string }>) => await readFile((await work).path, 'utf8');

  it('gives the path of what a URL holds, unpacked, and asks once in ten minutes', async () => {
    const server = await serve((request, response) => {
      response.setHeader('content-encoding', 'gzip').end(gzipSync(`content of ${request.url}`));
    });
    const taskData = withFiles({ allowHosts: [server.host] });
    for (let time = 0; time < 3; time++)
      expect(await text(taskData.file(`${server.url}/a`, anyTask))).to.equal('content of /a');
    expect(await text(taskData.file(`${server.url}/a?b`, anyTask))).to.equal('content of /a?b');
    expect(server.requests).to.have.lengthOf(2);
    now += 10 * MINUTE + 1000;
    await taskData.file(`${server.url}/a`, anyTask);
    expect(server.requests).to.have.lengthOf(3);
  });

  it('asks for uploads and cloud objects once a day, for an object once a task', async () => {
    const server = await serve((_, response) => response.end('content'));
    const taskData = withFiles({ labelStudio: () => ({ url: server.url, token: 'abc' }) });
    const read = async (...values: string[]) => {
      for (const value of values)
        expect(await text(taskData.file(value, anyTask)), value).to.equal('content');
    };
    await read('upload/3/a.png', '/data/upload/3/a.png', 's3://bucket/a.png', '/data/local-files/?d=a.png');
    expect(server.requests).to.have.lengthOf(3);
    now += 23 * HOUR;
    await read('upload/3/a.png', 's3://bucket/a.png');
    expect(server.requests).to.have.lengthOf(3);
    await read('/data/local-files/?d=a.png');
    expect(server.requests).to.have.lengthOf(4);
    await taskData.file('s3://bucket/a.png', { ...anyTask, taskId: 8 });
    expect(server.requests).to.have.lengthOf(5);
    now += 2 * HOUR;
    await read('upload/3/a.png', 's3://bucket/a.png');
    expect(server.requests).to.have.lengthOf(7);
  });

  it('gives nobody what was read for another project, with another token, or from another Label Studio', async () => {
    const server = await serve((request, response) => response.end(request.headers.authorization));
    let labelStudio: LabelStudio = { url: server.url, token: 'one' };
    const taskData = withFiles({ labelStudio: () => labelStudio });
    const file = (projectId: string) => text(taskData.file('upload/3/a.png', { projectId, taskId: 7 }));
    expect(await file('1')).to.equal('Token one');
    expect(await file('1')).to.equal('Token one');
    expect(server.requests).to.have.lengthOf(1);
    await file('2');
    expect(server.requests).to.have.lengthOf(2);
    labelStudio = { url: server.url, token: 'two' };
    expect(await file('1')).to.equal('Token two');
    labelStudio = { url: `${server.url}/other`, token: 'two' };
    await file('1');
    expect(server.requests.at(-1)?.url).to.equal('/other/data/upload/3/a.png');
    const names = (await readdir(folder)).join();
    expect(names).not.to.match(/one|two|upload/);
  });

  it('leaves a data URI what it is, and refuses inline text', async () => {
    const taskData = withFiles();
    expect((await taskData.file('data:image/png;base64,aGk=', anyTask)).path).to.equal(
      'data:image/png;base64,aGk=',
    );
    expect(await unreadable(taskData.file('a cat', anyTask))).to.equal(
      "cannot read 'a cat': it is not the address of a file (a URL, an upload, a local file or a cloud URI)",
    );
  });

  it('gives the place of a local file, uncopied and checked', async () => {
    const root = join(await temporaryFolder(), 'root');
    await mkdir(root);
    await writeFile(join(root, 'a.png'), 'content');
    await writeFile(join(root, 'large'), 'x'.repeat(1001));
    await writeFile(join(root, '..', 'secret'), 'secret');
    await symlink('a.png', join(root, 'link'));
    await symlink('../secret', join(root, 'escape'));
    const taskData = withFiles({ localFilesRoot: root });
    const file = (path: string) => taskData.file(`/data/local-files/?d=${path}`, anyTask);
    expect((await file('a.png')).path).to.equal(join(root, 'a.png'));
    const linked = await file('link');
    linked.release();
    expect(await readFile(linked.path, 'utf8')).to.equal('content');
    for (const path of ['../secret', '..%2Fsecret', 'escape'])
      expect(await unreadable(file(path)), path).to.contain('lies outside of LOCAL_FILES_DOCUMENT_ROOT');
    expect(await unreadable(file('none'))).to.contain('no such file');
    expect(await unreadable(file('large'))).to.contain('larger than 1000 bytes');
  });

  it('tells every task that waits for the same address why it cannot be read, and asks again later', async () => {
    let status = 500;
    const server = await serve((_, response) => response.writeHead(status).end('content'));
    const taskData = withFiles({ allowHosts: [server.host] });
    const file = () => taskData.file(`${server.url}/a`, anyTask);
    const message = `cannot read '${server.url}/a': its server answered HTTP 500`;
    expect(await Promise.all([unreadable(file()), unreadable(file())])).to.deep.equal([message, message]);
    expect(server.requests).to.have.lengthOf(1);
    status = 200;
    expect(await text(file())).to.equal('content');
  });

  it('says when the disk does not take it, and asks for nothing', async () => {
    const server = await serve((_, response) => response.end('content'));
    const files = new FileCache({ folder: '/dev/null/nowhere', maxBytes: 0 });
    const taskData = taskDataWith({ allowHosts: [server.host], files });
    expect(await unreadable(taskData.file(server.url, anyTask))).to.contain(
      'this server cannot write a copy of it below DATA_DIR (ENOTDIR)',
    );
    expect(server.requests).to.have.lengthOf(0);
  });

  it('keeps texts as files, and reads them when there is room for all that they take in memory', async () => {
    const server = await serve((_, response) => response.end('\uFEFFa text'));
    const taskData = withFiles({ allowHosts: [server.host], texts: { each: 100, together: 10 } });
    const stored = await taskData.text(`${server.url}/a`, anyTask);
    expect(stored.bytes).to.equal(9);
    const held = await taskData.textMemory.take(stored.bytes, undefined);
    let isRead = false;
    const read = taskData.textAt(`${server.url}/a`, anyTask).finally(() => {
      isRead = true;
    });
    expect(await stored.read()).to.equal('a text');
    for (let turn = 0; turn < 10; turn++) await setImmediate();
    expect(isRead).to.equal(false);
    held();
    expect(await read).to.equal('a text');
    stored.release();
    expect(server.requests).to.have.lengthOf(1);
  });

  it('reads no file as a text that is larger than a text may be, and the other way round', async () => {
    const server = await serve((_, response) => response.end('x'.repeat(101)));
    const taskData = withFiles({ allowHosts: [server.host], texts: { each: 100, together: 100 } });
    expect(await text(taskData.file(`${server.url}/a`, anyTask))).to.have.lengthOf(101);
    expect(await unreadable(taskData.textAt(`${server.url}/a`, anyTask))).to.contain('larger than 100 bytes');
    expect(await text(taskData.file(`${server.url}/a`, anyTask))).to.have.lengthOf(101);
  });

  it('leaves nothing of what was too large, cut off, or too late', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/large') response.end('x'.repeat(1001));
      if (request.url === '/short') {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
      }
      if (request.url === '/slow') response.write('x');
    });
    const taskData = withFiles({ allowHosts: [server.host], timeoutMs: 200 });
    const why = (path: string) => unreadable(taskData.file(server.url + path, anyTask));
    expect(await why('/large')).to.contain('larger than 1000 bytes');
    expect(await why('/short')).to.contain('closed the connection before the end');
    expect(await why('/slow')).to.contain('took longer than 0.2 s');
    expect(await readdir(folder)).to.deep.equal([]);
  });

  describe('many at once', () => {
    // One host gets three of eight at once.
    it('are read a few at a time, whoever asks', async () => {
      const waiting: ServerResponse[] = [];
      const server = await serve((_, response) => void waiting.push(response));
      const taskData = withFiles({ allowHosts: [server.host], atOnce: 8 });
      const all = Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          index % 2
            ? taskData.file(`${server.url}/${index}`, { projectId: String(index), taskId: null })
            : taskData.read(`${server.url}/${index}`, anyTask),
        ),
      );
      for (let answered = 0; answered < 20; ) {
        while (waiting.length < Math.min(3, 20 - answered)) await setImmediate();
        // Whoever was not let in would have come by now.
        for (let turn = 0; turn < 5; turn++) await setImmediate();
        expect(waiting.length).to.be.at.most(3);
        for (const response of waiting.splice(0)) {
          response.end('content');
          answered++;
        }
      }
      await all;
      expect(new Set(server.requests.map(({ url }) => url)).size).to.equal(20);
    });

    it('have their time from when it is their turn, and one that gives up before takes no turn', async () => {
      const waiting: ServerResponse[] = [];
      const server = await serve((_, response) => void waiting.push(response));
      const taskData = withFiles({ allowHosts: [server.host], atOnce: 1, timeoutMs: 600 });
      const first = unreadable(taskData.read(`${server.url}/first`, anyTask));
      const controller = new AbortController();
      const second = taskData.read(`${server.url}/second`, { ...anyTask, signal: controller.signal });
      const third = taskData.read(`${server.url}/third`, anyTask);
      while (waiting.length === 0) await setImmediate();
      controller.abort();
      expect(await unreadable(second)).to.contain('was given up');
      expect(await first).to.contain('took longer than 0.6 s');
      while (waiting.length < 2) await setImmediate();
      waiting[1]!.end('content');
      expect((await third).toString()).to.equal('content');
      expect(server.requests.map(({ url }) => url)).to.deep.equal(['/first', '/third']);
    });
  });

  it('is downloaded once for all tasks that name it', async () => {
    const server = await serve((_, response) => response.end('content'));
    const taskData = withFiles({ labelStudio: () => ({ url: server.url, token: 'abc' }) });
    const files = await Promise.all(Array.from({ length: 50 }, () => taskData.file('upload/3/a', anyTask)));
    expect(new Set(files.map(({ path }) => path)).size).to.equal(1);
    expect(server.requests).to.have.lengthOf(1);
  });
});
