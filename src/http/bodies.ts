import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.js';
import { readBody } from './body.js';

/** A body that was read. */
export interface ReadBody {
  pieces: Buffer[];
  /** To be called when its request is answered, and nothing of it is needed any more. */
  release(): void;
}

/** A body on its way. */
interface Arrival {
  bytes: number;
  /** When it began, by a clock that nobody sets, in milliseconds. */
  begin: number;
  stop: AbortController;
}

/** A body that has been arriving for longer gives way to others when there is no room for all. */
const SLOW_MS = 5_000;

/**
 * The bodies of all requests in flight, which have so many bytes together. What counts is what came, unpacked: neither what was
 * announced, nor what was sent.
 */
export class Bodies {
  readonly #most: number;
  readonly #now: () => number;
  readonly #arriving = new Set<Arrival>();
  #bytes = 0;

  /**
   * @param most bytes of all bodies together
   * @param now milliseconds by a clock that nobody sets
   */
  constructor(most: number, now = () => performance.now()) {
    this.#most = most;
    this.#now = now;
  }

  /**
   * Reads a body.
   * @param limit its size in bytes, at most, unpacked
   * @throws AppError as `readBody`, and `overloaded` when there is no room for it
   */
  async read(request: IncomingMessage, limit: number): Promise<ReadBody> {
    const arrival = { bytes: 0, begin: this.#now(), stop: new AbortController() };
    this.#arriving.add(arrival);
    const weigh = (bytes: number) => this.#weigh(arrival, bytes);
    try {
      const pieces = await readBody(request, { limit, weigh, signal: arrival.stop.signal });
      return { pieces, release: () => this.#leave(arrival) };
    } catch (error) {
      this.#leave(arrival);
      throw error;
    } finally {
      this.#arriving.delete(arrival);
    }
  }

  /** @throws AppError `overloaded` */
  #weigh(arrival: Arrival, bytes: number): void {
    this.#bytes += bytes;
    arrival.bytes += bytes;
    while (this.#bytes > this.#most) {
      const slowest = this.#slowest();
      const error = new AppError(
        'overloaded',
        'the bodies of the requests in flight are as large as this server takes; send it again later',
      );
      if (slowest === undefined || slowest === arrival) throw error;
      this.#leave(slowest);
      slowest.stop.abort(error);
    }
  }

  /** The one that has been arriving for the longest, if that is too long. */
  #slowest(): Arrival | undefined {
    const before = this.#now() - SLOW_MS;
    // They stand in the order in which they began.
    for (const arrival of this.#arriving)
      if (arrival.bytes > 0) return arrival.begin < before ? arrival : undefined;
    return undefined;
  }

  #leave(arrival: Arrival): void {
    this.#bytes -= arrival.bytes;
    arrival.bytes = 0;
    this.#arriving.delete(arrival);
  }
}
