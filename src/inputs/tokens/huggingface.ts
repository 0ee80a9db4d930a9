import { Tokenizer } from '@huggingface/tokenizers';
import { Aligner } from './alignment.js';
import type { TextTokenizer, TokenizedText } from './contract.js';
import { coverage, PieceFinder, type Spelling } from './surface.js';

/** The parts of a `tokenizer.json` that are read here; https://huggingface.co/docs/tokenizers/components */
interface TokenizerFile {
  added_tokens: readonly {
    content: string;
    id: number;
    normalized: boolean;
    lstrip: boolean;
    rstrip: boolean;
  }[];
  pre_tokenizer: Component | null;
  normalizer: Component | null;
  post_processor: Component | null;
  decoder: Component | null;
  model: Component & { continuing_subword_prefix?: string | null; end_of_word_suffix?: string | null };
  padding?: { pad_id?: number } | null;
}

interface Component {
  type: string;
  [field: string]: unknown;
}

/** A stretch of a text: a token that was added to the vocabulary as a whole, or what lies between such ones. */
interface Section {
  from: number;
  to: number;
  added: string | undefined;
}

/** A token that no vocabulary has, to see what a post-processor puts around it. */
const BODY = '\u{10fffd}';
const NO_MODEL = { type: 'BPE', vocab: {}, merges: [] };
const PADDING_TOKENS = ['[PAD]', '<pad>', '<|endoftext|>'];

/**
 * A tokenizer of Hugging Face, with the place of each token in the original text.
 *
 * The library tells no offsets. Its steps (added tokens, normaliser, pre-tokenizer, model) are run here one by one, so
 * that each piece can be followed back: the normalised text to the original one (`Aligner`), each piece to the
 * normalised text (`PieceFinder`), and each token to its piece (`coverage`).
 *
 * @param file what `tokenizer.json` holds
 * @throws Error that names what the library does not know
 * @example
 * const tokenizer = new HuggingFaceTokenizer(JSON.parse(await readFile('tokenizer.json', 'utf8')));
 * tokenizer.tokenize('Ada Lovelace'); // { ids: [...], starts: [0, 4, 8], ends: [3, 8, 12], words: [0, 1, 1] }
 */
export class HuggingFaceTokenizer implements TextTokenizer {
  readonly before: readonly number[];
  readonly behind: readonly number[];
  readonly padding: number;
  readonly #tokenizer: Tokenizer;
  readonly #aligner: Aligner;
  readonly #isBytes: boolean;
  readonly #spelling: Spelling;
  readonly #added = new Map<string, { id: number; lstrip: boolean; rstrip: boolean }>();
  /** Added tokens that are looked for in the original text, and in the normalised one. */
  readonly #raw: RegExp | null;
  readonly #normal: RegExp | null;

  constructor(file: unknown) {
    const json = checked(file);
    this.#tokenizer = new Tokenizer({ ...json, pre_tokenizer: unicodeWords(json.pre_tokenizer) }, {});
    const { model } = this.#tokenizer;
    const normalizer = letterByLetter(this.#tokenizer.normalizer);
    if (model === null) throw new Error('its model is none');
    // Of a part alone, what is put at the ends of the whole must not be said.
    const ofParts = letterByLetter(
      new Tokenizer(
        { ...json, normalizer: withoutEnds(json.normalizer), model: NO_MODEL, added_tokens: [] },
        {},
      ).normalizer,
    );
    this.#aligner = new Aligner(
      text => (normalizer === null ? text : normalizer(text)),
      part => (ofParts === null ? part : ofParts(part)),
    );
    this.#isBytes = hasType(json.pre_tokenizer, 'ByteLevel');
    this.#spelling = {
      continuing: json.model.continuing_subword_prefix ?? '',
      endOfWord: json.model.end_of_word_suffix ?? '',
    };
    const raw: string[] = [];
    const normal: string[] = [];
    for (const token of json.added_tokens) {
      this.#added.set(token.content, token);
      if (!token.normalized || normalizer === null) raw.push(token.content);
      else {
        const form = normalizer(token.content);
        this.#added.set(form, token);
        normal.push(form);
      }
    }
    this.#raw = anyOf(raw);
    this.#normal = anyOf(normal);
    const around = this.#tokenizer.post_processor?.([BODY], null, true).tokens ?? [BODY];
    const at = around.indexOf(BODY);
    this.before = around.slice(0, at).map((token: string) => this.#id(token));
    this.behind = around.slice(at + 1).map((token: string) => this.#id(token));
    const padding = PADDING_TOKENS.map(token => this.#added.get(token)?.id).find(id => id !== undefined);
    this.padding = json.padding?.pad_id ?? padding ?? 0;
  }

  tokenize(text: string): TokenizedText {
    const result: TokenizedText = { ids: [], starts: [], ends: [], words: [] };
    const add = new Words(text, result);
    for (const [index, { from, to, added }] of this.#sections(text, 0, text.length, this.#raw).entries()) {
      if (added !== undefined) {
        add.piece();
        add.token(this.#id(added), from, to);
        continue;
      }
      const aligned = this.#aligner.align(text, from, to);
      for (const part of this.#sections(aligned.text, 0, aligned.text.length, this.#normal)) {
        const { starts, ends } = aligned;
        if (part.added !== undefined) {
          add.piece();
          add.token(this.#id(part.added), starts[part.from]!, ends[part.to - 1]!);
          continue;
        }
        this.#plain(
          {
            text: aligned.text.slice(part.from, part.to),
            starts: starts.subarray(part.from, part.to),
            ends: ends.subarray(part.from, part.to),
          },
          index,
          add,
        );
      }
    }
    return result;
  }

  /** Tokens of a stretch without added tokens. */
  #plain(
    aligned: { text: string; starts: Uint32Array; ends: Uint32Array },
    section: number,
    add: Words,
  ): void {
    const { pre_tokenizer, model } = this.#tokenizer;
    const pieces =
      pre_tokenizer === null ? [aligned.text] : pre_tokenizer(aligned.text, { section_index: section });
    const finder = new PieceFinder(aligned, this.#isBytes);
    for (const piece of pieces) {
      const { characters, starts, ends } = finder.next(piece);
      const tokens = model!([piece]);
      add.piece();
      for (const [index, [first, behind]] of coverage(characters, tokens, this.#spelling).entries()) {
        const start = starts[first] ?? ends.at(-1) ?? 0;
        add.token(
          this.#id(tokens[index]!),
          start,
          behind > first ? Math.max(start, ends[behind - 1]!) : start,
        );
      }
    }
  }

  #sections(text: string, from: number, to: number, pattern: RegExp | null): Section[] {
    const sections: Section[] = [];
    let at = from;
    for (const { 0: added, index } of pattern === null ? [] : text.matchAll(pattern)) {
      const { lstrip, rstrip } = this.#added.get(added)!;
      const before = lstrip ? text.slice(at, index).trimEnd().length + at : index;
      if (before > at) sections.push({ from: at, to: before, added: undefined });
      at = index + added.length;
      sections.push({ from: index, to: at, added });
      if (rstrip) at = text.length - text.slice(at).trimStart().length;
    }
    if (to > at) sections.push({ from: at, to, added: undefined });
    return sections;
  }

  #id(token: string): number {
    const { model } = this.#tokenizer;
    return this.#added.get(token)?.id ?? model!.tokens_to_ids.get(token) ?? model!.unk_token_id ?? 0;
  }
}

/** Puts tokens together: without the white space around them, and numbered by words. */
class Words {
  readonly #text: string;
  readonly #result: TokenizedText;
  #word = -1;
  #end = 0;
  #isNew = true;

  constructor(text: string, result: TokenizedText) {
    this.#text = text;
    this.#result = result;
  }

  /** A word never goes on from one piece to the next. */
  piece(): void {
    this.#isNew = true;
  }

  token(id: number, from: number, to: number): void {
    const { ids, starts, ends, words } = this.#result;
    let start = from;
    let end = to;
    while (start < end && /\s/u.test(this.#text[start]!)) start++;
    while (end > start && /\s/u.test(this.#text[end - 1]!)) end--;
    // A piece of several words (Metaspace) has white space between them.
    if (start > from || end < to) this.#isNew ||= start > from;
    if (end > start) {
      // A normaliser may have taken away the white space between two words.
      if (this.#isNew || /\s/u.test(this.#text.slice(this.#end, start))) this.#word++;
      this.#end = end;
      this.#isNew = end < to;
    } else if (to > from) this.#isNew = true;
    ids.push(id);
    starts.push(start);
    ends.push(end);
    words.push(end > start ? this.#word : -1);
  }
}

function checked(file: unknown): TokenizerFile {
  const json = file as Partial<TokenizerFile> | null;
  if (typeof json !== 'object' || json === null || typeof json.model !== 'object' || json.model === null)
    throw new Error('it has no model');
  const parts = { pre_tokenizer: null, normalizer: null, post_processor: null, decoder: null };
  return { ...parts, ...json, model: json.model, added_tokens: json.added_tokens ?? [] };
}

/** A normaliser without what it does at the ends of a text. */
function withoutEnds(component: Component | null): Component | null {
  if (component?.type === 'Sequence') {
    const normalizers = (component.normalizers as Component[]).map(withoutEnds).filter(part => part !== null);
    return { ...component, normalizers };
  }
  return component?.type === 'Prepend' || component?.type === 'Strip' ? null : component;
}

function hasType(component: Component | null, type: string): boolean {
  if (component === null) return false;
  const parts = component.type === 'Sequence' ? (component.pretokenizers as Component[]) : [];
  return component.type === type || parts.some(part => hasType(part, type));
}

/** The library's `Whitespace` knows word characters of ASCII alone; its `Split` knows those of Unicode, as the original. */
function unicodeWords(component: Component | null): Component | null {
  if (component?.type === 'Sequence')
    return { ...component, pretokenizers: (component.pretokenizers as Component[]).map(unicodeWords) };
  if (component?.type !== 'Whitespace') return component;
  return { type: 'Split', pattern: { Regex: '\\w+|[^\\w\\s]+' }, behavior: 'Removed', invert: true };
}

/** The longest of some texts wherever one of them stands. */
function anyOf(texts: readonly string[]): RegExp | null {
  const all = texts.filter(text => text !== '').sort((a, b) => b.length - a.length);
  if (all.length === 0) return null;
  return new RegExp(all.map(text => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g');
}

/**
 * A normaliser without JavaScript's rule for a sigma at the end of a word, which Hugging Face's own library does not have:
 * it lowers letter by letter.
 */
function letterByLetter(normalizer: Tokenizer['normalizer']): ((text: string) => string) | null {
  if (normalizer === null) return null;
  // The rule is of the capital letter alone; where letters are lowered, it becomes this one.
  const lowers = normalizer('Σ') === 'σ';
  return text => normalizer(lowers ? text.replaceAll('Σ', 'σ') : text);
}
