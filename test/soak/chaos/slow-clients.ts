import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import { rawPost } from '../../support/raw.js';
import { PROJECTS } from '../answers.js';
import type { Disturbance } from './disturbance.js';

const EACH = 8;
const ANNOUNCED = 4_000_000;
const DRIP_MS = 200;
const HOLD_MS = 3_000;

export const slowClients: Disturbance = {
  name: `clients that are slow: ${EACH} each of half a head, a body that does not come, one that drips, an answer that is not read`,
  async run(server, random) {
    const { hostname, port } = new URL(server.process.url);
    const sockets: Socket[] = [];
    const open = async (text: string) => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      sockets.push(socket);
      await once(socket, 'connect');
      socket.write(text);
      return socket;
    };
    const tasks = Array.from({ length: 2_000 }, (_, id) => ({ id, data: { text: `good ${random(1_000)}` } }));
    const large = JSON.stringify({ tasks, project: PROJECTS[0]!.id });
    const drip = { over: false };
    try {
      const dripping: Socket[] = [];
      for (let number = 0; number < EACH; number++) {
        await open('POST /predict HTTP/1.1\r\nHost: loc');
        await open(rawPost('/predict', '{', { 'Content-Length': ANNOUNCED }));
        dripping.push(await open(rawPost('/webhook', '{', { 'Content-Length': ANNOUNCED })));
        (await open(rawPost('/predict', large))).pause();
      }
      const dripped = (async () => {
        while (!drip.over) {
          for (const socket of dripping) socket.write(' ');
          await setTimeout(DRIP_MS);
        }
      })();
      const begin = performance.now();
      do await server.answers();
      while (performance.now() - begin < HOLD_MS);
      drip.over = true;
      await dripped;
      assert.isTrue(
        dripping.every(socket => !socket.destroyed),
        'the clients did not hang on',
      );
    } finally {
      drip.over = true;
      for (const socket of sockets) socket.destroy();
    }
    return 'others were answered meanwhile';
  },
};
