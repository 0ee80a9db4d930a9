import { assert } from 'chai';
import { type GraphCase, ServedGraphs, told } from '../../support/served-graphs.js';

/**
 * Graphs of words: each has numbers of its own in a table, and a text has the mean of its words'. `good` and `bad` are one
 * class each, and all other words none.
 */
const FILES = {
  'words.json': {
    format: 1,
    pattern: '\\w+',
    lowercase: true,
    vocabulary: ['<padding>', '<unknown>', 'good', 'bad', 'warm'],
    unknown: 1,
    padding: 0,
  },
};
const INPUT = { kind: 'tokens', tokenizer: 'words.json' };
const OUTPUT = { kind: 'probabilities', tensor: 'y', labels: ['pos', 'neg'] };
const TABLE = '<float[5, 2] table = {0, 0, 0, 0, 1, 0, 0, 1, 0, 0}>';

const of = (inputs: string, body: string, input: object = {}, output = 'float[rows, 2] y'): GraphCase => ({
  graph: `g (${inputs}) => (${output}) ${TABLE} { ${body} }`,
  input: { ...INPUT, ...input },
  output: OUTPUT,
  files: FILES,
});
const IDS = 'int64[rows, tokens] input_ids';
/** The mean of the words that a mask keeps, whatever its type is. */
const MASKED = (type: string) =>
  of(
    `${IDS}, ${type}[rows, tokens] attention_mask`,
    `one = Constant<value_ints = [1]>() two = Constant<value_ints = [2]>() e = Gather(table, input_ids)
     f = Cast<to = 1>(attention_mask) u = Unsqueeze(f, two) k = Mul(e, u)
     s = ReduceSum<keepdims = 0>(k, one) n = ReduceSum<keepdims = 0>(u, one) y = Div(s, n)`,
  );
/** As many positions as words come before, each counted from `first`: `good` at position p is worth p of 10. */
const POSITIONED = of(
  `${IDS}, int32[rows, tokens] position_ids`,
  `e = Gather(table, input_ids) two = Constant<value_ints = [2]>() one = Constant<value_ints = [1]>() f = Cast<to = 1>(position_ids)
   u = Unsqueeze(f, two) ten = Constant<value_float = 10.0>() t = Div(u, ten) k = Mul(e, t) y = ReduceSum<keepdims = 0>(k, one)`,
  { first_position: 2 },
);
const MEAN = 'e = Gather(table, input_ids) y = ReduceMean<axes = [1], keepdims = 0>(e)';

const SERVED = {
  'int64-ids': of(IDS, MEAN),
  'int32-ids': of('int32[rows, tokens] input_ids', MEAN),
  'float-ids': of(
    'float[rows, tokens] input_ids',
    `i = Cast<to = 7>(input_ids) ${MEAN.replace('input_ids', 'i')}`,
  ),
  'bool-mask': MASKED('bool'),
  'float-mask': MASKED('float'),
  'half-mask': MASKED('float16'),
  'int32-mask': MASKED('int32'),
  'one-text': of(
    'int64[tokens] input_ids',
    `one = Constant<value_ints = [0]>() i = Unsqueeze(input_ids, one) ${MEAN.replace('input_ids', 'i')}`,
  ),
  'axis-behind': of(
    'int64[rows, tokens, 1] input_ids',
    `two = Constant<value_ints = [2]>() i = Squeeze(input_ids, two) ${MEAN.replace('input_ids', 'i')}`,
  ),
  'batch-1': of('int64[1, tokens] input_ids', MEAN, {}, 'float[1, 2] y'),
  'batch-4': of('int64[4, tokens] input_ids', MEAN, {}, 'float[4, 2] y'),
};

const REFUSED: Record<string, [GraphCase, RegExp]> = {
  strings: [
    of('string[rows, 1] input_ids', 'n = Cast<to = 1>(input_ids) y = Concat<axis = 1>(n, n)'),
    /takes string for 'input_ids', and its input gives int64: export it with int64 or int32/,
  ],
  'a fixed number of tokens': [
    of('int64[rows, 16] input_ids', MEAN),
    /takes \[rows, 16\] for 'input_ids', and its input gives \[1, 5\]/,
  ],
  images: [
    of(`${IDS}, float[rows, 3, 8, 8] pixel_values`, `${MEAN} z = Abs(pixel_values)`),
    /input 'pixel_values', which its input kind does not give; it gives input_ids, attention_mask/,
  ],
  'a number of each token': [
    of(IDS, 'y = Gather(table, input_ids)', {}, 'float[rows, tokens, 2] y'),
    /gives a tensor of \[1, 5, 2\], and not \[rows, columns\], for 'out'/,
  ],
  'no room beside the overlap': [of(IDS, MEAN, { max_tokens: 4, overlap: 4 }), /rows of 4 tokens leave none/],
};

/** A tagger, given windows of 4 tokens that share 1. */
const TAGGER: Pick<GraphCase, 'input' | 'output' | 'files' | 'control'> = {
  input: { ...INPUT, max_tokens: 4, overlap: 1 },
  output: { kind: 'tags', tensor: 'y', values: 'probabilities', labels: ['O', 'B-good', 'B-bad'] },
  files: FILES,
  control: { control: 'Labels' },
};
const tagger = (rows: string | number, body = 'y = Gather(table, input_ids)'): GraphCase => ({
  ...TAGGER,
  graph: `g (int64[${rows}, tokens] input_ids) => (float[${rows}, tokens, 3] y)
    <float[5, 3] table = {1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0}> { ${body} }`,
});
const FIRST = `e = Gather(table, input_ids) zero = Constant<value_ints = [0]>() one = Constant<value_ints = [1]>()`;
const TAGGERS = {
  'tags-any': tagger('rows'),
  'tags-1': tagger(1),
  'tags-4': tagger(4),
  'tags-first-row': { ...tagger('rows', `${FIRST} y = Slice(e, zero, one, zero)`) },
  'tags-same-row': {
    ...tagger('rows', `${FIRST} f = Slice(e, zero, one, zero) n = Sub(e, e) y = Add(n, f)`),
  },
};

describe('graphs of tokens', () => {
  let served: ServedGraphs<string>;

  before(async () => {
    const refused = Object.entries(REFUSED).map(([name, [each]]) => [nameOf(name), each]);
    served = await ServedGraphs.start({
      ...SERVED,
      positions: POSITIONED,
      ...TAGGERS,
      ...Object.fromEntries(refused),
    });
  });
  after(() => served?.stop());

  // As long as each other, so that no padding comes into the means of those without a mask.
  const TEXTS = ['good good good bad', 'bad bad good bad', 'bad x x x', 'x good x good', 'bad bad bad bad'];
  const SHARES = [
    [0.75, 0.25],
    [0.25, 0.75],
    [0, 0.25],
    [0.5, 0],
    [0, 1],
  ] as const;

  for (const name of Object.keys(SERVED)) {
    it(`are served: ${name}`, async () => {
      assert.isUndefined(served.problem(name));
      for (let count = 1; count <= TEXTS.length; count++) {
        const items = await served.ask(name, TEXTS.slice(0, count));
        for (const [index, [pos, neg]] of SHARES.slice(0, count).entries()) {
          const [choices, score] = told(items[index]!) as [string[], number];
          assert.deepEqual(choices, [pos > neg ? 'pos' : 'neg']);
          assert.approximately(score, Math.max(pos, neg), 1e-6);
        }
      }
    });
  }

  it('get a mask, of which padding is no part', async () => {
    for (const name of ['bool-mask', 'float-mask', 'half-mask', 'int32-mask']) {
      const items = await served.ask(name, ['good', 'bad x x x x x x', 'bad good bad']);
      const scores = items.map(item => (told(item) as [string[], number])[1]);
      for (const [index, score] of [1, 1 / 7, 2 / 3].entries())
        assert.approximately(scores[index]!, score, 1e-3, name);
    }
  });

  it('get positions from the one that is declared', async () => {
    const items = await served.ask('positions', ['good x x', 'x x bad x']);
    for (const [index, [choice, score]] of [['pos', 0.2] as const, ['neg', 0.4] as const].entries()) {
      const [choices, given] = told(items[index]!) as [string[], number];
      assert.deepEqual(choices, [choice]);
      assert.approximately(given, score, 1e-6);
    }
  });

  for (const name of Object.keys(TAGGERS)) {
    it(`answer for every window of long texts: ${name}`, async () => {
      assert.isUndefined(served.problem(name));
      for (const words of [1, 4, 5, 9, 14, 23]) {
        const word = (at: number, shift: number) =>
          ['x', 'good', 'y', 'bad', 'z'][(at * (shift + 1) + shift) % 5]!;
        const texts = [0, 1, 2].map(shift => Array.from({ length: words }, (_, at) => word(at, shift)));
        const items = await served.ask(
          name,
          texts.map(each => each.join(' ')),
        );
        for (const [index, item] of items.entries()) {
          const found = (item as { result: { value: { text?: string; start: number; labels: string[] } }[] })
            .result;
          const expected: unknown[] = [];
          let start = 0;
          for (const each of texts[index]!) {
            if (each === 'good' || each === 'bad') expected.push([start, each]);
            start += each.length + 1;
          }
          assert.deepEqual(
            found.map(({ value }) => [value.start, value.labels[0]]),
            expected,
          );
        }
      }
    });
  }

  for (const [name, [, reason]] of Object.entries(REFUSED)) {
    it(`are refused with a reason: ${name}`, () => {
      assert.match(served.problem(nameOf(name)) ?? 'it is served', reason);
    });
  }
});

function nameOf(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
