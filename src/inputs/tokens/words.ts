import { AppError, messageOf } from '../../errors.js';
import type { VersionFiles } from '../features/files.js';
import type { UnicodeTables } from '../features/spec.js';
import { readTokenPattern, type TokenPattern } from '../features/token-pattern.js';
import { PythonText } from '../features/unicode.js';
import { Alphabet, type CharactersPart, isIndex } from './alphabet.js';
import type { TextTokenizer, TokenizedText } from './contract.js';

/** `words.json`: a vocabulary of whole words, as taggers written by hand have it. */
export interface WordsFile {
  format: 1;
  /** What a word is: a regular expression of Python, whose `finditer` gives the words. */
  pattern: string;
  /** Whether words are looked up in lower case. */
  lowercase: boolean;
  /** The words in the order of their ids; the two ids below are of entries of it. */
  vocabulary: readonly string[];
  /** The id of every other word. */
  unknown: number;
  /** The id that fills rows up. */
  padding: number;
  /** How words are spelt, for graphs that read `characters`. */
  characters?: CharactersPart;
  /** How the exporting Python's Unicode differs from newer ones (`UnicodeTables`, a JSON file). */
  unicode?: string;
}

/** Words by a pattern, each one token. */
export class WordTokenizer implements TextTokenizer {
  readonly before: readonly number[] = [];
  readonly behind: readonly number[] = [];
  readonly padding: number;
  readonly characters?: Alphabet;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #unknown: number;
  readonly #pattern: TokenPattern;
  readonly #python: PythonText;
  readonly #lowercase: boolean;

  private constructor(file: WordsFile, python: PythonText) {
    this.padding = file.padding;
    if (file.characters !== undefined) this.characters = new Alphabet(file.characters);
    this.#ids = new Map(file.vocabulary.map((word, id) => [word, id]));
    this.#unknown = file.unknown;
    this.#pattern = readTokenPattern(file.pattern, python);
    this.#python = python;
    this.#lowercase = file.lowercase;
  }

  /** @throws AppError `version_invalid` when a file is missing, or its pattern cannot be carried over from Python */
  static async load(files: VersionFiles, name: string): Promise<WordTokenizer> {
    const file = (await files.json(name)) as WordsFile;
    const tables = file.unicode === undefined ? null : ((await files.json(file.unicode)) as UnicodeTables);
    try {
      if (file.format !== 1) throw new Error(`its format is ${JSON.stringify(file.format)}, not 1`);
      if (!isIndex(file.unknown, file.vocabulary) || !isIndex(file.padding, file.vocabulary))
        throw new Error('unknown and padding are not ids of its vocabulary');
      return new WordTokenizer(file, new PythonText(tables));
    } catch (error) {
      throw new AppError('version_invalid', `${name}: ${messageOf(error)}; export the version again`, {
        cause: error,
      });
    }
  }

  tokenize(text: string): TokenizedText {
    const result: TokenizedText = { ids: [], starts: [], ends: [], words: [] };
    const units = Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
    this.#pattern.each(units, units.length, (start, end) => {
      if (end === start) return;
      const word = text.slice(start, end);
      result.words.push(result.ids.length);
      result.ids.push(this.#ids.get(this.#lowercase ? this.#python.lower(word) : word) ?? this.#unknown);
      result.starts.push(start);
      result.ends.push(end);
    });
    return result;
  }
}
