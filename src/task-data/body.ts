import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Duplex, type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { hasRoomForFile, watchRoom } from '../data-folder/disk-room.js';
import type { Guard } from '../data-folder/lock.js';
import { codeOf, Unreadable } from './reasons.js';

/** What was asked for, before it is read. Whoever takes it reads it in the same turn of the event loop. */
export interface Body {
  source: Readable;
  /** What it goes through before it is measured, such as a decoder. */
  through: readonly Duplex[];
}

export interface BodyLimits {
  /** The most that is read, in bytes. */
  maxBytes: number;
  signal: AbortSignal;
}

/** The reason of something that is larger than the limit. */
export function tooLarge(maxBytes: number): Unreadable {
  return new Unreadable(`it is larger than ${maxBytes} bytes, the most that is read for one value`);
}

const NO_ROOM: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT'];

/** Why a copy cannot be written to this server's own disk. */
export class Unwritable extends Unreadable {
  /** Whether there is no room for it. */
  readonly full: boolean;

  /** @param error the file system's */
  constructor(error: unknown) {
    const code = codeOf(error);
    const full = NO_ROOM.includes(code);
    super(
      full
        ? 'there is no room for a copy of it on the disk of DATA_DIR; free some, or lower FILE_CACHE'
        : `this server cannot write a copy of it below DATA_DIR (${code}); let it write there`,
    );
    this.full = full;
  }
}

/**
 * Writes a body to a file, piece by piece, and stops as soon as it is over the limit. A file that is left by a failure is
 * the caller's to remove.
 *
 * @param ask asks for the body once the file is open
 * @param guard called before each write
 * @returns its size in bytes
 * @throws Unwritable when the file cannot be written; Unreadable when the body is longer; its own error, or the signal's
 */
export async function save(
  path: string,
  ask: () => Promise<Body>,
  limits: BodyLimits,
  guard: Guard = () => {},
): Promise<number> {
  const file = await open(path, 'w').catch(unwritable);
  const mayWrite = watchRoom(dirname(path), hasRoomForFile);
  try {
    const body = await ask();
    return await pour(body, limits, async chunk => {
      guard();
      if (!mayWrite(chunk.length))
        unwritable(Object.assign(new Error('the disk is nearly full'), { code: 'ENOSPC' }));
      await file.appendFile(chunk).catch(unwritable);
    });
  } finally {
    await file.close();
  }
}

/** @throws Unwritable */
export function unwritable(error: unknown): never {
  throw new Unwritable(error);
}

async function pour(
  { source, through }: Body,
  { maxBytes, signal }: BodyLimits,
  keep: (chunk: Buffer) => Promise<void>,
): Promise<number> {
  let size = 0;
  // Not an async iteration: one that throws ends the pipeline with an AbortError, which hides why.
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > maxBytes) done(tooLarge(maxBytes));
      else keep(chunk).then(() => done(), done);
    },
  });
  await pipeline([source, ...through, sink], { signal });
  return size;
}
