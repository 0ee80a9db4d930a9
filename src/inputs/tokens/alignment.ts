/** A text made from another one, and where each of its UTF-16 units lies in that. */
export interface AlignedText {
  text: string;
  starts: Uint32Array;
  ends: Uint32Array;
}

/**
 * What Unicode normalisation and the folding of accents work on: a character with its marks, or conjoining jamo. The
 * half-width voiced sound marks are letters, and yet compose.
 */
const CLUSTER =
  /[\uac00-\ud7a3]?[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]+|\P{M}[\p{M}\uff9e\uff9f]*|[\p{M}\uff9e\uff9f]+/gu;

/** Clusters whose normal form is kept in memory. */
const CACHE = 4096;
/** How far the two texts are looked through for a place where they agree again. */
const REACH = 24;

/** Normalises texts and tells where each part of the result comes from, whatever the normaliser does. */
export class Aligner {
  readonly #normalize: (text: string) => string;
  readonly #normalizePart: (part: string) => string;
  readonly #forms = new Map<string, string>();

  /** @param normalizePart the same for a part of a text, without what is done at the ends of the whole */
  constructor(normalize: (text: string) => string, normalizePart = normalize) {
    this.#normalize = normalize;
    this.#normalizePart = normalizePart;
  }

  /**
   * The normal form of `text[from..to)`, its places counted in the whole text.
   *
   * Each cluster is normalised by itself; where the whole says otherwise (spaces that were joined or put in front, a
   * final sigma), both are walked side by side.
   *
   * @example
   * new Aligner(text => text.toLowerCase()).align('ÀB', 0, 2); // { text: 'àb', starts: [0, 1], ends: [1, 2] }
   */
  align(whole: string, from: number, to: number): AlignedText {
    const original = whole.slice(from, to);
    const text = this.#normalize(original);
    const starts = new Uint32Array(text.length);
    const ends = new Uint32Array(text.length);
    if (text === original) {
      for (let at = 0; at < text.length; at++) {
        starts[at] = from + at;
        ends[at] = from + at + 1;
      }
      return { text, starts, ends };
    }
    const parts = this.#byCluster(original, from);
    if (parts.text === text) return parts;
    walk(parts, text, starts, ends, to);
    return { text, starts, ends };
  }

  #byCluster(original: string, from: number): AlignedText {
    let text = '';
    const starts: number[] = [];
    const ends: number[] = [];
    for (const { 0: cluster, index } of original.matchAll(CLUSTER)) {
      const form = this.#form(cluster);
      text += form;
      for (let at = 0; at < form.length; at++) {
        // What did not change is finer than its cluster.
        starts.push(from + index + (form === cluster ? at : 0));
        ends.push(from + index + (form === cluster ? at + 1 : cluster.length));
      }
    }
    return { text, starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
  }

  #form(cluster: string): string {
    let form = this.#forms.get(cluster);
    if (form === undefined) {
      form = this.#normalizePart(cluster);
      if (this.#forms.size >= CACHE) this.#forms.clear();
      this.#forms.set(cluster, form);
    }
    return form;
  }
}

/** Carries the places of `parts` over to a text that differs from it here and there. */
function walk(parts: AlignedText, text: string, starts: Uint32Array, ends: Uint32Array, end: number): void {
  let i = 0;
  let j = 0;
  while (j < text.length) {
    let skipped = 0;
    let added = 0;
    if (parts.text[i] !== text[j]) [skipped, added] = nearest(parts.text, i, text, j);
    const start = parts.starts[i] ?? end;
    const next = i + skipped;
    const stop = skipped > 0 ? parts.ends[next - 1]! : start;
    for (; added > 0; added--, j++) {
      starts[j] = start;
      ends[j] = stop;
    }
    i = next;
    if (j < text.length && i < parts.text.length) {
      starts[j] = parts.starts[i]!;
      ends[j] = parts.ends[i]!;
      i++;
      j++;
    }
  }
}

/** The fewest units to skip in both texts until they agree on two units, or to their ends. */
function nearest(a: string, i: number, b: string, j: number): [skipped: number, added: number] {
  const agree = (x: number, y: number) => a[x] === b[y] && a[x + 1] === b[y + 1];
  for (let distance = 1; distance <= REACH; distance++) {
    for (let skipped = 0; skipped <= distance; skipped++) {
      const x = i + skipped;
      const y = j + distance - skipped;
      if (x <= a.length && y <= b.length && agree(x, y)) return [skipped, distance - skipped];
    }
  }
  // One stands for the other, as far as there is one.
  return i < a.length ? [1, 1] : [0, b.length - j];
}
