import { connect, type Socket } from 'node:net';

const BLANK_LINE = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const NOTHING = Buffer.alloc(0);
const READ_BUFFER = 256 * 1024;

export interface Reply {
  /** 0: the connection broke. */
  status: number;
  milliseconds: number;
  /** The body, where it was asked to be kept. */
  body: Buffer | null;
}

/**
 * A keep-alive connection that carries one request at a time.
 *
 * It shares the cores with what it measures, so it does as little as it can: one buffer that is read into again and
 * again, the head searched for the status and the length, the body counted and not looked at.
 */
export class Connection {
  readonly #socket: Socket;
  #onReply: ((reply: Reply) => void) | null = null;
  #keep = false;
  #begin = 0;
  #head: Buffer | null = null;
  #inBody = false;
  #status = 0;
  /** What is left of the body; Infinity for a chunked one. */
  #left = 0;
  #tail: Buffer = NOTHING;
  #kept: Buffer[] = [];

  constructor(port: number) {
    const buffer = Buffer.allocUnsafe(READ_BUFFER);
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer,
        callback: (length: number) => {
          this.#read(buffer.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#reply(0);
    });
  }

  get usable(): boolean {
    return !this.#socket.destroyed;
  }

  /**
   * @param keep whether the reply holds the body
   * @param begin since when the time is counted, when not from now
   */
  send(
    bytes: Buffer,
    onReply: (reply: Reply) => void,
    { keep = false, begin = performance.now() }: { keep?: boolean; begin?: number } = {},
  ): void {
    this.#onReply = onReply;
    this.#keep = keep;
    this.#begin = begin;
    this.#socket.write(bytes);
  }

  close(): void {
    this.#onReply = null;
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    if (this.#inBody) {
      this.#readBody(data);
      return;
    }
    const all = this.#head === null ? data : Buffer.concat([this.#head, data]);
    const end = all.indexOf(BLANK_LINE);
    if (end < 0) {
      this.#head = Buffer.from(all);
      return;
    }
    this.#head = null;
    const head = all.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    this.#left = length ? Number(length[1]) : /\r\ntransfer-encoding: *chunked/i.test(head) ? Infinity : 0;
    this.#inBody = true;
    this.#readBody(all.subarray(end + BLANK_LINE.length));
  }

  #readBody(data: Buffer): void {
    if (this.#keep) this.#kept.push(Buffer.from(data));
    if (this.#left !== Infinity) {
      this.#left -= data.length;
      if (this.#left <= 0) this.#reply(this.#status);
      return;
    }
    this.#tail = Buffer.concat([this.#tail, data.subarray(-LAST_CHUNK.length)]).subarray(-LAST_CHUNK.length);
    if (this.#tail.equals(LAST_CHUNK)) this.#reply(this.#status);
  }

  #reply(status: number): void {
    const body = this.#keep ? Buffer.concat(this.#kept) : null;
    const whole = body !== null && this.#left === Infinity ? unchunk(body) : body;
    const onReply = this.#onReply;
    this.#onReply = null;
    this.#inBody = false;
    this.#kept = [];
    this.#tail = NOTHING;
    onReply?.({ status, milliseconds: performance.now() - this.#begin, body: whole });
  }
}

/** The content of a chunked body. */
function unchunk(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at);
    const length = Number.parseInt(body.toString('latin1', at, end), 16);
    if (!(length > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
}
