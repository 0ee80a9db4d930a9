import { setImmediate } from 'node:timers/promises';
import { assert } from 'chai';
import { AppError } from '../src/errors.js';
import type { GroupText } from '../src/inference/job.js';
import { takeValue } from '../src/inputs/values.js';
import { Slots } from '../src/task-data/slots.js';
import { cutGroups, groupText, TaskList, type ValueOpener } from '../src/tasks.js';
import { tasksOf } from './support/configs.js';
import { TEXT_READER } from './support/reader.js';

/** All groups of a source, parsed. */
async function groupsOf(list: TaskList, most: number, indices: readonly number[] | null = null) {
  const source = list.groups(TEXT_READER, indices);
  const groups: { count: number; values: unknown[]; failures?: Record<string, { code: string }> }[] = [];
  for (;;) {
    const group: GroupText | null = await source.next(most);
    if (!group) break;
    const { binding, ...rest } = JSON.parse(group.text.toString());
    assert.equal(binding, 'b');
    groups.push({ count: group.count, ...rest });
  }
  assert.equal(
    groups.reduce((sum, { count }) => sum + count, 0),
    source.count,
  );
  return groups;
}

describe('cutGroups', () => {
  const tasks = tasksOf(['a', 'b', 'c', 'd', 'e']);

  it('cuts all tasks, or those of some indices', () => {
    const all = cutGroups(tasks, null);
    assert.deepEqual([all(2), all(10), all(10)], [tasks.slice(0, 2), tasks.slice(2), []]);
    const some = cutGroups(tasks, [1, 3, 4]);
    assert.deepEqual([some(2), some(2), some(2)], [[tasks[1], tasks[3]], [tasks[4]], []]);
    assert.deepEqual(cutGroups(tasks, [])(5), []);
    assert.deepEqual(cutGroups([], null)(5), []);
  });
});

describe('groupText', () => {
  it('keeps the place of a task that has no value', () => {
    const failure = { code: 'task_invalid', message: 'x' } as const;
    assert.deepEqual(
      JSON.parse(groupText('b', [{ value: 'a' }, { failure }, { value: null }]).text.toString()),
      {
        binding: 'b',
        values: ['a', null, null],
        failures: { 1: failure },
      },
    );
  });
});

describe('TaskList', () => {
  it('reads values, and says of each task that has none why', async () => {
    const list = new TaskList([
      { data: { text: 'a' } },
      { id: 7 },
      { data: { text: 1 } },
      { data: { text: 'b' } },
    ]);
    const [first, second] = await groupsOf(list, 3);
    assert.deepEqual(first!.values, ['a', null, '1']);
    assert.deepEqual(Object.keys(first!.failures!), ['1']);
    assert.deepEqual(second, { count: 1, values: ['b'] });
    assert.deepEqual((await groupsOf(list, 3, [0, 3]))[0]!.values, ['a', 'b']);
  });

  it('names tasks by ids that are ids, and no others', async () => {
    const ids = [7, 'x', { toString: 1 }, [1], null, undefined];
    const [group] = await groupsOf(new TaskList(ids.map(id => ({ id, data: 'none' }))), 10);
    const messages = Object.values(group!.failures!).map(failure => (failure as unknown as Error).message);
    assert.deepEqual(
      messages.map(message => message.split(':')[0]),
      ['task 7', 'task x', 'a task', 'a task', 'a task', 'a task'],
    );
  });

  it('gives the same digest for the same value, and none where there is no value', async () => {
    const list = new TaskList([
      ...tasksOf(['a', 'b', 'a']),
      { id: 9 },
      { id: 10, data: { text: 'b', more: 1 } },
    ]);
    const [a, b, again, none, other] = await list.digests(TEXT_READER);
    assert.equal(a, again);
    assert.equal(b, other);
    assert.notEqual(a, b);
    assert.isUndefined(none);
  });

  describe('whose values are addresses', () => {
    const released: unknown[] = [];
    beforeEach(() => {
      released.length = 0;
    });
    const memory = new Slots(0);
    const open: ValueOpener['open'] = async (task, reader) => {
      const value = takeValue(task, reader);
      if (value === 'bad') throw new AppError('task_unreadable', 'gone');
      if (value === 'bug') throw new Error('a bug');
      return { read: () => `what is at ${value}`, release: () => released.push(value) };
    };

    it('resolves them first, and releases what that took with the group', async () => {
      const list = new TaskList([...tasksOf(['good', 'bad', 'also good']), { id: 4 }], { open, memory });
      const group = (await list.groups(TEXT_READER, null).next(10))!;
      const { values, failures } = JSON.parse(group.text.toString());
      assert.deepEqual(values, ['what is at good', null, 'what is at also good', null]);
      assert.deepEqual(
        [failures[1].code, failures[3].code, Object.keys(failures).length],
        ['task_unreadable', 'task_invalid', 2],
      );
      assert.deepEqual(released, []);
      group.release!();
      assert.deepEqual(released, ['good', 'also good']);
    });

    it('fetches eight at once', async () => {
      let now = 0;
      let most = 0;
      const slow: ValueOpener['open'] = async () => {
        most = Math.max(most, ++now);
        await setImmediate();
        now--;
        return { read: () => 'y' };
      };
      const list = new TaskList(tasksOf(Array(20).fill('x')), { open: slow, memory });
      const groups = await groupsOf(list, 64);
      assert.deepEqual([groups.map(({ count }) => count), most], [[8, 8, 4], 8]);
    });

    /** Opens values of so many bytes each. */
    const ofBytes =
      (bytes: number): ValueOpener['open'] =>
      async (task, reader) => {
        const value = takeValue(task, reader);
        return { bytes, read: () => value, release: () => released.push(value) };
      };

    it('reads up to a megabyte together, and one that is larger by itself', async () => {
      const texts = ['a', 'b', 'c', 'd', 'e'];
      const counts = async (bytes: number) => {
        const list = new TaskList(tasksOf(texts), { open: ofBytes(bytes), memory: new Slots(2 ** 21) });
        const source = list.groups(TEXT_READER, null);
        const found: number[] = [];
        for (let group = await source.next(64); group; group = await source.next(64)) {
          found.push(group.count);
          group.release!();
        }
        return found;
      };
      assert.deepEqual(await counts(500_000), [2, 2, 1]);
      assert.deepEqual(released, texts);
      assert.deepEqual(await counts(2_000_000), [1, 1, 1, 1, 1]);
      assert.deepEqual(await counts(1_000), [5]);
    });

    it('waits until others have left the memory, and keeps nothing when nobody waits any more', async () => {
      const memory = new Slots(20);
      const list = new TaskList(tasksOf(['a', 'b', 'c']), { open: ofBytes(10), memory });
      const first = (await list.groups(TEXT_READER, null).next(2))!;
      const source = list.groups(TEXT_READER, null);
      const second = Promise.resolve(source.next(3)).catch((error: AppError) => error.code);
      await setImmediate();
      source.close!();
      assert.equal(await second, 'client_gone');
      assert.deepEqual(released.sort(), ['a', 'b', 'c']);
      first.release!();
      assert.deepEqual(released.length, 5);
      (await memory.take(20, undefined))();
    });

    it('ends what is on its way when nobody waits any more', async () => {
      const endless: ValueOpener['open'] = (_task, _reader, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      const source = new TaskList(tasksOf(['a']), { open: endless, memory }).groups(TEXT_READER, null);
      const group = Promise.resolve(source.next(1)).catch((error: AppError) => error.code);
      source.close!();
      assert.isNull(await group);
    });

    it('fails as a whole when resolving breaks in an unknown way, and keeps nothing', async () => {
      const list = new TaskList(tasksOf(['bug', 'good']), { open, memory });
      const failed = await Promise.resolve(list.groups(TEXT_READER, null).next(5)).catch(
        (error: Error) => error.message,
      );
      assert.equal(failed, 'a bug');
      assert.deepEqual(released, ['good']);
    });
  });

  it('gives its tasks as they are', async () => {
    const tasks = tasksOf(['a']);
    const list = new TaskList(tasks);
    assert.equal(list.count, 1);
    assert.equal(await list.all(), tasks);
  });
});
