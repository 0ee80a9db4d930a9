import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { AppError } from '../errors.js';

export interface AnswersOptions {
  /** Bytes that may wait for their clients, all answers together. */
  most: number;
  log: Logger;
  /** How long a client may take nothing of its answer, in milliseconds. */
  stalled?: number;
  /** Milliseconds by a clock that nobody sets. */
  now?: () => number;
}

/** As long as a request may take to arrive. */
const STALLED_MS = 60_000;
/** An answer that has been on its way for longer gives way to others when there is no room for all. */
const SLOW_MS = 5_000;
/** Answers up to this size are never refused: the system takes them at once, as a rule. */
const SMALL_BYTES = 65_536;

/** What a connection has not taken yet. */
interface Unread {
  bytes: number;
  begin: number;
  closed(): void;
}

/**
 * The answers that their clients have not taken yet, which have so many bytes together. Nearly all answers are taken at once: they
 * cost nothing here.
 */
export class Answers {
  readonly #most: number;
  readonly #log: Logger;
  readonly #stalled: number;
  readonly #now: () => number;
  /** In the order in which they began. */
  readonly #unread = new Map<Socket, Unread>();
  #bytes = 0;

  constructor({ most, log, stalled = STALLED_MS, now = () => performance.now() }: AnswersOptions) {
    this.#most = most;
    this.#log = log;
    this.#stalled = stalled;
    this.#now = now;
  }

  /**
   * To be called before an answer is sent.
   * @throws AppError `overloaded` when too much waits already
   */
  makeRoom(bytes: number): void {
    while (this.#bytes > this.#most) {
      const slowest = this.#slowest();
      if (slowest !== undefined) this.#cut(slowest, 'the answers of others need its room');
      else if (bytes <= SMALL_BYTES) return;
      else
        throw new AppError(
          'overloaded',
          'clients that do not read their answers take all room for answers; send it again later',
        );
    }
  }

  /** To be called when an answer was written: weighs it until its client has it. */
  written(response: ServerResponse): void {
    const bytes = response.writableLength;
    const { socket } = response.req;
    if (bytes === 0 || socket.destroyed) return;
    const unread = this.#unread.get(socket) ?? this.#begin(socket);
    unread.bytes += bytes;
    this.#bytes += bytes;
    response.once('close', () => {
      if (this.#unread.get(socket) !== unread) return;
      unread.bytes -= bytes;
      this.#bytes -= bytes;
      if (unread.bytes === 0) this.#leave(socket);
    });
    this.watch(response);
  }

  /** Closes the connection of an answer of which nothing is taken for long. One that has nothing to send may take any time. */
  watch(response: ServerResponse): void {
    response.setTimeout(this.#stalled, () => {
      if (response.writableLength > 0)
        this.#cut(response.req.socket, `it took nothing for ${this.#stalled / 1000} s`);
    });
    // The next request on the connection may take longer. Node then sets what holds between requests.
    response.prependOnceListener('finish', () => response.socket?.setTimeout(0));
  }

  #begin(socket: Socket): Unread {
    const unread = { bytes: 0, begin: this.#now(), closed: () => this.#leave(socket) };
    this.#unread.set(socket, unread);
    socket.once('close', unread.closed);
    return unread;
  }

  #slowest(): Socket | undefined {
    const [first] = this.#unread;
    return first && first[1].begin < this.#now() - SLOW_MS ? first[0] : undefined;
  }

  #cut(socket: Socket, why: string): void {
    this.#leave(socket);
    socket.destroy();
    this.#log.warn(`the connection of a client that does not read its answer was closed: ${why}`);
  }

  #leave(socket: Socket): void {
    const unread = this.#unread.get(socket);
    if (!unread) return;
    this.#unread.delete(socket);
    this.#bytes -= unread.bytes;
    socket.off('close', unread.closed);
  }
}
