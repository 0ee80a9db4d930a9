import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { type AppError, clip, MESSAGE_LENGTH } from '../errors.js';
import type { Hiding } from './hiding.js';

const REQUEST_ID = /^[\w.-]{1,64}$/;

/** One request and its answer, as the log tells of it. */
export interface Exchange {
  /** The client's `X-Request-Id`, or one that tells the requests of all runs of this server apart. */
  id: string;
  method: string;
  path: string;
  /** The name of its route in metrics. */
  route: string;
  /** Asked every few seconds by a machine: lines of those would hide all others. */
  probe: boolean;
  begin: number;
  /** Tasks that it carries. */
  tasks?: number;
  /** Why none of them got a prediction, where that is told in the items of an answer that is a 200. */
  refused?: AppError;
}

/** Gives requests their ids and writes them to the log. */
export class Exchanges {
  readonly #log: Logger;
  readonly #hiding: Hiding;
  readonly #listener: ((exchange: Exchange, status: number, milliseconds: number) => void) | undefined;
  readonly #run = Date.now().toString(36);
  #requests = 0;

  /**
   * @param hiding keeps secrets out of the log
   * @param listener told of each request that was answered
   */
  constructor(
    log: Logger,
    hiding: Hiding,
    listener?: (exchange: Exchange, status: number, milliseconds: number) => void,
  ) {
    this.#log = log;
    this.#hiding = hiding;
    this.#listener = listener;
  }

  open({ headers, method = '', url = '' }: Pick<IncomingMessage, 'headers' | 'method' | 'url'>): Exchange {
    const given = headers['x-request-id'];
    const known = typeof given === 'string' && REQUEST_ID.test(given);
    const query = url.indexOf('?');
    return {
      id: known ? given : `${this.#run}-${++this.#requests}`,
      method,
      path: query < 0 ? url : url.slice(0, query),
      route: 'other',
      probe: false,
      begin: performance.now(),
    };
  }

  /** Writes an error to the log, under its request's id. */
  failed({ id }: Exchange, error: AppError): void {
    const message = this.#hiding.text(clip(error.message, MESSAGE_LENGTH));
    // What may be sent again is no fault of a line of code: its stack would only be noise.
    if (error.status >= 500 && !error.retryable)
      this.#log.error({ request_id: id, err: error.cause ?? error, code: error.code }, message);
    else this.#log.warn({ request_id: id, code: error.code }, message);
  }

  close(exchange: Exchange, status: number): void {
    const milliseconds = performance.now() - exchange.begin;
    const { id, method, path, probe, tasks, refused } = exchange;
    if (refused) this.failed(exchange, refused);
    const entry = {
      request_id: id,
      method,
      path: this.#hiding.path(path),
      status,
      tasks,
      refused: refused?.code,
      ms: Math.round(milliseconds),
    };
    if (probe) this.#log.debug(entry, 'request');
    else this.#log.info(entry, 'request');
    this.#listener?.(exchange, status, milliseconds);
  }
}
