import type { UnicodeTables } from './spec.js';

/** A set of code points, one bit each. */
export class CodePoints {
  /** Bit `c & 31` of word `c >>> 5`; the scanners read it directly. */
  readonly bits = new Uint32Array(0x110000 / 32);

  has(codePoint: number): boolean {
    return ((this.bits[codePoint >>> 5]! >>> (codePoint & 31)) & 1) === 1;
  }

  add(codePoint: number): void {
    this.bits[codePoint >>> 5]! |= 1 << (codePoint & 31);
  }

  /** The set of some inclusive ranges. */
  static of(ranges: Iterable<readonly [number, number]>): CodePoints {
    const set = new CodePoints();
    for (const [from, to] of ranges) {
      for (let codePoint = from; codePoint <= to; codePoint++) set.add(codePoint);
    }
    return set;
  }

  /** Whether a text has one of these code points beyond ASCII. */
  meets(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 128) continue;
      const codePoint = (unit & 0xfc00) === 0xd800 ? text.codePointAt(i)! : unit;
      if (codePoint > 0xffff) i++;
      if (this.has(codePoint)) return true;
    }
    return false;
  }
}

const matched = new Map<string, Uint32Array>();

/** The code points up to `last` that a `u` pattern of one character matches: found once, as it takes tens of milliseconds. */
function matches(pattern: RegExp, last: number): Uint32Array {
  const known = matched.get(pattern.source);
  if (known) return known;
  const all = new RegExp(pattern.source, 'gu');
  const block = 0x1000;
  const found: number[] = [];
  for (let start = 0; start <= last; start += block) {
    if (start >= 0xd800 && start < 0xe000) continue;
    const end = Math.min(start + block - 1, last, start < 0xd800 ? 0xd7ff : last);
    const text = String.fromCodePoint(...Array.from({ length: end - start + 1 }, (_, i) => start + i));
    for (const match of text.matchAll(all)) found.push(match[0].codePointAt(0)!);
  }
  const codePoints = Uint32Array.from(found);
  matched.set(pattern.source, codePoints);
  return codePoints;
}

/** Letters and numbers end with plane 3; so do the characters that change case, with plane 1. */
const LAST_LETTER_PLANE = 0x3ffff;
const LAST_CASED_PLANE = 0x1ffff;

/**
 * What `str.isspace` and `\s` of Python's `re` mean, the same in every Unicode version since 6.3.
 * https://docs.python.org/3/library/stdtypes.html#str.isspace
 */
export const SPACE_RANGES: readonly (readonly [number, number])[] = [
  [0x09, 0x0d],
  [0x1c, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
];

/** A private-use character: neither cased nor ignored when case is decided, as a code point that Python does not know. */
const STAND_IN = '\ue000';

/**
 * A text as the exporting Python sees it: characters, case and accents.
 *
 * @example
 * const python = new PythonText(null);
 * python.lower('ΟΔΟΣ') // 'οδος'
 * python.stripAccents('é') // 'e'
 */
export class PythonText {
  /** What `\w` matches. */
  readonly word: CodePoints;
  /** What `\s` matches. */
  readonly space = CodePoints.of(SPACE_RANGES);
  readonly #tables: UnicodeTables | null;
  /** Code points that `toLowerCase` must not see. */
  readonly #special: CodePoints | null;
  readonly #unknown: CodePoints | null;
  #combining: CodePoints | null = null;
  #digits: CodePoints | null = null;

  /** @param tables how the exporting Python differs; without them this Node's Unicode is taken */
  constructor(tables: UnicodeTables | null) {
    this.#tables = tables;
    if (tables === null) {
      this.word = new CodePoints();
      this.#special = null;
      this.#unknown = null;
      for (const codePoint of matches(/[\p{L}\p{N}_]/u, LAST_LETTER_PLANE)) this.word.add(codePoint);
      return;
    }
    this.word = CodePoints.of(tables.word);
    this.#unknown = CodePoints.of(tables.unassigned);
    this.#special = CodePoints.of(tables.unassigned);
    for (const [from, to] of Object.entries(tables.lower)) {
      if (from.toLowerCase() !== to) this.#special.add(from.codePointAt(0)!);
    }
    for (const codePoint of matches(/\p{Changes_When_Lowercased}/u, LAST_CASED_PLANE)) {
      if (tables.lower[String.fromCodePoint(codePoint)] === undefined) this.#special.add(codePoint);
    }
  }

  /** What `\d` matches. */
  digits(): CodePoints {
    if (this.#digits === null) {
      const digits = new CodePoints();
      for (const codePoint of matches(/\p{Nd}/u, LAST_LETTER_PLANE)) {
        if (!this.#unknown?.has(codePoint)) digits.add(codePoint);
      }
      this.#digits = digits;
    }
    return this.#digits;
  }

  /** `str.lower()`. */
  lower(text: string): string {
    if (this.#special === null || !this.#special.meets(text)) return text.toLowerCase();
    const kept: string[] = [];
    let masked = '';
    for (const character of text) {
      if (character !== STAND_IN && !this.#special.has(character.codePointAt(0)!)) {
        masked += character;
        continue;
      }
      masked += STAND_IN;
      kept.push(this.#tables?.lower[character] ?? character);
    }
    let next = 0;
    return masked.toLowerCase().replaceAll(STAND_IN, () => kept[next++]!);
  }

  /** scikit-learn's `strip_accents_unicode`: NFKD without the characters of a combining class other than 0. */
  stripAccents(text: string): string {
    this.#combining ??= combiningMarks();
    const combining = this.#combining;
    let stripped = '';
    for (const character of this.#decompose(text)) {
      const codePoint = character.codePointAt(0)!;
      if (!combining.has(codePoint) || this.#unknown?.has(codePoint)) stripped += character;
    }
    return stripped;
  }

  /** scikit-learn's `strip_accents_ascii`: the ASCII characters of the NFKD form. */
  toAscii(text: string): string {
    return this.#decompose(text).replace(/[^\0-\x7f]/g, '');
  }

  /** NFKD, in which a code point that this Python does not know stands still and keeps others from passing it. */
  #decompose(text: string): string {
    const unknown = this.#unknown;
    if (unknown === null || !unknown.meets(text)) return text.normalize('NFKD');
    let decomposed = '';
    let known = '';
    for (const character of text) {
      if (!unknown.has(character.codePointAt(0)!)) {
        known += character;
        continue;
      }
      decomposed += known.normalize('NFKD') + character;
      known = '';
    }
    return decomposed + known.normalize('NFKD');
  }
}

/**
 * The characters of a canonical combining class other than 0. JavaScript does not tell the class, but its
 * normalisation sorts neighbours by it: a mark whose class is above 1 goes behind one of class 1 (U+0334), and one
 * of class 1 goes before one of class 240 (U+0345). https://www.unicode.org/reports/tr15/#Canonical_Ordering
 */
function combiningMarks(): CodePoints {
  const marks = new CodePoints();
  for (const codePoint of matches(/\p{M}/u, 0xeffff)) {
    const mark = String.fromCodePoint(codePoint).normalize('NFD');
    const sorted = `${mark}\u0334`.normalize('NFD') !== `${mark}\u0334`;
    if (sorted || `\u0345${mark}`.normalize('NFD') !== `\u0345${mark}`) marks.add(codePoint);
  }
  return marks;
}
