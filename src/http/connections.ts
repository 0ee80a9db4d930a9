import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A client that takes longer to send its request, or to read its answer, gives way to others. */
const SLOW_MS = 5_000;
/** Each takes memory, whatever the system allows. */
const MOST = 10_000;
/** Files, pipes to processes and addresses that are fetched need descriptors, too. */
const RESERVED = 256;

/**
 * How many connections a process may hold, so that some of its descriptors are left for all else.
 * @param descriptors what it may have open; null: nobody knows
 */
export function connectionsFor(descriptors: number | null): number {
  if (descriptors === null) return MOST;
  return Math.min(MOST, descriptors - Math.min(RESERVED, Math.ceil(descriptors / 2)));
}

interface Connection {
  /** In flight: of one behind the other, there may be several. */
  answers: Set<ServerResponse>;
  /** When the last request began, in milliseconds by a clock that nobody sets. */
  begin: number;
}

/** The connections of a server. Beyond so many, those that do nothing are closed for new ones. */
export class Connections {
  readonly #most: number;
  readonly #now: () => number;
  readonly #all = new Map<Socket, Connection>();
  /** Those without a request in flight, the longest idle first. */
  readonly #idle = new Set<Socket>();

  /**
   * @param most how many there may be
   * @param now milliseconds by a clock that nobody sets
   */
  constructor(most: number, now = () => performance.now()) {
    this.#most = most;
    this.#now = now;
  }

  /** Takes a new connection; closes it when there is no room, and all others are busy. */
  add(socket: Socket): void {
    if (this.#all.size >= this.#most) {
      const other = this.#dispensable();
      if (other === undefined) return void socket.destroy();
      this.#leave(other);
      other.destroy();
    }
    this.#all.set(socket, { answers: new Set(), begin: 0 });
    this.#idle.add(socket);
    socket.once('close', () => this.#leave(socket));
  }

  /** A request has come on a connection. */
  begin(socket: Socket, response: ServerResponse): void {
    const connection = this.#all.get(socket);
    if (!connection) return;
    const { answers } = connection;
    connection.begin = this.#now();
    answers.add(response);
    this.#idle.delete(socket);
    response.once('close', () => {
      answers.delete(response);
      if (answers.size === 0 && this.#all.has(socket)) this.#idle.add(socket);
    });
  }

  /** All that are in flight. */
  *answers(): Iterable<ServerResponse> {
    for (const { answers } of this.#all.values()) yield* answers;
  }

  /** Closes those that never sent anything. */
  closeSilent(): void {
    for (const socket of this.#all.keys()) if (socket.bytesRead === 0) socket.destroy();
  }

  /** One that others need not wait for. */
  #dispensable(): Socket | undefined {
    const [idle] = this.#idle;
    if (idle) return idle;
    const before = this.#now() - SLOW_MS;
    for (const [socket, { answers, begin }] of this.#all) {
      // The server works on what arrived whole and is not answered yet: that is no fault of the client.
      if (begin < before && [...answers].every(waitsForClient)) return socket;
    }
    return undefined;
  }

  #leave(socket: Socket): void {
    this.#all.delete(socket);
    this.#idle.delete(socket);
  }
}

/** Whether its request or its answer is on its way: an answer that has begun is one that nobody reads, or a stream without end. */
function waitsForClient({ req, headersSent }: ServerResponse): boolean {
  return !req.complete || headersSent;
}
