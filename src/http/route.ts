import type { IncomingMessage } from 'node:http';
import type { ParsedUrlQuery } from 'node:querystring';
import type { Readable } from 'node:stream';
import type { Exchange } from './exchange.js';

/**
 * Who may call a route:
 * - `anyone`: no credentials are asked for, and pages of other sites may call it, too
 * - `open`: no credentials are asked for
 * - `basic`: Basic auth, if it is set
 * - `webhook`: Basic auth or the webhook secret, if they are set
 */
export type Access = 'anyone' | 'open' | 'basic' | 'webhook';

/** A request as a route sees it, let in and with its body read. */
export interface Call {
  request: IncomingMessage;
  exchange: Exchange;
  /** The parts of the path that stand in braces in the route's. */
  params: Readonly<Record<string, string | undefined>>;
  query: ParsedUrlQuery;
  /** Whether it came with Basic auth. */
  authenticated: boolean;
  /** The value of its JSON; `{}` when nothing was sent, or the route reads the body itself. */
  body: unknown;
  /** Resolves when nobody waits for the answer any more. */
  gone: Promise<unknown>;
}

/** What a route answers. */
export type Answer = {
  /** 200 by default. */
  status?: number;
  headers?: Readonly<Record<string, string>>;
} & (
  | { json: unknown }
  | { type: string; text: string }
  | { type: string; stream: Readable }
  /** Pieces of one JSON text: putting all of them together first would copy a large answer. */
  | { pieces: readonly (string | Buffer)[] }
);

/** A row of the table of routes. Plain data beside `handle`: the list in the README is compared with it. */
export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  /** Parts in braces stand for any one part: `/api/jobs/{id}`. */
  path: string;
  /** Whether the same is also below `/models/{model}`. */
  perModel?: true;
  access: Access;
  /** Its name in metrics. */
  metric: string;
  /** Asked every few seconds by machines: it is logged at `debug` only. */
  probe?: true;
  /** `json`: read and parsed before `handle`, which then finds it in the call; `own`: `handle` reads it; absent: there is none. */
  body?: 'json' | 'own';
  /** What it does, as the README says; absent: another path of a row that says it. */
  meaning?: string;
  /** @throws anything; the dispatcher makes the answer of it */
  handle(call: Call): Answer | Promise<Answer>;
}
