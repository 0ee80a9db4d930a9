import { once } from 'node:events';
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { Bodies, type ReadBody } from '../../src/http/bodies.js';
import { startBackend } from '../support/backend.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { RawConnection, rawPost } from '../support/raw.js';

const LIMIT = 100_000;

describe('the bodies of all requests in flight', () => {
  let server: Server;
  let bodies: Bodies;
  let now: number;
  const arrived: Promise<ReadBody | string>[] = [];

  beforeEach(async () => {
    now = 0;
    bodies = new Bodies(3 * LIMIT, () => now);
    arrived.length = 0;
    server = createServer((received: IncomingMessage, response: ServerResponse) => {
      const read = bodies.read(received, LIMIT).catch((error: unknown) => {
        if (error instanceof AppError) return error.code;
        throw error;
      });
      arrived.push(read);
      void read.then(() => response.end());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => server.closeAllConnections());

  /** Begins to send a body. */
  async function begin(headers: Record<string, string | number>, first: Buffer): Promise<ClientRequest> {
    const { port } = server.address() as AddressInfo;
    const sent = request({ port, method: 'POST', headers, agent: false });
    sent.on('error', () => {});
    sent.write(first);
    await once(server, 'request');
    return sent;
  }

  /** Sends a body, and gives what was read of it, or the code of the error. */
  async function read(
    bytes: Buffer,
    headers: Record<string, string | number> = {},
  ): Promise<ReadBody | string> {
    const sent = await begin(headers, bytes);
    sent.end();
    return arrived.at(-1)!;
  }

  /** Sends a body for which there must be room. */
  async function take(bytes: Buffer, headers?: Record<string, string>): Promise<ReadBody> {
    const body = await read(bytes, headers);
    if (typeof body === 'string') throw new Error(body);
    return body;
  }

  const plain = Buffer.alloc(LIMIT, ' ');
  for (const [how, bytes, headers] of [
    ['as they are', plain, { 'content-length': LIMIT }],
    ['in chunks', plain, { 'transfer-encoding': 'chunked' }],
    ['as gzip', gzipSync(plain), { 'content-encoding': 'gzip' }],
    ['deflated', deflateSync(plain), { 'content-encoding': 'deflate' }],
    ['as brotli', brotliCompressSync(plain), { 'content-encoding': 'br' }],
  ] as const) {
    it(`count with what they are unpacked to: ${how}`, async () => {
      const send = () => read(bytes, headers);
      const three = [await send(), await send(), await send()];
      assert.isTrue(three.every(each => typeof each !== 'string' && each.pieces.length > 0));
      assert.equal(await send(), 'overloaded');
      (three[1] as ReadBody).release();
      (three[1] as ReadBody).release();
      assert.isObject(await send());
      assert.equal(await send(), 'overloaded');
    });
  }

  it('do not count with what they announce', async () => {
    for (let silent = 0; silent < 20; silent++) await begin({ 'content-length': LIMIT }, Buffer.from('{'));
    for (let times = 0; times < 2; times++) assert.isObject(await read(plain));
    assert.equal(await read(Buffer.alloc(LIMIT + 1)), 'body_too_large');
  });

  it('give their room back when they are refused, or cut off', async () => {
    for (let times = 0; times < 10; times++) {
      const packed = gzipSync(Buffer.alloc(LIMIT + 1));
      assert.equal(await read(packed, { 'content-encoding': 'gzip' }), 'body_too_large');
      assert.equal(await read(Buffer.from('no gzip'), { 'content-encoding': 'gzip' }), 'request_invalid');
      const cut = await begin({ 'content-length': LIMIT }, Buffer.alloc(LIMIT / 2));
      cut.destroy();
      assert.equal(await arrived.at(-1), 'client_gone');
    }
    for (let times = 0; times < 3; times++) await take(plain);
  });

  it('give way to others when they have been arriving for long, and only then', async () => {
    const slow = await begin({ 'content-length': LIMIT }, plain.subarray(0, LIMIT - 1));
    const [first] = arrived;
    for (let times = 0; times < 2; times++) await take(plain);
    assert.equal(await read(plain), 'overloaded');
    now += 6_000;
    const last = await take(plain);
    assert.equal(await first, 'overloaded');
    slow.destroy();
    last.release();
    await setImmediate();
    await take(plain);
  });
});

describe('bodies that are announced and do not come', () => {
  it('hold nobody off', async () => {
    const backend = await startBackend({ BODY_LIMIT: '100kb' });
    try {
      const silent = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(backend.url)));
      for (const [index, connection] of silent.entries())
        connection.send(rawPost(index % 2 ? '/predict' : '/setup', '{', { 'Content-Length': 100 * 2 ** 10 }));
      for (let times = 0; times < 3; times++) {
        const { status } = await backend.predict({ tasks: tasksOf(['good']), label_config: SENTIMENT });
        assert.equal(status, 200);
      }
      for (const { socket } of silent) socket.destroy();
    } finally {
      await backend.stop();
    }
  });
});
