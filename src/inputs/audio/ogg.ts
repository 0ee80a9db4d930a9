import { ByteReader } from './byte-reader.js';
import type { ReadSound } from './contract.js';

/** A page of an Ogg file: RFC 3533, section 6. */
interface Page {
  bytes: Buffer;
  /** Whether a recording begins with it. */
  isFirst: boolean;
  isLast: boolean;
  /** Of the recording; others may lie between its pages. */
  serial: number;
  sequence: number;
  /** Whether sound lies before its end. */
  hasSound: boolean;
}

const NAME = 'OggS';
const HEAD = 27;
/** Where the sum over the page stands, itself counted as 0. */
const SUM = 22;
const NO_POSITION = 2n ** 64n - 1n;

/**
 * Reads Ogg files that hold one recording or several, one behind the other. The pages are checked, and one that the file does not
 * hold whole is left out, as in FFmpeg.
 *
 * @param begin how the first packet of a recording of this format begins
 * @param read reads a file of one recording; it gets its pages one by one
 */
export function readOgg(begin: string, read: ReadSound): ReadSound {
  return async function* (file) {
    const pages = oggPages(file);
    const take = async () => (await pages.next()).value ?? undefined;
    let page = await take();
    const recording = async function* (first: Page): AsyncGenerator<Buffer> {
      let last = first;
      yield first.bytes;
      for (;;) {
        page = await take();
        if (!page || (page.isFirst && (last.hasSound || last.isLast))) return;
        if (page.serial !== first.serial) continue;
        if (last.hasSound && page.sequence !== last.sequence + 1)
          throw new Error(`it is damaged: of its Ogg pages, number ${last.sequence + 1} is missing`);
        last = page;
        yield page.bytes;
      }
    };
    while (page) {
      // Recordings that are played at once begin one behind the other; the first one of this format is heard.
      while (page?.isFirst && packetOf(page).toString('latin1', 0, begin.length) !== begin)
        page = await take();
      if (!page?.isFirst) throw new Error('it goes on in another format behind its first recording');
      yield* read(recording(page));
    }
  };
}

const packetOf = ({ bytes }: Page) => bytes.subarray(HEAD + bytes[HEAD - 1]!);

async function* oggPages(pieces: AsyncIterable<Buffer>): AsyncGenerator<Page> {
  const file = new ByteReader(pieces);
  for (let count = 0; ; count++) {
    const head = await file.take(HEAD);
    // Taggers write behind any file.
    if (head.length < HEAD || (count > 0 && /^(TAG|APETAGEX|\0)/.test(head.toString('latin1')))) return;
    if (head.toString('latin1', 0, NAME.length) !== NAME)
      throw new Error(`it is damaged: no Ogg page follows page ${count}`);
    const table = await file.take(head[HEAD - 1]!);
    const size = table.reduce((sum, length) => sum + length, 0);
    const data = await file.take(size);
    const bytes = Buffer.concat([head, table, data]);
    if (table.length < head[HEAD - 1]! || data.length < size) return;
    if (sumOf(bytes) !== head.readUInt32LE(SUM))
      throw new Error(`it is damaged: the checksum of Ogg page ${count + 1} is wrong`);
    const position = head.readBigUInt64LE(6);
    yield {
      bytes,
      isFirst: (head[5]! & 2) !== 0,
      isLast: (head[5]! & 4) !== 0,
      serial: head.readUInt32LE(14),
      sequence: head.readUInt32LE(18),
      hasSound: position > 0n && position < NO_POSITION,
    };
  }
}

/** The remainders of each byte for the polynomial 0x04c11db7. */
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte << 24;
  for (let bit = 0; bit < 8; bit++) rest = rest < 0 ? (rest << 1) ^ 0x04c11db7 : rest << 1;
  return rest;
});

function sumOf(page: Buffer): number {
  let sum = 0;
  for (let at = 0; at < page.length; at++) {
    const byte = at >= SUM && at < SUM + 4 ? 0 : page[at]!;
    sum = (sum << 8) ^ REMAINDERS[(sum >>> 24) ^ byte]!;
  }
  return sum >>> 0;
}
