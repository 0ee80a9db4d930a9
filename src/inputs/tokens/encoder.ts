import { AppError } from '../../errors.js';
import { lazily } from '../../lazily.js';
import type { EncodedBatch, Encoder, PlainTensor, TaskFailure, TaskValue } from '../contract.js';
import { type HtmlValue, readHtml } from '../html/text.js';
import type { ItemsValue } from '../list.js';
import { UTTERANCE_BREAK, type UtterancesValue } from '../paragraphs.js';
import type { TextTokenizer, TokenCharacters, TokenizedText, TokensMeta } from './contract.js';

export interface RowOptions {
  /** Tokens of a row at most, special ones included. */
  max_tokens?: number;
  /** Tokens that two windows of a longer text share; absent: only its first tokens are read. */
  overlap?: number;
  /** The position of the first token; absent: 0. */
  first_position?: number;
}

/** Tokens of a batch, padding included: what attention takes grows with them. */
const BATCH_TOKENS = 8192;
/** Tokens of one text at most, as all of its windows are run together. */
const TEXT_TOKENS = 16384;
const MAX_TOKENS = 512;

/** What is to be tokens: a text, or what one is made of. */
type Content = string | UtterancesValue | HtmlValue | ItemsValue;

/** A text, with the windows that it is cut into. */
interface CutText {
  value: number;
  /** What the metas of its rows have alike. */
  meta: Pick<TokensMeta, 'text' | 'utterances' | 'nodes'>;
  /** The ids of the items that its windows are; undefined: it is no list. */
  items: readonly string[] | undefined;
  tokens: TokenizedText;
  /** The first token of each window, and the one behind its last. */
  windows: readonly (readonly [from: number, to: number])[];
  /** Tokens of the longest row. */
  length: number;
}

/** Rows of token ids. */
export class TokensEncoder implements Encoder {
  readonly warmUp: TaskValue = 'a text to warm up';
  readonly #tokenizer: TextTokenizer;
  readonly #capacity: number;
  readonly #overlap: number | undefined;
  readonly #firstPosition: number;

  /** @throws Error when the options leave no room for tokens */
  constructor(
    tokenizer: TextTokenizer,
    { max_tokens = MAX_TOKENS, overlap, first_position = 0 }: RowOptions,
  ) {
    this.#firstPosition = first_position;
    this.#tokenizer = tokenizer;
    this.#capacity = max_tokens - tokenizer.before.length - tokenizer.behind.length;
    this.#overlap = overlap;
    if (this.#capacity <= (overlap ?? 0)) {
      throw new Error(
        `rows of ${max_tokens} tokens leave none beside special tokens and an overlap of ${overlap ?? 0}`,
      );
    }
  }

  *encode(
    values: readonly TaskValue[],
    fail: (row: number, failure: TaskFailure) => void,
  ): Iterable<EncodedBatch> {
    const texts: CutText[] = [];
    for (const [value, content] of values.entries()) {
      let cut: CutText;
      try {
        cut = this.#cut(value, content as Content);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        fail(value, { code: error.code, message: error.message });
        continue;
      }
      // A list of no items says nothing.
      if (cut.windows.length === 0) continue;
      if (cut.windows.length * cut.length <= TEXT_TOKENS) texts.push(cut);
      else {
        fail(value, {
          code: 'task_invalid',
          message: `the text has ${cut.tokens.ids.length} tokens, in windows; this server reads at most ${TEXT_TOKENS}`,
        });
      }
    }
    // Rows are as long as the longest of their batch.
    texts.sort((a, b) => a.length - b.length);
    let batch: CutText[] = [];
    let rows = 0;
    for (const text of texts) {
      if (batch.length > 0 && (rows + text.windows.length) * text.length > BATCH_TOKENS) {
        yield this.#batch(batch, rows);
        batch = [];
        rows = 0;
      }
      batch.push(text);
      rows += text.windows.length;
    }
    if (batch.length > 0) yield this.#batch(batch, rows);
  }

  /** @throws AppError `task_invalid` when it is an HTML document that cannot be read */
  #cut(value: number, content: Content): CutText {
    if (typeof content !== 'string' && 'items' in content) return this.#cutItems(value, content);
    const meta = metaOf(content);
    const tokens = this.#tokenizer.tokenize(meta.text);
    const count = tokens.ids.length;
    const capacity = this.#capacity;
    const windows: [number, number][] = [];
    for (let from = 0; ; from += capacity - this.#overlap!) {
      windows.push([from, Math.min(from + capacity, count)]);
      if (from + capacity >= count || this.#overlap === undefined) break;
    }
    return { value, meta, items: undefined, tokens, windows, length: this.#length(windows) };
  }

  /** The items of a list are as the windows of one text, which begin where the items do. */
  #cutItems(value: number, { items }: ItemsValue): CutText {
    const tokens: TokenizedText = { ids: [], starts: [], ends: [], words: [] };
    const windows: [number, number][] = [];
    for (const { text } of items) {
      const { ids, starts, ends, words } = this.#tokenizer.tokenize(text);
      const from = tokens.ids.length;
      windows.push([from, from + Math.min(ids.length, this.#capacity)]);
      for (const [token, id] of ids.entries()) {
        tokens.ids.push(id);
        tokens.starts.push(starts[token]!);
        tokens.ends.push(ends[token]!);
        tokens.words.push(words[token]!);
      }
    }
    const meta = { text: '' };
    return { value, meta, items: items.map(({ id }) => id), tokens, windows, length: this.#length(windows) };
  }

  /** The tokens of the longest row. */
  #length(windows: readonly (readonly [from: number, to: number])[]): number {
    const special = this.#tokenizer.before.length + this.#tokenizer.behind.length;
    const longest = windows.reduce((most, [from, to]) => Math.max(most, to - from), 0);
    // A graph may not get a dimension of 0: a text of no token is one of padding.
    return Math.max(longest + special, 1);
  }

  #batch(texts: readonly CutText[], count: number): EncodedBatch {
    const { before, behind, padding } = this.#tokenizer;
    const length = texts.at(-1)!.length;
    const ids = new BigInt64Array(count * length).fill(BigInt(padding));
    const mask = new BigInt64Array(count * length);
    const rows: number[] = [];
    const metas: TokensMeta[] = [];
    for (const { value, meta, items, tokens, windows } of texts) {
      for (const [window, [from, to]] of windows.entries()) {
        let at = rows.length * length;
        mask.fill(1n, at, at + Math.max(before.length + to - from + behind.length, 1));
        for (const id of before) ids[at++] = BigInt(id);
        for (let token = from; token < to; token++) ids[at++] = BigInt(tokens.ids[token]!);
        for (const id of behind) ids[at++] = BigInt(id);
        rows.push(value);
        const row = { ...meta, tokens, first: from, count: to - from, offset: before.length };
        metas.push(items === undefined ? row : { ...row, item: items[window]! });
      }
    }
    const tensor = (data: BigInt64Array): PlainTensor => ({ type: 'int64', data, dims: [count, length] });
    const { characters } = this.#tokenizer;
    const positions = lazily(() => {
      const at = (index: number) => BigInt((index % length) + this.#firstPosition);
      return tensor(BigInt64Array.from({ length: count * length }, (_, index) => at(index)));
    });
    // One segment: all of it is of type 0.
    const types = lazily(() => tensor(new BigInt64Array(count * length)));
    // What only some graphs take is made when one asks for it.
    const feeds = {
      input_ids: tensor(ids),
      attention_mask: tensor(mask),
      get token_type_ids() {
        return types();
      },
      get position_ids() {
        return positions();
      },
      ...(characters && { characters: charactersOf(metas, characters, length) }),
    };
    return { rows, feeds, metas };
  }
}

/** The characters of each token of some rows: int64 [rows, length, most]. */
function charactersOf(metas: readonly TokensMeta[], letters: TokenCharacters, length: number): PlainTensor {
  const { most, padding } = letters;
  const data = new BigInt64Array(metas.length * length * most).fill(BigInt(padding));
  for (const [row, { text, tokens, first, count, offset }] of metas.entries()) {
    for (let index = 0; index < count; index++) {
      const token = text.slice(tokens.starts[first + index], tokens.ends[first + index]);
      letters.write(token, data, (row * length + offset + index) * most);
    }
  }
  return { type: 'int64', data, dims: [metas.length, length, most] };
}

function metaOf(content: string | UtterancesValue | HtmlValue): CutText['meta'] {
  if (typeof content === 'string') return { text: content };
  if ('html' in content) return readHtml(content.html, content.inline);
  return { text: content.utterances.join(UTTERANCE_BREAK), utterances: content.utterances };
}
