import type { ByteReader } from './byte-reader.js';
import { OtherCodec, type Piece } from './contract.js';

/** How samples are written. */
export type Encoding = 'integer' | 'unsigned' | 'float' | 'alaw' | 'mulaw';

/** Samples one after the other, those of a moment together. */
export interface Pcm {
  encoding: Encoding;
  /** Bytes of a sample. */
  width: number;
  littleEndian: boolean;
  channels: number;
  /** Samples of a second. */
  rate: number;
}

/** Bytes that are decoded at a time. */
const PIECE = 2 ** 16;

type ReadSample = (view: DataView, at: number) => number;

/**
 * Reads samples without compression, or in the two codes of telephony.
 *
 * @param length bytes that hold samples; what does not fill a sample of each channel is left out
 * @throws OtherCodec for a width that the encoding does not have
 */
export async function* readPcm(file: ByteReader, pcm: Pcm, length: number): AsyncGenerator<Piece> {
  const { channels: count, width, rate } = pcm;
  const read = sampleReader(pcm);
  const block = count * width;
  const wanted = Math.max(1, Math.floor(PIECE / block)) * block;
  for (let left = length; left > 0; ) {
    const bytes = await file.take(Math.min(wanted, left));
    const frames = Math.floor(bytes.length / block);
    if (frames === 0) return;
    left -= bytes.length;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const channels = Array.from({ length: count }, (_, channel) => {
      const samples = new Float32Array(frames);
      for (let frame = 0, at = channel * width; frame < frames; frame++, at += block)
        samples[frame] = read(view, at);
      return samples;
    });
    yield { channels, rate };
  }
}

/** Whole numbers lie in -1..1 without its end, as in libsndfile: -1 can be written, and 1 cannot. */
function sampleReader({ encoding, width, littleEndian: little }: Pcm): ReadSample {
  switch (`${encoding} ${width}`) {
    case 'unsigned 1':
      return (view, at) => (view.getUint8(at) - 128) / 2 ** 7;
    case 'integer 1':
      return (view, at) => view.getInt8(at) / 2 ** 7;
    case 'integer 2':
      return (view, at) => view.getInt16(at, little) / 2 ** 15;
    case 'integer 3':
      return little
        ? (view, at) => (view.getInt8(at + 2) * 2 ** 16 + view.getUint16(at, true)) / 2 ** 23
        : (view, at) => (view.getInt8(at) * 2 ** 16 + view.getUint16(at + 1)) / 2 ** 23;
    case 'integer 4':
      return (view, at) => view.getInt32(at, little) / 2 ** 31;
    case 'float 4':
      return (view, at) => view.getFloat32(at, little);
    case 'float 8':
      return (view, at) => view.getFloat64(at, little);
    case 'alaw 1':
      return (view, at) => ALAW[view.getUint8(at)]!;
    case 'mulaw 1':
      return (view, at) => MULAW[view.getUint8(at)]!;
    default:
      throw new OtherCodec(`samples of ${8 * width} bits`);
  }
}

/** The numbers of the A-law by their codes: ITU-T G.711, table 1. */
const ALAW = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = code ^ 0x55;
  const [exponent, mantissa] = [(bits >> 4) & 7, bits & 15];
  const size = exponent === 0 ? 16 * mantissa + 8 : (16 * mantissa + 264) << (exponent - 1);
  return (bits & 0x80 ? size : -size) / 32768;
});

/** The numbers of the mu-law by their codes: ITU-T G.711, table 2. */
const MULAW = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = ~code;
  const size = (((bits & 15) * 8 + 132) << ((bits >> 4) & 7)) - 132;
  return (bits & 0x80 ? -size : size) / 32768;
});
