import { crc32 } from 'node:zlib';
import { pick, type Random } from '../support/random.js';

/** Numbers at which programs break. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

type Damage = (bytes: Buffer, random: Random) => Buffer;

/** A place in the bytes, most often near the beginning, where headers are. */
function place({ length }: Buffer, random: Random): number {
  const end = random() < 0.6 ? Math.min(length, 128) : length;
  return Math.floor(random() * end);
}

const length = (random: Random) => 1 + Math.floor(64 * random() ** 3);

const DAMAGES: readonly Damage[] = [
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    for (let left = length(random) >> 3; left >= 0; left--)
      copy[place(bytes, random)] = Math.floor(256 * random());
    return copy;
  },
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    copy[place(bytes, random)]! ^= 1 << Math.floor(8 * random());
    return copy;
  },
  // A length, a count or a position, in either order of bytes.
  (bytes, random) => {
    const [size, value] = [pick(random, [1, 2, 4]), pick(random, EDGES)];
    if (bytes.length < size) return bytes;
    const copy = Buffer.from(bytes);
    const at = Math.min(place(bytes, random), bytes.length - size);
    const fitting = value % 2 ** (8 * size);
    if (random() < 0.5) copy.writeUIntBE(fitting, at, size);
    else copy.writeUIntLE(fitting, at, size);
    return copy;
  },
  (bytes, random) => bytes.subarray(0, Math.floor(random() * (bytes.length + 1))),
  (bytes, random) => {
    const at = place(bytes, random);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length(random))]);
  },
  (bytes, random) => {
    const at = place(bytes, random);
    const more = Buffer.from(Array.from({ length: length(random) }, () => Math.floor(256 * random())));
    return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
  },
  // A part once more, or in another place.
  (bytes, random) => {
    const [from, to] = [place(bytes, random), place(bytes, random)];
    const part = bytes.subarray(from, from + length(random) * 16);
    return Buffer.concat([bytes.subarray(0, to), part, bytes.subarray(to)]);
  },
];

/** Bytes with one to three faults in them. */
export function damaged(bytes: Buffer, random: Random): Buffer {
  let changed = bytes;
  for (let left = 1 + Math.floor(3 * random()); left > 0; left--)
    if (changed.length > 0) changed = pick(random, DAMAGES)(changed, random);
  return changed;
}

/** The same bytes with the checksums of PNG and Ogg made right where they can be found: what is behind them is to be met, too. */
export function withRightSums(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.toString('latin1', 1, 4) === 'PNG') {
    for (let at = 8; at + 12 <= copy.length; ) {
      const end = at + 8 + copy.readUInt32BE(at);
      if (end + 4 > copy.length) break;
      copy.writeUInt32BE(crc32(copy.subarray(at + 4, end)), end);
      at = end + 4;
    }
  }
  for (let at = copy.indexOf('OggS'); at >= 0 && at + 27 <= copy.length; at = copy.indexOf('OggS', at + 4)) {
    const table = copy.subarray(at + 27, at + 27 + copy[at + 26]!);
    const page = copy.subarray(at, at + 27 + table.length + table.reduce((sum, length) => sum + length, 0));
    page.fill(0, 22, 26);
    page.writeUInt32LE(oggSum(page), 22);
  }
  return copy;
}

/** The remainder for the polynomial 0x04c11db7, bit by bit. */
function oggSum(page: Buffer): number {
  let rest = 0;
  for (const byte of page) {
    rest ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) rest = rest < 0 ? (rest << 1) ^ 0x04c11db7 : rest << 1;
  }
  return rest >>> 0;
}
