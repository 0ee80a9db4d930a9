import { IMA_ADPCM, MS_ADPCM, readAdpcm } from './adpcm.js';
import { ByteReader } from './byte-reader.js';
import { OtherCodec, type Piece } from './contract.js';
import { type Encoding, readPcm } from './pcm.js';

/** Format tags: RFC 2361, appendix A. */
const ENCODINGS: Readonly<Record<number, Encoding>> = { 1: 'integer', 3: 'float', 6: 'alaw', 7: 'mulaw' };
const EXTENSIBLE = 0xfffe;
/** Where the real tag stands in an extensible format: the first two bytes of a GUID. */
const SUB_FORMAT = 24;
/** What stands for a length that is not known, or that a chunk `ds64` tells. */
const NO_LENGTH = 0xffffffff;
/** Lengths from here on stand for one that is not known: recorders write the largest one that they have room for. */
const UNKNOWN = 0x7fff_0000;
/** No chunk `fmt ` is as long. */
const MOST_FORMAT = 2 ** 16;

/**
 * WAV files, also those of more than 4 GiB (RF64, BW64), whose length the header does not know yet, and those that ffmpeg
 * writes to a pipe.
 *
 * http://soundfile.sapp.org/doc/WaveFormat/, https://www.itu.int/rec/R-REC-BS.2088
 */
export async function* readWav(pieces: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  const file = new ByteReader(pieces);
  const told = await file.take(12);
  // Where the file ends as it says itself; who writes to a pipe does not know it.
  const size = told.length === 12 ? told.readUInt32LE(4) : 0;
  const end = size < UNKNOWN ? size + 8 : 0;
  let at = 12;
  let format: Buffer | undefined;
  let large: number | undefined;
  for (;;) {
    const head = await file.whole(8);
    const [name, length] = [head.toString('latin1', 0, 4), head.readUInt32LE(4)];
    at += head.length;
    if (name === 'data') {
      if (!format) throw new Error('its samples stand before their format');
      const known = length === NO_LENGTH ? large : length;
      // A recorder that writes to a pipe leaves 0; one that recorded nothing may write what else it has behind it.
      if (known === 0 && end > at) return;
      yield* samplesOf(file, format, known || Number.POSITIVE_INFINITY);
      return;
    }
    if (name === 'fmt ') {
      if (length < 16 || length > MOST_FORMAT) throw new Error('its format chunk is broken');
      format = await file.whole(length);
      await file.skip(length % 2);
    } else if (name === 'ds64' && length >= 16) {
      const sizes = await file.take(16);
      if (sizes.length === 16) large = Number(sizes.readBigUInt64LE(8));
      await file.skip(length - 16 + (length % 2));
    } else await file.skip(length + (length % 2));
    at += length + (length % 2);
  }
}

function samplesOf(file: ByteReader, format: Buffer, length: number): AsyncIterable<Piece> {
  const [channels, rate] = [format.readUInt16LE(2), format.readUInt32LE(4)];
  const [block, bits] = [format.readUInt16LE(12), format.readUInt16LE(14)];
  let tag = format.readUInt16LE(0);
  if (tag === EXTENSIBLE && format.length >= SUB_FORMAT + 2) tag = format.readUInt16LE(SUB_FORMAT);
  if (channels === 0) throw new Error('it has no channels');
  if (tag === IMA_ADPCM || tag === MS_ADPCM)
    return readAdpcm(file, tag, { channels, rate, block, format }, length);
  const encoding = ENCODINGS[tag];
  if (encoding === undefined) throw new OtherCodec(`WAV format 0x${tag.toString(16)}`);
  const width = block / channels;
  if (!Number.isInteger(width) || width * 8 < bits || width === 0)
    throw new Error(`its header is broken: ${block} bytes for ${channels} channels of ${bits} bits`);
  const own = encoding === 'integer' && width === 1 ? 'unsigned' : encoding;
  return readPcm(file, { encoding: own, width, littleEndian: true, channels, rate }, length);
}
