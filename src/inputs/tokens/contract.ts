import type { TextNode } from '../html/text.js';

/** A text as tokens: parallel lists with one entry a token, special tokens left out. */
export interface TokenizedText {
  ids: number[];
  /**
   * Where each token lies in the original text, in UTF-16 units, without white space around it. A token that stands for
   * nothing there (a space that the tokenizer put in) ends where it starts.
   */
  starts: number[];
  ends: number[];
  /** The number of the word that each token is a piece of, from 0, ascending; -1 for a token of nothing. */
  words: number[];
}

/** What makes tokens of a text, loaded for one version. */
export interface TextTokenizer {
  tokenize(text: string): TokenizedText;
  /** The special tokens that stand before and behind those of a text. */
  readonly before: readonly number[];
  readonly behind: readonly number[];
  /** The token that fills rows up. */
  readonly padding: number;
  /** Its tokens letter by letter, for graphs that read those as well; absent: it knows no letters. */
  readonly characters?: TokenCharacters;
}

/** What makes ids of the characters of a token. */
export interface TokenCharacters {
  /** Characters of a token at most. */
  readonly most: number;
  /** The id that fills tokens up. */
  readonly padding: number;
  /** Puts the ids of a token's characters into `into`, from `at` on: as many as it has, and no more than `most`. */
  write(token: string, into: BigInt64Array, at: number): void;
}

/** What the region kinds of spans know of a row (`InputKind.meta` is `tokens`). */
export interface TokensMeta {
  text: string;
  /** What the text is made of, joined by `UTTERANCE_BREAK`; absent: it is one text. */
  utterances?: readonly string[];
  /** The nodes of the HTML document whose text it is; absent: it is none of a document. */
  nodes?: readonly TextNode[];
  /** The id of the item of a List that this row is; absent: the text is no List. */
  item?: string;
  tokens: TokenizedText;
  /** The first of the text's tokens in this row. */
  first: number;
  /** How many of them it has. */
  count: number;
  /** Where the first one stands in the row, behind the special tokens. */
  offset: number;
}
