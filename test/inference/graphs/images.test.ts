import { assert } from 'chai';
import { flat, type GraphCase, ServedGraphs, told } from '../../support/served-graphs.js';

/** Each colour's share of a flat image is its probability: what comes out is known without a model. */
const OUTPUT = { kind: 'probabilities', tensor: 'y', labels: ['red', 'green', 'blue'] };
const INPUT = { kind: 'image', width: 8, height: 8 };
const PLANAR = 'float[rows, 3, 8, 8] pixel_values';
const MEAN = 'ReduceMean<axes = [2, 3], keepdims = 0>';

const graph = (inputs: string, outputs: string, body: string) => `g (${inputs}) => (${outputs}) { ${body} }`;
const of = (text: string, input: object = {}, output: object = {}): GraphCase => ({
  graph: text,
  input: { ...INPUT, ...input },
  output: { ...OUTPUT, ...output },
});
const means = (inputs: string, output = 'float[rows, 3] y') =>
  graph(inputs, output, `y = ${MEAN}(pixel_values)`);
/** The means of an image, `same` for its first row and what a graph for one row makes of the others. */
const ofRows = (output: string, body: string) => graph(PLANAR, output, `m = ${MEAN}(pixel_values) ${body}`);

const SERVED = {
  single: of(means(PLANAR)),
  half: of(means('float16[rows, 3, 8, 8] pixel_values', 'float16[rows, 3] y')),
  double: of(means('double[rows, 3, 8, 8] pixel_values', 'double[rows, 3] y')),
  bytes: of(
    graph(
      'uint8[rows, 3, 8, 8] pixel_values',
      'float[rows, 3] y',
      `p = Cast<to = 1>(pixel_values) m = ${MEAN}(p) most = Constant<value_float = 255.0>() y = Div(m, most)`,
    ),
    { dtype: 'uint8' },
  ),
  packed: of(
    graph(
      'float[rows, 8, 8, 3] pixel_values',
      'float[rows, 3] y',
      'y = ReduceMean<axes = [1, 2], keepdims = 0>(pixel_values)',
    ),
    { layout: 'nhwc' },
  ),
  'packed-bytes': of(
    graph(
      'uint8[rows, height, width, 3] pixel_values',
      'float[rows, 3] y',
      'p = Cast<to = 1>(pixel_values) m = ReduceMean<axes = [1, 2], keepdims = 0>(p) most = Constant<value_float = 255.0>() y = Div(m, most)',
    ),
    { layout: 'nhwc', dtype: 'uint8' },
  ),
  dynamic: of(means('float[rows, channels, height, width] pixel_values')),
  unnamed: of(means('float[?, ?, ?, ?] pixel_values', 'float[?, ?] y')),
  'one-image': of(
    graph(
      'float[3, 8, 8] pixel_values',
      'float[3] y',
      'y = ReduceMean<axes = [1, 2], keepdims = 0>(pixel_values)',
    ),
  ),
  'one-image-row': of(
    graph(
      'float[3, 8, 8] pixel_values',
      'float[1, 3] y',
      'm = ReduceMean<axes = [1, 2], keepdims = 0>(pixel_values) axis = Constant<value_ints = [0]>() y = Unsqueeze(m, axis)',
    ),
  ),
  'one-last': of(
    graph(
      PLANAR,
      'float[rows, 3, 1] y',
      'm = ReduceMean<axes = [2], keepdims = 0>(pixel_values) y = ReduceMean<axes = [2]>(m)',
    ),
  ),
  'ones-last': of(graph(PLANAR, 'float[rows, 3, 1, 1] y', 'y = GlobalAveragePool(pixel_values)')),
  'one-between': of(
    ofRows('float[rows, 1, 3] y', 'axis = Constant<value_ints = [1]>() y = Unsqueeze(m, axis)'),
  ),
  'batch-1': of(means('float[1, 3, 8, 8] pixel_values', 'float[1, 3] y')),
  'batch-4': of(means('float[4, 3, 8, 8] pixel_values', 'float[4, 3] y')),
  'batch-4-of-3': of(means('float[4, 3, 8, 8] pixel_values', 'float[4, 3] y'), { batch: 3 }),
  'first-row-then-zeros': of(
    ofRows(
      'float[rows, 3] y',
      `shape = Shape(m) zero = Constant<value_ints = [0]>() one = Constant<value_ints = [1]>() count = Gather(shape, zero)
       none = Constant<value_int = 0>() step = Constant<value_int = 1>() axes = Constant<value_ints = [0]>() n = Squeeze(count, axes)
       numbers = Range(none, n, step) first = Less(numbers, step) is = Cast<to = 1>(first) column = Unsqueeze(is, one) y = Mul(m, column)`,
    ),
  ),
  'first-row-alone': of(
    ofRows(
      'float[n, 3] y',
      'zero = Constant<value_ints = [0]>() one = Constant<value_ints = [1]>() y = Slice(m, zero, one, zero)',
    ),
  ),
  'first-row-for-all': of(
    ofRows(
      'float[rows, 3] y',
      'zero = Constant<value_ints = [0]>() one = Constant<value_ints = [1]>() first = Slice(m, zero, one, zero) nothing = Sub(m, m) y = Add(nothing, first)',
    ),
  ),
  'mean-of-all-rows': of(
    ofRows(
      'float[rows, 3] y',
      'b = ReduceMean<axes = [0], keepdims = 1>(m) d = Sub(b, m) half = Constant<value_float = 0.5>() part = Mul(d, half) y = Add(m, part)',
    ),
  ),
  'rows-turned-by-one': of(
    ofRows(
      'float[rows, 3] y',
      `zero = Constant<value_ints = [0]>() one = Constant<value_ints = [1]>() last = Constant<value_ints = [999]>()
       first = Slice(m, zero, one, zero) others = Slice(m, one, last, zero) y = Concat<axis = 0>(others, first)`,
    ),
  ),
  'error-of-two-rows': of(
    graph(
      PLANAR,
      'float[n, 3] y',
      `shape = Constant<value_ints = [1, 3, 64]>() flat = Reshape(pixel_values, shape) y = ReduceMean<axes = [2], keepdims = 0>(flat)`,
    ),
  ),
  'further-map': of(
    graph(
      PLANAR,
      'float[rows, 3] y, seq(map(int64, float)) told',
      `y = ${MEAN}(pixel_values) told = ai.onnx.ml.ZipMap<classlabels_int64s = [0, 1, 2]>(y)`,
    ),
  ),
  constructor: of(graph('float[rows, 3, 8, 8] constructor', 'float[rows, 3] y', `y = ${MEAN}(constructor)`), {
    tensor: 'constructor',
  }),
  named: of(graph('float[rows, 3, 8, 8] x', 'float[rows, 3] y', `y = ${MEAN}(x)`), { tensor: 'x' }),
};

const REFUSED: Record<string, [GraphCase, RegExp]> = {
  'uint8 without dtype': [
    of(
      graph(
        'uint8[rows, 3, 8, 8] pixel_values',
        'float[rows, 3] y',
        `p = Cast<to = 1>(pixel_values) y = ${MEAN}(p)`,
      ),
    ),
    /takes uint8 for 'pixel_values', and its input gives float32: declare "dtype": "uint8"/,
  ],
  'dtype uint8 for a graph of floats': [
    of(means(PLANAR), { dtype: 'uint8' }),
    /takes float32 for 'pixel_values', and its input gives uint8: leave "dtype" out/,
  ],
  int8: [
    of(
      graph(
        'int8[rows, 3, 8, 8] pixel_values',
        'float[rows, 3] y',
        `p = Cast<to = 1>(pixel_values) y = ${MEAN}(p)`,
      ),
    ),
    /takes int8 for 'pixel_values', and its input gives float32: export it with float32 or float64 or float16/,
  ],
  'colours last, undeclared': [
    of(
      graph(
        'float[rows, 8, 8, 3] pixel_values',
        'float[rows, 3] y',
        'y = ReduceMean<axes = [1, 2], keepdims = 0>(pixel_values)',
      ),
    ),
    /takes \[rows, 8, 8, 3\] for 'pixel_values', and its input gives \[1, 3, 8, 8\]: declare "layout": "nhwc"/,
  ],
  'colours first, declared last': [
    of(means(PLANAR), { layout: 'nhwc' }),
    /takes \[rows, 3, 8, 8\] for 'pixel_values', and its input gives \[1, 8, 8, 3\]: declare "layout": "nchw"/,
  ],
  'colours last, of any size': [
    of(
      graph(
        'float[rows, h, w, c] pixel_values',
        'float[rows, n] y',
        'y = ReduceMean<axes = [1, 2], keepdims = 0>(pixel_values)',
      ),
    ),
    /gives \[1, 8\], and not \[rows, 3\] for its 3 labels, for 'out'/,
  ],
  'another size': [
    of(means('float[rows, 3, 16, 16] pixel_values')),
    /takes \[rows, 3, 16, 16\] for 'pixel_values', and its input gives \[1, 3, 8, 8\]: declare in "input"/,
  ],
  'one channel': [
    of(means('float[rows, 1, 8, 8] pixel_values', 'float[rows, 1] y')),
    /takes \[rows, 1, 8, 8\] for 'pixel_values', and its input gives \[1, 3, 8, 8\]: declare "channels": "gray"/,
  ],
  'rank 5': [
    of(
      graph(
        'float[rows, 1, 3, 8, 8] pixel_values',
        'float[rows, 3] y',
        'y = ReduceMean<axes = [1, 3, 4], keepdims = 0>(pixel_values)',
      ),
    ),
    /takes \[rows, 1, 3, 8, 8\] for 'pixel_values', and its input gives \[1, 3, 8, 8\]: declare in "input"/,
  ],
  'a further input': [
    of(
      graph(`${PLANAR}, float[rows] warmth`, 'float[rows, 3] y', `y = ${MEAN}(pixel_values) z = Abs(warmth)`),
    ),
    /input 'warmth', which its input kind does not give; it gives .*pixel_values/,
  ],
  'an input of another name': [
    of(graph('float[rows, 3, 8, 8] x', 'float[rows, 3] y', `y = ${MEAN}(x)`)),
    /input 'x', which its input kind does not give; it gives .*pixel_values.*"tensor"/,
  ],
  'an input of the name of a method': [
    of(
      graph(
        `${PLANAR}, float[1] toString`,
        'float[rows, 3] y',
        `m = ${MEAN}(pixel_values) y = Add(m, toString)`,
      ),
    ),
    /input 'toString', which its input kind does not give; it gives .*pixel_values/,
  ],
  'an output that is not there': [of(means(PLANAR), {}, { tensor: 'z' }), /has no output z; it has y/],
  'a map': [
    of(
      graph(
        PLANAR,
        'seq(map(int64, float)) y',
        `m = ${MEAN}(pixel_values) y = ai.onnx.ml.ZipMap<classlabels_int64s = [0, 1, 2]>(m)`,
      ),
    ),
    /gives no tensor for 'y': export it without maps and sequences \(zipmap=False\)/,
  ],
  'a sequence': [
    of(graph(PLANAR, 'seq(float[rows, 3]) y', `m = ${MEAN}(pixel_values) y = SequenceConstruct(m)`)),
    /gives no tensor for 'y': export it without maps and sequences/,
  ],
  'two numbers of each label': [
    of(
      ofRows(
        'float[rows, 3, 2] y',
        'axis = Constant<value_ints = [2]>() u = Unsqueeze(m, axis) y = Concat<axis = 2>(u, u)',
      ),
    ),
    /gives a tensor of \[1, 3, 2\], and not \[rows, columns\], for 'out'/,
  ],
  'two rows of one image': [
    of(ofRows('float[n, 3] y', 'y = Concat<axis = 0>(m, m)')),
    /gives a tensor of \[2, 3\] to one row, and not \[1, columns\], for 'out'/,
  ],
  'labels first': [
    of(ofRows('float[3, rows] y', 'y = Transpose<perm = [1, 0]>(m)')),
    /gives a tensor of \[3, 1\] to one row, and not \[1, columns\], for 'out'/,
  ],
  'one number, without an axis': [
    of(ofRows('float y', 'y = ReduceMean<keepdims = 0>(m)')),
    /gives a tensor of \[\], and not \[rows, columns\], for 'out'/,
  ],
};

/** Colours that are told apart, however rows are mixed up. */
const COLOURS = [
  [255, 0, 0],
  [0, 204, 51],
  [51, 0, 153],
  [102, 51, 0],
  [0, 255, 51],
  [0, 51, 255],
  [204, 51, 102],
  [51, 102, 0],
  [0, 0, 51],
] as const;

describe('graphs of images', () => {
  let served: ServedGraphs<string>;
  let images: string[];

  before(async () => {
    const refused = Object.entries(REFUSED).map(([name, [each]]) => [nameOf(name), each]);
    served = await ServedGraphs.start({ ...SERVED, ...Object.fromEntries(refused) });
    images = await Promise.all(COLOURS.map(colour => flat(colour)));
  });
  after(() => served?.stop());

  for (const name of Object.keys(SERVED)) {
    it(`are served: ${name}`, async () => {
      assert.isUndefined(served.problem(name));
      for (let count = 1; count <= COLOURS.length; count++) {
        const items = await served.ask(name, images.slice(0, count));
        for (const [index, colour] of COLOURS.slice(0, count).entries()) {
          const most = Math.max(...colour);
          const [choices, score] = told(items[index]!) as [string[], number];
          assert.deepEqual(
            choices,
            [OUTPUT.labels[(colour as readonly number[]).indexOf(most)]],
            `${index} of ${count}`,
          );
          assert.approximately(score, most / 255, 1e-3);
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
  return title.replaceAll(/[^a-z0-9]+/g, '-');
}
