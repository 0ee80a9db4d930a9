import type { AlignedText } from './alignment.js';

/** The character for each byte in byte-level vocabularies, as GPT-2 has it: printable bytes are themselves. */
const BYTE_CHARACTERS = (() => {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
})();
const CHARACTER_BYTES = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));
/** Characters that pieces may leave out between them, white space aside. */
const DROPPED = 64;
const BYTE_TOKEN = /^<0x([0-9A-F]{2})>$/;

/** A piece that the model makes tokens of, character by character, each with its place in the original text. */
export interface Pretoken {
  characters: string[];
  starts: number[];
  ends: number[];
}

/** Finds pieces of a normalised text in it again, one after the other. */
export class PieceFinder {
  readonly #source: AlignedText;
  readonly #isBytes: boolean;
  #at = 0;

  /** @param isBytes whether the pieces are of a byte-level vocabulary */
  constructor(source: AlignedText, isBytes: boolean) {
    this.#source = source;
    this.#isBytes = isBytes;
  }

  next(piece: string): Pretoken {
    const { characters, counts } = this.#isBytes
      ? fromBytes(piece)
      : { characters: [...piece], counts: undefined };
    const found: Pretoken = { characters: [...piece], starts: [], ends: [] };
    for (const [index, character] of characters.entries()) {
      const [start, end] = this.#place(character);
      for (let unit = counts?.[index] ?? 1; unit > 0; unit--) {
        found.starts.push(start);
        found.ends.push(end);
      }
    }
    return found;
  }

  /** Where a character comes from; one that was put in lies where the next one starts, and is nothing. */
  #place(character: string): [start: number, end: number] {
    const { text, starts, ends } = this.#source;
    const isSpace = character === ' ' || character === '▁';
    let at = this.#at;
    let length = character.length;
    if (!text.startsWith(character, at)) {
      if (isSpace) {
        length = text[at] === ' ' || text[at] === '▁' ? 1 : 0;
      } else {
        while (at < text.length && /\s/u.test(text[at]!)) at++;
        const found = text.slice(at, at + DROPPED + length).indexOf(character);
        if (found < 0) length = 0;
        at = found < 0 ? this.#at : at + found;
      }
    }
    const start = starts[at] ?? ends.at(-1) ?? 0;
    this.#at = at + length;
    return [start, length === 0 ? start : ends[this.#at - 1]!];
  }
}

/** The text that byte characters spell, and how many of them each character takes. */
function fromBytes(piece: string): { characters: string[]; counts: number[] } {
  const bytes = Uint8Array.from(piece, character => CHARACTER_BYTES.get(character) ?? 0x3f);
  const characters = [...new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)];
  return { characters, counts: characters.map(character => Buffer.byteLength(character)) };
}

/** How tokens spell what they stand for. */
export interface Spelling {
  /** Before a token that goes on with a word, such as `##`. */
  continuing: string;
  /** Behind the last token of a word, such as `</w>`. */
  endOfWord: string;
}

/**
 * Which characters of a piece each of its tokens stands for: `[first, behind the last]`, in order and without gaps.
 *
 * A token that spells nothing of the piece (an unknown one) takes what lies before the next token that does.
 *
 * @example
 * // tokens ['em', '##bed', '##ding'] of the piece 'embedding'
 * coverage([...'embedding'], ['em', '##bed', '##ding'], spelling); // [[0, 2], [2, 5], [5, 9]]
 */
export function coverage(
  characters: readonly string[],
  tokens: readonly string[],
  spelling: Spelling,
): [from: number, to: number][] {
  const covered: [number, number][] = [];
  let at = 0;
  /** Bytes of the character at `at` that tokens have spelled already. */
  let bytes = 0;
  /** The first of the tokens before that spelled nothing. */
  let unknown = -1;
  const settle = (until: number, index: number) => {
    if (unknown < 0) return;
    // Several unknown tokens share the gap, a character each as far as there are any, and the last takes the rest.
    const from = covered[unknown - 1]?.[1] ?? 0;
    for (let each = unknown; each < index; each++) {
      const first = Math.min(from + each - unknown, until);
      covered[each] = [first, each === index - 1 ? until : Math.min(first + 1, until)];
    }
    unknown = -1;
  };
  for (const [index, token] of tokens.entries()) {
    const byte = BYTE_TOKEN.exec(token);
    if (byte !== null && characters.length > at && characters[at] !== token) {
      settle(at, index);
      covered[index] = [at, at + 1];
      if (++bytes === Buffer.byteLength(characters[at]!)) {
        bytes = 0;
        at++;
      }
      continue;
    }
    const surface = [...surfaceOf(token, index, spelling)];
    const found = surface.length === 0 ? -1 : find(characters, surface, at, unknown >= 0);
    if (found < 0) {
      if (unknown < 0) unknown = index;
      covered[index] = [at, at];
      continue;
    }
    settle(found, index);
    at = found + surface.length;
    covered[index] = [found, at];
  }
  settle(characters.length, tokens.length);
  return covered;
}

function surfaceOf(token: string, index: number, { continuing, endOfWord }: Spelling): string {
  let surface = token;
  if (index > 0 && continuing !== '' && surface.startsWith(continuing))
    surface = surface.slice(continuing.length);
  if (endOfWord !== '' && surface.endsWith(endOfWord)) surface = surface.slice(0, -endOfWord.length);
  return surface;
}

/** The place of a surface: at `from`, or behind it when something unknown lies between. */
function find(
  characters: readonly string[],
  surface: readonly string[],
  from: number,
  isAfterUnknown: boolean,
) {
  const last = isAfterUnknown ? characters.length - surface.length : from;
  for (let start = from + (isAfterUnknown ? 1 : 0); start <= last; start++) {
    if (surface.every((character, index) => characters[start + index] === character)) return start;
  }
  return -1;
}
