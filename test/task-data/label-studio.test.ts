import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { createLabelStudioAuth } from '../../src/label-studio/auth.js';
import type { LabelStudio } from '../../src/label-studio/source.js';
import { presignPath } from '../../src/task-data/resolve.js';
import { jwt } from '../label-studio/support.js';
import { anyTask, serve, stopServers, taskDataWith, unreadable } from './servers.js';

function seen(requests: readonly IncomingMessage[]): unknown[] {
  return requests.map(({ method, url, headers }) => [method, url, headers.authorization]);
}

describe('task-data with Label Studio', () => {
  afterEach(stopServers);

  it('reads uploads, local files and cloud objects through it, with the token', async () => {
    const server = await serve((_, response) => response.end('content'));
    const taskData = taskDataWith({ labelStudio: () => ({ url: `${server.url}/`, token: 'abc' }) });
    for (const value of [
      'upload/3/a.txt',
      '/data/local-files/?d=a%20b.txt',
      '/storage-data/uploaded/?filepath=upload/3/a.txt',
      's3://bucket/a.txt',
      `${server.url}/data/upload/3/b.txt`,
    ]) {
      expect(await taskData.readText(value, anyTask), value).to.equal('content');
    }
    expect(seen(server.requests)).to.deep.equal(
      [
        '/data/upload/3/a.txt',
        '/data/local-files/?d=a%20b.txt',
        '/storage-data/uploaded/?filepath=upload/3/a.txt',
        presignPath(7, 's3://bucket/a.txt'),
        '/data/upload/3/b.txt',
      ].map(path => ['GET', path, 'Token abc']),
    );
  });

  it('reads names with accents, blanks and brackets, as they are and encoded', async () => {
    const server = await serve((_, response) => response.end('content'));
    const taskData = taskDataWith({ labelStudio: () => ({ url: server.url, token: 'abc' }) });
    const asked = {
      '/data/upload/3/1a2b3c4d-Capture_d%C3%A9cran.png': '/data/upload/3/1a2b3c4d-Capture_d%C3%A9cran.png',
      '/data/upload/3/1a2b3c4d-Capture_décran.png': '/data/upload/3/1a2b3c4d-Capture_d%C3%A9cran.png',
      's3://pets/cats/Cat (8).png': presignPath(7, 's3://pets/cats/Cat (8).png'),
    };
    for (const value of Object.keys(asked))
      expect(await taskData.readText(value, anyTask), value).to.equal('content');
    expect(seen(server.requests)).to.deep.equal(Object.values(asked).map(path => ['GET', path, 'Token abc']));
    expect(
      new URL(presignPath(7, 's3://pets/cats/Cat (8).png'), server.url).searchParams.get('fileuri'),
    ).to.equal(Buffer.from('s3://pets/cats/Cat (8).png').toString('base64url').padEnd(36, '='));
  });

  it('keeps the token where Label Studio redirects a local file to the same path with a slash', async () => {
    const server = await serve((request, response) => {
      if (request.url!.startsWith('/data/local-files?'))
        response.writeHead(301, { location: request.url!.replace('local-files?', 'local-files/?') });
      response.end('content');
    });
    const taskData = taskDataWith({ labelStudio: () => ({ url: server.url, token: 'abc' }) });
    expect(await taskData.readText('/data/local-files?d=dataset1/scan.png', anyTask)).to.equal('content');
    expect(seen(server.requests)).to.deep.equal(
      ['/data/local-files?d=dataset1/scan.png', '/data/local-files/?d=dataset1/scan.png'].map(path => [
        'GET',
        path,
        'Token abc',
      ]),
    );
  });

  it('names the address where nothing listens or answers, and where it was told', async () => {
    const server = await serve(() => {});
    const values = ['upload/3/a.txt', 's3://bucket/a.txt', `${server.url}/data/upload/3/a.txt`];
    const hint = ' as this machine sees it (inside of a container, localhost is the container)';
    const expectReason = async (reason: string, told: 'setting' | 'setup', advice: string) => {
      const labelStudio = () => ({ url: server.url, token: 'abc', told });
      for (const value of values)
        expect(await unreadable(taskDataWith({ labelStudio, timeoutMs: 200 }).read(value, anyTask))).to.equal(
          `cannot read '${value}': Label Studio at ${server.url} cannot be reached: ${reason}; ${advice}${hint}`,
        );
    };
    const late = 'it took longer than 0.2 s';
    await expectReason(late, 'setting', 'check that it runs, and that LABEL_STUDIO_URL is its address');
    await stopServers();
    const refused = 'nothing listens at its address';
    await expectReason(refused, 'setting', 'check that it runs, and that LABEL_STUDIO_URL is its address');
    const setup = 'check that it runs; the address came with /setup: set LABEL_STUDIO_URL to its address';
    await expectReason(refused, 'setup', setup);
  });

  it('does not blame Label Studio for a storage that it redirects to', async () => {
    const server = await serve((_, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/a' }).end(),
    );
    const labelStudio = () => ({ url: server.url, token: 'abc' });
    const message = await unreadable(
      taskDataWith({ labelStudio, allowHosts: ['127.0.0.1:1'] }).read('s3://bucket/a.txt', anyTask),
    );
    expect(message).to.equal("cannot read 's3://bucket/a.txt': nothing listens at its address");
  });

  it('asks for the Label Studio of the project, whose address may have a path', async () => {
    const server = await serve((_, response) => response.end('content'));
    const projects: unknown[] = [];
    const taskData = taskDataWith({
      labelStudio: projectId => {
        projects.push(projectId);
        return { url: `${server.url}/ls`, token: '' };
      },
    });
    expect(await taskData.readText('/ls/data/upload/3/a.txt', { projectId: '5', taskId: null })).to.equal(
      'content',
    );
    expect(new Set(projects)).to.deep.equal(new Set(['5']));
    expect(seen(server.requests)).to.deep.equal([['GET', '/ls/data/upload/3/a.txt', undefined]]);
  });

  it('is asked at its own address for what tasks call by another, and in redirects to that', async () => {
    const server = await serve((request, response) => {
      if (request.url!.startsWith('/in/tasks/'))
        response.writeHead(302, { location: 'https://studio.example.org/ls/data/b.txt' });
      response.end('content');
    });
    const outer = 'https://studio.example.org/ls';
    const taskData = taskDataWith({ labelStudio: () => ({ url: `${server.url}/in`, token: 'abc', outer }) });
    for (const value of [
      `${outer}/data/upload/3/a.txt`,
      '/ls/data/upload/3/a.txt',
      `${outer}/static/samples/a.txt`,
      's3://bucket/a.txt',
    ])
      expect(await taskData.readText(value, anyTask), value).to.equal('content');
    expect(seen(server.requests)).to.deep.equal([
      ['GET', '/in/data/upload/3/a.txt', 'Token abc'],
      ['GET', '/in/data/upload/3/a.txt', 'Token abc'],
      ['GET', '/in/static/samples/a.txt', undefined],
      ['GET', `/in${presignPath(7, 's3://bucket/a.txt')}`, 'Token abc'],
      ['GET', '/in/data/b.txt', 'Token abc'],
    ]);
    // What it serves beside that is a host like any other, and no redirect leads the token to its API.
    const leading = await serve((_, response) =>
      response.writeHead(302, { location: 'https://studio.example.org/ls/api/users/' }).end(),
    );
    const lookup = async () => [{ address: '10.0.0.1', family: 4 }];
    const led = taskDataWith({ labelStudio: () => ({ url: leading.url, token: 'abc', outer }), lookup });
    for (const value of [`${outer}/api/users/`, 's3://bucket/a.txt'])
      expect(await unreadable(led.read(value, anyTask)), value).to.contain('is not public');
    expect(leading.requests).to.have.length(1);
  });

  it('finds an upload that is kept in a cloud storage', async () => {
    const server = await serve((request, response) => {
      if (request.url?.startsWith('/data/')) response.writeHead(404);
      response.end('content');
    });
    const taskData = taskDataWith({ labelStudio: () => ({ url: server.url, token: 'abc' }) });
    expect(await taskData.readText('/data/upload/3/a.txt', anyTask)).to.equal('content');
    expect(server.requests.at(-1)?.url).to.equal('/storage-data/uploaded/?filepath=upload/3/a.txt');
  });

  it('says what is missing', async () => {
    const unknown = taskDataWith();
    expect(await unreadable(unknown.read('upload/3/a.txt', anyTask))).to.contain('set LABEL_STUDIO_URL');
    const noTask = unknown.read('s3://b/a.txt', { projectId: '1', taskId: null });
    expect(await unreadable(noTask)).to.contain("task's id");
    const server = await serve((_, response) => response.writeHead(401).end());
    const refused = taskDataWith({ labelStudio: () => ({ url: server.url, token: 'abc' }) });
    const message = await unreadable(refused.read('upload/3/a.txt', anyTask));
    expect(message).to.contain('HTTP 401; check LABEL_STUDIO_API_KEY').and.not.contain('abc');
  });

  it('sends the token to its task data alone, and never after a redirect away, even back', async () => {
    const storage = await serve((request, response) => {
      if (request.url === '/back') response.writeHead(302, { location: `${server.url}/data/end` });
      response.end('object');
    });
    let location = `${storage.url}/object?sig=1`;
    const server = await serve((request, response) => {
      if (request.url === '/data/end') response.end('end');
      else response.writeHead(303, { location }).end();
    });
    const taskData = taskDataWith({
      labelStudio: () => ({ url: server.url, token: 'abc' }),
      allowHosts: [storage.host],
    });
    expect(await taskData.readText('gs://bucket/a', anyTask)).to.equal('object');
    location = `${storage.url}/back`;
    expect(await taskData.readText('gs://bucket/a', anyTask)).to.equal('end');
    location = '/data/end';
    expect(await taskData.readText('gs://bucket/a', anyTask)).to.equal('end');
    expect(await taskData.readText(`${storage.url}/plain`, anyTask)).to.equal('object');
    expect(storage.requests.map(each => each.headers.authorization)).to.deep.equal(Array(3).fill(undefined));
    expect(seen(server.requests)).to.deep.equal([
      ['GET', presignPath(7, 'gs://bucket/a'), 'Token abc'],
      ['GET', presignPath(7, 'gs://bucket/a'), 'Token abc'],
      ['GET', '/data/end', undefined],
      ['GET', presignPath(7, 'gs://bucket/a'), 'Token abc'],
      ['GET', '/data/end', 'Token abc'],
    ]);
  });

  describe('a personal access token', () => {
    const refresh = jwt({ token_type: 'refresh' });
    const date = 'Tue, 01 Jul 2025 00:00:00 GMT';
    const exp = Date.parse(date) / 1000 + 300;

    /** A Label Studio that gives out access tokens of five minutes, numbered. */
    async function labelStudio() {
      const given: string[] = [];
      const bodies: unknown[] = [];
      const server = await serve(async (request, response) => {
        if (request.method !== 'POST') return response.end(request.headers.authorization);
        bodies.push(JSON.parse(Buffer.concat(await request.toArray()).toString()));
        given.push(jwt({ exp, jti: given.length }));
        return response.setHeader('date', date).end(JSON.stringify({ access: given.at(-1) }));
      });
      const own: LabelStudio = { url: server.url, token: refresh };
      return { server, given, bodies, own };
    }

    it('is exchanged once, and again shortly before the access token expires', async () => {
      const { server, given, bodies, own } = await labelStudio();
      let now = 1_000_000;
      const auth = createLabelStudioAuth({ fetch, now: () => now, timeoutMs: 10_000 });
      const taskData = taskDataWith({ labelStudio: () => own, auth });
      const read = () => taskData.readText('upload/3/a.txt', anyTask);
      expect(await Promise.all([read(), read()])).to.deep.equal(Array(2).fill(`Bearer ${given[0]}`));
      now += 269_000;
      expect(await read()).to.equal(`Bearer ${given[0]}`);
      now += 2000;
      expect(await read()).to.equal(`Bearer ${given[1]}`);
      expect(bodies).to.deep.equal([{ refresh }, { refresh }]);
      expect(server.requests[0]?.url).to.equal('/api/token/refresh/');
      expect(server.requests.some(each => each.headers.authorization?.includes(refresh))).to.equal(false);
    });

    it('is not exchanged for values that are elsewhere', async () => {
      const { server, own } = await labelStudio();
      const other = await serve((_, response) => response.end('other'));
      const taskData = taskDataWith({ labelStudio: () => own, allowHosts: [other.host] });
      expect(await taskData.readText(other.url, anyTask)).to.equal('other');
      expect(server.requests).to.have.lengthOf(0);
    });

    it('that is refused is reported without it, and tried again the next time', async () => {
      let status = 401;
      const server = await serve((request, response) => {
        if (request.method === 'POST') response.writeHead(status, { location: '/x' });
        response.end('{"access":"a.b.c"}');
      });
      const taskData = taskDataWith({ labelStudio: () => ({ url: server.url, token: refresh }) });
      const message = await unreadable(taskData.read('upload/3/a.txt', anyTask));
      expect(message).to.contain('personal access token (HTTP 401)').and.not.contain(refresh);
      status = 307;
      expect(await unreadable(taskData.read('upload/3/a.txt', anyTask))).to.contain('(HTTP 307)');
      status = 200;
      await taskData.read('upload/3/a.txt', anyTask);
      expect(server.requests.at(-1)?.headers.authorization).to.equal('Bearer a.b.c');
    });

    it('whose exchange hangs does not hold the caller', async () => {
      const controller = new AbortController();
      const server = await serve(() => controller.abort());
      const taskData = taskDataWith({ labelStudio: () => ({ url: server.url, token: refresh }) });
      const read = taskData.read('upload/3/a.txt', { ...anyTask, signal: controller.signal });
      expect(await unreadable(read)).to.contain('was given up');
      const hung = server.requests[0]!;
      const closed = once(hung, 'close');
      hung.destroy();
      await closed;
    });
  });
});
