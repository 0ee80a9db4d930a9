import { AppError } from '../../errors.js';
import type { Counter } from './counter.js';
import { murmur3 } from './murmur3.js';
import { HASH_FACTOR, HASH_START, StringTable, sized } from './tables.js';
import type { Terms, Tokens } from './terms.js';

const SPACE = 0x20;

/**
 * A vocabulary whose tokens may hold spaces: "new york" is then a token and an n-gram as well, and both are the same
 * term. So n-grams are looked up as the strings that they are: slices of the tokens joined by spaces.
 */
export class JoinedTerms implements Terms {
  readonly #terms: StringTable;
  #joined = new Uint16Array(1024);
  #starts = new Int32Array(256);
  #ends = new Int32Array(256);

  constructor(terms: readonly string[]) {
    this.#terms = StringTable.of(terms);
  }

  count(tokens: Tokens, from: number, to: number, min: number, max: number, counter: Counter): void {
    const size = to - from;
    this.#join(tokens, from, to);
    const joined = this.#joined;
    const ends = this.#ends;
    for (let first = 0; first < size; first++) {
      const start = this.#starts[first]!;
      let hash = HASH_START;
      let at = start;
      for (let last = first; last < Math.min(first + max, size); last++) {
        const end = ends[last]!;
        for (; at < end; at++) hash = Math.imul(hash ^ joined[at]!, HASH_FACTOR);
        if (last - first + 1 < min) continue;
        const term = this.#terms.find(joined, start, end, hash);
        if (term >= 0) counter.add(term, 1);
      }
    }
  }

  #join({ text, starts, ends }: Tokens, from: number, to: number): void {
    let room = 0;
    for (let i = from; i < to; i++) room += ends[i]! - starts[i]! + 1;
    this.#joined = sized(this.#joined, room);
    this.#starts = sized(this.#starts, to - from);
    this.#ends = sized(this.#ends, to - from);
    let at = 0;
    for (let i = from; i < to; i++) {
      this.#starts[i - from] = at;
      for (let unit = starts[i]!; unit < ends[i]!; unit++) this.#joined[at++] = text[unit]!;
      this.#ends[i - from] = at;
      this.#joined[at++] = SPACE;
    }
  }
}

/**
 * The hashing trick: a term is a column by its hash, `abs(murmur3(utf-8)) % features`, and with alternating signs
 * counts as 1 or -1 by the hash's sign. https://scikit-learn.org/stable/modules/feature_extraction.html#feature-hashing
 */
export class HashedTerms implements Terms {
  readonly #features: number;
  readonly #alternateSign: boolean;
  /** What stands between the tokens of an n-gram: a space between words, nothing between characters. */
  readonly #gap: 0 | 1;
  #bytes = new Uint8Array(4096);
  #starts = new Int32Array(256);
  #ends = new Int32Array(256);

  constructor(features: number, alternateSign: boolean, words: boolean) {
    this.#features = features;
    this.#alternateSign = alternateSign;
    this.#gap = words ? 1 : 0;
  }

  count(tokens: Tokens, from: number, to: number, min: number, max: number, counter: Counter): void {
    const size = to - from;
    this.#encode(tokens, from, to);
    const bytes = this.#bytes;
    const signed = this.#alternateSign;
    for (let first = 0; first < size; first++) {
      const start = this.#starts[first]!;
      for (let last = first + min - 1; last < Math.min(first + max, size); last++) {
        const hash = murmur3(bytes, start, this.#ends[last]!);
        // A double holds 2^31, the amount of the lowest hash, so that it needs no case of its own.
        counter.add(Math.abs(hash) % this.#features, signed && hash < 0 ? -1 : 1);
      }
    }
  }

  /** Lays the tokens out as UTF-8, one behind the other. */
  #encode({ text, starts, ends }: Tokens, from: number, to: number): void {
    let room = 0;
    for (let i = from; i < to; i++) room += (ends[i]! - starts[i]!) * 3 + 1;
    this.#bytes = sized(this.#bytes, room);
    this.#starts = sized(this.#starts, to - from);
    this.#ends = sized(this.#ends, to - from);
    const bytes = this.#bytes;
    let at = 0;
    for (let i = from; i < to; i++) {
      this.#starts[i - from] = at;
      at = encodeUtf8(text, starts[i]!, ends[i]!, bytes, at);
      this.#ends[i - from] = at;
      if (this.#gap === 1) bytes[at++] = SPACE;
    }
  }
}

/**
 * Writes `text[start..end)` as UTF-8 and returns the end of the bytes.
 * @throws AppError `task_invalid` for half a surrogate pair, where Python raises UnicodeEncodeError
 */
function encodeUtf8(
  text: Uint16Array,
  start: number,
  end: number,
  bytes: Uint8Array,
  offset: number,
): number {
  let at = offset;
  for (let i = start; i < end; i++) {
    let code = text[i]!;
    if (code < 0x80) {
      bytes[at++] = code;
      continue;
    }
    if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6);
      bytes[at++] = 0x80 | (code & 0x3f);
      continue;
    }
    if ((code & 0xf800) === 0xd800) {
      const low = i + 1 < end ? text[i + 1]! : 0;
      if (code > 0xdbff || (low & 0xfc00) !== 0xdc00) {
        throw new AppError(
          'task_invalid',
          `the text holds half a surrogate pair (U+${code.toString(16).toUpperCase()}), which no hash is defined for; save it as valid Unicode`,
        );
      }
      i++;
      code = (code - 0xd800) * 0x400 + low - 0xdc00 + 0x10000;
      bytes[at++] = 0xf0 | (code >> 18);
      bytes[at++] = 0x80 | ((code >> 12) & 0x3f);
    } else {
      bytes[at++] = 0xe0 | (code >> 12);
    }
    bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
    bytes[at++] = 0x80 | (code & 0x3f);
  }
  return at;
}
