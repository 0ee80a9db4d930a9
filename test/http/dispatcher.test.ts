import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { assert } from 'chai';
import { pino } from 'pino';
import { AppError, type ErrorCode } from '../../src/errors.js';
import { Answers } from '../../src/http/answers.js';
import { Bodies } from '../../src/http/bodies.js';
import { Dispatcher } from '../../src/http/dispatcher.js';
import { Exchanges } from '../../src/http/exchange.js';
import { createHiding } from '../../src/http/hiding.js';
import type { Answer } from '../../src/http/route.js';
import { RouteTable } from '../../src/http/route-table.js';
import { shownError } from '../../src/shown-error.js';
import { Client, type ErrorBody } from '../support/client.js';
import { CapturedLog } from '../support/log.js';
import { RawConnection } from '../support/raw.js';

const circular: Record<string, unknown> = {};
circular.self = circular;
const fail = (): never => {
  throw new Error('why');
};

/** More than the system takes for a client that reads nothing. */
const LARGE = 20_000_000;

const closed = (stream: Readable) => new Promise(resolve => stream.on('close', resolve));

/** What a route does that is wrong; all of it is an error of this server. */
const WRONG: Record<string, () => unknown> = {
  'throws an error': fail,
  'throws nothing': () => {
    throw undefined;
  },
  'throws a code that the table lacks': () => {
    throw Object.assign(new AppError('not_found', 'x'), { code: '__proto__' as ErrorCode });
  },
  'throws a code of the table whose status cannot be read': () => {
    throw Object.defineProperty(new AppError('not_found', 'x'), 'status', { get: fail });
  },
  'throws what cannot be looked at': () => {
    throw new Proxy({}, { get: fail, getPrototypeOf: fail });
  },
  'rejects later': async () => {
    await new Promise(setImmediate);
    fail();
  },
  'answers nothing': () => undefined,
  'answers a BigInt': () => ({ json: 1n }),
  'answers a circle': () => ({ json: circular }),
  'answers nothing as JSON': () => ({ json: undefined }),
  'answers a toJSON that throws': () => ({ json: { toJSON: fail } }),
  'answers a status that is none': () => ({ status: 7, json: {} }),
  'answers a header that is none': () => ({ headers: { 'a b': 'c' }, json: {} }),
};

describe('the way out', () => {
  let server: Server;
  let client: Client;
  let act: () => unknown;
  let log: CapturedLog;
  let told: number[];
  let metricsFail: boolean;

  async function start(logger = log.logger.child({}, { serializers: { err: shownError } })): Promise<void> {
    const hiding = createHiding([]);
    const dispatcher = new Dispatcher({
      table: new RouteTable([
        { method: 'GET', path: '/act', access: 'basic', metric: 'act', handle: () => act() as Answer },
      ]),
      exchanges: new Exchanges(logger, hiding, (_, status) => {
        if (metricsFail) fail();
        told.push(status);
      }),
      checkElsewhere: () => {},
      auth: () => true,
      hiding,
      bodies: new Bodies(10_000),
      answers: new Answers({ most: 2 * LARGE, log: logger, stalled: 500 }),
      bodyLimit: 1_000,
      log: logger,
    });
    server = createServer((request, response) => dispatcher.handle(request, response));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }
  beforeEach(() => {
    log = new CapturedLog();
    told = [];
    metricsFail = false;
  });
  afterEach(async () => {
    act = () => ({ json: 'fine' });
    assert.deepInclude(await client.get('/act'), { status: 200, body: 'fine' });
    client.close();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  for (const [what, wrong] of Object.entries(WRONG)) {
    it(`is the same for a route that ${what}`, async () => {
      await start();
      act = wrong;
      const { status, reason, body, headers } = await client.get<ErrorBody>('/act');
      assert.equal(status, 500);
      const message = 'an error of this server; the log has it under this request id';
      assert.deepEqual(body, { code: 'internal', message, request_id: headers['x-request-id'] as string });
      assert.equal(reason, message);
      const line = await log.line(({ level }) => level >= 50);
      assert.equal(line.request_id, body.request_id);
      assert.deepEqual(told, [500]);
    });
  }

  it('cuts an answer that fails when half of it is sent, so that no client takes it for a whole one', async () => {
    await start();
    let broken: Readable;
    act = () => {
      broken = Readable.from(
        (async function* () {
          yield 'the first half';
          await new Promise(setImmediate);
          fail();
        })(),
      );
      return { type: 'text/plain', stream: broken };
    };
    const failure = await client.get('/act').catch((error: NodeJS.ErrnoException) => error);
    assert.instanceOf(failure, Error);
    const { msg } = await log.line(({ level }) => level >= 50);
    assert.equal(msg, 'an answer was cut');
    assert.isTrue(broken!.destroyed);
  });

  it('ends the stream of a client that has gone, and of HEAD, and tells of neither as an error', async () => {
    await start();
    const streams: Readable[] = [];
    act = () => {
      const stream = new Readable({ read() {} });
      stream.push('begin');
      streams.push(stream);
      return { type: 'text/plain', stream };
    };
    const raw = await RawConnection.open(client.url);
    raw.send('GET /act HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(raw.socket, 'data');
    raw.socket.destroy();
    await closed(streams[0]!);
    assert.equal((await client.send('HEAD', '/act', null)).status, 200);
    assert.isTrue(streams[1]!.destroyed);
    assert.isEmpty(log.lines.filter(({ level }) => level >= 40));
  });

  for (const [what, answer] of [
    ['a text', () => ({ type: 'text/plain', text: 'x'.repeat(LARGE) })],
    ['pieces', () => ({ pieces: [Buffer.alloc(LARGE, ' '), '1'] })],
    [
      'a stream',
      () => ({ type: 'text/plain', stream: Readable.from(Array(100).fill('x'.repeat(LARGE / 100))) }),
    ],
  ] as const) {
    it(`closes the connection of a client that takes nothing of its answer: ${what}`, async () => {
      await start();
      act = answer;
      const connected = once(server, 'connection');
      const raw = await RawConnection.open(client.url);
      const [socket] = (await connected) as [Socket];
      raw.socket.pause();
      raw.send('GET /act HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(socket, 'close');
      await log.line(({ msg }) => /took nothing for 0.5 s/.test(msg));
      raw.socket.destroy();
    });
  }

  it('gives a client that reads slowly all of its answer, and one that waits for a stream what comes', async () => {
    await start();
    act = () => ({ type: 'text/plain', text: 'x'.repeat(LARGE) });
    const raw = await RawConnection.open(client.url);
    raw.socket.on('data', () => {
      raw.socket.pause();
      setTimeout(() => raw.socket.resume(), 10);
    });
    raw.send('GET /act HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const [whole] = await raw.closed;
    assert.equal(whole!.body.length, LARGE);
    const stream = new Readable({ read() {} });
    act = () => ({ type: 'text/plain', stream });
    const reply = client.get<string>('/act');
    stream.push('begin');
    setTimeout(() => {
      stream.push(' end');
      stream.push(null);
    }, 1_200);
    assert.equal((await reply).body, 'begin end');
  });

  it('answers also when the log and the metrics fail', async () => {
    metricsFail = true;
    await start(pino({ level: 'debug' }, { write: fail }));
    act = fail;
    assert.equal((await client.get('/act')).status, 500);
  });
});
