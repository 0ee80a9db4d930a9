/**
 * Turns places in a text from UTF-16 units, which JavaScript counts, into code points, which Label Studio stores.
 *
 * @param places ascending or not
 * @example
 * codePointOffsets('😀 Ada', [3, 6]); // [2, 5]
 */
export function codePointOffsets(text: string, places: readonly number[]): number[] {
  if (!/[\ud800-\udbff]/.test(text)) return [...places];
  const wanted = [...new Set(places)].sort((a, b) => a - b);
  const offsets = new Map<number, number>();
  let at = 0;
  let count = 0;
  for (const place of wanted) {
    for (; at < place; count++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    offsets.set(place, count);
  }
  return places.map(place => offsets.get(place)!);
}

/** Where each code point of a text starts, in UTF-16 units, and where the text ends. */
export function utf16Offsets(text: string): number[] {
  const offsets: number[] = [];
  let at = 0;
  for (const character of text) {
    offsets.push(at);
    at += character.length;
  }
  return [...offsets, at];
}
