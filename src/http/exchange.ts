import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { shownPath } from './path.js';

const REQUEST_ID = /^[\w.-]{1,64}$/;

/** One request and its answer, as the log tells of it. */
export interface Exchange {
  /** The client's `X-Request-Id`, or one that tells the requests of all runs of this server apart. */
  id: string;
  method: string;
  path: string;
  begin: number;
  /** Tasks that it carries. */
  tasks?: number;
}

/** Gives requests their ids and writes them to the log. */
export class Exchanges {
  readonly #log: Logger;
  readonly #listener: ((exchange: Exchange, status: number, milliseconds: number) => void) | undefined;
  readonly #run = Date.now().toString(36);
  #requests = 0;

  /** @param listener told of each request that was answered */
  constructor(log: Logger, listener?: (exchange: Exchange, status: number, milliseconds: number) => void) {
    this.#log = log;
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
      begin: performance.now(),
    };
  }

  close(exchange: Exchange, status: number): void {
    const milliseconds = performance.now() - exchange.begin;
    const { id, method, path, tasks } = exchange;
    const entry = {
      request_id: id,
      method,
      path: shownPath(path),
      status,
      tasks,
      ms: Math.round(milliseconds),
    };
    if (path === '/health') this.#log.debug(entry, 'request');
    else this.#log.info(entry, 'request');
    this.#listener?.(exchange, status, milliseconds);
  }
}
