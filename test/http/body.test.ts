import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assert } from 'chai';
import { readBody } from '../../src/http/body.js';

describe('readBody', () => {
  let server: Server;
  beforeEach(async () => {
    server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => server.close());

  /** The pieces that are read of a body that is sent in chunks. */
  async function read(chunks: readonly Buffer[]): Promise<Buffer[]> {
    const arrived = once(server, 'request');
    const sent = request({ port: (server.address() as AddressInfo).port, method: 'POST' });
    for (const chunk of chunks) sent.write(chunk);
    sent.end();
    const [received, response] = (await arrived) as [IncomingMessage, ServerResponse];
    const pieces = await readBody(received, { limit: 10_000_000 });
    const answered = once(sent, 'response');
    response.end();
    const [reply] = (await answered) as [IncomingMessage];
    reply.resume();
    return pieces;
  }

  it('gives a body in order, whatever the sizes of its chunks', async () => {
    const sizes = [100_000, 1, 2, 16_384, 3, 20_000, 16_383, 16_383, 16_383, 16_383, 16_383, 7];
    const chunks = sizes.map((size, index) => Buffer.alloc(size, index + 1));
    const pieces = await read(chunks);
    assert.isTrue(Buffer.concat(pieces).equals(Buffer.concat(chunks)));
    assert.isEmpty(await read([]));
  });

  it('puts the smallest of chunks together, which would take a hundred times their memory', async () => {
    const chunks = Array.from({ length: 20_000 }, (_, index) => Buffer.from([index & 0xff]));
    const pieces = await read(chunks);
    assert.isTrue(Buffer.concat(pieces).equals(Buffer.concat(chunks)));
    const held = pieces.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
    assert.isAtMost(pieces.length, 3);
    assert.isAtMost(held, 100_000);
  });
});
