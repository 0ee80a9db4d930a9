import CodecParser, { type OggPage, type OpusHeader } from 'codec-parser';
import { OpusDecoder } from 'opus-decoder';
import type { Piece, ReadSound } from './contract.js';
import { readOgg } from './ogg.js';

const readOne: ReadSound = async function* (file) {
  let stream: Stream | undefined;
  try {
    for await (const page of pagesOf(file)) {
      if (page.codecFrames.length > 0) {
        stream ??= await Stream.begin(page);
        yield* stream.decode(page);
      }
      if (!page.isLastPage) continue;
      stream?.free();
      stream = undefined;
    }
  } finally {
    stream?.free();
  }
};

/** Opus in Ogg, at 48 kHz: RFC 7845. */
export const readOpus = readOgg('OpusHead', readOne);

/** One recording; a file may hold several, one behind the other. */
class Stream {
  readonly #decoder: OpusDecoder;
  /** Samples at its beginning that are no sound. */
  readonly #skip: number;
  /** The position that its pages tell of its first sample: above 0 where it was cut out of a longer one. */
  #start: number | undefined;
  /** Samples that were decoded. */
  #count = 0;

  private constructor(decoder: OpusDecoder, skip: number) {
    this.#decoder = decoder;
    this.#skip = skip;
  }

  /** @param page with the first sound */
  static async begin(page: OggPage): Promise<Stream> {
    const { channels, streamCount, coupledStreamCount, channelMappingTable, preSkip } = page.codecFrames[0]!
      .header as OpusHeader;
    const layout = { channels, streamCount, coupledStreamCount, channelMappingTable };
    const decoder = new OpusDecoder({ ...layout, preSkip: 0 });
    await decoder.ready;
    return new Stream(decoder, preSkip);
  }

  *decode({ codecFrames, isLastPage, absoluteGranulePosition }: OggPage): Generator<Piece> {
    const { channelData, samplesDecoded, sampleRate } = this.#decoder.decodeFrames(
      codecFrames.map(({ data }) => data),
    );
    const position = Number(absoluteGranulePosition);
    this.#start ??= isLastPage ? 0 : Math.max(0, position - samplesDecoded);
    // The last page says how long the sound is; its last frame may be longer.
    const length = isLastPage ? position - this.#start - this.#count : samplesDecoded;
    const first = this.#skip - this.#count;
    this.#count += samplesDecoded;
    const channels = channelData.map(samples => samples.subarray(Math.max(0, first), Math.max(0, length)));
    if (channels[0]!.length > 0) yield { channels, rate: sampleRate };
  }

  free(): void {
    this.#decoder.free();
  }
}

async function* pagesOf(file: AsyncIterable<Buffer>): AsyncGenerator<OggPage> {
  const parser = new CodecParser('audio/ogg', { enableFrameCRC32: false });
  for await (const bytes of file) yield* parser.parseChunk(bytes) as IterableIterator<OggPage>;
  yield* parser.flush() as IterableIterator<OggPage>;
}
