import { type FileHandle, open } from 'node:fs/promises';
import type { Guard } from '../data-folder/lock.js';

/** Bytes that are kept of a log: its beginning, written as it comes, and its end. */
export interface LogLimits {
  head: number;
  tail: number;
}

const LIMITS: LogLimits = { head: 8 * 2 ** 20, tail: 2 ** 20 };

/** A job's `log.txt`: everything that was written, but of endless output the beginning and the end only. */
export class JobLog {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #limits: LogLimits;
  readonly #guard: Guard;
  #size: number;
  #tail: Buffer[] = [];
  #tailSize = 0;
  #left = 0;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: FileHandle, size: number, limits: LogLimits, guard: Guard) {
    this.#guard = guard;
    this.#path = path;
    this.#file = file;
    this.#size = size;
    this.#limits = limits;
  }

  /**
   * Opens a log, to write behind what it holds.
   * @param guard called before each write
   */
  static async open(path: string, limits: LogLimits = LIMITS, guard: Guard = () => {}): Promise<JobLog> {
    guard();
    const file = await open(path, 'a');
    return new JobLog(path, file, (await file.stat()).size, limits, guard);
  }

  /** Resolves when it is written; a log that cannot be written (a full disk) fails no job. */
  write(chunk: Buffer | string): Promise<void> {
    const bytes = Buffer.from(chunk);
    if (this.#tailSize === 0 && this.#size + bytes.length <= this.#limits.head) {
      this.#size += bytes.length;
      const written = this.#last.then(() => this.#append(bytes));
      this.#last = written;
      return written;
    }
    this.#tail.push(bytes);
    this.#tailSize += bytes.length;
    while (this.#tailSize - this.#tail[0]!.length >= this.#limits.tail) {
      const { length } = this.#tail.shift()!;
      this.#tailSize -= length;
      this.#left += length;
    }
    return Promise.resolve();
  }

  /** The last lines, of so many bytes at most. */
  async end(bytes: number): Promise<string> {
    await this.#last;
    if (this.#tailSize > 0) return lastLines(Buffer.concat(this.#tail), bytes);
    return readEnd(this.#path, bytes);
  }

  async #append(bytes: Buffer): Promise<void> {
    try {
      this.#guard();
      await this.#file.appendFile(bytes);
    } catch {
      // A full disk, or another server has the folder.
    }
  }

  async close(): Promise<void> {
    await this.#last;
    if (this.#tailSize > 0) {
      const left = this.#left > 0 ? `\n... ${this.#left} bytes are left out here ...\n` : '';
      await this.#append(Buffer.concat([Buffer.from(left), ...this.#tail]));
    }
    await this.#file.close();
  }
}

/** The last lines of a file, of so many bytes at most; empty when there is no such file. */
export async function readEnd(path: string, bytes: number): Promise<string> {
  const file = await open(path).catch(() => null);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    // A byte more tells whether a line begins there.
    const from = Math.max(0, size - bytes - 1);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    return lastLines(buffer.subarray(0, bytesRead), bytes);
  } finally {
    await file.close();
  }
}

function lastLines(text: Buffer, bytes: number): string {
  if (text.length <= bytes) return text.toString();
  const kept = text.subarray(text.length - bytes - 1);
  const line = kept.indexOf('\n') + 1;
  return kept.subarray(line === kept.length ? 1 : line).toString();
}
