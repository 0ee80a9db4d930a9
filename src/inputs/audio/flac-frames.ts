import { ByteReader } from './byte-reader.js';

/** Frames of a FLAC file: RFC 9639, section 9. */
export interface FlacFrames {
  frames: Uint8Array[];
  /** Samples of each channel that they hold together. */
  samples: number;
}

/** What the head of a frame says. */
interface Head {
  /** Bytes. */
  length: number;
  samples: number;
  /** The frame's number, or that of its first sample. */
  number: number;
  /** The number of the frame behind it. */
  next: number;
}

const STREAM_INFO = 0;
/** Bytes of a frame's head, at most. */
const MOST_HEAD = 16;
/** A frame without sound has a head, one byte for each channel and a sum. */
const LEAST = 8;
/** Bytes that are looked through at a time. */
const STEP = 2 ** 11;
/** What taggers write behind any file. */
const TAGS = /^(TAG|APETAGEX|ID3|LYRICSBEGIN|\0)/;

/**
 * Takes a FLAC file apart into its frames, of which each carries its sum and its number. A frame that the file does not hold whole at
 * its end is left out, as in FFmpeg.
 *
 * @throws Error with a reason for people when a part of the file is damaged or missing
 */
export async function* flacFrames(pieces: AsyncIterable<Buffer>): AsyncGenerator<FlacFrames> {
  const file = new ByteReader(pieces);
  const most = await mostBytes(file);
  const scan = new Scan();
  let [heard, expected] = [0, -1];
  for (let isEnd = false; !isEnd; ) {
    const more = await file.take(STEP);
    isEnd = more.length < STEP;
    scan.add(more);
    const found: FlacFrames = { frames: [], samples: 0 };
    for (;;) {
      const head = scan.head(0);
      if (!head) break;
      const frame = scan.frame(head, isEnd);
      if (!frame) break;
      if (expected >= 0 && head.number !== expected) throw damaged(heard);
      expected = head.next;
      heard += head.samples;
      found.frames.push(frame);
      found.samples += head.samples;
    }
    if (found.frames.length > 0) yield found;
    const { length } = scan.held;
    if (TAGS.test(scan.held.toString('latin1', 0, MOST_HEAD))) return;
    const isHead = length < MOST_HEAD || scan.head(0) !== undefined;
    if (!isHead || length > most || (isEnd && scan.holdsLater(expected))) throw damaged(heard);
  }
}

function damaged(heard: number): Error {
  return new Error(`it is damaged behind its sample ${heard}`);
}

/** Reads what stands before the frames. @returns bytes of a frame, at most */
async function mostBytes(file: ByteReader): Promise<number> {
  await file.whole(4);
  let most = 0;
  for (;;) {
    const head = await file.whole(4);
    const [kind, length] = [head[0]! & 127, head.readUIntBE(1, 3)];
    if (kind === STREAM_INFO && length >= 34) {
      const info = await file.whole(length);
      const [channels, bits] = [((info[12]! >> 1) & 7) + 1, (((info[12]! & 1) << 4) | (info[13]! >> 4)) + 1];
      // Sound that cannot be packed is written as it is; of two channels, the difference takes one bit more.
      most = info.readUInt16BE(2) * channels * Math.ceil((bits + 1) / 8) + 2 * MOST_HEAD;
    } else await file.skip(length);
    if ((head[0]! & 128) !== 0) return most + STEP;
  }
}

/** The bytes that wait for the end of a frame. */
class Scan {
  held: Buffer = Buffer.alloc(0);
  /** How many of them the sum counts. */
  #at = 0;
  #sum = 0;

  add(bytes: Buffer): void {
    this.held = Buffer.concat([this.held, bytes]);
  }

  /** The frame that the bytes begin with, where its end is known. */
  frame({ length }: Head, isEnd: boolean): Buffer | undefined {
    const { held } = this;
    const end = isEnd ? held.length : held.length - MOST_HEAD;
    for (; this.#at < end; ) {
      this.#sum = ((this.#sum << 8) & 0xffff) ^ SUMS_16[(this.#sum >> 8) ^ held[this.#at]!]!;
      this.#at++;
      // The sum over a frame with its own sum is 0.
      if (this.#sum === 0 && this.#at >= Math.max(length + 2, LEAST) && this.#isEnd(this.#at)) {
        const frame = held.subarray(0, this.#at);
        this.held = held.subarray(this.#at);
        this.#at = 0;
        return frame;
      }
    }
    return undefined;
  }

  #isEnd(at: number): boolean {
    return (
      at === this.held.length ||
      this.head(at) !== undefined ||
      TAGS.test(this.held.toString('latin1', at, at + MOST_HEAD))
    );
  }

  /** Whether a frame begins in them that comes after the one that was expected. */
  holdsLater(expected: number): boolean {
    for (let at = 1; at < this.held.length; at++) {
      const head = this.held[at] === 0xff ? this.head(at) : undefined;
      if (head && head.number > expected) return true;
    }
    return false;
  }

  /** What the head of a frame says that begins there; undefined where none does. */
  head(at: number): Head | undefined {
    const bytes = this.held.subarray(at, at + MOST_HEAD);
    if (bytes.length < 6 || bytes[0] !== 0xff || (bytes[1]! & 0xfe) !== 0xf8) return undefined;
    const [size, rate] = [bytes[2]! >> 4, bytes[2]! & 15];
    if (size === 0 || rate === 15 || bytes[3]! >> 4 > 10 || (bytes[3]! & 0x0f) % 2 === 1) return undefined;
    const coded = codedNumber(bytes.subarray(4));
    if (!coded) return undefined;
    const sizeAt = 4 + coded.length;
    const length = sizeAt + (SIZE_BYTES[size] ?? 0) + (RATE_BYTES[rate] ?? 0) + 1;
    if (bytes.length < length) return undefined;
    let sum = 0;
    for (let index = 0; index < length; index++) sum = SUMS_8[sum ^ bytes[index]!]!;
    if (sum !== 0) return undefined;
    const samples = samplesOf(size, bytes, sizeAt);
    const isVariable = (bytes[1]! & 1) === 1;
    return { length, samples, number: coded.number, next: coded.number + (isVariable ? samples : 1) };
  }
}

/** Bytes behind the number that the size and the rate take, by their codes. */
const SIZE_BYTES: Readonly<Record<number, number>> = { 6: 1, 7: 2 };
const RATE_BYTES: Readonly<Record<number, number>> = { 12: 1, 13: 2, 14: 2 };

function samplesOf(code: number, bytes: Buffer, at: number): number {
  if (code === 1) return 192;
  if (code <= 5) return 576 << (code - 2);
  if (code === 6) return bytes[at]! + 1;
  if (code === 7) return bytes.readUInt16BE(at) + 1;
  return 256 << (code - 8);
}

/** A number as UTF-8 writes characters, up to 36 bits: RFC 9639, section 9.1.5. */
function codedNumber(bytes: Buffer): { number: number; length: number } | undefined {
  const first = bytes[0]!;
  if (first < 0x80) return { number: first, length: 1 };
  const length = Math.clz32(~(first << 24));
  if (length < 2 || length > 7 || bytes.length < length) return undefined;
  let number = first & (0x7f >> length);
  for (const byte of bytes.subarray(1, length)) {
    if (byte >> 6 !== 2) return undefined;
    number = number * 64 + (byte & 63);
  }
  return { number, length };
}

/** The remainders of each byte for a polynomial of so many bits. */
function remainders(bits: number, polynomial: number): Uint16Array {
  const [top, mask] = [1 << (bits - 1), 2 ** bits - 1];
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let rest = byte << (bits - 8);
    for (let bit = 0; bit < 8; bit++) rest = ((rest << 1) ^ (rest & top ? polynomial : 0)) & mask;
    return rest;
  });
}

const SUMS_8 = remainders(8, 0x07);
const SUMS_16 = remainders(16, 0x8005);
