import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TaskData } from '../../src/task-data/fetch.js';
import { anyTask, serve, stopServers, taskDataWith, unreadable } from './servers.js';

describe('task-data with local files', () => {
  let folder: string;
  let taskData: TaskData;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'task-data-'));
    const root = join(folder, 'root');
    await mkdir(join(root, 'sub'), { recursive: true });
    await writeFile(join(root, 'sub', 'a b.txt'), '\uFEFFhéllo');
    await writeFile(join(root, '..dotted'), 'dotted');
    await writeFile(join(root, 'large'), 'x'.repeat(1001));
    await mkdir(join(folder, 'root-other'));
    await writeFile(join(folder, 'root-other', 'secret'), 'secret');
    await symlink(join(folder, 'root-other', 'secret'), join(root, 'escape'));
    await symlink(join(folder, 'root-other'), join(root, 'escape-folder'));
    await symlink(join(root, 'sub'), join(root, 'inside'));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    // The root itself may be a link.
    await symlink(root, join(folder, 'link'));
    taskData = taskDataWith({ localFilesRoot: join(folder, 'link') });
  });

  after(() => rm(folder, { recursive: true }));

  it('reads files of the folder, and through links that stay in it', async () => {
    for (const path of ['sub/a%20b.txt', '/sub/a b.txt', 'inside/a+b.txt', 'sub/../sub/a%20b.txt']) {
      expect(await taskData.readText(`/data/local-files/?d=${path}`, anyTask), path).to.equal('héllo');
    }
    expect(await taskData.readText('/data/local-files/?d=..dotted', anyTask)).to.equal('dotted');
  });

  it('refuses what lies outside, by dots and by links', async () => {
    for (const path of [
      '../root-other/secret',
      '..%2Froot-other%2Fsecret',
      'sub/../../root-other/secret',
      '..',
      '../does-not-exist',
      'escape',
      'escape-folder/secret',
    ]) {
      const message = await unreadable(taskData.read(`/data/local-files/?d=${path}`, anyTask));
      expect(message, path).to.contain('lies outside of LOCAL_FILES_DOCUMENT_ROOT');
    }
  });

  it('says what else is wrong', async () => {
    const why = (path: string) => unreadable(taskData.read(`/data/local-files/?d=${path}`, anyTask));
    expect(await why('none.txt')).to.equal(
      "cannot read '/data/local-files/?d=none.txt': there is no such file below LOCAL_FILES_DOCUMENT_ROOT",
    );
    expect(await why(join(folder, 'root-other', 'secret'))).to.contain('no such file');
    expect(await why('sub')).to.contain('not a regular file');
    expect(await why('pipe')).to.contain('not a regular file');
    expect(await why('large')).to.contain('larger than 1000 bytes');
    expect(await why('a%00b')).to.contain('ERR_INVALID_ARG_VALUE');
  });

  it('asks Label Studio for what is not on this disk, as for names with a backslash', async () => {
    const server = await serve((request, response) => {
      if (request.url!.endsWith('none.txt')) response.writeHead(404);
      response.end('theirs');
    });
    const labelStudio = () => ({ url: server.url, token: 'abc' });
    const both = taskDataWith({ localFilesRoot: join(folder, 'link'), labelStudio });
    const read = (path: string) => both.readText(`/data/local-files/?d=${path}`, anyTask);
    expect(await read('sub/a%20b.txt')).to.equal('héllo');
    for (const path of ['sub\\scan.txt', 'sub%5Cscan.txt', 'elsewhere/a.txt', 'large/a.txt'])
      expect(await read(path), path).to.equal('theirs');
    const file = await both.file('/data/local-files/?d=elsewhere/a.txt', anyTask);
    expect(await readFile(file.path, 'utf8')).to.equal('theirs');
    file.release();
    expect(server.requests.map(({ url, headers }) => [url, headers.authorization])).to.deep.equal(
      [...['sub\\scan.txt', 'sub%5Cscan.txt', 'elsewhere/a.txt', 'large/a.txt', 'elsewhere/a.txt']].map(
        path => [`/data/local-files/?d=${path}`, 'Token abc'],
      ),
    );
    const address = '/data/local-files/?d=none.txt';
    expect(await unreadable(both.read(address, anyTask))).to.equal(
      `cannot read '${address}': there is no such file below LOCAL_FILES_DOCUMENT_ROOT, and Label Studio was asked: its server answered HTTP 404`,
    );
    // What lies outside, or may not be read, is asked of nobody.
    const asked = server.requests.length;
    for (const path of ['../root-other/secret', 'escape', 'pipe', 'large'])
      await unreadable(both.read(`/data/local-files/?d=${path}`, anyTask));
    expect(server.requests.length).to.equal(asked);
    await stopServers();
  });
});
