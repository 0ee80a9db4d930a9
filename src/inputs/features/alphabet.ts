import { sized } from './tables.js';
import type { CodePoints, PythonText } from './unicode.js';

/** One member of a character class: the code points of a range, or one of Python's own classes. */
export type Member =
  | { from: number; to: number }
  | { category: 'word' | 'space' | 'digit'; negated: boolean };

/** A character class; a single character is one as well. */
export interface CharacterClass {
  members: readonly Member[];
  negated: boolean;
}

/** `\w`. */
export const WORD: CharacterClass = { members: [{ category: 'word', negated: false }], negated: false };

/** The class that a letter means behind a backslash, if any: `\w`, and `\W` for its opposite. */
export function categoryOf(letter: string): Member | null {
  const category = ({ w: 'word', s: 'space', d: 'digit' } as const)[letter.toLowerCase()];
  return category === undefined ? null : { category, negated: letter !== letter.toLowerCase() };
}

/** What Python's classes say of a code point. A digit is a word character as well, and no space is one. */
const PLAIN = 0;
const WORD_CHARACTER = 1;
const WHITE_SPACE = 2;
const DIGIT = 3;
const KINDS = 4;

/** Symbols below stand for the ASCII characters themselves; a byte has room for as many others. */
const ASCII = 128;

/**
 * The characters as one pattern tells them apart: symbols of one byte.
 *
 * A pattern tells few characters beyond ASCII apart: by Python's classes, and by the ranges that it names itself.
 * When all that it does not tell apart share a symbol, it becomes a pattern on Latin-1 text with small classes. That
 * is many times faster than the hundreds of ranges of `\w`, and a character beyond U+FFFF is one symbol, as in Python.
 *
 * @example
 * const alphabet = new Alphabet([WORD], python);
 * new RegExp(alphabet.source(WORD)).test(alphabet.encode(Uint16Array.of(0xe9), 1)) // true: é is a word character
 */
export class Alphabet {
  /** Where symbol `i` of the encoded text begins in the text itself; one more tells the end. */
  starts = new Int32Array(1024);
  readonly #python: PythonText;
  readonly #digits: CodePoints;
  /** Where each section of the code points beyond ASCII begins; no range of the pattern begins or ends inside one. */
  readonly #sections: readonly number[];
  /** The sort of each section: sections of a sort are in the same ranges of each class. */
  readonly #sorts: readonly number[] = [];
  /** A code point of each sort. */
  readonly #samples: number[] = [];
  /** The symbol of each UTF-16 unit; 0: not known yet (or NUL). */
  readonly #symbols = new Uint8Array(0x10000);
  #bytes = new Uint8Array(1024);

  /**
   * @param classes all classes of the pattern
   * @throws Error when they tell too many characters apart
   */
  constructor(classes: readonly CharacterClass[], python: PythonText) {
    this.#python = python;
    this.#digits = python.digits();
    const members = classes.flatMap(({ members }) => members);
    const bounds = members.flatMap(member => ('to' in member ? [member.from, member.to + 1] : []));
    this.#sections = [...new Set([ASCII, ...bounds.filter(bound => bound > ASCII)])].sort((a, b) => a - b);
    const sorts = new Map<string, number>();
    this.#sorts = this.#sections.map(start => {
      const key = classes.map(({ members }) => Number(inRanges(members, start))).join('');
      const sort = sorts.get(key) ?? this.#samples.push(start) - 1;
      sorts.set(key, sort);
      return sort;
    });
    if (this.#samples.length * KINDS > ASCII)
      throw new Error('it tells too many characters beyond ASCII apart');
  }

  /** The source of a class as one of symbols. */
  source({ members, negated }: CharacterClass): string {
    let source = '';
    for (let symbol = 0; symbol < ASCII + this.#samples.length * KINDS; symbol++) {
      const beyond = symbol - ASCII;
      const codePoint = beyond < 0 ? symbol : this.#samples[Math.floor(beyond / KINDS)]!;
      const kind = beyond < 0 ? this.#kindOf(symbol) : beyond % KINDS;
      const found = inRanges(members, codePoint) || members.some(member => isOfCategory(member, kind));
      if (found !== negated) source += `\\x${symbol.toString(16).padStart(2, '0')}`;
    }
    return `[${source}]`;
  }

  /** A text as symbols. `starts` is valid until the next text. */
  encode(text: Uint16Array, length: number): string {
    this.starts = sized(this.starts, length + 1);
    this.#bytes = sized(this.#bytes, length);
    const { starts } = this;
    const bytes = this.#bytes;
    const symbols = this.#symbols;
    let count = 0;
    for (let i = 0; i < length; i++) {
      const unit = text[i]!;
      starts[count] = i;
      if ((unit & 0xfc00) === 0xd800 && i + 1 < length && (text[i + 1]! & 0xfc00) === 0xdc00) {
        bytes[count++] = this.#symbolOf((unit - 0xd800) * 0x400 + text[++i]! - 0xdc00 + 0x10000);
        continue;
      }
      let symbol = symbols[unit]!;
      if (symbol === 0) {
        symbol = this.#symbolOf(unit);
        symbols[unit] = symbol;
      }
      bytes[count++] = symbol;
    }
    starts[count] = length;
    return Buffer.from(bytes.buffer, 0, count).toString('latin1');
  }

  #symbolOf(codePoint: number): number {
    if (codePoint < ASCII) return codePoint;
    let section = this.#sections.length - 1;
    while (this.#sections[section]! > codePoint) section--;
    return ASCII + this.#sorts[section]! * KINDS + this.#kindOf(codePoint);
  }

  #kindOf(codePoint: number): number {
    if (this.#digits.has(codePoint)) return DIGIT;
    if (this.#python.word.has(codePoint)) return WORD_CHARACTER;
    return this.#python.space.has(codePoint) ? WHITE_SPACE : PLAIN;
  }
}

function inRanges(members: readonly Member[], codePoint: number): boolean {
  return members.some(member => 'to' in member && member.from <= codePoint && codePoint <= member.to);
}

function isOfCategory(member: Member, kind: number): boolean {
  if (!('category' in member)) return false;
  const is = {
    word: kind === WORD_CHARACTER || kind === DIGIT,
    space: kind === WHITE_SPACE,
    digit: kind === DIGIT,
  };
  return is[member.category] !== member.negated;
}

const SPACE = 0x20;

/** Whether a class matches a space. */
export function holdsSpace({ members, negated }: CharacterClass): boolean {
  return (inRanges(members, SPACE) || members.some(member => isOfCategory(member, WHITE_SPACE))) !== negated;
}

/**
 * What else matches an ASCII letter when Python ignores case: the long s, the Kelvin sign, the i with and without a
 * dot. https://docs.python.org/3/library/re.html#re.IGNORECASE
 */
const OTHER_CASES: Readonly<Record<string, readonly number[]>> = {
  s: [0x17f],
  k: [0x212a],
  i: [0x130, 0x131],
};

/** A member of ASCII characters together with all that equals it when case is ignored. */
export function inEachCase(member: Member): Member[] {
  if ('category' in member) return [member];
  const members: Member[] = [member];
  for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
    const cases = [letter.charCodeAt(0), letter.toUpperCase().charCodeAt(0)];
    if (!cases.some(code => member.from <= code && code <= member.to)) continue;
    for (const code of [...cases, ...(OTHER_CASES[letter] ?? [])]) members.push({ from: code, to: code });
  }
  return members;
}
