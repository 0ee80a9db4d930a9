const OGG_PAGE = Buffer.from('OggS');
/** A page on which no packet ends has no position: RFC 3533, section 6. */
const NO_POSITION = 2n ** 64n - 1n;
/** Opus counts samples of 48 kHz, whatever was recorded: RFC 7845, section 4. */
const OPUS_RATE = 48_000;
/** Where the rate stands behind the beginning of Vorbis' first packet: https://xiph.org/vorbis/doc/Vorbis_I_spec.html, 4.2.2. */
const VORBIS_RATE = 12;

/**
 * The seconds that a FLAC file says it lasts, alone or in Ogg; undefined where it says nothing.
 *
 * RFC 9639, section 8.2
 */
export function flacSeconds(file: Buffer): number | undefined {
  // In Ogg it is behind the head of the first page.
  const at = file.subarray(0, 64).indexOf('fLaC');
  if (at < 0 || file.length < at + 26) return undefined;
  const rate = file.readUIntBE(at + 18, 3) >> 4;
  const samples = (file[at + 21]! & 15) * 2 ** 32 + file.readUInt32BE(at + 22);
  return rate > 0 && samples > 0 ? samples / rate : undefined;
}

/** The same of Opus in Ogg. */
export function opusSeconds(file: Buffer): number | undefined {
  return oggSeconds(file, OPUS_RATE);
}

/**
 * The same of Vorbis in Ogg.
 *
 * @param packet where the file's first packet begins
 */
export function vorbisSeconds(file: Buffer, packet: number): number | undefined {
  const at = packet + VORBIS_RATE;
  return file.length >= at + 4 ? oggSeconds(file, file.readUInt32LE(at)) : undefined;
}

/** From the first page with sound to the last one: a recording that was cut out of a longer one does not begin at 0. */
function oggSeconds(file: Buffer, rate: number): number | undefined {
  if (rate === 0 || file.length < 18) return undefined;
  const serial = file.readUInt32LE(14);
  const positionAt = (at: number) => {
    if (at + 18 > file.length || file.readUInt32LE(at + 14) !== serial) return undefined;
    const position = file.readBigUInt64LE(at + 6);
    return position > 0n && position < NO_POSITION ? Number(position) : undefined;
  };
  let first: number | undefined;
  for (let at = 0; first === undefined; at += 4) {
    at = file.indexOf(OGG_PAGE, at);
    if (at < 0) return undefined;
    first = positionAt(at);
  }
  for (let at = file.length; at > 0; at--) {
    at = file.lastIndexOf(OGG_PAGE, at);
    if (at < 0) break;
    const last = positionAt(at);
    if (last !== undefined) return (last - first) / rate;
  }
  return undefined;
}

/** Durations that are not known, of 4 and 8 bytes. */
const UNKNOWN = 2 ** 32 - 1;
const LONG_UNKNOWN = 2 ** 64;

/**
 * The seconds for which the longest edit list of an MP4 or M4A file plays it. Decoders fill what the sound does not with silence,
 * some without end.
 *
 * ISO/IEC 14496-12, 8.6.6
 *
 * @throws Error with a reason for people when a list announces more than it holds: some decoders never come to its end
 */
export function editedSeconds(file: Buffer): number | undefined {
  const [movie] = boxesOf(file, 'moov');
  if (movie === undefined) return undefined;
  const [header] = boxesOf(movie, 'mvhd');
  const at = header?.[0] === 1 ? 20 : 12;
  const scale = header !== undefined && header.length >= at + 4 ? header.readUInt32BE(at) : 0;
  if (scale === 0) return undefined;
  const lists = boxesOf(movie, 'trak')
    .flatMap(track => boxesOf(track, 'edts'))
    .flatMap(edits => boxesOf(edits, 'elst'));
  return Math.max(0, ...lists.map(list => ticksOf(list) / scale));
}

function ticksOf(list: Buffer): number {
  const isLong = list[0] === 1;
  const entry = isLong ? 20 : 12;
  const [told, held] = [list.length < 8 ? 0 : list.readUInt32BE(4), Math.floor((list.length - 8) / entry)];
  if (told > held) throw new Error(`its edit list is broken: it announces ${told} entries and holds ${held}`);
  let ticks = 0;
  for (let at = 8; at + entry <= list.length; at += entry) {
    const duration = isLong ? Number(list.readBigUInt64BE(at)) : list.readUInt32BE(at);
    if (duration !== (isLong ? LONG_UNKNOWN : UNKNOWN)) ticks += duration;
  }
  return ticks;
}

/** The contents of the boxes of a kind that lie next to each other. */
function boxesOf(bytes: Buffer, kind: string): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    let [size, head] = [bytes.readUInt32BE(at), 8];
    if (size === 1 && at + 16 <= bytes.length) [size, head] = [Number(bytes.readBigUInt64BE(at + 8)), 16];
    // The last one may go to the end of the file.
    const end = size === 0 ? bytes.length : at + size;
    if (end < at + head) break;
    if (bytes.toString('latin1', at + 4, at + 8) === kind) found.push(bytes.subarray(at + head, end));
    at = end;
  }
  return found;
}
