import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { assert } from 'chai';
import type { AppError } from '../../src/errors.js';
import { Answers } from '../../src/http/answers.js';
import { Client } from '../support/client.js';
import { CapturedLog } from '../support/log.js';
import { RawConnection } from '../support/raw.js';

/** More than the system takes for a client that reads nothing. */
const LARGE = 20_000_000;

describe('the answers that nobody has read yet', () => {
  let server: Server;
  let client: Client;
  let now: number;

  beforeEach(async () => {
    now = 0;
    const answers = new Answers({ most: 1.5 * LARGE, log: new CapturedLog().logger, now: () => now });
    server = createServer((request, response: ServerResponse) => {
      const length = Number(request.url!.slice(1));
      try {
        answers.makeRoom(length);
        response.end('x'.repeat(length));
      } catch (error) {
        response.statusCode = (error as AppError).status;
        response.end((error as AppError).code);
      }
      answers.written(response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterEach(() => {
    client.close();
    server.close();
    server.closeAllConnections();
  });

  /** Asks, and reads nothing. */
  async function ask(length: number, times = 1): Promise<{ raw: RawConnection; socket: Socket }> {
    const connected = once(server, 'connection');
    const raw = await RawConnection.open(client.url);
    const [socket] = (await connected) as [Socket];
    raw.socket.pause();
    const asked = once(server, 'request');
    raw.send(`GET /${length} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(times));
    await asked;
    return { raw, socket };
  }
  // `once` would end with the error of a connection that was cut.
  const closed = (socket: Socket) => new Promise(resolve => socket.once('close', resolve));
  const status = async (length: number) => (await client.get(`/${length}`)).status;

  it('leave no room for large ones, only for small ones, until they are read', async () => {
    const first = await ask(LARGE);
    assert.equal(await status(LARGE), 200);
    const second = await ask(LARGE);
    assert.equal(await status(LARGE), 503);
    assert.equal(await status(1_000), 200);
    first.raw.socket.resume();
    await first.raw.count(1);
    assert.equal(await status(LARGE), 200);
    const third = await ask(LARGE);
    assert.equal(await status(LARGE), 503);
    for (const { raw, socket } of [second, third]) {
      raw.socket.destroy();
      await closed(socket);
    }
    assert.equal(await status(LARGE), 200);
  });

  it('give way to others when they have been waiting for long, the oldest first', async () => {
    const [first, second] = [await ask(LARGE), await ask(LARGE)];
    now += 6_000;
    const closed = once(first.socket, 'close');
    assert.equal(await status(1_000), 200);
    await closed;
    assert.isFalse(second.socket.destroyed);
    assert.equal(await status(LARGE), 200);
    second.raw.socket.destroy();
  });

  it('count once each, however often a connection is used, and also where answers wait for others', async () => {
    for (let times = 0; times < 4; times++) assert.equal(await status(LARGE), 200);
    const several = await ask(LARGE, 3);
    several.raw.socket.destroy();
    await closed(several.socket);
    const two = [await ask(LARGE), await ask(LARGE)];
    assert.equal(await status(LARGE), 503);
    for (const { raw } of two) raw.socket.resume();
    await Promise.all(two.map(({ raw }) => raw.count(1)));
    assert.equal(await status(LARGE), 200);
  });
});
