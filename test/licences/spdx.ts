/**
 * Whether what an SPDX licence expression asks for is accepted: one side of each OR, both of each AND.
 *
 * https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/
 *
 * @param accepts decides on one licence, without `+` and what stands behind WITH
 * @throws Error when it is no such expression
 * @example
 * isAccepted('(MIT OR GPL-3.0-only)', id => id === 'MIT'); // true
 */
export function isAccepted(expression: string, accepts: (licence: string) => boolean): boolean {
  const words = expression.match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;

  const one = (): boolean => {
    const word = words[at++];
    if (word === '(') {
      const inner = either();
      if (words[at++] !== ')') throw invalid(expression);
      return inner;
    }
    if (word === undefined || !LICENCE.test(word) || KEYWORDS.test(word)) throw invalid(expression);
    if (words[at] === 'WITH') {
      if (!LICENCE.test(words[at + 1] ?? '')) throw invalid(expression);
      at += 2;
    }
    return accepts(word.replace(/\+$/, ''));
  };
  const both = (): boolean => {
    let found = one();
    for (; words[at] === 'AND'; ) {
      at++;
      // Both sides are read, whatever the first one says.
      const other = one();
      found = found && other;
    }
    return found;
  };
  const either = (): boolean => {
    let found = both();
    for (; words[at] === 'OR'; ) {
      at++;
      const other = both();
      found = found || other;
    }
    return found;
  };

  const found = either();
  if (at < words.length) throw invalid(expression);
  return found;
}

const LICENCE = /^[A-Za-z0-9.:-]+\+?$/;
const KEYWORDS = /^(AND|OR|WITH)$/;

function invalid(expression: string): Error {
  return new Error(`not an SPDX licence expression: ${expression}`);
}
