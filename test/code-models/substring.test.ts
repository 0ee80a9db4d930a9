import { assert } from 'chai';
import fc from 'fast-check';
import { findOthers, type Mark } from '../../src/code-models/occurrences.js';
import type { Prediction } from '../../src/model.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { shippedRepository } from '../support/models.js';

/** What is found for the first place of `covered`, as texts with their places. */
function others(text: string, covered: string, there: Mark[] = []): string[] {
  const start = text.indexOf(covered);
  const mark = { start, end: start + covered.length, label: 'A' };
  return findOthers(text, [mark], there).map(each => `${each.start} ${text.slice(each.start, each.end)}`);
}

describe('other occurrences of a mark', () => {
  it('are those of the same letters in the same case, whatever white space is between', () => {
    assert.deepEqual(others('Ada King, Ada  King, ADA KING, Ada\nKing', 'Ada King'), [
      '10 Ada  King',
      '31 Ada\nKing',
    ]);
    assert.deepEqual(others('1.5 (a+b)* 1x5 (a+b)*', '(a+b)*'), ['15 (a+b)*']);
    assert.deepEqual(others('a a a', ' '), []);
  });

  it('are found in time that grows with the text alone', function () {
    this.timeout(20_000);
    const blanks = ' '.repeat(2_000_000);
    assert.deepEqual(others(` b${blanks}`, ' b'), []);
    assert.deepEqual(others(`b ${blanks}b${blanks}b`, 'b '), ['2000002 b'.padEnd(8 + 1 + 2_000_000)]);
    const half = 'a'.repeat(1_000_000);
    assert.deepEqual(others(`${half}b${half}`, `${half}b`), []);
    assert.deepEqual(others(`b${half}${half}`, `b${half}`), []);
    const words = 'a '.repeat(500_000);
    assert.deepEqual(others(`${words}b ${words}`, `${words}b`), []);
  });

  it('are refused where so much is marked in so long a text that others would wait', () => {
    const text = 'ab '.repeat(100_000);
    const marks = Array.from({ length: 1000 }, (_, index) => ({
      start: 3 * index,
      end: 3 * index + 2,
      label: 'A',
    }));
    assert.throws(
      () => findOthers(text, marks, []),
      '1000 marks in a text of 300000 characters take too long to look for: mark fewer at a time',
    );
  });

  it('are whole words for a mark of whole words', () => {
    assert.deepEqual(others('art party art. artless ärt-art', 'art'), ['10 art', '27 art']);
    assert.deepEqual(others('naïve naïvely (naïve)', 'naïve'), ['15 naïve']);
  });

  it('are parts of words on the side on which a mark ends within a word', () => {
    assert.deepEqual(others('Ada Adam mAd Ad', 'Ad'), ['4 Ad', '13 Ad']);
    assert.deepEqual(others('party art smart', 'art'), ['6 art', '12 art']);
  });

  it('are anywhere in writing that has no spaces', () => {
    assert.deepEqual(others('東京に行く。私は東京都の人', '東京'), ['8 東京']);
  });

  it('are not what is marked already with the same label', () => {
    const there = (label: string) => [{ start: 7, end: 12, label }];
    assert.deepEqual(others('Ada or Ada or Ada', 'Ada', there('A')), ['14 Ada']);
    assert.deepEqual(others('Ada or Ada or Ada', 'Ada', there('B')), ['7 Ada', '14 Ada']);
  });

  it('never overlap, leave the text, or say something else', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '😀', '.', 'é'), maxLength: 30 });
    const mark = fc.record({ start: fc.nat(30), end: fc.nat(30), label: fc.constantFrom('A', 'B') });
    fc.assert(
      fc.property(
        text,
        fc.array(mark, { maxLength: 3 }),
        fc.array(mark, { maxLength: 2 }),
        (of, marks, there) => {
          const within = (all: Mark[]) => all.filter(({ start, end }) => start < end && end <= of.length);
          const all = [...within(marks), ...within(there)];
          const found = findOthers(of, within(marks), within(there));
          const plain = (each: string) => each.replace(/\s+/g, ' ');
          for (const { start, end, label } of found) {
            assert.isTrue(start >= 0 && end > start && end <= of.length);
            const covered = plain(of.slice(start, end));
            assert.isTrue(
              within(marks).some(
                each => plain(of.slice(each.start, each.end)) === covered && each.label === label,
              ),
            );
            for (const each of [...all, ...found]) {
              if (each.label === label && each.start !== start)
                assert.isTrue(each.end <= start || each.start >= end);
            }
          }
        },
      ),
    );
  });

  it('are found quickly in a long text, and are no more than a thousand', () => {
    const text = 'ae '.repeat(300_000);
    assert.lengthOf(findOthers(text, [{ start: 1, end: 2, label: 'A' }], []), 1000);
  });
});

describe('the model of substrings', () => {
  const config =
    '<View><Labels name="label" toName="text" smart="true"><Label value="PER"/><Label value="ORG"/></Labels>' +
    '<Text name="text" value="$text"/></View>';
  let backend: TestBackend;

  before(async () => {
    backend = await startBackend({ MODEL_DIR: await shippedRepository('substring') });
  });
  after(() => backend.stop());

  async function predict(text: unknown, result: unknown, drafts: unknown[] = []): Promise<Prediction> {
    const reply = await backend.post<{ results: Prediction[] }>('/predict', {
      tasks: [{ id: 1, data: { text }, drafts }],
      project: '1',
      label_config: config,
      params: { context: result === null ? null : { result } },
    });
    assert.equal(reply.status, 200, reply.reason);
    return reply.body.results[0]!;
  }
  const mark = (start: number, end: number, labels: unknown = ['PER'], from_name = 'label') => ({
    value: { start, end, labels },
    from_name,
    to_name: 'text',
    type: 'labels',
  });
  const values = ({ result }: Prediction) => result.map(({ value }) => value);

  it('answers in code points, with ids that stay the same', async () => {
    const text = '😀 Ada met 😀 Ada, and Ada';
    const first = await predict(text, [mark(2, 5)]);
    assert.deepEqual(values(first), [
      { start: 12, end: 15, text: 'Ada', labels: ['PER'] },
      { start: 21, end: 24, text: 'Ada', labels: ['PER'] },
    ]);
    assert.notEqual(first.result[0]!.id, first.result[1]!.id);
    const second = await predict(text, [mark(12, 15)], [{ result: [mark(2, 5)] }]);
    assert.deepEqual(second.result, [first.result[1]!]);
  });

  it('has nothing to say where nothing was marked, and takes whatever a context holds', async () => {
    const odd = [
      null,
      5,
      {},
      mark(-1, 2),
      mark(2, 2),
      mark(0, 99),
      mark(0, 3, ['gone']),
      mark(0, 3, 'PER'),
      mark(0, 3, ['PER'], 'other'),
    ];
    for (const result of [null, [], ...odd.map(each => [each])]) {
      assert.deepEqual(await predict('Ada Ada', result), {
        result: [],
        score: null,
        model_version: 'substring:0.0.1',
      });
    }
    assert.deepEqual((await predict(7, [mark(0, 3)])).result, []);
  });

  it('is refused by configs that it cannot fill', async () => {
    const schema = '<View><Image name="i" value="$i"/><RectangleLabels name="r" toName="i"/></View>';
    const reply = await backend.post('/models/substring/setup', { project: '2', schema });
    assert.equal(reply.status, 422);
    assert.match(reply.reason, /needs Labels on Text/);
  });
});
