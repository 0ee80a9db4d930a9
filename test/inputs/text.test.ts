import { expect } from 'chai';
import { AppError } from '../../src/errors.js';
import type { EncodedBatch, TaskFailure } from '../../src/inputs/contract.js';
import type { Step } from '../../src/inputs/features/spec.js';
import { INPUTS } from '../../src/inputs/index.js';
import { parseShown } from '../../src/inputs/shown/value.js';
import { batchesOf } from './batches.js';
import { encodeRows } from './sklearn.js';
import { doubles, failureOf, textStep, Versions } from './versions.js';

const text = INPUTS.text!;
const place = { object: 'text', tag: 'Text', attributes: {}, shown: parseShown('$review'), isUrl: false };

function plain({ rows, feeds }: EncodedBatch): unknown {
  const numbers = Object.entries(feeds).map(([name, { type, data, dims }]) => [
    name,
    { type, data: Array.from(data, Number), dims },
  ]);
  return { rows, feeds: Object.fromEntries(numbers) };
}

describe('text input', () => {
  const versions = new Versions();
  after(() => versions.remove());

  it('reads the text that the object tag shows', () => {
    expect(text.read({ review: 'fine', other: 1 }, place, {}, null)).to.equal('fine');
    expect(text.read({ review: '' }, place, {}, null)).to.equal('');
    for (const [data, what] of [
      [{}, 'has nothing there'],
      [{ review: null }, 'has null there'],
      [{ review: { a: 1 } }, 'has an object there'],
    ] as const) {
      expect(() => text.read(data, place, {}, null)).to.throw(
        `the task's data needs a text under 'review', and ${what}`,
      );
    }
  });

  it('reads what Label Studio takes for a text as the editor writes it', () => {
    for (const [review, written] of [
      [5, '5'],
      [12.5, '12.5'],
      [1e21, '1e+21'],
      [true, 'true'],
      [['Good food'], 'Good food'],
      [['a', 1, null, ['b', 'c']], 'a,1,,b,c'],
      [[], ''],
    ] as const)
      expect(text.read({ review }, place, {}, null)).to.equal(written);
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    for (const review of [deep, [{ toString: 0 }]])
      expect(() => text.read({ review }, place, {}, null)).to.throw(AppError, 'cannot be written as a text');
  });

  it('decodes what is encoded', () => {
    const read = (review: unknown, encoding: string, name = 'encoding') =>
      text.read({ review }, { ...place, attributes: { [name]: encoding } }, {}, null);
    const encoded = Buffer.from('Gutes Öl 😀').toString('base64');
    expect(read(encoded, 'base64unicode')).to.equal('Gutes Öl 😀');
    expect(read(` ${encoded.replaceAll('=', '')}\n`, 'base64unicode', 'Encoding')).to.equal('Gutes Öl 😀');
    // Each byte is a character, as atob has it.
    expect(read(encoded, 'base64')).to.equal(Buffer.from('Gutes Öl 😀').toString('latin1'));
    expect(read('a plain text', 'none')).to.equal('a plain text');
    for (const [bad, encoding] of [
      ['Not base64!', 'base64'],
      [5, 'base64'],
      ['/w==', 'base64unicode'],
    ] as const)
      expect(() => read(bad, encoding)).to.throw(
        AppError,
        `is not encoded as the tag says (encoding="${encoding}")`,
      );
  });

  it('reads the words of a document, and nothing of its markup', async () => {
    const page = { ...place, tag: 'HyperText' };
    const html =
      '<html><head><style>.great{}</style></head><body><p class="good">The film was aw<b>ful</b> &amp; ter<wbr>rible.</p>' +
      '<!-- good --><p><a href="https://example.com/good">bad</a></p></body></html>';
    const value = text.read({ review: html }, page, {}, null);
    expect(await text.learnt!({ review: html }, page)).to.equal('The film was awful & terrible.\nbad');
    const encoder = await text.load(versions.ofTerms(['awful', 'bad', 'good', 'terrible']), {});
    const [batch] = batchesOf(encoder, [value], () => {});
    expect(Array.from(batch!.feeds.feature!.data as Int32Array)).to.deep.equal([0, 1, 3]);
  });

  it('lays rows out as sparse feeds', async () => {
    const encoder = await text.load(versions.ofTerms(['bad', 'film', 'good']), {});
    const batches = [...batchesOf(encoder, ['Good film, good!', 'nothing', 'a bad film'], () => {})];
    expect(batches.map(plain)).to.deep.equal([
      {
        rows: [0, 1, 2],
        feeds: {
          row: { type: 'int32', data: [0, 0, 2, 2], dims: [4] },
          feature: { type: 'int32', data: [1, 2, 0, 1], dims: [4] },
          value: { type: 'float64', data: [1, 2, 1, 1], dims: [4] },
          size: { type: 'int64', data: [3], dims: [1] },
        },
      },
    ]);
  });

  it('gives rows without any term one entry of value 0', async () => {
    const encoder = await text.load(versions.ofTerms(['bad'], {}, { dtype: 'float32' }), {});
    const [batch] = batchesOf(encoder, ['', '\0'], () => {});
    expect(plain(batch!)).to.deep.equal({
      rows: [0, 1],
      feeds: {
        row: { type: 'int32', data: [0], dims: [1] },
        feature: { type: 'int32', data: [0], dims: [1] },
        value: { type: 'float32', data: [0], dims: [1] },
        size: { type: 'int64', data: [2], dims: [1] },
      },
    });
    expect([...batchesOf(encoder, [], () => {})]).to.deep.equal([]);
  });

  it('bounds dense batches', async () => {
    const width = 2 ** 20;
    const step = textStep({ terms: { hashing: { features: width, alternateSign: false } }, width });
    const encoder = await text.load(versions.of(step, { width, layout: 'dense' }), {});
    const sizes: (readonly number[])[] = [];
    let ones = 0;
    for (const { rows, feeds } of batchesOf(encoder, new Array(9).fill('one two'), () => {})) {
      sizes.push(rows);
      expect(feeds.input!.dims).to.deep.equal([rows.length, width]);
      for (const value of feeds.input!.data as Float64Array) ones += value;
    }
    expect(sizes).to.deep.equal([[0, 1, 2, 3, 4, 5, 6, 7], [8]]);
    expect(ones).to.equal(18);
  });

  it('starts afresh after a batch was given up', async () => {
    const encoder = await text.load(versions.ofTerms(['bad', 'good']), {});
    const step = batchesOf(encoder, ['good', 'good', 'good'], () => {})[Symbol.iterator]();
    step.next();
    step.return?.();
    expect(encodeRows(encoder, ['bad']).rows).to.deep.equal([new Map([[0, 1]])]);
  });

  it('fails one text alone', async () => {
    const step = textStep({
      analyzer: 'char',
      terms: { hashing: { features: 8, alternateSign: true } },
      width: 8,
    });
    const encoder = await text.load(versions.of(step, { width: 8 }), {});
    const failures: [number, TaskFailure][] = [];
    const [batch] = batchesOf(encoder, ['fine', 'half \ud83d', 5, 'fine'], (row, failure) =>
      failures.push([row, failure]),
    );
    expect(batch!.rows).to.deep.equal([0, 3]);
    expect(failures.map(([row, { code }]) => [row, code])).to.deep.equal([
      [1, 'task_invalid'],
      [2, 'task_invalid'],
    ]);
    expect(failures[0]![1].message).to.include('half a surrogate pair (U+D83D)');
    const [first, second] = encodeRows(encoder, ['fine', 'fine']).rows;
    expect(first).to.deep.equal(second);
  });

  it('counts a token with a space and a bigram of the same letters as one term', async () => {
    const terms = ['new york', 'new', 'york', 'new new york'];
    const encoder = await text.load(
      versions.ofTerms(terms, { tokenPattern: 'new york|\\w+', ngramRange: [1, 2] }),
      {},
    );
    const { rows } = encodeRows(encoder, ['new york', 'new  york', 'new new york']);
    expect(rows.map(row => Object.fromEntries(row!))).to.deep.equal([
      { 0: 1 },
      { 0: 1, 1: 1, 2: 1 },
      { 0: 1, 1: 1, 3: 1 },
    ]);
  });

  it('takes a text of a megabyte of one word, or of none', async () => {
    const encoder = await text.load(versions.ofTerms(['aaaa', 'aa aa'], { ngramRange: [1, 2] }), {});
    const { rows } = encodeRows(encoder, ['a'.repeat(1e6), 'aa '.repeat(4e5), '\u0301'.repeat(1e6), 'aaaa']);
    expect(rows.map(row => row!.size)).to.deep.equal([0, 1, 0, 1]);
    expect(rows[1]!.get(1)).to.equal(4e5 - 1);
  });

  it('fails a text whose token is too long for the pattern, and it alone', async () => {
    const encoder = await text.load(versions.ofTerms(['a-b'], { tokenPattern: '(?:\\w|-)+' }), {});
    const { rows, failures } = encodeRows(encoder, ['a'.repeat(2e7), 'a-b']);
    expect(rows).to.deep.equal([null, new Map([[0, 1]])]);
    expect(failures.map(({ message }) => message)).to.deep.equal([
      'the text has a token that is too long for the pattern (?:\\w|-)+; split it',
    ]);
  });

  it('says what is wrong with a version', async () => {
    const tfidf: Step = { type: 'tfidf', sublinear: true, idf: null, norm: null, dtype: 'float64' };
    const hashed = textStep({ terms: { hashing: { features: 4, alternateSign: true } }, width: 4 });
    const cases: [string, string][] = [
      [versions.ofTerms(['a'], {}, { format: 2 as 1 }), 'format is 2, and this server reads 1'],
      [
        versions.ofTerms(['a'], {}, { input: 'record' }),
        `input is "record", and the manifest's input is a text`,
      ],
      [versions.ofTerms(['a'], {}, { width: 2 }), 'width is 2, but the steps give 1 columns'],
      [versions.ofTerms(['a'], { width: 2 }, { width: 2 }), 'root has 1 terms, not 2'],
      [
        versions.ofTerms(['a'], { tokenPattern: '(?s).+' }),
        'root has the token_pattern "(?s).+": the flag (?s) cannot be carried',
      ],
      [
        versions.ofTerms(['a'], { terms: { vocabulary: '../a.json' } }),
        "refers to '../a.json', which is not a plain file name",
      ],
      [versions.ofTerms(['a'], { terms: { vocabulary: 'gone.json' } }), 'gone.json cannot be read: ENOENT'],
      [
        versions.of({ type: 'knn' } as unknown as Step, {}),
        `root has the type 'knn', which this server does not know`,
      ],
      [
        versions.of({ type: 'pipeline', steps: [hashed, tfidf] }, { width: 4 }),
        'root.steps[1] takes the logarithm of counts',
      ],
      [
        versions.of(
          { type: 'pipeline', steps: [hashed, { ...tfidf, sublinear: false, idf: 'idf.f64' }] },
          { width: 4 },
          { 'idf.f64': doubles(1, 2, 3) },
        ),
        'idf.f64 holds 3 numbers, not 4; export the version again',
      ],
      ['/nonexistent', '/nonexistent/features.json cannot be read'],
      [versions.of(hashed, { width: 4 }, { 'features.json': '{' }), 'features.json is not JSON'],
    ];
    for (const [folder, what] of cases) {
      const failure = await failureOf(text.load(folder, {}));
      expect(failure)
        .to.match(/^version_invalid: /)
        .and.include(what)
        .and.include(folder);
    }
  });
});
