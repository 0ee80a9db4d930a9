import type { RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import Koa from 'koa';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { AppError } from '../errors.js';
import { type Auth, createAuth } from './auth.js';
import { Bodies } from './bodies.js';
import type { ElsewhereCheck } from './elsewhere.js';
import {
  discardBody,
  errorAnswer,
  errorText,
  isFree,
  parseBody,
  toAppError,
  toParseError,
} from './errors.js';
import { type Exchange, Exchanges } from './exchange.js';
import { createHiding } from './hiding.js';
import { EventStreams } from './job-routes.js';
import { LargeBodies } from './large-body.js';
import { originForm } from './path.js';
import { PredictRoute } from './predict.js';
import { type RouteDeps, routes } from './routes.js';

declare module 'koa' {
  interface Request {
    /** The body's value. */
    body?: unknown;
  }
}

export interface AppDeps extends RouteDeps {
  config: Pick<
    Config,
    'BODY_LIMIT' | 'BASIC_AUTH_USER' | 'BASIC_AUTH_PASS' | 'WEBHOOK_SECRET' | 'LABEL_STUDIO_API_KEY'
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
 *
 * `/predict` has a route of its own; Koa answers everything else.
 * @example
 * createServer(createApp(deps).callback()).listen(9090, '127.0.0.1');
 */
export function createApp(deps: AppDeps): App {
  const { config, log, service } = deps;
  const bodyLimit = config.BODY_LIMIT;
  const smallerLimit = Math.min(bodyLimit, SMALLER_LIMIT);
  const hiding = createHiding([config.BASIC_AUTH_PASS, config.WEBHOOK_SECRET, config.LABEL_STUDIO_API_KEY]);
  const exchanges = new Exchanges(log, hiding, (exchange, status, milliseconds) =>
    deps.metrics.request(exchange, status, milliseconds),
  );
  const checkCredentials = createAuth(config);
  const auth: Auth = (headers, path) => {
    deps.checkElsewhere(headers, path);
    return checkCredentials(headers, path);
  };
  const bodies = new Bodies(bodyLimit * BODIES_AT_ONCE);
  const largeBodies = new LargeBodies();
  const predict = new PredictRoute({ service, exchanges, auth, bodies, bodyLimit, largeBodies });

  const koa = new Koa();
  koa.on('error', error => log.error({ err: error }, 'a response failed'));
  koa.use(async (ctx, next) => {
    const exchange: Exchange = exchanges.open(ctx.req);
    ctx.state.exchange = exchange;
    ctx.set('X-Request-Id', exchange.id);
    try {
      ctx.state.authenticated = auth(ctx.headers, ctx.path);
      await next();
      if (ctx.status === 404 && ctx.body === undefined) {
        throw new AppError('not_found', `there is no ${hiding.path(ctx.path)}; the paths are in the README`);
      }
    } catch (thrown) {
      const error = toAppError(thrown);
      exchanges.failed(exchange, error);
      const { status, reason, headers, body } = errorAnswer(error, exchange);
      ctx.status = status;
      ctx.message = reason;
      ctx.set(headers);
      ctx.type = 'json';
      discardBody(ctx.req);
      ctx.body = body;
    }
    exchanges.close(exchange, ctx.status);
  });
  koa.use(async (ctx, next) => {
    if (ctx.method === 'GET' || ctx.method === 'HEAD') return next();
    const { pieces, release } = await bodies.read(ctx.req, smallerLimit);
    try {
      ctx.request.body = pieces.length === 0 ? {} : parseBody(Buffer.concat(pieces));
      await next();
    } finally {
      release();
    }
  });
  const streams = new EventStreams();
  const router = routes(deps, streams);
  koa.use(router.routes());
  const notAllowed = () => new AppError('method_not_allowed', 'this path does not take this method');
  koa.use(router.allowedMethods({ throw: true, methodNotAllowed: notAllowed, notImplemented: notAllowed }));

  return {
    callback() {
      const others = koa.callback();
      return (request, response) => {
        request.url = originForm(request.url ?? '/');
        if (predict.takes(request)) void predict.handle(request, response);
        else others(request, response);
      };
    },
    refuse(thrown, socket) {
      if (!isFree(socket)) return void socket.destroy();
      const exchange = exchanges.open({ headers: {} });
      const error = toParseError(thrown);
      exchanges.failed(exchange, error);
      socket.end(errorText(error, exchange), () => socket.destroy());
      exchanges.close(exchange, error.status);
    },
    drain: () => streams.drain(),
    close: () => largeBodies.close(),
  };
}
