import type { AudioData } from 'audio-decode';
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

export type DecodeSound = (bytes: Buffer) => Promise<Sound>;

/** Samples of a recording at the model's rate, at most: 256 MiB, 70 minutes at 16 kHz. A small file can hold far more. */
export const MOST_SAMPLES = 2 ** 26;
/** Bytes that are decoded at a time: what comes of them is seen before it is too much. */
const PIECE = 2 ** 14;
const MP4_PIECE = 2 ** 22;
/** Samples a second that a recording can have. */
const RATES = { least: 1_000, most: 768_000 };
/** Filters that are kept: recordings of a project have few rates. */
const MOST_FILTERS = 8;

/** The formats that are read, by their first bytes. */
const FORMATS = {
  wav: bytes => text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 12) === 'WAVE',
  aiff: bytes => text(bytes, 0, 4) === 'FORM' && /^AIF[FC]$/.test(text(bytes, 8, 12)),
  flac: bytes => text(bytes, 0, 4) === 'fLaC' || isOgg(bytes, '\x7fFLAC'),
  opus: bytes => isOgg(bytes, 'OpusHead'),
  oga: bytes => isOgg(bytes, '\x01vorbis'),
  m4a: bytes => text(bytes, 4, 8) === 'ftyp',
  webm: bytes => text(bytes, 0, 4) === '\x1aE\xdf\xa3',
  // After an ID3 tag or with the first frame: https://id3.org/id3v2.3.0, ISO/IEC 11172-3, 2.4.1.3.
  mp3: bytes =>
    text(bytes, 0, 3) === 'ID3' ||
    (bytes[0] === 0xff && (bytes[1]! & 0xe0) === 0xe0 && (bytes[1]! & 6) !== 0),
} as const satisfies Record<string, (bytes: Buffer) => boolean>;

/** Where the first packet of an Ogg page with a single segment begins: RFC 3533, section 6. */
const OGG_PACKET = 28;

function text(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('latin1', from, to);
}

function isOgg(bytes: Buffer, begin: string): boolean {
  return text(bytes, 0, 4) === 'OggS' && text(bytes, OGG_PACKET, OGG_PACKET + begin.length) === begin;
}

/**
 * Loads the decoder. Only the inference children do: the server never decodes.
 *
 * @returns a function that throws an Error with a reason for people when it cannot decode
 */
export async function loadSoundDecoder({ sample_rate, channel }: SoundOptions): Promise<DecodeSound> {
  const { default: formats } = await import('audio-decode');
  const filters = new Map<number, Filter>();

  const filterFrom = (rate: number): Filter => {
    const known = filters.get(rate);
    if (known) return known;
    const filter = resamplingFilter(rate, sample_rate);
    if (filters.size === MOST_FILTERS) filters.clear();
    filters.set(rate, filter);
    return filter;
  };

  return async bytes => {
    const names = Object.keys(FORMATS) as (keyof typeof FORMATS)[];
    const format = names.find(name => FORMATS[name](bytes));
    if (format === undefined) throw new Error(`it is none of ${names.join(', ')}`);
    const pieces: Float32Array[] = [];
    let [count, heard, rate] = [0, 0, 0];
    let resampler: Resampler | undefined;
    const add = (samples: Float32Array) => {
      count += samples.length;
      if (count > MOST_SAMPLES) throw new Error(`it is longer than ${minutes(sample_rate)} minutes`);
      pieces.push(samples);
    };
    const hear = ({ channelData, sampleRate }: AudioData) => {
      if (channelData.length === 0) return;
      if (rate === 0) {
        if (!(sampleRate >= RATES.least && sampleRate <= RATES.most))
          throw new Error(`it has ${sampleRate} samples a second`);
        rate = sampleRate;
        if (rate !== sample_rate) resampler = new Resampler(filterFrom(rate));
      }
      const samples = oneChannel(channelData, channel);
      heard += samples.length;
      add(resampler?.push(samples) ?? samples);
    };
    const decoder = await formats[format]();
    try {
      for (const piece of piecesOf(bytes, format)) hear(await decoder(piece));
      hear(await decoder());
    } finally {
      decoder.free();
    }
    if (resampler) add(resampler.finish());
    if (count === 0) throw new Error('it holds no sound');
    return { samples: joined(pieces, count), duration: heard / rate };
  };
}

/** The decoder of MP4 puts all bytes together with each piece, until it has the table at the end. */
function* piecesOf(bytes: Buffer, format: keyof typeof FORMATS): Iterable<Uint8Array> {
  const size = format === 'm4a' ? MP4_PIECE : PIECE;
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
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
