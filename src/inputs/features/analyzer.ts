import { AppError } from '../../errors.js';
import type { Counter } from './counter.js';
import type { TextStep } from './spec.js';
import { HASH_FACTOR, HASH_START, hashUnits, StringTable } from './tables.js';
import { type Terms, Tokens } from './terms.js';
import type { TokenPattern } from './token-pattern.js';
import type { PythonText } from './unicode.js';

/** Each ASCII code in lower case, and as it is. */
const LOWER = Uint8Array.from({ length: 128 }, (_, code) => (code >= 65 && code <= 90 ? code + 32 : code));
const SAME = Uint8Array.from({ length: 128 }, (_, code) => code);

const SPACE = 0x20;

/**
 * Turns a text into the counts of its terms, as the analyzers of scikit-learn do: `_word_ngrams`, `_char_ngrams` and
 * `_char_wb_ngrams` of https://github.com/scikit-learn/scikit-learn/blob/1.9.1/sklearn/feature_extraction/text.py
 */
export class Analyzer {
  readonly #spec: TextStep;
  readonly #python: PythonText;
  readonly #terms: Terms;
  readonly #stopWords: StringTable | null;
  /** Word analyzer only. */
  readonly #pattern: TokenPattern | null;
  readonly #tokens = new Tokens();
  /** Each ASCII code as it is counted. */
  readonly #cases: Uint8Array;
  /** The same of those that are word characters; 0: none. */
  readonly #wordCases: Uint8Array;

  constructor(spec: TextStep, pattern: TokenPattern | null, terms: Terms, python: PythonText) {
    this.#spec = spec;
    this.#python = python;
    this.#terms = terms;
    this.#stopWords = spec.stopWords === null ? null : StringTable.of(spec.stopWords);
    this.#pattern = pattern;
    this.#cases = spec.lowercase ? LOWER : SAME;
    this.#wordCases = this.#cases.map((code, index) => (python.word.has(index) ? code : 0));
  }

  /**
   * Counts the terms of a text.
   * @throws AppError `task_invalid` when scikit-learn could not count them either
   */
  count(text: string, counter: Counter): void {
    const { analyzer, ngramRange } = this.#spec;
    const [min, max] = ngramRange;
    const tokens = this.#tokens;
    const run = this.#pattern?.run ?? null;
    if (run !== null) {
      this.#scanRuns(text, run);
    } else {
      if (!this.#readAscii(text)) this.#readUnicode(text);
      if (analyzer === 'char_wb') {
        this.#countInWords(min, max, counter);
        return;
      }
      if (analyzer === 'char') this.#scanCharacters();
      else this.#matchPattern();
    }
    this.#terms.count(tokens, 0, tokens.size, min, max, counter);
  }

  /** Lays a text of ASCII alone out in units, lower-cased on the way; false when it is not ASCII. */
  #readAscii(text: string): boolean {
    const tokens = this.#tokens;
    const cases = this.#cases;
    const length = text.length;
    tokens.begin(length + 1);
    const units = tokens.text;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 127) return false;
      units[i] = cases[unit]!;
    }
    tokens.length = length;
    return true;
  }

  /** The same for any text; accents go after the case, as scikit-learn has it. */
  #readUnicode(text: string): void {
    const { lowercase, stripAccents } = this.#spec;
    let prepared = lowercase ? this.#python.lower(text) : text;
    if (stripAccents === 'unicode') prepared = this.#python.stripAccents(prepared);
    if (stripAccents === 'ascii') prepared = this.#python.toAscii(prepared);
    const tokens = this.#tokens;
    const length = prepared.length;
    tokens.begin(length + 1);
    const units = tokens.text;
    for (let i = 0; i < length; i++) units[i] = prepared.charCodeAt(i);
    tokens.length = length;
  }

  /** Finds the runs of at least so many word characters. */
  #scanRuns(text: string, least: number): void {
    if (this.#scanAsciiRuns(text, least)) return;
    this.#readUnicode(text);
    this.#scanUnicodeRuns(least);
  }

  /** Reads and scans in one go, as most texts are ASCII alone; of the units only the tokens are laid out. */
  #scanAsciiRuns(text: string, least: number): boolean {
    const tokens = this.#tokens;
    const length = text.length;
    tokens.begin(length);
    const units = tokens.text;
    const cases = this.#wordCases;
    let start = 0;
    let hash = HASH_START;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 127) return false;
      const code = cases[unit]!;
      if (code !== 0) {
        units[i] = code;
        hash = Math.imul(hash ^ code, HASH_FACTOR);
        continue;
      }
      if (i - start >= least) this.#found(start, i, hash);
      start = i + 1;
      hash = HASH_START;
    }
    if (length - start >= least) this.#found(start, length, hash);
    return true;
  }

  #scanUnicodeRuns(least: number): void {
    const { text, length } = this.#tokens;
    const word = this.#python.word.bits;
    let start = 0;
    let size = 0;
    let hash = HASH_START;
    for (let i = 0; i < length; i++) {
      const unit = text[i]!;
      const codePoint = codePointOf(text, i, length);
      if (((word[codePoint >>> 5]! >>> (codePoint & 31)) & 1) === 1) {
        hash = Math.imul(hash ^ unit, HASH_FACTOR);
        size++;
        if (codePoint > 0xffff) hash = Math.imul(hash ^ text[++i]!, HASH_FACTOR);
        continue;
      }
      if (size >= least) this.#found(start, i, hash);
      if (codePoint > 0xffff) i++;
      start = i + 1;
      size = 0;
      hash = HASH_START;
    }
    if (size >= least) this.#found(start, length, hash);
  }

  #matchPattern(): void {
    const { text, length } = this.#tokens;
    try {
      this.#pattern!.each(text, length, (start, end) => this.#found(start, end, hashUnits(text, start, end)));
    } catch (error) {
      // The stack on which a regular expression keeps its alternatives is bounded.
      if (!(error instanceof RangeError)) throw error;
      const { tokenPattern } = this.#spec;
      throw new AppError(
        'task_invalid',
        `the text has a token that is too long for the pattern ${tokenPattern}; split it`,
      );
    }
  }

  /** Stop words go before n-grams are formed. */
  #found(start: number, end: number, hash: number): void {
    const tokens = this.#tokens;
    if (this.#stopWords !== null && this.#stopWords.find(tokens.text, start, end, hash) >= 0) return;
    tokens.push(start, end, hash);
  }

  /** Each code point is a token; two and more white spaces in a row become one space. */
  #scanCharacters(): void {
    const tokens = this.#tokens;
    const { text, length } = tokens;
    const space = this.#python.space;
    let to = 0;
    for (let i = 0; i < length; ) {
      let end = i;
      while (end < length && space.has(text[end]!)) end++;
      if (end - i > 1) {
        text[to] = SPACE;
        tokens.push(to, to + 1, 0);
        to++;
        i = end;
        continue;
      }
      const start = to;
      const wide = codePointOf(text, i, length) > 0xffff;
      text[to++] = text[i++]!;
      if (wide) text[to++] = text[i++]!;
      tokens.push(start, to, 0);
    }
    tokens.length = to;
  }

  /** Character n-grams inside words, each with a space before and behind it. */
  #countInWords(min: number, max: number, counter: Counter): void {
    const tokens = this.#tokens;
    const { text, length } = tokens;
    const space = this.#python.space;
    // The space that pads every word stands behind the text.
    text[length] = SPACE;
    for (let i = 0; i < length; ) {
      if (space.has(text[i]!)) {
        i++;
        continue;
      }
      tokens.size = 0;
      tokens.push(length, length + 1, 0);
      while (i < length && !space.has(text[i]!)) {
        const end = codePointOf(text, i, length) > 0xffff ? i + 2 : i + 1;
        tokens.push(i, end, 0);
        i = end;
      }
      tokens.push(length, length + 1, 0);
      // A word shorter than the shortest n-gram is counted whole, once.
      const least = Math.min(min, tokens.size);
      this.#terms.count(tokens, 0, tokens.size, least, Math.max(least, Math.min(max, tokens.size)), counter);
    }
  }
}

/** The code point at a unit; a half of a surrogate pair stands for itself, as in a Python string. */
function codePointOf(text: Uint16Array, at: number, length: number): number {
  const unit = text[at]!;
  if ((unit & 0xfc00) !== 0xd800 || at + 1 >= length) return unit;
  const low = text[at + 1]!;
  return (low & 0xfc00) === 0xdc00 ? (unit - 0xd800) * 0x400 + low - 0xdc00 + 0x10000 : unit;
}
