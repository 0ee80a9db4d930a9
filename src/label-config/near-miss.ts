import { trimEnd } from '../trim-end.js';

/** A label of the config and the one of the model that it is nearly the same as. */
export interface NearMiss {
  config: string;
  model: string;
}

/**
 * Letters that a word must have for one slip in it to be a slip: shorter words that differ by a letter are often two words
 * (`cat` and `car`, `Person` and `Persona`).
 */
export const SLIP_LETTERS = 8;
/** The same where a label is refused anyway, and the nearest one is only told. */
export const HINT_LETTERS = 4;

/** Letters with accents that only differ in these are one word, if the label is not very short. */
const ACCENTED_LETTERS = 4;
const ACCENTS = /[\u0300-\u036f]/g;
const MARK = /[\s.,:;!?]/u;
/** What stands between two words, but not between two numbers: `1.5` is not `15`. Other signs mean something (`C++`, `< 5`). */
const BETWEEN_WORDS = /(?<=[\p{L}\p{M}])[\s_./:,-]+(?=[\p{L}\p{N}])|(?<=\p{N})[\s_./:,-]+(?=\p{L})/u;

/** A label as it is compared. */
interface Spelling {
  label: string;
  words: readonly string[];
  /** All of it in one word, as it is and as one of what it may be the plural of. */
  joined: readonly string[];
}

function spellingOf(label: string): Spelling {
  const plain = trimEnd(label.normalize('NFKC').trim(), MARK).toLowerCase();
  const bare = plain.normalize('NFD').replace(ACCENTS, '').normalize('NFC');
  const words = (plain.length < ACCENTED_LETTERS ? plain : bare).split(BETWEEN_WORDS);
  const before = words.slice(0, -1).join('');
  return { label, words, joined: formsOf(words.at(-1)!).map(form => before + form) };
}

/** A word, and what it is the English plural of if it is one. */
function formsOf(word: string): string[] {
  // "Class" is no plural.
  const forms = [/(?<=[^\P{L}s])s$/u, /(?<=s|x|z|ch|sh)es$/].map(ending => word.replace(ending, ''));
  forms.push(word.replace(/ies$/, 'y'));
  return [...new Set([word, ...forms.filter(({ length }) => length > 2)])];
}

/** Whether one letter is wrong, missing or too many, or two neighbours are swapped. */
function isOneSlip(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  let first = 0;
  while (first < short.length && short[first] === long[first]) first++;
  const rest = short.slice(first);
  const other = long.slice(first);
  if (short.length < long.length) return rest === other.slice(1);
  const isSwapped = rest[0] === other[1] && rest[1] === other[0] && rest.slice(2) === other.slice(2);
  return rest.slice(1) === other.slice(1) || isSwapped;
}

function digitsOf(word: string): string {
  return word.replace(/\P{N}/gu, '');
}

/** Whether all words are the same but one, and that one by a slip; the first letter of a word is hardly ever one. */
function isSlip(a: Spelling, b: Spelling, letters: number): boolean {
  const at = a.words.findIndex((word, index) => word !== b.words[index]);
  const [one, other] = [a.words[at]!, b.words[at]!];
  if (a.words.slice(at + 1).some((word, index) => word !== b.words[at + 1 + index])) return false;
  if (Math.max(one.length, other.length) < letters || one[0] !== other[0]) return false;
  return digitsOf(one) === digitsOf(other) && isOneSlip(one, other);
}

/** Where labels are looked for that may be nearly the same: a slip changes neither the words' number nor the first letter. */
function placeOf({ words }: Spelling, length: number): string {
  return `${words[0]![0]} ${words.length} ${length}`;
}

function lengthOf({ words }: Spelling): number {
  return words.reduce((sum, { length }) => sum + length, 0);
}

/**
 * Finds the labels of a config that are nearly one of a model's, so that one was likely meant by the other.
 *
 * It is when only case, blanks, punctuation between words, accents or an English plural differ, or when one word differs by
 * one slip: a letter that is wrong, missing or too many, or two that are swapped. Digits never differ, nor does the first
 * letter of the word.
 *
 * @param config the names by which a model could mean the config's labels
 * @param letters the least letters of a word with a slip: `SLIP_LETTERS` or `HINT_LETTERS`
 * @returns such labels in the order of `config`, each with one of the model's
 * @example
 * nearMisses(['Positiv'], ['Negative', 'Positive'], SLIP_LETTERS); // [{ config: 'Positiv', model: 'Positive' }]
 * nearMisses(['car', 'Persona', 'Class 2'], ['cat', 'Person', 'Class 1'], SLIP_LETTERS); // []
 */
export function nearMisses(config: readonly string[], model: readonly string[], letters: number): NearMiss[] {
  const joined = new Map<string, string>();
  const places = new Map<string, Spelling[]>();
  for (const spelling of model.map(spellingOf)) {
    for (const form of spelling.joined) if (!joined.has(form)) joined.set(form, spelling.label);
    const place = placeOf(spelling, lengthOf(spelling));
    const there = places.get(place);
    if (there) there.push(spelling);
    else places.set(place, [spelling]);
  }
  const nearest = (label: string): string | undefined => {
    const spelling = spellingOf(label);
    const same = spelling.joined.find(form => joined.has(form));
    if (same !== undefined) return joined.get(same);
    const length = lengthOf(spelling);
    for (const each of [length, length - 1, length + 1]) {
      const found = places.get(placeOf(spelling, each))?.find(other => isSlip(spelling, other, letters));
      if (found) return found.label;
    }
    return undefined;
  };
  return config.flatMap(label => {
    const found = nearest(label);
    return found === undefined ? [] : { config: label, model: found };
  });
}
