import { type FileValue, fileBytes, filePath } from '../file.js';
import { type FileTime, mediaTime } from '../media-time.js';
import { OtherCodec, type Piece } from './contract.js';
import { readWithFfmpeg } from './ffmpeg.js';
import { behindTags, FORMATS, MP3 } from './formats.js';
import { type Filter, Resampler, resamplingFilter } from './resample.js';

export interface SoundOptions {
  /** Samples a second that the model takes. */
  sample_rate: number;
  /** Which channel it hears, from 0; absent: the mean of all. */
  channel?: number;
}

/** A recording at the model's rate, one channel. */
export interface Sound {
  /** -1..1, but for files that say otherwise. */
  samples: Float32Array;
  /** Seconds that the file holds. */
  duration: number;
}

export type DecodeSound = (value: FileValue) => Promise<Sound>;

/** Samples of a recording at the model's rate, at most: 256 MiB, 70 minutes at 16 kHz. A small file can hold far more. */
export const MOST_SAMPLES = 2 ** 26;
/** Bytes that are decoded at a time: what comes of them is seen before it is too much. */
const STEP = 2 ** 14;
/** Samples a second that a recording can have. */
const RATES = { least: 1_000, most: 768_000 };
/** Channels of a recording, at most: as many as the option `channel` can name. */
const MOST_CHANNELS = 32;
/** What files say of their length may be a little more than what is heard. */
const SLACK_S = 1;
/** Filters that are kept: recordings of a project have few rates. */
const MOST_FILTERS = 8;

/**
 * Makes the decoder. Only the inference children use it: the server never decodes.
 *
 * @returns a function that throws an Error with a reason for people when it cannot decode
 */
export function soundDecoder({ sample_rate, channel }: SoundOptions): DecodeSound {
  const filters = new Map<number, Filter>();

  const filterFrom = (rate: number): Filter => {
    const known = filters.get(rate);
    if (known) return known;
    const filter = resamplingFilter(rate, sample_rate);
    if (filters.size === MOST_FILTERS) filters.clear();
    filters.set(rate, filter);
    return filter;
  };

  const tooLong = () => new Error(`it is longer than ${minutes(sample_rate)} minutes`);
  const most = MOST_SAMPLES / sample_rate + SLACK_S;

  return async value => {
    const time = mediaTime.file();
    const samples: Float32Array[] = [];
    let [count, before, heard] = [0, 0, 0];
    let rate: number | undefined;
    let resampler: Resampler | undefined;
    const add = (more: Float32Array) => {
      count += more.length;
      if (count > MOST_SAMPLES) throw tooLong();
      samples.push(more);
    };
    for await (const piece of piecesOf(value, time, most, tooLong)) {
      checkChannels(piece.channels.length);
      // Files that were joined may hold several rates.
      if (piece.rate !== rate) {
        if (!(piece.rate >= RATES.least && piece.rate <= RATES.most))
          throw new Error(`it has ${piece.rate} samples a second`);
        if (resampler) add(resampler.finish());
        if (rate !== undefined) before += heard / rate;
        heard = 0;
        rate = piece.rate;
        resampler = rate === sample_rate ? undefined : new Resampler(filterFrom(rate));
      }
      const mixed = oneChannel(piece.channels, channel);
      heard += mixed.length;
      add(resampler?.push(mixed) ?? mixed);
    }
    if (resampler) add(resampler.finish());
    if (count === 0) throw new Error('it holds no sound');
    return { samples: joined(samples, count), duration: before + heard / rate! };
  };
}

async function* piecesOf(
  value: FileValue,
  time: FileTime,
  most: number,
  tooLong: () => Error,
): AsyncGenerator<Piece> {
  const bytes = await fileBytes(value);
  const begin = behindTags(bytes);
  const file = bytes.subarray(begin);
  const format = FORMATS.find(({ test }) => test(file)) ?? (begin > 0 ? MP3 : undefined);
  if (!format) throw new Error(`it is none of ${FORMATS.map(({ name }) => name).join(', ')}`);
  if ((format.seconds?.(file) ?? 0) > most) throw tooLong();
  checkChannels(format.channels?.(file) ?? 0);
  try {
    if (format.read) return yield* format.read(inPieces(file, format.step ?? STEP, time));
  } catch (error) {
    // What decoders of others throw at bytes that they do not expect.
    if (error instanceof Error && /^(Type|Range|Runtime)Error$/.test(error.name))
      throw new Error('it is broken: its decoder could not go on', { cause: error });
    if (!(error instanceof OtherCodec)) throw error;
  }
  const { path, release } = await filePath(value);
  try {
    yield* readWithFfmpeg(path, time, most, tooLong);
  } finally {
    await release();
  }
}

async function* inPieces(bytes: Buffer, step: number, time: FileTime): AsyncGenerator<Buffer> {
  const look = time.work();
  for (let from = 0; from < bytes.length; from += step) {
    yield bytes.subarray(from, from + step);
    look();
  }
}

function checkChannels(count: number): void {
  if (count > MOST_CHANNELS)
    throw new Error(`it has ${count} channels, and at most ${MOST_CHANNELS} are read`);
}

function oneChannel(channels: readonly Float32Array[], wanted: number | undefined): Float32Array {
  if (wanted !== undefined) {
    const samples = channels[wanted];
    if (!samples) throw new Error(`it has ${channels.length} channels, and the model hears number ${wanted}`);
    return samples;
  }
  if (channels.length === 1) return channels[0]!;
  const sum = channels[0]!.slice();
  for (const samples of channels.slice(1)) for (let at = 0; at < sum.length; at++) sum[at]! += samples[at]!;
  for (let at = 0; at < sum.length; at++) sum[at]! /= channels.length;
  return sum;
}

function joined(pieces: readonly Float32Array[], count: number): Float32Array {
  const samples = new Float32Array(count);
  let at = 0;
  for (const piece of pieces) {
    samples.set(piece, at);
    at += piece.length;
  }
  // Files of floating point numbers can hold anything; what is not finite times 0 is NaN.
  let check = 0;
  for (const sample of samples) check += sample * 0;
  if (Number.isNaN(check)) throw new Error('some of its samples are no numbers');
  return samples;
}

function minutes(rate: number): number {
  return Math.floor(MOST_SAMPLES / rate / 60);
}
