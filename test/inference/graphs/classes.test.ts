import { assert } from 'chai';
import { flat, type GraphCase, ServedGraphs, told } from '../../support/served-graphs.js';

/** The shares of red, green and blue of an image are `m`, [rows, 3]; what graphs make of them is known without a model. */
const of = (output: object, outputs: string, body: string): GraphCase => ({
  graph: `g (float[rows, 3, 8, 8] pixel_values) => (${outputs}) {
    m = ReduceMean<axes = [2, 3], keepdims = 0>(pixel_values)
    zero = Constant<value_ints = [0]>() one = Constant<value_ints = [1]>() two = Constant<value_ints = [2]>()
    three = Constant<value_ints = [3]>() half = Constant<value_float = 0.5>() ten = Constant<value_float = 10.0>()
    red = Slice(m, zero, one, one) pair = Slice(m, zero, two, one)
    ${body} }`,
  input: { kind: 'image', width: 8, height: 8 },
  output: { kind: 'probabilities', tensor: 'y', ...output },
});
const TWO = { labels: ['no', 'yes'] };
const THREE = { labels: ['red', 'green', 'blue'] };
const NUMBER = { control: 'Number' };
const label = { decision: { rule: 'label', tensor: 'label' } };
const above = (threshold: number) => ({ decision: { rule: 'threshold', threshold } });

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softmax = (...all: number[]) =>
  Math.max(...all.map(x => Math.exp(x))) / all.reduce((sum, x) => sum + Math.exp(x), 0);
const COLOURS = { 'mostly red': [204, 51, 0], blue: [0, 51, 153] } as const;
type Answer = [label: unknown, score: number | null] | RegExp;

/** What each is to answer to an image that is mostly red (0.8, 0.2, 0), and to one that is mostly blue (0, 0.2, 0.6). */
const SERVED: Record<string, [GraphCase, Answer, Answer]> = {
  'one column for two labels': [
    of(TWO, 'float[rows, 1] y', 'y = Identity(red)'),
    [['yes'], 0.8],
    [['no'], 1],
  ],
  'no column for two labels': [
    of(TWO, 'float[rows] y', 'y = Squeeze(red, one)'),
    [['yes'], 0.8],
    [['no'], 1],
  ],
  'a logit for two labels': [
    of({ ...TWO, activation: 'sigmoid' }, 'float[rows, 1] y', 'd = Sub(red, half) y = Mul(d, ten)'),
    [['yes'], sigmoid(3)],
    [['no'], sigmoid(5)],
  ],
  'a decision number for two labels': [
    of({ ...TWO, kind: 'scores' }, 'float[rows] y', 'd = Sub(red, half) y = Squeeze(d, one)'),
    [['yes'], null],
    [['no'], null],
  ],
  'logits with softmax': [
    of({ ...THREE, activation: 'softmax' }, 'float[rows, 3] y', 'y = Mul(m, ten)'),
    [['red'], softmax(8, 2, 0)],
    [['blue'], softmax(0, 2, 6)],
  ],
  'large logits with softmax': [
    of(
      { ...THREE, activation: 'softmax' },
      'float[rows, 3] y',
      'k = Constant<value_float = 100000.0>() y = Mul(m, k)',
    ),
    [['red'], 1],
    [['blue'], 1],
  ],
  'half precision logits with softmax': [
    of({ ...THREE, activation: 'softmax' }, 'float16[rows, 3] y', 't = Mul(m, ten) y = Cast<to = 10>(t)'),
    [['red'], softmax(8, 2, 0)],
    [['blue'], softmax(0, 2, 6)],
  ],
  'logits with sigmoid, one of them': [
    of({ ...THREE, activation: 'sigmoid' }, 'float[rows, 3] y', 'd = Sub(m, half) y = Mul(d, ten)'),
    [['red'], sigmoid(3)],
    [['blue'], sigmoid(1)],
  ],
  'logits with sigmoid, any of them': [
    of(
      { ...THREE, activation: 'sigmoid', ...above(0.5) },
      'float[rows, 3] y',
      'd = Sub(m, half) y = Mul(d, ten)',
    ),
    [['red'], sigmoid(3)],
    [['blue'], sigmoid(1)],
  ],
  'one label, accepted or not': [
    of({ labels: ['yes'], ...above(0.5) }, 'float[rows, 1] y', 'y = Identity(red)'),
    [['yes'], 0.8],
    [undefined, 1],
  ],
  'labels that repeat': [
    of({ labels: ['a', 'b', 'a'] }, 'float[rows, 3] y', 'y = Identity(m)'),
    [['a'], 0.8],
    [['a'], 0.6],
  ],
  "the graph's own label": [
    of(
      { ...THREE, ...label },
      'float[rows, 3] y, int64[rows] label',
      'y = Identity(m) label = ArgMin<axis = 1, keepdims = 0>(m)',
    ),
    [['blue'], 0],
    [['red'], 0],
  ],
  "the graph's own label, with an axis of 1, in 32 bits": [
    of(
      { ...THREE, ...label },
      'float[rows, 3] y, int32[rows, 1] label',
      'y = Identity(m) l = ArgMin<axis = 1>(m) label = Cast<to = 6>(l)',
    ),
    [['blue'], 0],
    [['red'], 0],
  ],
  "the graph's own label, which one image has not": [
    of(
      { ...THREE, ...label },
      'float[rows, 3] y, int64[rows] label',
      'y = Identity(m) l = ArgMax<axis = 1, keepdims = 0>(m) k = Constant<value_int = 2>() label = Mul(l, k)',
    ),
    [['red'], 0.8],
    /the number 4 as a class of 3/,
  ],
  'numbers that are no probabilities for one image': [
    of(
      THREE,
      'float[rows, 3] y',
      'k = Constant<value_floats = [1.0, 1.0, 1.0]>() z = Constant<value_floats = [1.0, 0.0, 2.0]>() b = Sub(k, red) c = Mul(b, z) y = Add(m, c)',
    ),
    [['red'], 1],
    /2\.\d+ as a score, which must be 0 to 1.*activation/,
  ],
  'NaN for one image': [
    of(THREE, 'float[rows, 3] y', 'd = Sub(red, half) s = Sqrt(d) z = Sub(s, s) y = Add(m, z)'),
    [['red'], 0.8],
    /gives NaN for 'out'/,
  ],
  'a value': [
    { ...of({ kind: 'value' }, 'float[rows, 1] y', 'y = Mul(red, ten)'), control: NUMBER },
    [8, null],
    [0, null],
  ],
  'a value without columns, of whole numbers': [
    {
      ...of(
        { kind: 'value' },
        'int64[rows] y',
        't = Mul(red, ten) q = Squeeze(t, one) r = Round(q) y = Cast<to = 7>(r)',
      ),
      control: NUMBER,
    },
    [8, null],
    [0, null],
  ],
  'a value with axes of 1': [
    {
      ...of({ kind: 'value' }, 'float[rows, 1, 1] y', 't = Mul(red, ten) y = Unsqueeze(t, two)'),
      control: NUMBER,
    },
    [8, null],
    [0, null],
  ],
  'a value that is infinite for one image': [
    { ...of({ kind: 'value' }, 'float[rows, 1] y', 'y = Reciprocal(red)'), control: NUMBER },
    [1.25, null],
    /gives Infinity for 'out'/,
  ],
};

const REFUSED: Record<string, [GraphCase, RegExp]> = {
  'three columns for two labels': [
    of(TWO, 'float[rows, 3] y', 'y = Identity(m)'),
    /gives \[1, 3\], and not \[rows, 2\] for its 2 labels/,
  ],
  'two columns for three labels': [
    of(THREE, 'float[rows, 2] y', 'y = Identity(pair)'),
    /gives \[1, 2\], and not \[rows, 3\] for its 3 labels/,
  ],
  'one column for three labels': [
    of(THREE, 'float[rows, 1] y', 'y = Identity(red)'),
    /gives \[1, 1\], and not \[rows, 3\] for its 3 labels/,
  ],
  'logits as probabilities': [
    of(THREE, 'float[rows, 3] y', 'd = Sub(m, half) y = Mul(d, ten)'),
    /gives 5 as a score, which must be 0 to 1 \(of logits, declare "activation": "softmax" or "sigmoid"/,
  ],
  'negative logits as probabilities': [
    of(THREE, 'float[rows, 3] y', 'n = Neg(m) y = Mul(n, ten)'),
    /gives -10 as a score, which must be 0 to 1/,
  ],
  'an embedding as probabilities': [
    of(
      THREE,
      'float[rows, 192] y',
      'shape = Constant<value_ints = [0, -1]>() y = Reshape(pixel_values, shape)',
    ),
    /gives \[1, 192\], and not \[rows, 3\]/,
  ],
  'softmax of one column': [
    of({ ...TWO, activation: 'softmax' }, 'float[rows, 1] y', 'y = Identity(red)'),
    /'out' has one column, of which softmax always makes 1: declare sigmoid/,
  ],
  'any number of two labels from one column': [
    of({ ...TWO, ...above(0.5) }, 'float[rows, 1] y', 'y = Identity(red)'),
    /'out' has one column for two labels, and its rule accepts any number of them: declare one label/,
  ],
  'a label beyond the last': [
    of(
      { ...TWO, ...label },
      'float[rows, 2] y, int64[rows] label',
      'y = Identity(pair) l = ArgMax<axis = 1, keepdims = 0>(m) k = Constant<value_int = 7>() label = Add(l, k)',
    ),
    /the number 7 as a class of 2, of which the first is 0/,
  ],
  'half a label': [
    of(
      { ...TWO, ...label },
      'float[rows, 2] y, float[rows] label',
      'y = Identity(pair) r = Squeeze(red, one) label = Mul(r, half)',
    ),
    /the number 0\.5 as a class of 2/,
  ],
  'several labels of a row': [
    of(
      { ...THREE, ...label },
      'float[rows, 3] y, int64[rows, 3] label',
      'y = Identity(m) label = Cast<to = 7>(m)',
    ),
    /gives \[1, 3\] in 'label', and not one number a row/,
  ],
  'labels as texts': [
    of(
      { ...THREE, ...label },
      'float[rows, 3] y, string[rows] label',
      'y = Identity(m) l = ArgMax<axis = 1, keepdims = 0>(m) label = Cast<to = 8>(l)',
    ),
    /gives texts in 'label', and not the number of a class, counted from 0/,
  ],
  'a label tensor that is not there': [
    of({ ...THREE, ...label }, 'float[rows, 3] y', 'y = Identity(m)'),
    /has no output label; it has y/,
  ],
  'texts as probabilities': [
    of(THREE, 'string[rows, 3] y', 'y = Cast<to = 8>(m)'),
    /gives texts, and not numbers, for 'out'/,
  ],
  NaN: [of(THREE, 'float[rows, 3] y', 'd = Sub(half, m) y = Sqrt(d)'), /gives NaN for 'out'/],
  'a value of three columns': [
    { ...of({ kind: 'value' }, 'float[rows, 3] y', 'y = Identity(m)'), control: NUMBER },
    /gives \[1, 3\], and not one value a row, for 'out'/,
  ],
  'a value that is a text': [
    { ...of({ kind: 'value' }, 'string[rows, 1] y', 'y = Cast<to = 8>(red)'), control: NUMBER },
    /gives texts, and not numbers, for 'out'/,
  ],
  'an infinite value': [
    { ...of({ kind: 'value' }, 'float[rows, 1] y', 'd = Sub(red, red) y = Reciprocal(d)'), control: NUMBER },
    /gives Infinity for 'out'/,
  ],
  'a value of another number of rows': [
    { ...of({ kind: 'value' }, 'float[n, 1] y', 'y = Concat<axis = 0>(red, red)'), control: NUMBER },
    /gives a tensor of \[2, 1\] to one row/,
  ],
};

describe('classes and values of graphs', () => {
  let served: ServedGraphs<string>;
  let images: string[];

  before(async () => {
    const all = [...Object.entries(SERVED), ...Object.entries(REFUSED)];
    served = await ServedGraphs.start(Object.fromEntries(all.map(([name, [each]]) => [nameOf(name), each])));
    images = await Promise.all(Object.values(COLOURS).map(colour => flat(colour)));
  });
  after(() => served?.stop());

  for (const [name, [, ...answers]] of Object.entries(SERVED)) {
    it(`are served: ${name}`, async () => {
      const given = (await served.ask(nameOf(name), images)).map(told);
      for (const [index, answer] of answers.entries()) {
        if (answer instanceof RegExp) {
          const { code, message } = given[index] as { code: string; message: string };
          assert.equal(code, 'model_failed');
          assert.match(message, answer);
          continue;
        }
        const [value, score] = given[index] as [unknown, number | null];
        if (typeof value === 'number') assert.approximately(value, answer[0] as number, 1e-5);
        else assert.deepEqual(value, answer[0]);
        if (answer[1] === null) assert.isNull(score);
        else assert.approximately(score!, answer[1], 2e-3);
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
