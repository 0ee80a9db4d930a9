/** Tokenizers of every family, small enough to be written out; each as its `tokenizer.json` holds it. */

const ASCII = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));
const EXTRA = [...'äöüßñéèçøœæλσςαβшжяабвг中文字日本語가나다한글।क'];
const PIECES = ['the', 'love', 'lace', 'ada', 'ing', 'er', 'un', 'want', 'ab', 'ba', 'st', 'in'];

const added = (content: string, id: number, more: Record<string, unknown> = {}) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
  ...more,
});

const ids = (tokens: readonly string[]) => Object.fromEntries(tokens.map((token, index) => [token, index]));

function wordPiece(isLower: boolean) {
  const vocabulary = [
    ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
    ...ASCII,
    ...EXTRA.slice(0, 30),
    ...PIECES,
    ...[...ASCII, ...EXTRA.slice(0, 30), ...PIECES].map(piece => `##${piece}`),
  ];
  return {
    version: '1.0',
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].map((token, id) => added(token, id)),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: isLower,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 20,
      vocab: ids(vocabulary),
    },
  };
}

/** GPT-2's characters for bytes. */
const BYTES = (() => {
  let next = 0x100;
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
})();

function byteLevel(hasPrefixSpace: boolean) {
  const merges = ['t h', 'th e', 'Ġ a', 'l o', 'v e', 'lo ve', 'Ã ¤', 'ð Ł'];
  const vocabulary = [
    ...['<s>', '<pad>', '</s>', '<unk>', '<mask>'],
    ...BYTES,
    ...merges.map(merge => merge.replace(' ', '')),
  ];
  return {
    version: '1.0',
    added_tokens: [
      ...['<s>', '<pad>', '</s>', '<unk>'].map((token, id) => added(token, id, { normalized: true })),
      added('<mask>', 4, { lstrip: true }),
    ],
    normalizer: null,
    pre_tokenizer: {
      type: 'ByteLevel',
      add_prefix_space: hasPrefixSpace,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: ['</s>', 2],
      cls: ['<s>', 0],
      trim_offsets: true,
      add_prefix_space: hasPrefixSpace,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: ids(vocabulary),
      merges,
    },
  };
}

function unigram() {
  const words = ['▁', '▁the', '▁lo', 've', '▁ada', 'lace', 'ing', '▁▁'];
  const pieces = [...words, ...ASCII, ...EXTRA.slice(0, 20)];
  return {
    version: '1.0',
    added_tokens: ['<pad>', '</s>', '<unk>'].map((token, id) => added(token, id)),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFKC' },
        { type: 'Lowercase' },
        { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' },
      ],
    },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
      pair: [],
      special_tokens: { '</s>': { id: '</s>', ids: [1], tokens: ['</s>'] } },
    },
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    model: {
      type: 'Unigram',
      unk_id: 2,
      vocab: [
        ...['<pad>', '</s>', '<unk>'].map(token => [token, 0]),
        ...pieces.map((piece, index) => [piece, -2 - index / 50]),
      ],
    },
  };
}

function byteFallback() {
  const bytes = BYTES.map((_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const merges = ['▁ a', 't h', 'th e', '▁ the'];
  const vocabulary = [
    ...['<unk>', '<s>', '</s>'],
    ...bytes,
    ...['▁', ...ASCII, ...EXTRA.slice(0, 8)],
    ...merges.map(merge => merge.replace(' ', '')),
  ];
  return {
    version: '1.0',
    added_tokens: ['<unk>', '<s>', '</s>'].map((token, id) => added(token, id)),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab: ids(vocabulary),
      merges,
    },
  };
}

function endOfWord() {
  const letters = [...ASCII.filter(character => /[^A-Z]/.test(character)), ...EXTRA.slice(0, 10)];
  const merges = ['t h', 'th e</w>', 'i n', 'in g</w>', 'l o'];
  const vocabulary = [
    '<unk>',
    ...letters,
    ...letters.map(letter => `${letter}</w>`),
    ...merges.map(merge => merge.replace(' ', '')),
  ];
  return {
    version: '1.0',
    added_tokens: [added('<unk>', 0)],
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'NFD' }, { type: 'Lowercase' }, { type: 'StripAccents' }],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'Whitespace' }, { type: 'Digits', individual_digits: true }],
    },
    post_processor: null,
    decoder: null,
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      vocab: ids(vocabulary),
      merges,
    },
  };
}

export const TOKENIZERS = {
  'WordPiece, lower case without accents': wordPiece(true),
  'WordPiece, cased': wordPiece(false),
  'byte-level BPE': byteLevel(false),
  'byte-level BPE with a space in front': byteLevel(true),
  'Unigram with Metaspace': unigram(),
  'BPE with byte fallback': byteFallback(),
  'BPE with ends of words': endOfWord(),
};
