import { once } from 'node:events';
import { assert } from 'chai';
import { TIME_LIMITS } from '../../src/http/server.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody } from '../support/client.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { type RawAnswer, RawConnection, rawPost } from '../support/raw.js';

const GOOD = JSON.stringify({ tasks: tasksOf(['good']), label_config: SENTIMENT });

describe('connections that misbehave', () => {
  let backend: TestBackend;
  before(async () => {
    // As the server has them, but quick.
    backend = await startBackend({ BODY_LIMIT: '100kb' }, [], {
      headersTimeout: 200,
      requestTimeout: 400,
      connectionsCheckingInterval: 50,
    });
  });
  after(() => backend.stop());
  afterEach('it still serves', async () => {
    const { status } = await backend.predict({ tasks: tasksOf(['good']), label_config: SENTIMENT });
    assert.equal(status, 200);
  });

  const open = () => RawConnection.open(backend.url);

  function expectError(answer: RawAnswer | undefined, status: number, code: string): void {
    assert.equal(answer?.status, status);
    const body = JSON.parse(answer!.body) as ErrorBody;
    assert.deepEqual(Object.keys(body), ['code', 'message', 'request_id']);
    assert.equal(body.code, code);
    assert.include(answer!.head, `HTTP/1.1 ${status} ${body.message}`);
    assert.match(answer!.head, /^content-type: application\/json/im);
    assert.include(answer!.head.toLowerCase(), `x-request-id: ${body.request_id}`);
    assert.isDefined(
      backend.log.lines.find(line => line.request_id === body.request_id && line.code === code),
    );
  }

  it('have limits that a client which sends at once never meets', () => {
    assert.isAtMost(TIME_LIMITS.headersTimeout, 30_000);
    assert.isAtMost(TIME_LIMITS.requestTimeout, 120_000);
    assert.isAtLeast(TIME_LIMITS.requestTimeout, TIME_LIMITS.headersTimeout);
    assert.isAtMost(TIME_LIMITS.connectionsCheckingInterval, TIME_LIMITS.headersTimeout / 2);
  });

  it('send their head slowly', async () => {
    const slow = await open();
    slow.send('POST /predict HTTP/1.1\r\nHost: localhost\r\n');
    expectError((await slow.closed)[0], 408, 'request_timeout');
  });

  for (const path of ['/predict', '/setup']) {
    it(`send their body slowly: ${path}`, async () => {
      const slow = await open();
      slow.send(rawPost(path, '{"a":', { 'Content-Length': 100 }));
      expectError((await slow.closed)[0], 408, 'request_timeout');
    });

    it(`hang up in the middle of a body: ${path}`, async () => {
      const cut = await open();
      cut.send(rawPost(path, '{"a":', { 'Content-Length': 100 }));
      cut.socket.end();
      await cut.closed;
    });

    it(`send more than they announce: ${path}`, async () => {
      const more = await open();
      more.send(rawPost(path, `${GOOD}and more`, { 'Content-Length': GOOD.length }));
      expectError((await more.closed).at(-1), 400, 'request_invalid');
    });

    it(`send chunks that are none: ${path}`, async () => {
      const garbage = await open();
      garbage.send(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
      garbage.send('5\r\n{"a":\r\nzz\r\ngarbage\r\n');
      expectError((await garbage.closed)[0], 400, 'request_invalid');
    });

    it(`send two lengths, or a length and chunks: ${path}`, async () => {
      const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n`;
      for (const second of ['Content-Length: 3', 'Transfer-Encoding: chunked', 'Content-Length: -1']) {
        const smuggler = await open();
        smuggler.send(`${head}${second}\r\n\r\n{}`);
        expectError((await smuggler.closed)[0], 400, 'request_invalid');
      }
    });

    it(`send a head of 100 KB: ${path}`, async () => {
      const huge = await open();
      huge.send(rawPost(path, GOOD, { 'X-Huge': 'x'.repeat(100_000) }));
      expectError((await huge.closed)[0], 431, 'headers_too_large');
    });
  }

  it('send no HTTP at all', async () => {
    for (const text of ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'hello\r\n\r\n', '\0\0\0\0\r\n']) {
      const other = await open();
      other.send(text);
      expectError((await other.closed)[0], 400, 'request_invalid');
    }
  });

  it('ask for what is none of the things that HTTP is for', async () => {
    const connection = await open();
    connection.send('CONNECT example.org:443 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.deepEqual(await connection.closed, []);
    const expecting = await open();
    expecting.send(rawPost('/predict', GOOD, { Expect: 'the-impossible' }));
    assert.equal((await expecting.count(1))[0]!.status, 200);
    expecting.socket.destroy();
  });

  it('send their requests one behind the other, without waiting', async () => {
    const pipelined = await open();
    const wrong = rawPost('/predict', '{"tasks": 1}');
    const large = rawPost('/predict', 'x'.repeat(200_000));
    const unknown = rawPost('/nothing', '{}');
    const setup = rawPost('/setup', JSON.stringify({ project: '1', schema: SENTIMENT }));
    pipelined.send(
      [rawPost('/predict', GOOD), wrong, setup, large, unknown, rawPost('/predict', GOOD)].join(''),
    );
    const answers = await pipelined.count(6);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 400, 200, 413, 404, 200],
    );
    assert.equal(answers[5]!.body, answers[0]!.body);
    pipelined.socket.destroy();
  });

  it('are a thousand, and say nothing', async () => {
    const before = backend.log.lines.length;
    const idle = await Promise.all(Array.from({ length: 1_000 }, open));
    const begin = performance.now();
    assert.equal((await backend.get('/health')).status, 200);
    assert.isBelow(performance.now() - begin, 1_000);
    for (const answers of await Promise.all(idle.map(({ closed }) => closed))) assert.deepEqual(answers, []);
    assert.isEmpty(backend.log.lines.slice(before).filter(({ level }) => level > 30));
  });

  it('leave before their answer is sent', async () => {
    const [pid] = backend.backend.pids();
    process.kill(pid!, 'SIGSTOP');
    const arrived = backend.received('/predict', 20);
    const leaving = await Promise.all(Array.from({ length: 20 }, open));
    for (const each of leaving) each.send(rawPost('/predict', GOOD));
    await arrived;
    const closed = leaving.map(({ socket }) => once(socket, 'close'));
    for (const { socket } of leaving) socket.resetAndDestroy();
    await Promise.all(closed);
    process.kill(pid!, 'SIGCONT');
  });
});
