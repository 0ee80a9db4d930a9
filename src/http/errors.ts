import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError, asAppError, clip, MESSAGE_LENGTH } from '../errors.js';
import type { Exchange } from './exchange.js';

/** Characters of a message in a status line. */
const REASON_LENGTH = 300;

/** What would not be shown as it is where the reason phrase is read as HTML: tags, and what looks like a reference. */
const MARKUP = /[<>]|&(?=[#a-z])/gi;
const REFERENCES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };

/**
 * An error's message as a reason phrase: Label Studio shows its user the status line of an error and nothing else.
 *
 * One line, of which 300 characters are kept, then `...`. A status line is Latin-1, and Label Studio's dialogs show it as HTML: other
 * characters, and those of markup, become character references, which the dialogs show as what they stand for.
 *
 * @example
 * reasonPhrase('no /models/<name> for 人'); // 'no /models/&lt;name&gt; for &#20154;'
 */
export function reasonPhrase(message: string): string {
  const all = [...clip(message, MESSAGE_LENGTH).replace(/\s+/g, ' ').trim()];
  const shown = all.length > REASON_LENGTH ? [...all.slice(0, REASON_LENGTH - 3), '...'] : all;
  return shown
    .join('')
    .replace(MARKUP, sign => REFERENCES[sign]!)
    .replace(/[\p{Cc}\p{Cs}]/gu, '?')
    .replace(/[^\x20-\x7e\xa0-\xff]/gu, each => `&#${each.codePointAt(0)};`);
}

/** The error for a body over the limit. */
export function bodyTooLarge(limit: number): AppError {
  return new AppError('body_too_large', `the body is over BODY_LIMIT, which is ${limit} bytes here`);
}

/** What V8 says of a text that is not JSON, without the text around the fault: there may be a token or somebody's data in it. */
export function withoutQuote({ message }: SyntaxError): string {
  return message.replace(/, (?:\.\.\.)?"[\s\S]*$/, '');
}

/** The value of a body. */
export function parseBody(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    throw new AppError('json_invalid', `the body is not JSON: ${withoutQuote(error as SyntaxError)}`);
  }
}

/** Whatever was thrown, as an error of the table. */
export function toAppError(error: unknown): AppError {
  return asAppError(error, 'internal', 'an error of this server; the log has it under this request id');
}

export interface ErrorAnswer {
  status: number;
  reason: string;
  headers: Record<string, string>;
  /** As bytes: Node writes the status line in the encoding of a body that is a string, and clients read it as Latin-1. */
  body: Buffer;
}

/**
 * Reads what is left of a body that nobody wants: a client looks for the answer once it has sent all of it, and may
 * send its next request behind it.
 */
export function discardBody(request: IncomingMessage): void {
  request.unpipe();
  request.resume();
}

/** An error as its client reads it: `{ code, message, request_id }`, and the message as the reason phrase too. */
export function errorAnswer(error: AppError, { id }: Exchange): ErrorAnswer {
  const headers: Record<string, string> = {};
  if (error.retryable) headers['Retry-After'] = '1';
  if (error.code === 'unauthorized')
    headers['WWW-Authenticate'] = 'Basic realm="label-studio-onnx", charset="UTF-8"';
  return {
    status: error.status,
    reason: reasonPhrase(error.message),
    headers,
    body: Buffer.from(
      JSON.stringify({ code: error.code, message: clip(error.message, MESSAGE_LENGTH), request_id: id }),
    ),
  };
}

/** What the server's parser, or its limits, made of a connection. */
export function toParseError({ code }: NodeJS.ErrnoException): AppError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new AppError('headers_too_large', 'the head of the request is larger than 16 KB');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('request_timeout', 'the request did not arrive in time');
    default:
      return new AppError('request_invalid', `this is no HTTP request (${code})`);
  }
}

/** A connection as it is: `_httpMessage` is where Node's own handler of such errors looks too. */
type Connection = Duplex & { bytesRead?: number; _httpMessage?: ServerResponse | null };

/** Whether a connection waits for an error: it is open, something was sent, and there is not half an answer on it. */
export function isFree(socket: Connection): boolean {
  return socket.writable && socket.bytesRead !== 0 && socket._httpMessage?.headersSent !== true;
}

/** An error as it is sent where there is no request to answer. */
export function errorText(error: AppError, exchange: Exchange): string {
  const { status, reason, body } = errorAnswer(error, exchange);
  return [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${body.length}`,
    `X-Request-Id: ${exchange.id}`,
    'Connection: close',
    `\r\n${body}`,
  ].join('\r\n');
}
