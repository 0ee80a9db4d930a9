import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createUnzip } from 'node:zlib';
import { AppError } from '../errors.js';
import { bodyTooLarge } from './errors.js';

/** What comes in one read, as a rule, and then needs no place of its own. */
const SINGLE_READ = 64 * 1024;

/** The body as it was before it was compressed. */
function unpacked(request: IncomingMessage): Readable {
  switch ((request.headers['content-encoding'] ?? 'identity').toLowerCase()) {
    case 'identity':
      return request;
    case 'gzip':
    case 'deflate':
      return request.pipe(createUnzip());
    case 'br':
      return request.pipe(createBrotliDecompress());
    default:
      throw new AppError(
        'request_invalid',
        "the body's content-encoding is not identity, gzip, deflate or br",
      );
  }
}

/**
 * Reads a request's body.
 * @param limit its size in bytes, at most, unpacked
 * @throws AppError `body_too_large`, `request_invalid` or `client_gone`
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > limit) return reject(bodyTooLarge(limit));
    const stream = unpacked(request);
    // Putting 60 MB together at the end would hold the thread; a place for them is made at once where their size is known.
    const whole =
      stream === request && announced > SINGLE_READ ? Buffer.allocUnsafeSlow(announced) : undefined;
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      if (size + chunk.length > limit) {
        stream.removeAllListeners('data');
        stream.resume();
        return reject(bodyTooLarge(limit));
      }
      if (whole) chunk.copy(whole, size);
      else chunks.push(chunk);
      size += chunk.length;
    });
    stream.on('end', () => resolve(whole ?? (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))));
    stream.on('error', error => {
      reject(
        request.errored
          ? new AppError('client_gone', 'the client hung up before its body was whole')
          : new AppError('request_invalid', `the body cannot be unpacked: ${error.message}`),
      );
    });
    if (stream !== request) request.on('error', error => stream.destroy(error));
  });
}
