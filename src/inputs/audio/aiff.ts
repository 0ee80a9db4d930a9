import { ByteReader } from './byte-reader.js';
import { OtherCodec, type Piece } from './contract.js';
import { type Pcm, readPcm } from './pcm.js';

/** What AIFF-C calls its codecs; `integer` where it is absent. */
const CODECS: Readonly<Record<string, Pick<Pcm, 'encoding' | 'littleEndian'>>> = {
  NONE: { encoding: 'integer', littleEndian: false },
  twos: { encoding: 'integer', littleEndian: false },
  sowt: { encoding: 'integer', littleEndian: true },
  'raw ': { encoding: 'unsigned', littleEndian: false },
  fl32: { encoding: 'float', littleEndian: false },
  FL32: { encoding: 'float', littleEndian: false },
  fl64: { encoding: 'float', littleEndian: false },
  FL64: { encoding: 'float', littleEndian: false },
  alaw: { encoding: 'alaw', littleEndian: false },
  ALAW: { encoding: 'alaw', littleEndian: false },
  ulaw: { encoding: 'mulaw', littleEndian: false },
  ULAW: { encoding: 'mulaw', littleEndian: false },
};
/** No chunk `COMM` is as long. */
const MOST_COMMON = 2 ** 16;

/**
 * AIFF and AIFF-C files.
 *
 * https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/AIFF/AIFF.html
 */
export async function* readAiff(pieces: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  const file = new ByteReader(pieces);
  await file.take(12);
  let common: Buffer | undefined;
  for (;;) {
    const head = await file.whole(8);
    const [name, length] = [head.toString('latin1', 0, 4), head.readUInt32BE(4)];
    if (name === 'COMM') {
      if (length < 18 || length > MOST_COMMON) throw new Error('its chunk COMM is broken');
      common = await file.whole(length);
      await file.skip(length % 2);
    } else if (name === 'SSND') {
      if (!common) throw new Error('its samples stand before their format');
      const place = await file.whole(8);
      await file.skip(place.readUInt32BE(0));
      yield* readPcm(file, pcmOf(common), length - 8);
      return;
    } else await file.skip(length + (length % 2));
  }
}

function pcmOf(common: Buffer): Pcm {
  const channels = common.readUInt16BE(0);
  if (channels === 0) throw new Error('it has no channels');
  const name = common.length >= 22 ? common.toString('latin1', 18, 22) : 'NONE';
  const codec = CODECS[name];
  if (!codec) throw new OtherCodec(`AIFF-C ${name}`);
  const { encoding } = codec;
  const isLaw = encoding === 'alaw' || encoding === 'mulaw';
  const width = isLaw ? 1 : Math.ceil(common.readUInt16BE(6) / 8);
  return { ...codec, width, channels, rate: extended(common, 8) };
}

/** A number of 80 bits: sign and exponent, then the mantissa with its first bit. */
function extended(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64BE(at + 2)) * 2 ** (bytes.readUInt16BE(at) - 16383 - 63);
}
