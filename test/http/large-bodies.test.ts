import { assert } from 'chai';
import { LargeBodies } from '../../src/http/large-body.js';
import type { GroupSource, GroupText } from '../../src/inference/job.js';
import { TEXT_READER } from '../support/reader.js';

describe('LargeBodies', () => {
  let bodies: LargeBodies;
  before(() => {
    bodies = new LargeBodies();
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
