/** A stretch of a text with a label, in UTF-16 units, the end exclusive. */
export interface Mark {
  start: number;
  end: number;
  label: string;
}

/** Finds, at most: more are of no use to an annotator. */
const MOST = 1000;

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
 * - 1000 finds are the most.
 *
 * @param marks what was marked just now
 * @param there what was marked before
 * @returns ascending
 * @example
 * findOthers('Ada met Ada', [{ start: 0, end: 3, label: 'PER' }], []); // [{ start: 8, end: 11, label: 'PER' }]
 */
export function findOthers(text: string, marks: readonly Mark[], there: readonly Mark[]): Mark[] {
  const found: Mark[] = [];
  const looked = new Set<string>();
  for (const { start, end, label } of marks) {
    const covered = text.slice(start, end);
    if (covered.trim() === '') continue;
    const edges = [isEdge(text, start), isEdge(text, end)] as const;
    const key = JSON.stringify([covered, label, ...edges]);
    if (looked.has(key)) continue;
    looked.add(key);
    const taken = joined([...marks, ...there, ...found].filter(mark => mark.label === label));
    let next = 0;
    for (const { index, 0: match } of text.matchAll(patternOf(covered))) {
      if (found.length === MOST) break;
      const other = { start: index, end: index + match.length, label };
      if (edges[0] && !isEdge(text, other.start)) continue;
      if (edges[1] && !isEdge(text, other.end)) continue;
      while (next < taken.length && taken[next]!.end <= other.start) next++;
      if (next < taken.length && taken[next]!.start < other.end) continue;
      found.push(other);
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

function patternOf(covered: string): RegExp {
  const parts = covered.split(/\s+/u).map(part => part.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
  return new RegExp(parts.join('\\s+'), 'gu');
}

/** Whether no word goes on across a place. */
function isEdge(text: string, place: number): boolean {
  const before = /.$/su.exec(text.slice(Math.max(place - 2, 0), place))?.[0] ?? '';
  const after = String.fromCodePoint(text.codePointAt(place) ?? 0x20);
  return !WORD.test(before) || !WORD.test(after) || UNSPACED.test(before) || UNSPACED.test(after);
}
