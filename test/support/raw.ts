import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An answer as it stood on the connection. */
export interface RawAnswer {
  status: number;
  head: string;
  body: string;
}

/** A connection that sends whatever it is given, and takes apart what comes back. */
export class RawConnection {
  readonly socket: Socket;
  /** Resolves with all that came, when the server has closed the connection. */
  readonly closed: Promise<RawAnswer[]>;
  #received = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#received += text;
    });
    // A server that closes a connection on which something is unread resets it.
    socket.on('error', () => {});
    this.closed = new Promise(resolve => socket.once('close', () => resolve(this.answers())));
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const connection = new RawConnection(socket);
    await once(socket, 'connect');
    return connection;
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Whole answers so far. */
  answers(): RawAnswer[] {
    const found: RawAnswer[] = [];
    let rest = this.#received;
    for (;;) {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return found;
      const head = rest.slice(0, end);
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
      const body = rest.slice(end + 4, end + 4 + length);
      if (body.length < length) return found;
      found.push({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head, body });
      rest = rest.slice(end + 4 + length);
    }
  }

  /** Resolves when so many answers are there. */
  async count(wanted: number): Promise<RawAnswer[]> {
    while (this.answers().length < wanted) await once(this.socket, 'data');
    return this.answers();
  }
}

/** The bytes of a request. */
export function rawPost(path: string, body: string, headers: Record<string, string | number> = {}): string {
  const all = {
    Host: 'localhost',
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}
