import type { ServerResponse } from 'node:http';
import type { Answers } from './answers.js';

/** Writing a piece costs more than copying it, up to this size. */
const SMALL_BYTES = 16_384;

/**
 * Writes an answer at once, in pieces that are large enough: each takes some memory of its own while its client does not read it.
 * @throws AppError `overloaded`, before anything is written
 */
export function write(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  parts: readonly (string | Buffer)[],
  answers: Answers,
): void {
  if (parts.length <= 1) {
    const [text = ''] = parts;
    const length = Buffer.byteLength(text);
    answers.makeRoom(length);
    response.writeHead(status, { ...headers, 'Content-Length': length }).end(text);
  } else {
    const all = parts.map(part => (typeof part === 'string' ? Buffer.from(part) : part));
    const length = all.reduce((sum, part) => sum + part.length, 0);
    answers.makeRoom(length);
    response.writeHead(status, { ...headers, 'Content-Length': length });
    response.cork();
    for (const part of joined(all)) response.write(part);
    response.end();
    response.uncork();
  }
  answers.written(response);
}

/** The same bytes, with the small pieces between two large ones put together. */
function* joined(pieces: readonly Buffer[]): Iterable<Buffer> {
  let first = 0;
  for (const [index, piece] of pieces.entries()) {
    if (piece.length < SMALL_BYTES) continue;
    if (first < index) yield Buffer.concat(pieces.slice(first, index));
    yield piece;
    first = index + 1;
  }
  if (first < pieces.length) yield Buffer.concat(pieces.slice(first));
}
