import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import { MPEGDecoder } from 'mpg123-decoder';
import type { Piece, ReadSound } from './contract.js';
import { flacFrames } from './flac-frames.js';
import { readOgg } from './ogg.js';

/** What a decoder says at a time. */
interface Decoded {
  channelData: Float32Array[];
  sampleRate: number;
}

interface Decoder {
  ready: Promise<void>;
  decode(bytes: Uint8Array): Decoded | Promise<Decoded>;
  flush?(): Decoded | Promise<Decoded>;
  free(): void;
}

function readWith(create: () => Decoder): ReadSound {
  return async function* (file) {
    const decoder = create();
    await decoder.ready;
    try {
      for await (const bytes of file) yield* pieceOf(await decoder.decode(bytes));
      if (decoder.flush) yield* pieceOf(await decoder.flush());
    } finally {
      decoder.free();
    }
  };
}

function* pieceOf({ channelData: channels, sampleRate: rate }: Decoded): Generator<Piece> {
  if (channels.length > 0 && channels[0]!.length > 0) yield { channels, rate };
}

/** FLAC that is not in Ogg. */
export const readFlac: ReadSound = async function* (file) {
  const decoder = new FLACDecoder();
  await decoder.ready;
  try {
    let heard = 0;
    for await (const { frames, samples } of flacFrames(file)) {
      const decoded = await decoder.decodeFrames(frames);
      if (decoded.samplesDecoded !== samples) throw new Error(`it is damaged behind its sample ${heard}`);
      heard += samples;
      yield* pieceOf(scaled(decoded));
    }
  } finally {
    decoder.free();
  }
};

export const readOggFlac = readOgg(
  '\x7fFLAC',
  readWith(() => {
    const decoder = new FLACDecoder();
    return {
      ready: decoder.ready,
      decode: async bytes => scaled(await decoder.decode(bytes)),
      flush: async () => scaled(await decoder.flush()),
      free: () => decoder.free(),
    };
  }),
);

/** The decoder divides by the largest number of the file's bits; the others, and WAV files here, by the one above it. */
function scaled<T extends Decoded & { bitDepth: number }>(decoded: T): T {
  const factor = 1 - 2 ** (1 - decoded.bitDepth);
  for (const samples of decoded.channelData)
    for (let at = 0; at < samples.length; at++) samples[at]! *= factor;
  return decoded;
}

export const readVorbis = readOgg(
  '\x01vorbis',
  readWith(() => new OggVorbisDecoder()),
);
const readStereo = readWith(() => new MPEGDecoder());

/** MPEG audio. The decoder writes one channel twice. */
export const readMp3: ReadSound = async function* (file) {
  let isMono: boolean | undefined;
  const watched = async function* () {
    for await (const bytes of file) {
      // The channel mode of the first frame's header: ISO/IEC 11172-3, 2.4.2.3.
      isMono ??= bytes.length >= 4 && bytes[3]! >> 6 === 3;
      yield bytes;
    }
  };
  let first: number | undefined;
  for await (const { channels, rate } of readStereo(watched())) {
    first ??= rate;
    // Where in the piece it changes, the decoder does not say.
    if (rate !== first)
      throw new Error(`it changes from ${first} to ${rate} samples a second: encode it again with one rate`);
    if (isMono === true && !isSame(channels[0]!, channels[1]!))
      throw new Error('it changes from one channel to two: encode it again with as many all the time');
    yield { channels: isMono === true ? channels.slice(0, 1) : channels, rate };
  }
};

function isSame(one: Float32Array, other: Float32Array): boolean {
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
  return bytesOf(one).equals(bytesOf(other));
}
