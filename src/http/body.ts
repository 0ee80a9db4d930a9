import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createUnzip } from 'node:zlib';
import { AppError } from '../errors.js';
import { bodyTooLarge } from './errors.js';

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

/** A buffer of its own for each few bytes takes a hundred times their memory: smaller pieces are put together. */
const SMALL_BYTES = 16_384;
const TOGETHER_BYTES = 65_536;

/** The pieces of a body, in order. */
class Pieces {
  readonly #all: Buffer[] = [];
  #small: Buffer | undefined;
  #smallBytes = 0;

  add(piece: Buffer): void {
    // The first one is the whole body, as a rule.
    if (piece.length >= SMALL_BYTES || this.#all.length === 0) {
      this.#putTogether();
      this.#all.push(piece);
      return;
    }
    this.#small ??= Buffer.allocUnsafeSlow(TOGETHER_BYTES);
    if (this.#smallBytes + piece.length > TOGETHER_BYTES) this.#putTogether();
    this.#smallBytes += piece.copy(this.#small, this.#smallBytes);
  }

  end(): Buffer[] {
    this.#putTogether();
    return this.#all;
  }

  #putTogether(): void {
    if (this.#smallBytes > 0) this.#all.push(Buffer.from(this.#small!.subarray(0, this.#smallBytes)));
    this.#smallBytes = 0;
  }
}

export interface ReadOptions {
  /** The size of the body in bytes, at most, unpacked. */
  limit: number;
  /**
   * Told of the bytes that came, unpacked.
   * @throws AppError when there is no room for them: the body is not read any further
   */
  weigh?(bytes: number): void;
  /** Its reason, an AppError, ends the reading. */
  signal?: AbortSignal;
}

/**
 * Reads a request's body, in pieces: putting 60 MB together would hold the thread.
 * @throws AppError `body_too_large`, `request_invalid` or `client_gone`; those of `weigh`, and the signal's reason
 */
export function readBody(
  request: IncomingMessage,
  { limit, weigh = () => {}, signal }: ReadOptions,
): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    // Before anything is read: sending it again would never help.
    if (announced > limit) return reject(bodyTooLarge(limit));
    const stream = unpacked(request);
    const pieces = new Pieces();
    let size = 0;
    const stop = (error: unknown) => {
      stream.removeAllListeners('data');
      signal?.removeEventListener('abort', abort);
      // What is unpacked and then thrown away costs the same as what is read.
      if (stream === request) request.resume();
      else {
        request.unpipe();
        stream.destroy();
      }
      reject(error);
    };
    const abort = () => stop(signal!.reason);
    signal?.addEventListener('abort', abort);
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) return stop(bodyTooLarge(limit));
      try {
        weigh(chunk.length);
      } catch (error) {
        return stop(error);
      }
      pieces.add(chunk);
    });
    stream.on('end', () => {
      signal?.removeEventListener('abort', abort);
      resolve(pieces.end());
    });
    stream.on('error', error =>
      stop(
        request.errored
          ? new AppError('client_gone', 'the client hung up before its body was whole')
          : new AppError('request_invalid', `the body cannot be unpacked: ${error.message}`),
      ),
    );
    if (stream !== request) request.on('error', error => stream.destroy(error));
  });
}
