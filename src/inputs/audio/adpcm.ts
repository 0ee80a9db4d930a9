import type { ByteReader } from './byte-reader.js';
import { OtherCodec, type Piece } from './contract.js';

/** Their format tags in WAV files: RFC 2361, appendix A. */
export const MS_ADPCM = 0x02;
export const IMA_ADPCM = 0x11;

/** Blocks that are decoded at a time. */
const BLOCKS = 64;

/** What a WAV file says of its blocks. */
export interface AdpcmHeader {
  channels: number;
  rate: number;
  /** Bytes of a block. */
  block: number;
  /** The whole chunk `fmt `. */
  format: Buffer;
}

/** How the blocks of a file are read. */
interface Codec {
  /** Samples of a channel that a block has room for. */
  room: number;
  /** Writes the samples of a block, -32768..32767, of each channel at most `room`. */
  decode(block: Buffer, out: readonly Int16Array[]): void;
}

/**
 * Reads the two codecs of 4 bits a sample that WAV files have: each sample is a step from the one before.
 *
 * https://wiki.multimedia.cx/index.php/IMA_ADPCM, https://wiki.multimedia.cx/index.php/Microsoft_ADPCM
 *
 * @param length bytes that hold blocks
 * @throws Error with a reason for people when the header is broken
 */
export async function* readAdpcm(
  file: ByteReader,
  tag: number,
  header: AdpcmHeader,
  length: number,
): AsyncGenerator<Piece> {
  const { channels: count, rate, block: size, format } = header;
  const { room, decode } = tag === IMA_ADPCM ? ima(header) : microsoft(header);
  const told = format.length >= 20 ? format.readUInt16LE(18) : 0;
  const samples = told > 0 && told < room ? told : room;
  const own = Array.from({ length: count }, () => new Int16Array(room));
  for (let left = length; left > 0; ) {
    const bytes = await file.take(Math.min(BLOCKS * size, left));
    const blocks = Math.floor(bytes.length / size);
    if (blocks === 0) return;
    left -= bytes.length;
    const channels = own.map(() => new Float32Array(blocks * samples));
    for (let block = 0; block < blocks; block++) {
      decode(bytes.subarray(block * size, (block + 1) * size), own);
      for (const [channel, out] of channels.entries())
        for (let at = 0; at < samples; at++) out[block * samples + at] = own[channel]![at]! / 2 ** 15;
    }
    yield { channels, rate };
  }
}

const clamp = (sample: number) => Math.max(-32768, Math.min(32767, sample));

const IMA_INDEX = [-1, -1, -1, -1, 2, 4, 6, 8];
const IMA_STEPS = Int16Array.of(
  ...[
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88,
  ],
  ...[97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658],
  ...[724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660],
  ...[4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818],
  ...[18500, 20350, 22385, 24623, 27086, 29794, 32767],
);

/** A first sample of each channel, then words of 4 bytes, one channel's after the other. */
function ima({ channels, block: size }: AdpcmHeader): Codec {
  const words = (size - 4 * channels) / (4 * channels);
  if (!Number.isInteger(words) || words < 0) throw new Error(`its header is broken: blocks of ${size} bytes`);
  return {
    room: 1 + 8 * words,
    decode(block, out) {
      for (let channel = 0; channel < channels; channel++) {
        const samples = out[channel]!;
        let sample = block.readInt16LE(4 * channel);
        let index = Math.min(block[4 * channel + 2]!, 88);
        samples[0] = sample;
        for (let at = 1; at < samples.length; at++) {
          const nibbles = (at - 1) % 8;
          const word = (at - 1 - nibbles) / 8;
          const byte = block[4 * (channels + word * channels + channel) + (nibbles >> 1)]!;
          const nibble = nibbles % 2 === 0 ? byte & 15 : byte >> 4;
          const step = IMA_STEPS[index]!;
          let change = step >> 3;
          if (nibble & 4) change += step;
          if (nibble & 2) change += step >> 1;
          if (nibble & 1) change += step >> 2;
          sample = clamp(nibble & 8 ? sample - change : sample + change);
          samples[at] = sample;
          index = Math.max(0, Math.min(88, index + IMA_INDEX[nibble & 7]!));
        }
      }
    },
  };
}

const MS_ADAPTATION = [230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230];

/** Of each channel which coefficients it has, a step and two samples, then a nibble of each channel in turn. */
function microsoft({ channels, block: size, format }: AdpcmHeader): Codec {
  const room = 2 + Math.floor((2 * (size - 7 * channels)) / channels);
  if (size < 7 * channels) throw new Error(`its header is broken: blocks of ${size} bytes`);
  if (channels > 2) throw new OtherCodec(`MS ADPCM of ${channels} channels`);
  const pairs = coefficients(format);
  return {
    room,
    decode(block, out) {
      const states = out.map((samples, channel) => {
        const pair = pairs[block[channel]!];
        if (!pair) throw new Error('a block of it is broken');
        const word = (at: number) => block.readInt16LE(channels + 2 * (at * channels + channel));
        const [step, last, before] = [word(0), word(1), word(2)];
        samples[0] = before;
        samples[1] = last;
        return { pair, step, last, before };
      });
      for (let at = 2; at < room; at++) {
        for (const [channel, state] of states.entries()) {
          const place = (at - 2) * channels + channel;
          const byte = block[7 * channels + (place >> 1)]!;
          const nibble = place % 2 === 0 ? byte >> 4 : byte & 15;
          const guess = (state.last * state.pair[0] + state.before * state.pair[1]) >> 8;
          const sample = clamp(guess + (nibble < 8 ? nibble : nibble - 16) * state.step);
          out[channel]![at] = sample;
          state.before = state.last;
          state.last = sample;
          state.step = Math.max(16, (MS_ADAPTATION[nibble]! * state.step) >> 8);
        }
      }
    },
  };
}

/** Behind the samples of a block and their number, in the chunk `fmt `. */
function coefficients(format: Buffer): [number, number][] {
  const count = format.length >= 22 ? format.readUInt16LE(20) : 0;
  if (format.length < 22 + 4 * count) throw new Error('its header is broken: it lacks coefficients');
  return Array.from({ length: count }, (_, at) => [
    format.readInt16LE(22 + 4 * at),
    format.readInt16LE(24 + 4 * at),
  ]);
}
