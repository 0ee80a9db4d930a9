import { assert } from 'chai';
import { POISONOUS, Poison, splitGroup } from '../../src/inference/poison.js';

const groupOf = (group: object, count: number) => ({ count, text: Buffer.from(JSON.stringify(group)) });
const read = ({ text }: { text: string | Buffer }) => JSON.parse(text.toString()) as unknown;
const GONE = { code: 'task_unreadable', message: 'gone' } as const;

describe('Poison', () => {
  it('puts a failure in the place of each value that it knows, by version', () => {
    const poison = new Poison();
    const group = groupOf({ binding: 'b', values: ['a', { x: 1 }, 'a'], failures: { 1: GONE } }, 3);
    assert.equal(poison.strip('v', group), group, 'as it came, while nothing is known');
    poison.remember('v', groupOf({ binding: 'other', values: ['a'] }, 1), POISONOUS);
    assert.deepEqual(read(poison.strip('v', group)), {
      binding: 'b',
      values: [null, { x: 1 }, null],
      failures: { 0: POISONOUS, 1: GONE, 2: POISONOUS },
    });
    assert.equal(poison.strip('w', group), group);
    poison.forget('v');
    assert.equal(poison.strip('v', group), group);
  });

  it('remembers no more than a thousand values of a version', () => {
    const poison = new Poison();
    for (let index = 0; index <= 1_000; index++)
      poison.remember('v', groupOf({ binding: 'b', values: [index] }, 1), POISONOUS);
    const stripped = read(poison.strip('v', groupOf({ binding: 'b', values: [0, 999, 1_000] }, 3)));
    assert.deepEqual(stripped, {
      binding: 'b',
      values: [null, null, 1_000],
      failures: { 0: POISONOUS, 1: POISONOUS },
    });
  });
});

describe('splitGroup', () => {
  it('makes a group of each task, with its own failure', () => {
    const groups = splitGroup(groupOf({ binding: 'b', values: ['a', null, 'c'], failures: { 1: GONE } }, 3));
    assert.deepEqual(
      groups.map(({ count }) => count),
      [1, 1, 1],
    );
    assert.deepEqual(groups.map(read), [
      { binding: 'b', values: ['a'] },
      { binding: 'b', values: [null], failures: { 0: GONE } },
      { binding: 'b', values: ['c'] },
    ]);
  });
});
