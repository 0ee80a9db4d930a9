import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { createLabelStudioAuth } from '../../src/label-studio/auth.js';
import { serve, stopServers } from '../task-data/servers.js';
import { all, clientOf, failure, jwt, page, TASKS } from './support.js';

describe('the client of Label Studio', () => {
  afterEach(stopServers);

  it('asks for the setup of a project by listing its backends', async () => {
    let answer = '[]';
    const server = await serve((_, response) => response.end(answer));
    await clientOf(server).client.requestSetup('4');
    assert.equal(server.requests[0]!.url, '/api/ml?project=4');
    answer = '{}';
    assert.equal(
      await failure(clientOf(server).client.requestSetup('4')),
      `label_studio_unexpected: Label Studio at ${server.url} does not list the backends of a project`,
    );
  });

  describe('when Label Studio does not answer', () => {
    it('tries again with longer pauses, as long as Label Studio asks for, and gives up in the end', async () => {
      const answers: ((response: ServerResponse) => void)[] = [
        response => response.destroy(),
        response => response.writeHead(429, { 'retry-after': '7' }).end(),
        response =>
          response.writeHead(503, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }).end(),
        response => response.writeHead(502).end('<html>'),
        response => response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy()),
      ];
      const server = await serve((_, response) => {
        const answer = answers[server.requests.length - 1];
        if (answer) answer(response);
        else response.end('[]');
      });
      const { client, pauses } = clientOf(server);
      await client.requestSetup('4');
      const [first, second, third, fourth, fifth] = pauses;
      assert.isTrue(first! >= 250 && first! <= 500, String(first));
      assert.equal(second, 7000);
      assert.approximately(third!, 59_500, 1500);
      assert.isTrue(fourth! >= 2000 && fourth! <= 4000, String(fourth));
      assert.isTrue(fifth! >= 4000 && fifth! <= 8000, String(fifth));
      assert.lengthOf(pauses, 5);
    });

    it('tells why it tries again, and when that has helped', async () => {
      const server = await serve((request, response) => {
        if (server.requests.length <= 2) response.writeHead(503).end();
        else page(request, response);
      });
      const told: (string | null)[] = [];
      await all(clientOf(server).client.annotatedTasks('4', undefined, reason => told.push(reason)));
      const reason = `Label Studio at ${server.url} answers HTTP 503; check that it works, and try again`;
      assert.deepEqual(told, [reason, reason, null]);
    });

    it('says so after the last try, or at once when it shall wait for too long', async () => {
      const headers: Record<string, string> = {};
      const server = await serve((_, response) => {
        response.writeHead(500, headers).end('{"detail":"database is locked."}');
      });
      const message =
        `label_studio_unreachable: Label Studio at ${server.url} answers HTTP 500 (database is locked); ` +
        'check that it works, and try again';
      assert.equal(await failure(clientOf(server).client.requestSetup('4')), message);
      assert.lengthOf(server.requests, 7);
      headers['retry-after'] = '3600';
      assert.equal(await failure(clientOf(server).client.requestSetup('4')), message);
      assert.lengthOf(server.requests, 8);
    });

    it('names the address that nothing listens at', async () => {
      const server = await serve(() => {});
      await stopServers();
      assert.equal(
        await failure(clientOf(server).client.requestSetup('4')),
        `label_studio_unreachable: Label Studio at ${server.url} cannot be reached: nothing listens at its address; ` +
          'check that it runs, and that LABEL_STUDIO_URL is its address as this machine sees it (inside of a ' +
          'container, localhost is the container)',
      );
    });

    it('ends a request that hangs, before or within its answer, and tries it again', async () => {
      const server = await serve((_, response) => {
        if (server.requests.length === 2) response.write('{');
        if (server.requests.length >= 3) response.end('[]');
      });
      const { client, pauses } = clientOf(server, { timeoutMs: 100 });
      await client.requestSetup('4');
      assert.isAtLeast(pauses.length, 2);
    });

    it('ends with the signal: in a request, in a pause, and before a page', async () => {
      const reason = new AppError('shutting_down', 'the server is stopping');
      let answer: RequestListener = () => controller.abort(reason);
      let controller = new AbortController();
      const server = await serve((request, response) => answer(request, response));
      const { client } = clientOf(server, { wait: createWait() });
      assert.equal(
        await failure(client.requestSetup('4', controller.signal)),
        'shutting_down: the server is stopping',
      );

      controller = new AbortController();
      answer = (_, response) => {
        response.writeHead(503).end();
        response.once('close', () => setImmediate(() => controller.abort(reason)));
      };
      assert.equal(
        await failure(client.requestSetup('4', controller.signal)),
        'shutting_down: the server is stopping',
      );

      controller = new AbortController();
      answer = (request, response) => page(request, response);
      const read = async () => {
        for await (const { id } of client.annotatedTasks('4', controller.signal)) {
          if (id === TASKS[99]!.id) controller.abort(reason);
        }
      };
      const before = server.requests.length;
      assert.equal(await failure(read()), 'shutting_down: the server is stopping');
      assert.lengthOf(server.requests, before + 1);
    });
  });

  describe('when Label Studio refuses', () => {
    it('says which setting to look at, and never the token', async () => {
      let status = 401;
      let body = '{"detail":"Invalid token."}';
      const server = await serve((_, response) =>
        response.writeHead(status, { location: 'https://x.example/a?b' }).end(body),
      );
      const { client } = clientOf(server);
      const place = `Label Studio at ${server.url}`;
      const expected = async (message: string) =>
        assert.equal(await failure(client.requestSetup('4')), message);
      await expected(
        `label_studio_unauthorized: ${place} does not take the token; set LABEL_STUDIO_URL to its ` +
          'address, and LABEL_STUDIO_API_KEY to an access token of it (Invalid token)',
      );
      const anonymous = clientOf(server, { labelStudio: () => ({ url: server.url, token: '' }) }).client;
      assert.include(await failure(anonymous.requestSetup('4')), 'wants a token; set LABEL_STUDIO_URL');
      status = 403;
      await expected(
        `label_studio_unauthorized: ${place} does not let the token's user read project 4; set ` +
          'LABEL_STUDIO_API_KEY to the token of a user who may (Invalid token)',
      );
      status = 404;
      body = '<html>';
      await expected(
        `label_studio_unexpected: ${place} has no project 4; check LABEL_STUDIO_URL, and that the user of ` +
          'LABEL_STUDIO_API_KEY can see the project',
      );
      status = 302;
      await expected(
        `label_studio_unexpected: ${place} redirects to https://x.example, where its token must not go; set ` +
          'LABEL_STUDIO_URL to where it is',
      );
      status = 400;
      await expected(`label_studio_unexpected: ${place} answers HTTP 400`);
      status = 200;
      await expected(
        `label_studio_unexpected: ${place} answers something that is not JSON; is LABEL_STUDIO_URL its address?`,
      );
      body = 'null';
      await expected(`label_studio_unexpected: ${place} does not list the backends of a project`);
    });

    it('is not held up by what it says at length', async function () {
      this.timeout(20_000);
      let detail = `no${' '.repeat(80_000)}x`;
      const server = await serve((_, response) => response.writeHead(403).end(JSON.stringify({ detail })));
      const { client } = clientOf(server);
      assert.match(await failure(client.requestSetup('4')), /read project 4; set .* who may \(no\)$/);
      detail = detail.padEnd(150_000);
      assert.match(await failure(client.requestSetup('4')), /read project 4; set .* who may$/);
    });

    it('is not held up by what would take long to parse', async () => {
      const fields = Array.from({ length: 600_000 }, (_, index) => `"f${index}":1`);
      const bytes = Buffer.from(`{"tasks":[{"id":1,"data":{${fields.join()}}}],"total":1}`);
      const server = await serve((_, response) => response.end(bytes));
      const { client } = clientOf(server, { maxBytes: 2 ** 26 });
      assert.match(
        await failure(all(client.annotatedTasks('4'))),
        /answers with more than 500000 different names of fields, which would take long to read$/,
      );
      // What tells of one project is short.
      assert.match(await failure(client.hasProject('4')), /answers with more than 4194304 bytes$/);
      assert.match(await failure(client.requestSetup('4')), /answers with more than 4194304 bytes$/);
    });

    it('says what to set when it does not know the address', async () => {
      const server = await serve(() => {});
      const { client } = clientOf(server, { labelStudio: () => null });
      const expected =
        "label_studio_unknown: the address of project 4's Label Studio is not known; set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY";
      assert.equal(await failure(client.requestSetup('4')), expected);
      assert.equal(await failure(all(client.annotatedTasks('4'))), expected);
    });

    it('does not send the token to where it is redirected', async () => {
      const other = await serve((_, response) => response.end('[]'));
      const server = await serve((_, response) =>
        response.writeHead(307, { location: `${other.url}/api` }).end(),
      );
      const { client } = clientOf(server);
      assert.match(await failure(client.requestSetup('4')), /^label_studio_unexpected: .* redirects to/);
      assert.match(
        await failure(all(client.annotatedTasks('4'))),
        /^label_studio_unexpected: .* redirects to/,
      );
      assert.isEmpty(other.requests);
    });
  });

  describe('with a personal access token', () => {
    const refresh = jwt({ token_type: 'refresh' });

    /** A Label Studio that takes the access token it gave last. */
    async function labelStudio(accepts: (given: number) => boolean) {
      let given = 0;
      const server = await serve((request, response) => {
        if (request.method === 'POST') {
          given++;
          response.end(JSON.stringify({ access: jwt({ exp: Date.now() / 1000 + 300, jti: given }) }));
        } else if (accepts(given)) page(request, response);
        else response.writeHead(401).end('{"detail":"expired"}');
      });
      return { server, deps: { labelStudio: () => ({ url: `${server.url}/ls/`, token: refresh }) } };
    }

    it('reads all pages with the token that it was exchanged for', async () => {
      const { server, deps } = await labelStudio(() => true);
      const tasks = await all(clientOf(server, deps).client.annotatedTasks('4'));
      assert.lengthOf(tasks, TASKS.length);
      const exchanges = server.requests.filter(({ method }) => method === 'POST');
      assert.deepEqual(
        exchanges.map(({ url }) => url),
        ['/ls/api/token/refresh/'],
      );
      for (const { method, headers, url } of server.requests) {
        if (method === 'GET') assert.match(headers.authorization!, /^Bearer /, url);
      }
    });

    it('keeps what it was exchanged for, but not of ever more tokens', async () => {
      const { server } = await labelStudio(() => true);
      const auth = createLabelStudioAuth({ fetch, now: Date.now, timeoutMs: 10_000 });
      const header = (id: number) => auth.header({ url: server.url, token: jwt({ id }) });
      for (let id = 0; id < 150; id++) {
        await header(0);
        await header(id);
      }
      assert.lengthOf(server.requests, 150);
      await header(149);
      await header(0);
      assert.lengthOf(server.requests, 150);
      await header(1);
      assert.lengthOf(server.requests, 151);
    });

    it('exchanges it once more when the access token is refused, and not a third time', async () => {
      const { server, deps } = await labelStudio(given => given === 2);
      assert.lengthOf(await all(clientOf(server, deps).client.annotatedTasks('4')), TASKS.length);
      assert.lengthOf(
        server.requests.filter(({ method }) => method === 'POST'),
        2,
      );

      const never = await labelStudio(() => false);
      const message = await failure(all(clientOf(never.server, never.deps).client.annotatedTasks('4')));
      assert.match(
        message,
        /^label_studio_unauthorized: .*\/ls does not take the token; set .* \(expired\)$/,
      );
      assert.notInclude(message, refresh);
      assert.lengthOf(never.server.requests, 4);
    });

    it('tries the exchange again when Label Studio does not answer, and not when it refuses', async () => {
      const statuses = [503, 401];
      const server = await serve((_, response) => response.writeHead(statuses.shift()!).end());
      const deps = { labelStudio: () => ({ url: server.url, token: refresh }) };
      assert.match(
        await failure(clientOf(server, deps).client.requestSetup('4')),
        /^label_studio_unauthorized: .* did not exchange the personal access token \(HTTP 401\); check LABEL_STUDIO_URL/,
      );
      assert.lengthOf(server.requests, 2);
    });
  });
});

/** Waits until the signal ends it. */
function createWait() {
  return async (_: number, signal: AbortSignal | undefined) => {
    await once(signal!, 'abort');
    signal!.throwIfAborted();
  };
}
