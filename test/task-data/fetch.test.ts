import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { Deadline } from '../../src/deadline.js';
import { AppError } from '../../src/errors.js';
import { withinRequest } from '../../src/task-data/scope.js';
import { anyTask, serve, stopServers, taskDataWith, unreadable } from './servers.js';

describe('task-data/fetch', () => {
  afterEach(stopServers);

  describe('what is read', () => {
    it('returns inline text and data URIs', async () => {
      const taskData = taskDataWith();
      expect(await taskData.readText('\uFEFFkept as it is', anyTask)).to.equal('\uFEFFkept as it is');
      expect((await taskData.read('héllo', anyTask)).toString()).to.equal('héllo');
      expect((await taskData.read('data:image/png;base64,aGk=', anyTask)).toString()).to.equal('hi');
    });

    it('reads a URL as bytes and as text without its byte order mark', async () => {
      const server = await serve((_, response) => response.end('\uFEFFhéllo'));
      const taskData = taskDataWith({ allowHosts: [server.host] });
      expect(await taskData.read(`${server.url}/a.txt`, anyTask)).to.deep.equal(Buffer.from('\uFEFFhéllo'));
      expect(await taskData.readText(`${server.url}/a.txt`, anyTask)).to.equal('héllo');
      expect(server.requests[0]?.headers).to.include({ 'user-agent': 'label-studio-onnx' });
      expect(server.requests[0]?.headers.authorization).to.equal(undefined);
    });

    it('refuses text that is not UTF-8', async () => {
      const server = await serve((_, response) => response.end(Buffer.from([0x68, 0xe9])));
      const taskData = taskDataWith({ allowHosts: [server.host] });
      expect(await unreadable(taskData.readText(server.url, anyTask))).to.contain('is not UTF-8');
    });

    it('unpacks what a storage keeps compressed', async () => {
      const server = await serve((_, response) => {
        response.setHeader('content-encoding', 'gzip').end(gzipSync('unpacked'));
      });
      expect(await taskDataWith({ allowHosts: [server.host] }).readText(server.url, anyTask)).to.equal(
        'unpacked',
      );
    });

    it('says what a server answered, and hides the query', async () => {
      const server = await serve((_, response) => response.writeHead(404).end());
      const message = await unreadable(
        taskDataWith({ allowHosts: [server.host] }).read(
          `${server.url}/a.txt?X-Amz-Signature=secret`,
          anyTask,
        ),
      );
      expect(message).to.equal(`cannot read '${server.url}/a.txt': its server answered HTTP 404`);
    });

    it('says when nothing listens, and when DNS knows no such host', async () => {
      const server = await serve((_, response) => response.end());
      await stopServers();
      const taskData = taskDataWith({ allowHosts: [server.host], lookup: async () => [] });
      expect(await unreadable(taskData.read(server.url, anyTask))).to.contain(
        'nothing listens at its address',
      );
      expect(await unreadable(taskData.read('http://a.example', anyTask))).to.contain('not known to DNS');
    });
  });

  describe('limits', () => {
    it('refuses by the announced size, before the body', async () => {
      const server = await serve((_, response) => {
        response.writeHead(200, { 'content-length': '1001' }).flushHeaders();
      });
      const message = await unreadable(taskDataWith({ allowHosts: [server.host] }).read(server.url, anyTask));
      expect(message).to.contain('larger than 1000 bytes');
    });

    it('cuts an endless body off', async () => {
      let hungUp: Promise<unknown> | undefined;
      const server = await serve((_, response) => {
        hungUp = once(response, 'close');
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(300)));
        };
        response.on('drain', more);
        more();
      });
      const message = await unreadable(taskDataWith({ allowHosts: [server.host] }).read(server.url, anyTask));
      expect(message).to.contain('larger than 1000 bytes');
      await hungUp;
    });

    it('measures the size after unpacking', async () => {
      const server = await serve((_, response) => {
        response.setHeader('content-encoding', 'gzip').end(gzipSync('x'.repeat(1001)));
      });
      const message = await unreadable(taskDataWith({ allowHosts: [server.host] }).read(server.url, anyTask));
      expect(message).to.contain('larger than 1000 bytes');
    });

    it('reads exactly as much as the limit', async () => {
      const server = await serve((_, response) => response.end('x'.repeat(1000)));
      expect(await taskDataWith({ allowHosts: [server.host] }).read(server.url, anyTask)).to.have.lengthOf(
        1000,
      );
    });

    it('gives up on a server that never answers, and on one that never ends', async () => {
      const silent = await serve(() => undefined);
      const endless = await serve((_, response) => response.write('x'));
      const taskData = taskDataWith({ allowHosts: [silent.host, endless.host], timeoutMs: 100 });
      for (const { url } of [silent, endless]) {
        expect(await unreadable(taskData.read(url, anyTask))).to.contain('took longer than 0.1 s');
      }
    });

    it('gives up sooner on a server that does not begin to answer, behind a redirect too', async () => {
      const silent = await serve(() => undefined);
      const redirecting = await serve((_, response) => {
        response.writeHead(302, { location: silent.url }).end();
      });
      const taskData = taskDataWith({ allowHosts: [silent.host, redirecting.host], answerMs: 100 });
      for (const { url } of [silent, redirecting]) {
        expect(await unreadable(taskData.read(url, anyTask))).to.contain(
          'did not begin to answer within 0.1 s',
        );
      }
    });

    it('reads the files of others while those of a project never come', async () => {
      const silent = await serve(() => undefined);
      const server = await serve((_, response) => response.end('content'));
      const stopped = new AbortController();
      const allowHosts = [silent.host, server.host];
      const taskData = taskDataWith({ allowHosts, atOnce: 32, stopped: stopped.signal });
      const never = Array.from({ length: 100 }, (_, index) =>
        taskData.read(`${silent.url}/${index}`, anyTask).catch(() => {}),
      );
      while (silent.requests.length === 0) await setImmediate();
      for (const projectId of ['1', '2', null]) {
        const read = taskData.read(`${server.url}/${projectId}`, { projectId, taskId: null });
        expect((await read).toString()).to.equal('content');
      }
      expect(silent.requests.length).to.be.at.most(16);
      stopped.abort(new AppError('shutting_down', 'the server stops'));
      await Promise.all(never);
    });

    it('stops with the server, and asks for nothing after that', async () => {
      const stopped = new AbortController();
      const server = await serve(() => stopped.abort(new AppError('shutting_down', 'the server stops')));
      const taskData = taskDataWith({ allowHosts: [server.host], stopped: stopped.signal });
      for (const path of ['/a', '/b']) {
        const failed = await taskData.read(server.url + path, anyTask).catch((error: AppError) => error.code);
        expect(failed).to.equal('shutting_down');
      }
      expect(server.requests).to.have.lengthOf(1);
    });

    it('lets the texts that a request of a class holds weigh until it is answered', async () => {
      const server = await serve((_, response) => response.end('x'.repeat(900)));
      const texts = { each: 1000, together: 1000 };
      const taskData = taskDataWith({ allowHosts: [server.host], texts });
      const read = (count: number) =>
        withinRequest(undefined, async () => {
          for (let index = 0; index < count; index++) await taskData.readText(server.url, anyTask);
          return 'read';
        }).catch((error: AppError) => error.code);
      expect(await read(4)).to.equal('read');
      expect(await read(5)).to.equal('overloaded');
      expect(await read(4)).to.equal('read');
      const forEver = async () => {
        await taskData.readText(server.url, anyTask);
        await new Promise(() => {});
      };
      const limit = { deadline: new Deadline(100), what: 'it' };
      const late = await withinRequest(undefined, forEver, limit).catch((error: AppError) => error.code);
      expect(late).to.equal('deadline_exceeded');
      expect(await read(4)).to.equal('read');
    });

    it("stops with the caller's signal", async () => {
      const controller = new AbortController();
      const server = await serve(() => controller.abort());
      const taskData = taskDataWith({ allowHosts: [server.host] });
      const request = { ...anyTask, signal: controller.signal };
      expect(await unreadable(taskData.read(server.url, request))).to.contain('was given up');
      expect(await unreadable(taskData.read(server.url, request))).to.contain('was given up');
      expect(server.requests).to.have.lengthOf(1);
    });

    it("passes the caller's own error on", async () => {
      const reason = new AppError('shutting_down', 'the server is stopping');
      const signal = AbortSignal.abort(reason);
      const error = await taskDataWith()
        .read('http://a.example', { ...anyTask, signal })
        .catch((thrown: unknown) => thrown);
      expect(error).to.equal(reason);
    });

    it('notices a server that hangs up in the middle', async () => {
      const server = await serve((_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
      });
      const message = await unreadable(taskDataWith({ allowHosts: [server.host] }).read(server.url, anyTask));
      expect(message).to.contain('closed the connection before the end');
    });
  });

  describe('addresses', () => {
    it('refuses a name of which any address is not public', async () => {
      const server = await serve((_, response) => response.end('secret'));
      const port = server.host.split(':')[1];
      for (const addresses of [['127.0.0.1'], ['::1'], ['8.8.8.8', '127.0.0.1']]) {
        const lookup = async () =>
          addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }));
        const message = await unreadable(
          taskDataWith({ lookup }).read(`http://rebind.example:${port}`, anyTask),
        );
        expect(message).to.contain(`the address of 'rebind.example:${port}' is not public`);
      }
      expect(server.requests).to.have.lengthOf(0);
    });

    it('connects to the address that was checked', async () => {
      const server = await serve((request, response) => response.end(request.headers.host));
      const port = server.host.split(':')[1];
      const asked: string[] = [];
      const lookup = async (hostname: string) => {
        asked.push(hostname);
        return [{ address: '127.0.0.1', family: 4 }];
      };
      const taskData = taskDataWith({ lookup, allowHosts: ['*.example'] });
      expect(await taskData.readText(`http://minio.example:${port}`, anyTask)).to.equal(
        `minio.example:${port}`,
      );
      expect(asked).to.deep.equal(['minio.example']);
    });

    it('checks the address of every redirect', async () => {
      const inner = await serve((_, response) => response.end('secret'));
      const outer = await serve((_, response) => response.writeHead(302, { location: inner.url }).end());
      const message = await unreadable(taskDataWith({ allowHosts: [outer.host] }).read(outer.url, anyTask));
      expect(message).to.contain(`set ALLOW_HOSTS=${inner.host}`);
      expect(inner.requests).to.have.lengthOf(0);
    });
  });

  describe('redirects', () => {
    it('follows five, with relative addresses, and not six', async () => {
      const server = await serve((request, response) => {
        const left = Number(request.url?.slice(1));
        if (left === 0) response.end('arrived');
        else response.writeHead(307, { location: `${left - 1}` }).end();
      });
      const taskData = taskDataWith({ allowHosts: [server.host] });
      expect(await taskData.readText(`${server.url}/5`, anyTask)).to.equal('arrived');
      expect(await unreadable(taskData.read(`${server.url}/6`, anyTask))).to.contain('more than 5 times');
    });

    it('follows none to another scheme, or to nonsense', async () => {
      let location = 'file:///etc/passwd';
      const server = await serve((_, response) => response.writeHead(302, { location }).end());
      const taskData = taskDataWith({ allowHosts: [server.host] });
      expect(await unreadable(taskData.read(server.url, anyTask))).to.contain('redirects to file:');
      location = 'http://[';
      expect(await unreadable(taskData.read(server.url, anyTask))).to.contain('not a URL');
    });
  });
});
