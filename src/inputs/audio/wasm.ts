import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import { MPEGDecoder } from 'mpg123-decoder';
import type { Piece, ReadSound } from './contract.js';

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

/** FLAC, alone or in Ogg. */
export const readFlac = readWith(() => new FLACDecoder());
export const readVorbis = readWith(() => new OggVorbisDecoder());
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
  for await (const { channels, rate } of readStereo(watched()))
    yield { channels: isMono === true ? channels.slice(0, 1) : channels, rate };
};
