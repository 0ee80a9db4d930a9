import { constants, openSync, write, writeSync } from 'node:fs';

/** Bytes that are written together, and how long they may wait for others, in milliseconds. */
const TOGETHER_BYTES = 8_192;
const TOGETHER_MS = 200;
/** Bytes that are kept while they cannot be written. */
const KEPT_BYTES = 2 ** 20;
/** When it is tried again, in milliseconds: a reader is slow, a disk is full. */
const AGAIN_MS = { busy: 50, failed: 1_000 };
/** How long a process that ends waits for a slow reader, in milliseconds, and how often it looks. */
const LAST_MS = 500;
const LOOK_MS = 10;

/** How bytes are written: `fs.write` with its descriptor, as a rule. It must not wait for a reader. */
export interface Output {
  write(bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void): void;
  /** @returns how many bytes were written */
  writeSync(bytes: Buffer): number;
}

/**
 * Writes the lines of the log, whatever becomes of the place where they go. When the disk is full, nobody reads the pipe or it
 * is closed, up to 1 MB of lines is kept. Further lines are dropped and counted, and a line tells how many when writing works
 * again. The server never waits for it.
 *
 * @example
 * const lines = new LogLines(outputOf(process.stdout));
 * const log = pino(lines);
 * process.on('exit', () => lines.end());
 */
export class LogLines {
  readonly #output: Output;
  readonly #shown: (line: string) => string;
  #waiting: Buffer[] = [];
  /** What is left of what is being written. */
  #rest: Buffer | undefined;
  #inFlight = false;
  /** Of `#waiting` and `#rest` together. */
  #bytes = 0;
  #lost = 0;
  #why = '';
  #timer: NodeJS.Timeout | undefined;

  /** @param shown makes what is written of a line */
  constructor(output: Output, shown: (line: string) => string = line => line) {
    this.#output = output;
    this.#shown = shown;
  }

  /** Bytes that wait to be written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a line. It never throws and never waits. */
  write(line: string): void {
    if (!this.#add(line)) this.#lost++;
    if (this.#bytes >= TOGETHER_BYTES) this.flush();
    else this.#later(TOGETHER_MS);
  }

  /** Begins to write what waits. */
  flush(): void {
    // A timer that is set waits for a place that has just failed.
    if (this.#rest !== undefined || this.#waiting.length === 0) return;
    this.#rest = this.#takeAll();
    this.#attempt();
  }

  /** Writes what can be written at once, before the process ends. */
  end(): void {
    clearTimeout(this.#timer);
    let rest = this.#inFlight ? this.#takeAll() : Buffer.concat([this.#rest ?? Buffer.of(), this.#takeAll()]);
    const until = performance.now() + LAST_MS;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(this.#output.writeSync(rest));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() > until) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
      }
    }
  }

  #add(line: string): boolean {
    const bytes = Buffer.from(this.#shown(line));
    if (this.#bytes + bytes.length > KEPT_BYTES) return false;
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    return true;
  }

  #takeAll(): Buffer {
    const all = Buffer.concat(this.#waiting);
    this.#waiting = [];
    return all;
  }

  #attempt(): void {
    this.#inFlight = true;
    this.#output.write(this.#rest!, (error, written) => {
      this.#inFlight = false;
      if (error) this.#why = error.message;
      if (error || written === 0) {
        this.#later(!error || error.code === 'EAGAIN' ? AGAIN_MS.busy : AGAIN_MS.failed);
        return;
      }
      this.#bytes -= written;
      this.#rest = this.#rest!.subarray(written);
      if (this.#rest.length > 0) return this.#attempt();
      this.#rest = undefined;
      this.#tellLost();
      if (this.#bytes >= TOGETHER_BYTES) this.flush();
      else if (this.#bytes > 0) this.#later(TOGETHER_MS);
    });
  }

  #tellLost(): void {
    if (this.#lost === 0) return;
    const lost = this.#lost;
    const msg = `${lost} lines of the log were lost, as it could not be written: ${this.#why}`;
    if (this.#add(`${JSON.stringify({ level: 40, time: Date.now(), lost, msg })}\n`)) this.#lost = 0;
  }

  /** Goes on after a while, unless that is planned already. */
  #later(milliseconds: number): void {
    if (this.#timer !== undefined || this.#inFlight) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#rest === undefined) this.flush();
      else if (!this.#inFlight) this.#attempt();
    }, milliseconds).unref();
  }
}

/**
 * How a process writes to its standard output without ever waiting. Writing to a pipe that nobody reads, or to a terminal that is
 * stopped, would hold a thread for as long, and the process could not even end.
 */
export function outputOf({ fd, isTTY }: NodeJS.WriteStream & { fd: number }): Output {
  // Node itself makes a pipe one that does not wait, when `process.stdout` is first used. A terminal is opened once more for that:
  // others may use it, too.
  const own = isTTY ? openedAgain(fd) : fd;
  return {
    write: (bytes, done) => write(own, bytes, done),
    writeSync: bytes => writeSync(own, bytes),
  };
}

function openedAgain(fd: number): number {
  try {
    return openSync(`/dev/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd;
  }
}
