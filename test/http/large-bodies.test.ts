import { assert } from 'chai';
import type { AppError } from '../../src/errors.js';
import { LargeBodies } from '../../src/http/large-body.js';
import type { GroupSource, GroupText } from '../../src/inference/job.js';
import { TEXT_READER } from '../support/reader.js';

describe('LargeBodies', () => {
  let bodies: LargeBodies;
  before(() => {
    bodies = new LargeBodies(60_000);
  });
  after(() => bodies.close());

  async function sourceOf(texts: readonly string[]): Promise<GroupSource> {
    const body = Buffer.from(JSON.stringify({ tasks: texts.map(text => ({ data: { text } })) }));
    const { batch } = await bodies.parse([body.subarray(0, 10), body.subarray(10)]);
    return batch.groups(TEXT_READER, null);
  }

  async function allOf(source: GroupSource): Promise<GroupText[]> {
    const groups: GroupText[] = [];
    for (let left = source.count; left > 0; left -= groups.at(-1)!.count)
      groups.push((await source.next(2))!);
    return groups;
  }

  const valuesOf = (groups: readonly GroupText[]) =>
    groups.flatMap(({ text }) => JSON.parse(text.toString()).values as string[]);
  const memoryOf = ({ text }: GroupText) => (text as Buffer).buffer;

  it('lets the groups that are not answered yet be, and writes others over those that are', async () => {
    const texts = (name: string) => Array.from({ length: 5 }, (_, index) => `${name} ${index} é 😀`);
    const first = await allOf(await sourceOf(texts('first')));
    assert.deepEqual(valuesOf(first), texts('first'));
    for (const { answered } of first.slice(0, 2)) answered!();
    const second = await allOf(await sourceOf(texts('second')));
    assert.deepEqual(valuesOf(first), texts('first'));
    assert.deepEqual(valuesOf(second), texts('second'));
    first[2]!.answered!();
    const third = await allOf(await sourceOf(texts('third')));
    assert.deepEqual(valuesOf(second), texts('second'));
    assert.deepEqual(valuesOf(third), texts('third'));
    assert.deepEqual(valuesOf(first), texts('third'), 'the memory is used again');
  });

  it('gives groups that need more room than there is', async () => {
    const large = ['a'.repeat(3_000_000), 'b'.repeat(700_000), 'c'.repeat(700_000), 'd'];
    const groups = await allOf(await sourceOf(large));
    assert.deepEqual(valuesOf(groups), large);
    assert.isAbove(memoryOf(groups[0]!).byteLength, 3_700_000);
    for (const { answered } of groups) answered!();
    assert.deepEqual(valuesOf(await allOf(await sourceOf(large))), large);
  });

  it('takes pieces over, and copies those that share their memory', async () => {
    const text = Buffer.from(JSON.stringify({ tasks: [{ data: { text: 'é' } }] }));
    const shared = Buffer.concat([text, text]);
    const own = Buffer.alloc(1, ' ');
    const { batch } = await bodies.parse([own, shared.subarray(0, text.length)]);
    assert.deepEqual(valuesOf(await allOf(batch.groups(TEXT_READER, null))), ['é']);
    assert.equal(own.length, 0);
    assert.isTrue(shared.equals(Buffer.concat([text, text])));
  });
});

/** A body that takes long to parse: of so many bytes, about. */
function crawling(bytes: number, text = 'x'): Buffer[] {
  const values = Array.from({ length: bytes / 9 }, (_, index) => index.toString(16).padStart(6, '0'));
  return [Buffer.from(JSON.stringify({ tasks: [{ data: { text, values } }] }))];
}

const small = () => [Buffer.from(JSON.stringify({ tasks: [{ data: { text: 'x' } }] }))];

describe('LargeBodies that take long', () => {
  let bodies: LargeBodies;
  afterEach(() => bodies.close());

  const codeOf = async (parsing: Promise<unknown>) =>
    parsing.then(
      () => 'parsed',
      (error: AppError) => error.code,
    );

  it('let smaller ones go before', async () => {
    bodies = new LargeBodies(60_000);
    const order: number[] = [];
    const sizes = [4_000_000, 3_000_000, 1_000_000, 30_000_000];
    const parse = async (size: number) => {
      const { batch } = await bodies.parse(size === 0 ? small() : crawling(size));
      order.push(size);
      batch.release();
    };
    await Promise.all([...sizes, 0].map(parse));
    assert.deepEqual(
      order.filter(size => size < 30_000_000),
      [4_000_000, 0, 1_000_000, 3_000_000],
    );
    assert.isBelow(order.indexOf(0), order.indexOf(30_000_000));
  });

  it('are given up at the deadline, also while they wait, and cost others nothing then', async () => {
    bodies = new LargeBodies(200);
    const begin = performance.now() - 150;
    const long = [crawling(20_000_000), crawling(9_000_000), crawling(5_000_000)];
    const codes = await Promise.all(long.map(body => codeOf(bodies.parse(body, { begin }))));
    assert.deepEqual(codes, Array(3).fill('deadline_exceeded'));
    let code: string;
    do code = await codeOf(bodies.parse(small()));
    while (code !== 'parsed');
  });

  it('are given up when their clients have gone, and only they', async () => {
    bodies = new LargeBodies(60_000);
    const gone = Promise.resolve();
    const [first, ...others] = [9_000_000, 8_000_000, 20_000_000].map(size =>
      codeOf(bodies.parse(crawling(size), { gone })),
    );
    const staying = codeOf(bodies.parse(small()));
    assert.deepEqual(await Promise.all([first, ...others]), Array(3).fill('client_gone'));
    assert.equal(await staying, 'parsed');
  });

  it('have a few threads at a time, which end with their bodies', async () => {
    bodies = new LargeBodies(60_000);
    const huge = () => bodies.parse([Buffer.alloc(11 * 2 ** 20, ' '), ...small()]);
    const four = await Promise.all([huge(), huge(), huge(), huge()]);
    const texts = await four[3]!.batch.groups(TEXT_READER, null).next(1);
    assert.include(texts!.text.toString(), '"x"');
    const fifth = huge();
    assert.equal(await Promise.race([fifth, bodies.parse(small()).then(() => 'small')]), 'small');
    for (const { batch } of four) {
      batch.release();
      assert.equal(await codeOf(batch.groups(TEXT_READER, null).next(1) as Promise<unknown>), 'internal');
    }
    (await fifth).batch.release();
  });

  it('hold so many objects, lists and names at most, outside of texts', async () => {
    bodies = new LargeBodies(60_000);
    const parse = (value: string, tasks = '[]') =>
      codeOf(bodies.parse([Buffer.from(`{"x":${value},"tasks":${tasks}}`)]));
    const list = (count: number, item: (index: number) => string) =>
      Array.from({ length: count }, (_, index) => item(index)).join();
    assert.equal(await parse(`[${list(3_100_000, () => '{}')}]`), 'body_too_large');
    assert.equal(await parse(JSON.stringify('{["a":'.repeat(3_100_000))), 'parsed');
    assert.equal(await parse(`{${list(700_000, index => `"${index}\\"": 1`)}}`), 'body_too_large');
    assert.equal(await parse(`[${list(700_000, index => `{"a${index % 1000}":"${index}"}`)}]`), 'parsed');
    assert.equal(await parse(`{${list(450_000, index => `"n${index}":1`)}}`), 'parsed');
  });
});
