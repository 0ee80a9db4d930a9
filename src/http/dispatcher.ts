import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import { pipeline } from 'node:stream';
import type { Logger } from 'pino';
import { inBackground, report } from '../background.js';
import { AppError, clip } from '../errors.js';
import type { Answers } from './answers.js';
import type { Auth } from './auth.js';
import type { Bodies } from './bodies.js';
import type { ElsewhereCheck } from './elsewhere.js';
import { discardBody, errorAnswer, parseBody, toAppError } from './errors.js';
import type { Exchange, Exchanges } from './exchange.js';
import type { Hiding } from './hiding.js';
import { serverUrl } from './path.js';
import type { Answer, Call, Route } from './route.js';
import { allowed, decoded, type Place, type RouteTable } from './route-table.js';
import { write } from './write.js';

export interface DispatcherDeps {
  table: RouteTable;
  exchanges: Exchanges;
  /** Refuses pages of other sites, before the credentials are looked at. */
  checkElsewhere: ElsewhereCheck;
  auth: Auth;
  hiding: Hiding;
  bodies: Bodies;
  answers: Answers;
  /** The size in bytes of a body that is parsed here. */
  bodyLimit: number;
  log: Logger;
}

/** Characters of a path in a message, which must have room for the right URL. */
const SHOWN_PATH = 60;
const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * The one way in and the one way out: finds the route of a request, checks who asks, reads the body, and makes the answer of what
 * the route returns or throws.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
  }

  /** Answers a request, whatever happens; it never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    inBackground(this.#deps.log, 'a request could not be answered', this.#handle(request, response));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { exchanges } = this.#deps;
    try {
      const exchange = exchanges.open(request);
      try {
        this.#send(response, await this.#answer(request, response, exchange), exchange);
      } catch (thrown) {
        this.#fail(request, response, thrown, exchange);
      }
      this.#tell(() => exchanges.close(exchange, response.statusCode));
    } finally {
      // The last resort: a client that gets no answer must not wait for one.
      if (!response.headersSent) response.destroy();
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<Answer> {
    const { table, checkElsewhere, auth, bodies, bodyLimit } = this.#deps;
    const { method, path } = exchange;
    const place = table.find(path);
    const route = place && routeOf(place, method);
    // What is not there, or not by this method, is as guarded as what is.
    const [first] = place?.routes.values() ?? [];
    const access = (route ?? first)?.access ?? 'basic';
    exchange.route = (route ?? first)?.metric ?? 'other';
    exchange.probe = route?.probe ?? false;
    if (access !== 'anyone') checkElsewhere(request.headers);
    const authenticated = auth(request.headers, access, place?.raw.secret);
    if (!route || !place) return this.#without(place, exchange, request.headers, response);

    // Before anything is waited for: a client that has gone tells it once.
    const gone = new Promise(resolve => response.once('close', resolve));
    const query = request.url!.indexOf('?');
    const call: Omit<Call, 'body'> = {
      request,
      exchange,
      params: decoded(place.raw),
      query: query < 0 ? {} : parse(request.url!.slice(query + 1)),
      authenticated,
      gone,
    };
    if (route.body !== 'json') return route.handle({ ...call, body: {} });
    const { pieces, release } = await bodies.read(request, bodyLimit);
    try {
      // Clients that have nothing to say send nothing.
      return await route.handle({
        ...call,
        body: pieces.length === 0 ? {} : parseBody(Buffer.concat(pieces)),
      });
    } finally {
      release();
    }
  }

  /** Answers where no route is. */
  #without(
    place: Place | undefined,
    { method, path }: Exchange,
    { host }: IncomingHttpHeaders,
    response: ServerResponse,
  ): Answer {
    const shown = clip(this.#deps.hiding.path(path), SHOWN_PATH);
    const url = serverUrl(host);
    const advice = `the backend's URL in Label Studio is ${url}, or ${url}/models/<name>; the README lists all paths`;
    if (!place) throw new AppError('not_found', `there is no ${shown} here: ${advice}`);
    const methods = allowed(place);
    response.setHeader('Allow', methods);
    if (method === 'OPTIONS') return { type: 'text/plain; charset=utf-8', text: '' };
    throw new AppError('method_not_allowed', `${shown} takes ${methods} alone: ${advice}`);
  }

  /** @throws what writing JSON throws, or AppError `overloaded`, before anything is sent */
  #send(response: ServerResponse, answer: Answer, exchange: Exchange): void {
    const { status = 200 } = answer;
    const headers = { ...answer.headers, 'X-Request-Id': exchange.id };
    if ('stream' in answer) {
      const { stream, type } = answer;
      response.writeHead(status, { ...headers, 'Content-Type': type });
      if (exchange.method === 'HEAD') {
        stream.destroy();
        response.end();
        return;
      }
      this.#deps.answers.watch(response);
      pipeline(stream, response, error => {
        // That the client has gone is no failure.
        if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE')
          report(this.#deps.log, 'an answer was cut', error, { request_id: exchange.id });
      });
      return;
    }
    const type = 'text' in answer ? answer.type : JSON_TYPE;
    write(response, status, { ...headers, 'Content-Type': type }, partsOf(answer), this.#deps.answers);
  }

  /** Answers an error. Half an answer is cut, as its client would take it for a whole one. */
  #fail(request: IncomingMessage, response: ServerResponse, thrown: unknown, exchange: Exchange): void {
    const error = toAppError(thrown);
    this.#tell(() => this.#deps.exchanges.failed(exchange, error));
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, reason, headers, body } = errorAnswer(error, exchange);
    discardBody(request);
    response.writeHead(status, reason, {
      'Content-Type': JSON_TYPE,
      'Content-Length': body.length,
      'X-Request-Id': exchange.id,
      ...headers,
    });
    response.end(body);
    this.#deps.answers.written(response);
  }

  /** Whatever becomes of the log and the metrics, the client gets its answer. */
  #tell(telling: () => void): void {
    try {
      telling();
    } catch (error) {
      report(this.#deps.log, 'a request could not be logged', error);
    }
  }
}

function routeOf({ routes }: Place, method: string): Route | undefined {
  return routes.get(method) ?? (method === 'HEAD' ? routes.get('GET') : undefined);
}

function partsOf(answer: Exclude<Answer, { stream: unknown }>): readonly (string | Buffer)[] {
  if ('pieces' in answer) return answer.pieces;
  if ('text' in answer) return [answer.text];
  const text: string | undefined = JSON.stringify(answer.json);
  if (text === undefined) throw new TypeError('an answer is nothing that JSON can hold');
  return [text];
}
