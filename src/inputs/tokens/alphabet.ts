import type { TokenCharacters } from './contract.js';

/** The part of `words.json` that says how words are spelt. */
export interface CharactersPart {
  /** The characters (code points) in the order of their ids; the two ids below are of entries of it. */
  alphabet: readonly string[];
  /** The id of every other character. */
  unknown: number;
  /** The id that fills words up. */
  padding: number;
  /** Characters of a word at most. */
  most: number;
}

/**
 * Ids of the characters of words, as they are written. Of a word of more than `most` characters its beginning and its
 * end are read, the beginning being one longer if `most` is odd.
 *
 * @throws Error when the ids are not of its alphabet
 * @example
 * const alphabet = new Alphabet({ alphabet: ['', '?', 'A', 'd', 'a'], unknown: 1, padding: 0, most: 4 });
 * alphabet.write('Ada', ids, 0); // 2n, 4n, 5n
 */
export class Alphabet implements TokenCharacters {
  readonly most: number;
  readonly padding: number;
  readonly #ids: ReadonlyMap<string, bigint>;
  readonly #unknown: bigint;

  constructor({ alphabet, unknown, padding, most }: CharactersPart) {
    if (!isIndex(unknown, alphabet) || !isIndex(padding, alphabet))
      throw new Error('unknown and padding of its characters are not ids of their alphabet');
    if (!Number.isInteger(most) || most < 1) throw new Error(`'most' of its characters is ${most}`);
    this.most = most;
    this.padding = padding;
    this.#ids = new Map(alphabet.map((character, id) => [character, BigInt(id)]));
    this.#unknown = BigInt(unknown);
  }

  write(token: string, into: BigInt64Array, at: number): void {
    const characters = [...token];
    const skipped = Math.max(characters.length - this.most, 0);
    const head = Math.ceil(this.most / 2);
    for (const [index, character] of characters.entries()) {
      if (skipped > 0 && index >= head && index < head + skipped) continue;
      into[at++] = this.#ids.get(character) ?? this.#unknown;
    }
  }
}

/** Whether something is the index of an entry of a list. */
export function isIndex(id: unknown, list: readonly unknown[]): boolean {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) < list.length;
}
