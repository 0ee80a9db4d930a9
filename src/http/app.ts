import type { RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { Answers } from './answers.js';
import { createAuth } from './auth.js';
import { Bodies } from './bodies.js';
import { Dispatcher } from './dispatcher.js';
import type { ElsewhereCheck } from './elsewhere.js';
import { errorText, isFree, toParseError } from './errors.js';
import { Exchanges } from './exchange.js';
import { createHiding } from './hiding.js';
import { EventStreams } from './job-routes.js';
import { LargeBodies } from './large-body.js';
import { originForm } from './path.js';
import { Predict } from './predict.js';
import { RouteTable } from './route-table.js';
import { type RouteDeps, routes } from './routes.js';

export interface AppDeps extends RouteDeps {
  config: Pick<
    Config,
    | 'BODY_LIMIT'
    | 'REQUEST_DEADLINE'
    | 'BASIC_AUTH_USER'
    | 'BASIC_AUTH_PASS'
    | 'WEBHOOK_SECRET'
    | 'LABEL_STUDIO_API_KEY'
  >;
  /** Refuses requests of other sites, before the credentials are looked at. */
  checkElsewhere: ElsewhereCheck;
  log: Logger;
}

/**
 * The size in bytes of a body that is parsed on the server's thread: the worst of JSON takes most of a second. Only those
 * of `/predict`, which a thread of their own parses, may be larger.
 */
const SMALLER_LIMIT = 10 * 2 ** 20;
/** Bodies of the largest size that may be in flight together. */
const BODIES_AT_ONCE = 4;

/** The HTTP side of a backend. */
export interface App {
  /** For `http.createServer`. */
  callback(): RequestListener;
  /** For `clientError` of the server: answers what did not become a request, and ends the connection. */
  refuse(error: NodeJS.ErrnoException, socket: Duplex): void;
  /** Ends the answers that would go on as long as a job does. */
  drain(): void;
  /** Ends what runs beside the requests. */
  close(): Promise<void>;
}

/**
 * Makes the HTTP side. It never listens and does nothing on its own: everything with an effect is passed in.
 * @example
 * createServer(createApp(deps).callback()).listen(9090, '127.0.0.1');
 */
export function createApp(deps: AppDeps): App {
  const { config, log, checkElsewhere } = deps;
  const bodyLimit = config.BODY_LIMIT;
  const hiding = createHiding([config.BASIC_AUTH_PASS, config.WEBHOOK_SECRET, config.LABEL_STUDIO_API_KEY]);
  const exchanges = new Exchanges(log, hiding, (exchange, status, milliseconds) =>
    deps.metrics.request(exchange, status, milliseconds),
  );
  const bodies = new Bodies(bodyLimit * BODIES_AT_ONCE);
  const answers = new Answers({ most: bodyLimit * BODIES_AT_ONCE, log });
  const largeBodies = new LargeBodies(config.REQUEST_DEADLINE);
  const predict = new Predict({
    service: deps.service,
    keys: deps.keys,
    bodies,
    bodyLimit,
    largeBodies,
    log,
  });
  const streams = new EventStreams();
  const dispatcher = new Dispatcher({
    table: new RouteTable(routes(deps, streams, call => predict.handle(call))),
    exchanges,
    checkElsewhere,
    auth: createAuth(config),
    hiding,
    bodies,
    answers,
    bodyLimit: Math.min(bodyLimit, SMALLER_LIMIT),
    log,
  });

  return {
    callback: () => (request, response) => {
      request.url = originForm(request.url ?? '/');
      dispatcher.handle(request, response);
    },
    refuse(thrown, socket) {
      if (!isFree(socket)) return void socket.destroy();
      const exchange = exchanges.open({ headers: {} });
      const error = toParseError(thrown);
      // First of all: a log may fail.
      socket.end(errorText(error, exchange), () => socket.destroy());
      exchanges.failed(exchange, error);
      exchanges.close(exchange, error.status);
    },
    drain: () => streams.drain(),
    close: () => largeBodies.close(),
  };
}
