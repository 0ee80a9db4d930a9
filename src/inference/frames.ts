import type { Duplex } from 'node:stream';

/**
 * Messages between the server and a child, over a socket pair: a length (uint32, little-endian) and that many bytes of
 * UTF-8. The first line is a JSON header; what follows is text that the server passes on without reading it.
 *
 * Node's own IPC channel parses every message whole, on the thread that must stay free.
 */
export interface Frame<Header> {
  header: Header;
  /** What follows the header's line. */
  body: Buffer;
}

const LENGTH_BYTES = 4;
const NEWLINE = 0x0a;

/** Text beyond this is written as it is; shorter frames are put together, for one write costs more than a copy. */
const COPY_BYTES = 16_384;

/** Writes a frame; parts of the body are written one after the other. */
export function writeFrame(socket: Duplex, header: object, body: readonly (string | Buffer)[] = []): void {
  const head = `${JSON.stringify(header)}\n`;
  let length = Buffer.byteLength(head);
  for (const part of body) length += typeof part === 'string' ? Buffer.byteLength(part) : part.length;
  if (length <= COPY_BYTES) {
    const frame = Buffer.allocUnsafe(LENGTH_BYTES + length);
    let offset = frame.writeUInt32LE(length, 0);
    offset += frame.write(head, offset);
    for (const part of body)
      offset += typeof part === 'string' ? frame.write(part, offset) : part.copy(frame, offset);
    socket.write(frame);
    return;
  }
  const start = Buffer.allocUnsafe(LENGTH_BYTES);
  start.writeUInt32LE(length, 0);
  socket.cork();
  socket.write(start);
  socket.write(head);
  for (const part of body) socket.write(part);
  socket.uncork();
}

/** Calls back with each frame that arrives. */
export function readFrames<Header>(socket: Duplex, take: (frame: Frame<Header>) => void): void {
  let waiting: Buffer[] = [];
  let held = 0;
  let wanted = LENGTH_BYTES;
  socket.on('data', (chunk: Buffer) => {
    waiting.push(chunk);
    held += chunk.length;
    if (held < wanted) return;
    let data = waiting.length === 1 ? chunk : Buffer.concat(waiting);
    for (;;) {
      wanted = LENGTH_BYTES + (data.length >= LENGTH_BYTES ? data.readUInt32LE(0) : 0);
      if (data.length < Math.max(wanted, LENGTH_BYTES)) break;
      const frame = data.subarray(LENGTH_BYTES, wanted);
      const line = frame.indexOf(NEWLINE);
      data = data.subarray(wanted);
      take({ header: JSON.parse(frame.toString('utf8', 0, line)), body: frame.subarray(line + 1) });
    }
    waiting = data.length === 0 ? [] : [data];
    held = data.length;
  });
}
