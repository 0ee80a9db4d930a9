import { AppError, messageOf } from '../errors.js';
import type { InputKind } from './contract.js';
import { VersionFiles } from './features/files.js';
import { textForTraining } from './html/training.js';
import { readUtterances, UTTERANCE_BREAK } from './paragraphs.js';
import { readContent } from './shown/text.js';
import type { TextTokenizer } from './tokens/contract.js';
import { type RowOptions, TokensEncoder } from './tokens/encoder.js';
import { HuggingFaceTokenizer } from './tokens/huggingface.js';
import { WordTokenizer } from './tokens/words.js';

const HUGGING_FACE = 'tokenizer.json';
const WORDS = 'words.json';

export const TOKENIZER_OPTION = {
  enum: [HUGGING_FACE, WORDS],
  description: `the file of the version that makes tokens (default ${HUGGING_FACE})`,
} as const;

export const MAX_TOKENS_OPTION = {
  type: 'integer',
  minimum: 1,
  maximum: 8192,
  description: 'the most tokens of a row, special ones included (default 512)',
} as const;

export const FIRST_POSITION_OPTION = {
  type: 'integer',
  minimum: 0,
  description: "the first of position_ids, if the graph takes them (default 0; RoBERTa's is 2)",
} as const;

/**
 * A text, the utterances of Paragraphs as one, or the text of an HTML document, as token ids: by a `tokenizer.json` of
 * Hugging Face, or by `words.json`, a vocabulary of whole words.
 *
 * The graph gets `input_ids`, and `attention_mask`, `token_type_ids` and `position_ids` if it has such inputs, each [rows,
 * tokens];
 * and, if `words.json` has an alphabet, `characters`, int64 [rows, tokens, characters].
 * A text of more tokens than `max_tokens` is cut into windows that share `overlap` tokens; without `overlap` only its
 * first tokens are read.
 *
 * @example
 * { "kind": "tokens", "max_tokens": 256, "overlap": 32 }
 */
export const tokens: InputKind = {
  kind: 'tokens',
  objectTags: ['Text', 'Paragraphs', 'HyperText'],
  optionsSchema: {
    properties: {
      tokenizer: TOKENIZER_OPTION,
      max_tokens: MAX_TOKENS_OPTION,
      overlap: {
        type: 'integer',
        minimum: 0,
        description:
          'tokens that two windows of a longer text share; without it, its first tokens alone are read',
      },
      first_position: FIRST_POSITION_OPTION,
    },
    required: [],
  },
  meta: 'tokens',

  read: (data, place) =>
    place.tag === 'Paragraphs' ? readUtterances(data, place) : readContent(data, place),

  learnt: (data, place) =>
    place.tag === 'Paragraphs'
      ? readUtterances(data, place).utterances.join(UTTERANCE_BREAK)
      : textForTraining(readContent(data, place)),

  async load(folder, options) {
    const file = (options.tokenizer as string | undefined) ?? HUGGING_FACE;
    const tokenizer = await loadTokenizer(new VersionFiles(folder), file);
    return new TokensEncoder(tokenizer, options as RowOptions);
  },

  example: {
    options: { max_tokens: 16 },
    object: '<Text name="object" value="$text"/>',
    data: { text: 'Ada LOVES maths' },
    files: {
      'tokenizer.json': {
        version: '1.0',
        added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]'].map((content, id) => ({
          id,
          content,
          single_word: false,
          lstrip: false,
          rstrip: false,
          normalized: false,
          special: true,
        })),
        normalizer: { type: 'BertNormalizer', lowercase: true, strip_accents: null },
        pre_tokenizer: { type: 'BertPreTokenizer' },
        post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
        decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
        model: {
          type: 'WordPiece',
          unk_token: '[UNK]',
          continuing_subword_prefix: '##',
          max_input_chars_per_word: 100,
          vocab: { '[PAD]': 0, '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, ada: 4, love: 5, '##s': 6 },
        },
      },
    },
    feeds: {
      input_ids: { type: 'int64', data: BigInt64Array.of(2n, 4n, 5n, 6n, 1n, 3n), dims: [1, 6] },
      attention_mask: { type: 'int64', data: new BigInt64Array(6).fill(1n), dims: [1, 6] },
    },
  },
};

/** @throws AppError `version_invalid` */
async function loadTokenizer(files: VersionFiles, name: string): Promise<TextTokenizer> {
  if (name === WORDS) return WordTokenizer.load(files, name);
  const file = await files.json(name);
  try {
    return new HuggingFaceTokenizer(file);
  } catch (error) {
    throw new AppError('version_invalid', `${name} cannot be used: ${messageOf(error)}`, { cause: error });
  }
}
