import { AppError } from '../errors.js';

/** A stretch of a text with a label, in UTF-16 units, the end exclusive. */
export interface Mark {
  start: number;
  end: number;
  label: string;
}

/** Finds, at most: more are of no use to an annotator. */
const MOST = 1000;
/** Characters and marks that are looked at, at most: about a second of the server's thread. */
const WORK = 100_000_000;

const WORD = /[\p{L}\p{M}\p{N}_]/u;
/** Writing that puts no space between words: where one ends is not seen. */
const UNSPACED =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Tibetan}]/u;

/**
 * Where else a text says what was marked in it.
 *
 * - The case must be the same: `May` is not `may`. Any white space stands for any other, so that a line may break.
 * - An end of the mark that lies where a word ends is found at such ends alone (`art` is not in `party`); one that lies
 *   within a word is found anywhere (`Ad` of `Ada` is in `Adam`). Writing without spaces has ends everywhere.
 * - What overlaps a mark, or a stretch of the same label that is there already, is left out; so is what overlaps an
 *   earlier find of the same label.
 * - 1000 finds are the most. The time that it takes grows with the length of the text, whatever stands there.
 *
 * @param marks what was marked just now
 * @param there what was marked before
 * @returns ascending
 * @throws AppError `task_invalid` for so many marks in so long a text that others would wait for it
 * @example
 * findOthers('Ada met Ada', [{ start: 0, end: 3, label: 'PER' }], []); // [{ start: 8, end: 11, label: 'PER' }]
 */
export function findOthers(text: string, marks: readonly Mark[], there: readonly Mark[]): Mark[] {
  const found: Mark[] = [];
  const looked = new Set<string>();
  if (marks.length * (text.length + marks.length + there.length) > WORK) {
    throw new AppError(
      'task_invalid',
      `${marks.length} marks in a text of ${text.length} characters take too long to look for: mark fewer at a time`,
    );
  }
  const folded = fold(text);
  for (const { start, end, label } of marks) {
    const covered = text.slice(start, end);
    if (covered.trim() === '') continue;
    const edges = [isEdge(text, start), isEdge(text, end)] as const;
    const key = JSON.stringify([covered, label, ...edges]);
    if (looked.has(key)) continue;
    looked.add(key);
    const taken = joined([...marks, ...there, ...found].filter(mark => mark.label === label));
    let next = 0;
    for (const other of occurrences(folded, covered)) {
      if (found.length === MOST) break;
      if (edges[0] && !isEdge(text, other.start)) continue;
      if (edges[1] && !isEdge(text, other.end)) continue;
      while (next < taken.length && taken[next]!.end <= other.start) next++;
      if (next < taken.length && taken[next]!.start < other.end) continue;
      found.push({ ...other, label });
    }
  }
  return found.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** The same stretches without overlaps, ascending. */
function joined(marks: readonly Mark[]): Mark[] {
  const all: Mark[] = [];
  for (const mark of [...marks].sort((a, b) => a.start - b.start)) {
    const last = all.at(-1);
    if (last !== undefined && mark.start < last.end) last.end = Math.max(last.end, mark.end);
    else all.push({ ...mark });
  }
  return all;
}

/** A text in which each run of white space is one blank. */
interface Folded {
  text: string;
  /** Where each of its UTF-16 units begins in the text that it was made of; at the end, how long that is. */
  places: Int32Array;
}

function fold(text: string): Folded {
  const places = new Int32Array(text.length + 1);
  let length = 0;
  let before = 0;
  const copy = (end: number) => {
    for (; before < end; before++) places[length++] = before;
  };
  const parts: string[] = [];
  for (const { index, 0: blanks } of text.matchAll(/\s+/gu)) {
    parts.push(text.slice(before, index), ' ');
    copy(index);
    places[length++] = index;
    before = index + blanks.length;
  }
  parts.push(text.slice(before));
  copy(text.length);
  places[length] = text.length;
  return { text: parts.join(''), places };
}

/**
 * The places where a text has another one, without overlaps, from the left. Knuth, Morris and Pratt: "Fast Pattern Matching in
 * Strings", SIAM Journal on Computing 6 (1977); no text makes it slow, as `indexOf` and regular expressions are for some.
 */
function* occurrences({ text, places }: Folded, covered: string): Generator<{ start: number; end: number }> {
  const wanted = covered.replace(/\s+/gu, ' ');
  const longest = borders(wanted);
  let matched = 0;
  for (let at = 0; at < text.length; at++) {
    while (matched > 0 && text[at] !== wanted[matched]) matched = longest[matched - 1]!;
    if (text[at] === wanted[matched]) matched++;
    if (matched < wanted.length) continue;
    yield { start: places[at + 1 - matched]!, end: places[at + 1]! };
    matched = 0;
  }
}

/** For each beginning of a text, how long the longest shorter beginning is that it ends with. */
function borders(text: string): Int32Array {
  const longest = new Int32Array(text.length);
  let length = 0;
  for (let at = 1; at < text.length; at++) {
    while (length > 0 && text[at] !== text[length]) length = longest[length - 1]!;
    if (text[at] === text[length]) length++;
    longest[at] = length;
  }
  return longest;
}

/** Whether no word goes on across a place. */
function isEdge(text: string, place: number): boolean {
  const before = /.$/su.exec(text.slice(Math.max(place - 2, 0), place))?.[0] ?? '';
  const after = String.fromCodePoint(text.codePointAt(place) ?? 0x20);
  return !WORD.test(before) || !WORD.test(after) || UNSPACED.test(before) || UNSPACED.test(after);
}
