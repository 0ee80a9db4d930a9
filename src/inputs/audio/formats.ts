import { readAiff } from './aiff.js';
import { editedSeconds, flacSeconds, opusSeconds, vorbisSeconds } from './announced.js';
import type { ReadSound } from './contract.js';
import { readOpus } from './opus.js';
import { readFlac, readMp3, readOggFlac, readVorbis } from './wasm.js';
import { readWav } from './wav.js';

/** A format of files. */
export interface Format {
  name: string;
  /** Whether a file begins so, as far as it is no ID3 tag. */
  test(bytes: Buffer): boolean;
  /** The seconds that such a file says it lasts; undefined where it says nothing. */
  seconds?(bytes: Buffer): number | undefined;
  /** Its channels as its header says, where one of few bytes can say many. */
  channels?(bytes: Buffer): number | undefined;
  /** Bytes that are decoded at a time, where a few of them can hold much: by default 16 KB. */
  step?: number;
  /** Reads it; absent: ffmpeg does. */
  read?: ReadSound;
}

const text = (bytes: Buffer, from: number, to: number) => bytes.toString('latin1', from, to);
/** Where the first packet of an Ogg page with a single segment begins: RFC 3533, section 6. */
const OGG_PACKET = 28;
const isOgg = (bytes: Buffer, begin = '') =>
  text(bytes, 0, 4) === 'OggS' && text(bytes, OGG_PACKET, OGG_PACKET + begin.length) === begin;
const begins = (words: string) => (bytes: Buffer) => text(bytes, 0, words.length) === words;
/** Of MPEG audio a frame begins with 11 bits that are set; then comes the layer, which AAC leaves 0. */
const isMpeg = (bytes: Buffer) => bytes[0] === 0xff && (bytes[1]! & 0xe0) === 0xe0;
const RIFF = /^(RIFF|RF64|BW64)$/;

// https://en.wikipedia.org/wiki/MP3#File_structure
export const MP3: Format = {
  name: 'MP3',
  test: bytes => isMpeg(bytes) && (bytes[1]! & 6) !== 0,
  read: readMp3,
};

/** The formats that are read, by their first bytes; the first one that fits counts. */
export const FORMATS: readonly Format[] = [
  {
    name: 'WAV',
    test: bytes => RIFF.test(text(bytes, 0, 4)) && text(bytes, 8, 12) === 'WAVE',
    read: readWav,
  },
  {
    name: 'AIFF',
    test: bytes => text(bytes, 0, 4) === 'FORM' && /^AIF[FC]$/.test(text(bytes, 8, 12)),
    read: readAiff,
  },
  {
    name: 'FLAC',
    test: bytes => text(bytes, 0, 4) === 'fLaC',
    seconds: flacSeconds,
    // Of silence, a frame of 14 bytes holds 65,535 samples.
    step: 2 ** 11,
    read: readFlac,
  },
  {
    name: 'Ogg FLAC',
    test: bytes => isOgg(bytes, '\x7fFLAC'),
    seconds: flacSeconds,
    step: 2 ** 11,
    read: readOggFlac,
  },
  {
    name: 'Opus',
    test: bytes => isOgg(bytes, 'OpusHead'),
    seconds: opusSeconds,
    channels: bytes => bytes[OGG_PACKET + 9],
    read: readOpus,
  },
  {
    name: 'Ogg Vorbis',
    test: bytes => isOgg(bytes, '\x01vorbis'),
    seconds: bytes => vorbisSeconds(bytes, OGG_PACKET),
    channels: bytes => bytes[OGG_PACKET + 11],
    // Of silence, a packet of one byte holds 4,096 samples of each channel.
    step: 2 ** 10,
    read: readVorbis,
  },
  MP3,
  // ADTS: ISO/IEC 13818-7, 6.2.
  { name: 'AAC', test: bytes => isMpeg(bytes) && (bytes[1]! & 0x16) === 0x10 },
  { name: 'M4A', test: bytes => text(bytes, 4, 8) === 'ftyp', seconds: editedSeconds },
  { name: 'WebM', test: begins('\x1aE\xdf\xa3') },
  { name: 'other Ogg', test: bytes => isOgg(bytes) },
  { name: 'AMR', test: begins('#!AMR') },
  { name: 'CAF', test: begins('caff') },
  { name: 'AU', test: begins('.snd') },
  { name: 'W64', test: begins('riff\x2e\x91\xcf\x11') },
  { name: 'WMA', test: begins('\x30\x26\xb2\x75\x8e\x66\xcf\x11') },
  { name: 'AC-3', test: begins('\x0b\x77') },
  { name: 'AVI', test: bytes => text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 12) === 'AVI ' },
];

/**
 * Where a file begins behind the ID3 tags that taggers put before any format: https://id3.org/id3v2.3.0, 3.1.
 *
 * @returns the number of its first byte
 */
export function behindTags(bytes: Buffer): number {
  let at = 0;
  while (text(bytes, at, at + 3) === 'ID3' && at + 10 <= bytes.length) {
    const [a, b, c, d] = bytes.subarray(at + 6, at + 10) as unknown as [number, number, number, number];
    const footer = bytes[at + 5]! & 0x10 ? 10 : 0;
    at += 10 + footer + ((a & 127) << 21) + ((b & 127) << 14) + ((c & 127) << 7) + (d & 127);
  }
  return at;
}
