import type { Counter } from './counter.js';
import { grown, HASH_FACTOR, HASH_START, PairTable, StringTable, sized } from './tables.js';

/** Elements that working arrays have at least. */
const USUAL = 1024;

/** A text as UTF-16 units, and what an analyzer found in it. One is used over and over; its arrays grow. */
export class Tokens {
  /** The text; `text[0..length)` is valid. */
  text = new Uint16Array(USUAL);
  length = 0;
  /** Token `i` is `text[starts[i]..ends[i])`, and `hashes[i]` its hash (see `hashUnits`), for i < `size`. */
  starts = new Int32Array(USUAL);
  ends = new Int32Array(USUAL);
  hashes = new Int32Array(USUAL);
  size = 0;

  push(start: number, end: number, hash: number): void {
    if (this.size === this.starts.length) {
      this.starts = grown(this.starts, this.size + 1);
      this.ends = grown(this.ends, this.size + 1);
      this.hashes = grown(this.hashes, this.size + 1);
    }
    this.starts[this.size] = start;
    this.ends[this.size] = end;
    this.hashes[this.size++] = hash;
  }

  /** Begins a text of so many units. */
  begin(units: number): void {
    this.text = sized(this.text, Math.max(units, USUAL));
    this.starts = sized(this.starts, USUAL);
    this.ends = sized(this.ends, USUAL);
    this.hashes = sized(this.hashes, USUAL);
    this.size = 0;
  }
}

/** Knows which feature an n-gram is. */
export interface Terms {
  /**
   * Counts the n-grams of `tokens[from..to)` that have at least `min` and at most `max` tokens.
   * @throws AppError `task_invalid` when scikit-learn could not count them either
   */
  count(tokens: Tokens, from: number, to: number, min: number, max: number, counter: Counter): void;
}

/** What stands for the node above all first tokens. */
const ROOT = -1;

const SPACE = 0x20;

/**
 * A vocabulary as a trie: an n-gram is the path of its tokens, so that n-grams need no strings of their own.
 *
 * A node that is a term has that term's index as its number; nodes that only lead to terms come behind. The
 * vocabulary may hold an n-gram and not its parts (`max_features`, `min_df`), so every path gets its nodes.
 *
 * @example
 * TermTrie.ofWords(['york', 'new york'], 2) // nodes: 0 york, 1 new york, 2 new
 */
export class TermTrie implements Terms {
  readonly #children: PairTable;
  readonly #termCount: number;
  #nodeCount: number;
  /** The tokens of words, or null when a token is a code point and its own number. */
  readonly #words: StringTable | null;
  /** The node of each token that begins a term, by the token's number, or -1; tokens beyond its end begin none. */
  readonly #firsts: Int32Array;
  /** The numbers of the tokens of the text at hand, -1: in no term. */
  #ids = new Int32Array(USUAL);

  private constructor(termCount: number, words: StringTable | null, firsts: number) {
    this.#termCount = termCount;
    this.#nodeCount = termCount;
    this.#children = new PairTable(termCount);
    this.#words = words;
    this.#firsts = new Int32Array(firsts).fill(-1);
  }

  /**
   * Terms that are words joined by single spaces.
   * @param longest tokens of the longest n-gram that will be asked for; longer terms are never met
   */
  static ofWords(terms: readonly string[], longest: number): TermTrie {
    const words = new StringTable();
    const paths = new Paths(terms.length);
    let units = new Uint16Array(256);
    for (const term of terms) {
      if (term.length > units.length) units = new Uint16Array(term.length * 2);
      let start = 0;
      let hash = HASH_START;
      for (let i = 0; i <= term.length; i++) {
        const unit = i === term.length ? SPACE : term.charCodeAt(i);
        if (unit === SPACE) {
          paths.push(words.add(units, start, i, hash));
          start = i + 1;
          hash = HASH_START;
        } else {
          units[i] = unit;
          hash = Math.imul(hash ^ unit, HASH_FACTOR);
        }
      }
      paths.end();
    }
    words.trim();
    const trie = new TermTrie(terms.length, words, words.size);
    trie.#build(paths, longest);
    return trie;
  }

  /** The same for terms that are sequences of code points. */
  static ofCharacters(terms: readonly string[], longest: number): TermTrie {
    const paths = new Paths(terms.length);
    let highest = -1;
    for (const term of terms) {
      highest = Math.max(highest, term.codePointAt(0) ?? -1);
      for (let i = 0; i < term.length; i++) {
        const codePoint = term.codePointAt(i)!;
        if (codePoint > 0xffff) i++;
        paths.push(codePoint);
      }
      paths.end();
    }
    const trie = new TermTrie(terms.length, null, highest + 1);
    trie.#build(paths, longest);
    return trie;
  }

  count(tokens: Tokens, from: number, to: number, min: number, max: number, counter: Counter): void {
    const size = to - from;
    this.#ids = sized(this.#ids, Math.max(size, USUAL));
    if (this.#words === null) this.#readCharacters(tokens, from, to);
    else this.#readWords(this.#words, tokens, from, to);
    const ids = this.#ids;
    const children = this.#children;
    const firsts = this.#firsts;
    const terms = this.#termCount;
    for (let start = 0; start < size; start++) {
      const id = ids[start]!;
      if (id < 0 || id >= firsts.length) continue;
      let node = firsts[id]!;
      const limit = Math.min(max, size - start);
      for (let depth = 1; node >= 0; depth++) {
        if (depth >= min && node < terms) counter.add(node, 1);
        if (depth >= limit) break;
        const next = ids[start + depth]!;
        if (next < 0) break;
        node = children.get(node, next);
      }
    }
  }

  #readWords(words: StringTable, tokens: Tokens, from: number, to: number): void {
    const { text, starts, ends, hashes } = tokens;
    const ids = this.#ids;
    for (let i = from; i < to; i++) ids[i - from] = words.find(text, starts[i]!, ends[i]!, hashes[i]!);
  }

  #readCharacters(tokens: Tokens, from: number, to: number): void {
    const { text, starts, ends } = tokens;
    const ids = this.#ids;
    for (let i = from; i < to; i++) {
      const start = starts[i]!;
      const unit = text[start]!;
      ids[i - from] =
        ends[i]! - start === 1 ? unit : (unit - 0xd800) * 0x400 + text[start + 1]! - 0xdc00 + 0x10000;
    }
  }

  /** Lays the paths, short ones first: a term that begins another one then has its node before it is passed. */
  #build(paths: Paths, longest: number): void {
    for (let depth = 1; depth <= Math.min(longest, paths.longest); depth++) {
      for (let term = 0; term < this.#termCount; term++) {
        const start = paths.starts[term]!;
        if (paths.starts[term + 1]! - start !== depth) continue;
        let node = ROOT;
        for (let i = 0; i < depth - 1; i++) node = this.#enter(node, paths.ids[start + i]!, -1);
        this.#enter(node, paths.ids[start + depth - 1]!, term);
      }
    }
  }

  /** The child of a node; a new one gets the number `term`, or the next free number when that is -1. */
  #enter(node: number, id: number, term: number): number {
    const known = node === ROOT ? this.#firsts[id]! : this.#children.get(node, id);
    if (known >= 0) return known;
    const child = term >= 0 ? term : this.#nodeCount++;
    if (node === ROOT) this.#firsts[id] = child;
    else this.#children.set(node, id, child);
    return child;
  }
}

/** The terms as paths of token numbers: term `t` is `ids[starts[t]..starts[t + 1])`. */
class Paths {
  ids: Int32Array;
  starts: Int32Array;
  longest = 0;
  #length = 0;
  #terms = 0;

  constructor(terms: number) {
    this.ids = new Int32Array(terms * 2);
    this.starts = new Int32Array(terms + 1);
  }

  push(id: number): void {
    if (this.#length === this.ids.length) this.ids = grown(this.ids, this.#length + 1);
    this.ids[this.#length++] = id;
  }

  /** Ends a term. */
  end(): void {
    const start = this.starts[this.#terms]!;
    this.longest = Math.max(this.longest, this.#length - start);
    this.starts[++this.#terms] = this.#length;
  }
}
