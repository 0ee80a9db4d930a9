import { Alphabet } from './alphabet.js';
import { parsePattern } from './pattern.js';
import type { PythonText } from './unicode.js';

/** How the word analyzer finds its tokens. */
export interface TokenPattern {
  /** Tokens are the runs of word characters with at least so many of them; null: `each` has to be asked. */
  run: number | null;
  /** Whether a token may hold a space, so that n-grams can be read in two ways. */
  spaces: boolean;
  /** Calls back with each token of `text[0..length)`, as Python's `findall` lists them. */
  each(text: Uint16Array, length: number, found: (start: number, end: number) => void): void;
}

/** Patterns that only ask for runs of `\w`: `\b\w\w+\b`, `\w+`, `\b\w{3,}\b`; with `|\w` single characters as well. */
const RUNS = /^(?:\(\?u\))?(?:\\b)?((?:\\w)*)\\w(?:\+|\{(\d+),\})(?:\\b)?(\|\\w)?$/;

/**
 * Reads scikit-learn's `token_pattern`.
 * @throws Error that names the construct when the pattern cannot be carried over
 *
 * @example
 * readTokenPattern('(?u)\\b\\w\\w+\\b', new PythonText(null)).run // 2
 */
export function readTokenPattern(source: string, python: PythonText): TokenPattern {
  const { root, group, classes } = parsePattern(source);
  if (root.empty && root.shy)
    throw new Error('a pattern that prefers to match nothing cannot be carried over from Python');
  const alphabet = new Alphabet(classes, python);
  // `d` tells where the group lies; it costs time.
  const search = new RegExp(root.source(alphabet), group === null ? 'g' : 'dg');
  return {
    run: runLength(source),
    spaces: (group ?? root).spaces,
    each(text, length, found) {
      const symbols = alphabet.encode(text, length);
      const { starts } = alphabet;
      search.lastIndex = 0;
      for (let match = search.exec(symbols); match !== null; match = search.exec(symbols)) {
        const end = match.index + match[0].length;
        // A group that took no part in the match is the empty string.
        const [from, to] = group === null ? [match.index, end] : (match.indices?.[1] ?? [end, end]);
        found(starts[from]!, starts[to]!);
        // After a match of nothing, Python looks for one from here on that is not empty: there is none.
        if (end === match.index) search.lastIndex = end + 1;
      }
    },
  };
}

function runLength(source: string): number | null {
  const match = RUNS.exec(source);
  if (match === null) return null;
  const [, before = '', count, single] = match;
  const least = before.length / 2 + (count === undefined ? 1 : Number(count));
  if (least < 1) return null;
  if (single === undefined) return least;
  return least <= 2 ? 1 : null;
}
