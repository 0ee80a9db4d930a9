import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import {
  type GroupSource,
  type GroupText,
  Job,
  type LateTaker,
  type Part,
  type Piece,
} from '../../src/inference/job.js';
import { sourceOf } from '../support/pool.js';

const binding = { id: 'b', controls: [] };
const LATE = new AppError('deadline_exceeded', 'late');

/** A job of so many tasks, `most` to a group. */
function jobOf(
  source: number | GroupSource,
  most = 2,
  ahead = 3,
  late?: LateTaker,
): { job: Job; changes: () => number } {
  let changes = 0;
  const given =
    typeof source === 'number' ? sourceOf(Array.from({ length: source }, (_, i) => `t${i}`)) : source;
  const job = new Job({ key: 'v', binding, source: given, priority: 'bulk', late }, { most, ahead }, () => {
    changes++;
  });
  return { job, changes: () => changes };
}

const answer = (part: Part): Piece => ({ count: part.group.count, text: Buffer.from(`#${part.index}`) });
const texts = (pieces: readonly Piece[]) =>
  pieces.map(piece => ('text' in piece ? piece.text.toString() : `${piece.count} ${piece.missing.code}`));

/** Groups that come when they are told to. */
function lazySource(count: number): {
  source: GroupSource;
  give(group: GroupText | null): void;
  asked: number;
} {
  const waiting: ((group: GroupText | null) => void)[] = [];
  const lazy = {
    asked: 0,
    source: {
      count,
      next: () => {
        lazy.asked++;
        return new Promise<GroupText | null>(resolve => waiting.push(resolve));
      },
    },
    give: (group: GroupText | null) => waiting.shift()!(group),
  };
  return lazy;
}

describe('Job', () => {
  it('hands out its tasks in groups, and gives their answers in the order of the tasks, however they come', async () => {
    const { job } = jobOf(5);
    assert.equal(job.waiting, 5);
    const parts: Part[] = [];
    while (job.offer > 0) parts.push(job.hand());
    assert.deepEqual(
      parts.map(({ group }) => group.count),
      [2, 2, 1],
    );
    assert.equal(job.waiting, 0);
    for (const part of [...parts].reverse()) {
      assert.isFalse(job.settled);
      job.finish(part, answer(part));
    }
    assert.deepEqual(texts(await job.done), ['#0', '#1', '#2']);
    assert.isTrue(job.settled);
  });

  it('reads only so many groups ahead', () => {
    let read = 0;
    const source = sourceOf(Array.from({ length: 100 }, () => 'x'));
    const next = (most: number) => {
      read++;
      return source.next(most);
    };
    const { job } = jobOf({ count: 100, next }, 2, 3);
    assert.equal(read, 3);
    job.hand();
    assert.equal(read, 4);
  });

  it('is cut short with what is there: the rest is missing, whether a child has it or not', async () => {
    const { job, changes } = jobOf(9);
    const [first, second] = [job.hand(), job.hand()];
    job.finish(second, answer(second));
    job.cutShort(LATE);
    assert.deepEqual(texts(await job.done), ['2 deadline_exceeded', '#1', '5 deadline_exceeded']);
    assert.equal(changes(), 1);
    assert.equal(job.offer, 0);
    assert.equal(job.waiting, 0);
    // What comes later changes nothing.
    job.finish(first, answer(first));
    job.fail(new AppError('internal', 'x'));
    job.cutShort(LATE);
    assert.equal(changes(), 1);
  });

  it('goes on when somebody takes what is late, and tells each piece with its place', async () => {
    const taken: [number, string][] = [];
    const { job } = jobOf(7, 2, 3, (first, piece) => taken.push([first, texts([piece])[0]!]));
    const [first, second] = [job.hand(), job.hand()];
    job.finish(second, answer(second));
    job.cutShort(LATE);
    assert.deepEqual(texts(await job.done), ['2 deadline_exceeded', '#1', '3 deadline_exceeded']);
    assert.isTrue(job.answered);
    assert.isFalse(job.settled);
    assert.deepEqual(taken, []);
    const rest: Part[] = [];
    while (job.offer > 0) rest.push(job.hand());
    for (const part of [...rest, first]) job.finish(part, answer(part));
    await job.over;
    assert.isTrue(job.settled);
    assert.deepEqual(taken, [
      [4, '#2'],
      [6, '#3'],
      [0, '#0'],
    ]);
  });

  it('that goes on may be given up all the same', async () => {
    const { job } = jobOf(7, 2, 3, () => assert.fail());
    const part = job.hand();
    job.cutShort(LATE);
    await job.done;
    job.fail(LATE);
    await job.over;
    job.finish(part, answer(part));
    assert.equal(job.waiting, 0);
  });

  it('ends, and releases the other groups, when the release of one fails', async () => {
    const released: number[] = [];
    const warned = once(process, 'warning');
    const groups = [0, 1, 2].map(index => ({
      count: 1,
      text: `${index}`,
      release() {
        released.push(index);
        if (index !== 1) throw new Error(`group ${index} cannot be released`);
      },
    }));
    const { job } = jobOf({ count: 3, next: () => groups.shift() ?? null }, 1, 1);
    const parts = [job.hand(), job.hand()];
    for (const part of parts) job.finish(part, answer(part));
    job.fail(LATE);
    assert.equal(await job.done.catch(error => error), LATE);
    await job.over;
    assert.deepEqual(released, [0, 1, 2]);
    assert.equal((await warned)[0].message, 'group 0 cannot be released');
  });

  it('fails as a whole', async () => {
    const { job } = jobOf(4);
    job.hand();
    job.fail(LATE);
    assert.equal(await job.done.catch(error => error), LATE);
    assert.equal(job.offer, 0);
    assert.equal(job.waiting, 0);
  });

  it('waits for a source that takes its time, one group at a time', async () => {
    const lazy = lazySource(3);
    const { job, changes } = jobOf(lazy.source);
    assert.equal(job.offer, 0);
    assert.equal(job.waiting, 3);
    assert.equal(lazy.asked, 1);
    lazy.give({ count: 2, text: 'a' });
    await Promise.resolve();
    assert.equal(job.offer, 2);
    assert.isAbove(changes(), 0);
    const first = job.hand();
    job.finish(first, answer(first));
    assert.isFalse(job.settled);
    lazy.give({ count: 1, text: 'b' });
    await Promise.resolve();
    const second = job.hand();
    job.finish(second, answer(second));
    assert.deepEqual(texts(await job.done), ['#0', '#1']);
  });

  it('takes nothing from a source once it is settled', async () => {
    const lazy = lazySource(4);
    const { job } = jobOf(lazy.source);
    job.cutShort(LATE);
    lazy.give({ count: 2, text: 'a' });
    await Promise.resolve();
    assert.deepEqual(texts(await job.done), ['4 deadline_exceeded']);
    assert.equal(job.offer, 0);
    assert.equal(lazy.asked, 1);
  });

  for (const [how, fails] of [
    ['throws', () => assert.fail('broken')],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ] as const) {
    it(`fails when its source ${how}, also in the midst of it, and throws at nobody else`, async () => {
      for (const sound of [0, 2]) {
        let left = sound;
        const { job } = jobOf(
          { count: 9, next: () => (left-- > 0 ? { count: 1, text: 'x' } : fails()) },
          1,
          1,
        );
        const failed = job.done.then(
          () => 'done',
          ({ message }: Error) => message,
        );
        for (let taken = 0; taken < sound; taken++) if (job.offer > 0) job.hand();
        assert.equal(await failed, 'broken');
        assert.equal(job.offer, 0);
      }
    });
  }

  describe('releases a group', () => {
    const released: string[] = [];
    beforeEach(() => {
      released.length = 0;
    });
    const group = (text: string): GroupText => ({ count: 1, text, release: () => released.push(text) });
    const groups = (...texts: string[]): GroupSource => {
      const left = texts.map(group);
      return { count: left.length, next: () => left.shift() ?? null };
    };

    it('when it is answered, once', () => {
      const { job } = jobOf(groups('a', 'b', 'c'));
      const [first, second, third] = [job.hand(), job.hand(), job.hand()];
      job.finish(second, answer(second));
      assert.deepEqual(released, ['b']);
      job.finish(first, answer(first));
      job.finish(third, answer(third));
      assert.isTrue(job.settled);
      assert.deepEqual(released, ['b', 'a', 'c']);
    });

    it('when the job is given up, whether a child has it or not', async () => {
      const { job } = jobOf(groups('a', 'b', 'c'));
      const part = job.hand();
      job.cutShort(LATE);
      await job.done;
      assert.deepEqual(released, ['a', 'b', 'c']);
      job.finish(part, answer(part));
      assert.deepEqual(released, ['a', 'b', 'c']);
    });

    it('when it comes after that', async () => {
      const lazy = lazySource(2);
      const { job } = jobOf(lazy.source);
      job.cutShort(LATE);
      lazy.give(group('late'));
      await setImmediate();
      assert.deepEqual(released, ['late']);
      assert.equal(lazy.asked, 1);
    });
  });

  it('without a task is done at once', async () => {
    assert.deepEqual(await jobOf(0).job.done, []);
  });
});
