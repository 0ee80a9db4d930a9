import { assert } from 'chai';
import { serve, stopServers } from '../task-data/servers.js';
import { all, clientOf, failure, page, pageOf, TASKS } from './support.js';

describe('annotated tasks of Label Studio', () => {
  afterEach(stopServers);

  it('reads all pages behind each other, each task once, without predictions and drafts', async () => {
    const server = await serve((request, response) => page(request, response));
    const tasks = await all(clientOf(server).client.annotatedTasks('4'));
    const expected = TASKS.map(({ id, data, annotations }) => ({ id, data, annotations }));
    assert.deepEqual<unknown[]>(tasks, expected);
    const pages = server.requests.map(pageOf);
    assert.deepEqual(
      pages.map(({ after, size }) => [after, size]),
      [
        [0, 100],
        [199, 500],
        [1199, 500],
        [2199, 500],
      ],
    );
    const [annotated] = (pages[0]!.query.filters as { items: unknown[] }).items;
    assert.deepEqual(annotated, {
      filter: 'filter:tasks:total_annotations',
      operator: 'greater',
      type: 'Number',
      value: 0,
    });
    assert.match(server.requests[0]!.url!, /^\/api\/tasks\/\?project=4&fields=all&.*resolve_uri=false/);
    for (const { headers } of server.requests) assert.equal(headers.authorization, 'Token abc');
  });

  it('reads tasks once although others come and go between two pages', async () => {
    let tasks: { id: number }[] = TASKS.slice(0, 300);
    const server = await serve((request, response) => {
      page(request, response, tasks);
      tasks = [...tasks.slice(40), { id: 9000 + server.requests.length }];
    });
    const ids = (await all(clientOf(server).client.annotatedTasks('4'))).map(({ id }) => id);
    assert.deepEqual(
      ids.slice(0, 300),
      TASKS.slice(0, 300).map(({ id }) => id),
    );
    assert.deepEqual(ids.slice(300), [9001]);
  });

  it('goes on when Label Studio gives shorter pages than it was asked for', async () => {
    const server = await serve((request, response) => {
      const { after } = pageOf(request);
      const rest = TASKS.slice(0, 100).filter(({ id }) => id > after);
      response.end(JSON.stringify({ tasks: rest.slice(0, 30), total: rest.length }));
    });
    assert.lengthOf(await all(clientOf(server).client.annotatedTasks('4')), 100);
    assert.lengthOf(server.requests, 4);
  });

  it('ends a reading that would never end, with the limit', async () => {
    const server = await serve((request, response) => {
      const { after, size } = pageOf(request);
      const tasks = Array.from({ length: size }, (_, index) => ({ ...TASKS[0], id: after + index + 1 }));
      response.end(JSON.stringify({ tasks, total: 1_000_000_000 }));
    });
    const { client } = clientOf(server, { maxTotalBytes: 200_000 });
    assert.match(
      await failure(all(client.annotatedTasks('4'))),
      /^label_studio_unexpected: .* has more than 200000 bytes of annotated tasks in project 4/,
    );
    assert.isAtMost(server.requests.length, 10);
  });

  it('counts pages that are too large with what was read of them', async () => {
    const server = await serve((request, response) => {
      const { after, size } = pageOf(request);
      if (size > 1) response.end('x'.repeat(60_000));
      else response.end(JSON.stringify({ tasks: [{ ...TASKS[0], id: after + 1 }], total: 1_000_000_000 }));
    });
    const { client } = clientOf(server, { maxBytes: 50_000, maxTotalBytes: 500_000 });
    assert.match(await failure(all(client.annotatedTasks('4'))), /has more than 500000 bytes/);
    assert.isAtMost(server.requests.length, 25);
  });

  it('asks for fewer tasks when they are large, and tells of one that is too large by itself', async () => {
    const large = TASKS.slice(0, 40).map(task => ({ ...task, data: { text: 'x'.repeat(100_000) } }));
    const server = await serve((request, response) => page(request, response, large));
    assert.lengthOf(await all(clientOf(server).client.annotatedTasks('4')), 40);
    assert.deepEqual(
      server.requests.map(request => pageOf(request).size),
      [100, 10, 10, 10, 10],
    );
    const { client } = clientOf(server, { maxBytes: 50_000 });
    assert.match(
      await failure(all(client.annotatedTasks('4'))),
      /^label_studio_unexpected: .* answers with more than 50000 bytes$/,
    );
    assert.equal(pageOf(server.requests.at(-1)!).size, 1);
  });

  it('does not read an endless body', async () => {
    let written = 0;
    const server = await serve((_, response) => {
      const chunk = Buffer.alloc(2 ** 16, 'x');
      const write = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on('drain', write);
      write();
    });
    assert.match(await failure(clientOf(server).client.requestSetup('4')), /more than 1048576 bytes$/);
    assert.isBelow(written, 2 ** 26);
  });

  it('refuses answers that it could read for ever, and those that are no tasks', async () => {
    let answer: unknown = { tasks: [{ id: 1 }], total: 5 };
    const server = await serve((_, response) => response.end(JSON.stringify(answer)));
    const { client } = clientOf(server);
    const expected = /^label_studio_unexpected: .* does not tell of tasks as it was asked to$/;
    assert.match(await failure(all(client.annotatedTasks('4'))), expected);
    for (answer of [
      null,
      [],
      { tasks: [null], total: 1 },
      { tasks: [{ id: 'a' }], total: 1 },
      { tasks: [] },
    ]) {
      assert.match(await failure(all(client.annotatedTasks('4'))), expected, JSON.stringify(answer));
    }
  });

  it('reads a project without annotated tasks', async () => {
    const server = await serve((request, response) => page(request, response, []));
    assert.deepEqual(await all(clientOf(server).client.annotatedTasks('4')), []);
    assert.lengthOf(server.requests, 1);
  });
});
