/**
 * A text without the characters at its end that are such. A pattern (`/x+$/`) would try each run of them in the middle from each of
 * its characters, which takes quadratic time, and clients write these texts.
 *
 * @param isOne matches one character
 * @example
 * trimEnd('http://host//', /\//); // 'http://host'
 */
export function trimEnd(text: string, isOne: RegExp): string {
  let end = text.length;
  while (end > 0 && isOne.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}
