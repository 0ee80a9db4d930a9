import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { type Backend, createBackend } from '../../src/backend.js';
import { readConfig } from '../../src/config.js';
import { createHttpServer, type HttpLimits } from '../../src/http/server.js';
import type { ModelClass } from '../../src/model.js';
import type { Entry } from '../../src/training/fit.js';
import { Client } from './client.js';
import { temporaryFolder } from './folder.js';
import { CapturedLog } from './log.js';
import { ROOT } from './python.js';

/** Settings of the tests: one child, folders of their own, and no reload that was not asked for. */
export async function settings(env: Record<string, string> = {}): Promise<Record<string, string>> {
  return {
    MODEL_DIR: `${ROOT}models`,
    DATA_DIR: env.DATA_DIR ?? (await temporaryFolder()),
    WORKERS: '1',
    RELOAD_CRON: '0 0 29 2 *',
    LOG_LEVEL: 'debug',
    PORT: '0',
    ...env,
  };
}

/** A backend that listens on a port which the system chose, with a client of it. */
export interface TestBackend extends Client {
  backend: Backend;
  log: CapturedLog;
  dataDir: string;
  /** Resolves when so many more requests to a path have arrived whole and are being answered. */
  received(path: string, count?: number): Promise<void>;
  /** Ends the server and the backend. */
  stop(): Promise<void>;
}

/**
 * Starts a backend.
 * @param models classes to serve; none: the models of `MODEL_DIR`
 * @param limits of the server, in the place of its own
 * @param entry what runs the classes' `fit`
 */
export async function startBackend(
  env: Record<string, string> = {},
  models: readonly ModelClass[] = [],
  limits?: HttpLimits,
  entry?: Entry,
): Promise<TestBackend> {
  const config = readConfig(await settings(env));
  const log = new CapturedLog();
  const backend = await createBackend({ config, log: log.logger, models, ...(entry ? { entry } : {}) });
  const { server } = createHttpServer(backend.app, limits);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return Object.assign(client, {
    backend,
    log,
    dataDir: config.DATA_DIR,
    received: (path: string, count = 1) => received(server, path, count),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      client.close();
      server.closeAllConnections();
      await closed;
      await backend.close();
    },
  });
}

function received(server: Server, path: string, count: number): Promise<void> {
  return new Promise(resolve => {
    let missing = count;
    const see = (request: IncomingMessage) => {
      if (request.url !== path) return;
      request.once('end', async () => {
        // What follows the last byte of a body, up to the inference process, is done within the same turn.
        await setImmediate();
        if (--missing > 0) return;
        server.off('request', see);
        resolve();
      });
    };
    server.on('request', see);
  });
}
