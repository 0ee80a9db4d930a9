/** What a tag says of its word: outside, or of an entity its begin, inside, last word or only word. */
export type Place = 'O' | 'B' | 'I' | 'L' | 'S';

/** A tag of a model: its place, and which entity by its index; -1 for outside. */
export interface Tag {
  place: Place;
  entity: number;
}

export interface Scheme {
  /** What the tags are of, such as PER: the labels of spans. */
  entities: readonly string[];
  /** In the order of the model's labels. */
  tags: readonly Tag[];
}

const PLACES: Readonly<Record<string, Place>> = { B: 'B', I: 'I', M: 'I', L: 'L', E: 'L', U: 'S', S: 'S' };
const PREFIXED = /^([BIMLEUS])[-_](.+)$/;
const OUTSIDE = 'O';

/**
 * Reads a scheme off the names of a tagger's labels: BIO (`B-PER`, `I-PER`), BILOU or BIOES (with `L-` or `E-` for the
 * last word, `U-` or `S-` for the only one), or IO (`I-PER`, or plain `PER`). `O` is outside.
 *
 * @example
 * schemeOf(['O', 'B-PER', 'I-PER']).entities; // ['PER']
 */
export function schemeOf(labels: readonly string[]): Scheme {
  const parts = labels.map(label => PREFIXED.exec(label));
  const isPrefixed = labels.every((label, index) => label === OUTSIDE || parts[index] !== null);
  const entities: string[] = [];
  const tags = labels.map((label, index): Tag => {
    if (label === OUTSIDE) return { place: 'O', entity: -1 };
    const [, prefix = 'I', name = label] = (isPrefixed && parts[index]) || [];
    if (!entities.includes(name)) entities.push(name);
    return { place: PLACES[prefix]!, entity: entities.indexOf(name) };
  });
  return { entities, tags };
}

/** A word with the tag that the model gave it. */
export interface TaggedWord {
  start: number;
  end: number;
  tag: Tag;
  /** The probability of the tag, 0..1. */
  probability: number;
}

/** A stretch of a text, in UTF-16 units, the end exclusive. */
export interface Span {
  start: number;
  end: number;
  entity: number;
  /** 0..1 */
  score: number;
  /** Of a graph that lists spans: which of its entries this one is, counted over all rows. */
  entries?: number[];
}

/**
 * Joins tagged words to spans; the score of a span is the mean of its words' probabilities.
 *
 * Tags that break the scheme are read for the best: what is inside of nothing begins a span, and what begins another
 * ends it. In plain IO, neighbours of one entity are one span.
 */
export function spansOfWords(words: readonly TaggedWord[]): Span[] {
  const spans: Span[] = [];
  let open: (Span & { words: number }) | undefined;
  const close = () => {
    if (open !== undefined) {
      const { words: count, score, ...span } = open;
      spans.push({ ...span, score: score / count });
    }
    open = undefined;
  };
  for (const { start, end, tag, probability } of words) {
    const goesOn = open?.entity === tag.entity && (tag.place === 'I' || tag.place === 'L');
    if (!goesOn) close();
    if (tag.place === 'O') continue;
    if (open === undefined) open = { start, end, entity: tag.entity, score: probability, words: 1 };
    else {
      open.end = end;
      open.score += probability;
      open.words++;
    }
    if (tag.place === 'L' || tag.place === 'S') close();
  }
  close();
  return spans;
}
