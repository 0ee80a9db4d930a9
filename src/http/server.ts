import { once } from 'node:events';
import { createServer, type Server, type ServerOptions } from 'node:http';
import type { App } from './app.js';
import { Connections } from './connections.js';

/** How long a client may take, in milliseconds. Label Studio sends at once. */
export const TIME_LIMITS = {
  /** To send the head of a request, from its first byte on, or from the start of the connection. */
  headersTimeout: 20_000,
  /** To send all of a request. */
  requestTimeout: 60_000,
  /** Between two requests: longer than proxies keep their connections, so that it is they who give them up. */
  keepAliveTimeout: 65_000,
  /** How often the first two are looked at. */
  connectionsCheckingInterval: 5_000,
} satisfies ServerOptions;

/** What a connection that was just made may take to send something, when the server stops. */
const SILENT_MS = 100;

/** An app's server: it does not listen yet. */
export interface HttpServer {
  server: Server;
  /**
   * Stops listening and lets the requests in flight finish; each answer tells its client not to send another one.
   * @param timeout how long they may take, in milliseconds
   */
  drain(timeout: number): Promise<void>;
}

export interface HttpLimits extends ServerOptions {
  /** Connections at a time; no limit by default. */
  connections?: number;
}

/** Makes the server of an app, with limits to what a client may do. */
export function createHttpServer(app: App, limits: HttpLimits = TIME_LIMITS): HttpServer {
  const { connections: most = Number.POSITIVE_INFINITY, ...options } = limits;
  const listener = app.callback();
  const server = createServer(options, listener);
  const connections = new Connections(most);
  let draining = false;
  server.on('connection', socket => connections.add(socket));
  server.on('request', (request, response) => {
    if (draining) response.shouldKeepAlive = false;
    connections.begin(request.socket, response);
  });
  server.on('clientError', (error, socket) => app.refuse(error, socket));
  // Whatever is expected beyond `100-continue`: it is answered all the same.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  return {
    server,
    async drain(timeout) {
      draining = true;
      app.drain();
      // Clients keep their connections; one whose last answer was sent would hold the stop back for seconds.
      for (const response of connections.answers()) response.shouldKeepAlive = false;
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), timeout);
      // Node takes a connection that has sent nothing yet for a busy one.
      const silent = setTimeout(() => connections.closeSilent(), SILENT_MS);
      await closed;
      clearTimeout(late);
      clearTimeout(silent);
    },
  };
}
