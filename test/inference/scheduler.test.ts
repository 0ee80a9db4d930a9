import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import type { Job, Part, Priority } from '../../src/inference/job.js';
import { type Run, Scheduler } from '../../src/inference/scheduler.js';
import { sourceOf } from '../support/pool.js';

const MAX_BATCH = 8;

describe('Scheduler', () => {
  let scheduler: Scheduler;
  const names = new Map<unknown, string>();
  beforeEach(() => {
    names.clear();
    scheduler = new Scheduler({ maxBatch: MAX_BATCH, queueLimit: 10, ahead: 2 }, () => {});
  });

  function add(name: string, priority: Priority, tasks: number, key = 'v'): Job {
    const source = sourceOf(Array.from({ length: tasks }, (_, i) => `${name}${i}`));
    const job = scheduler.add({ key, binding: { id: 'b', controls: [] }, source, priority });
    job.done.catch(() => {});
    names.set(job, name);
    return job;
  }
  /** A run in short: whose parts, and how large. */
  const shown = (run: Run | null) =>
    run?.parts.map(({ job, group }) => `${names.get(job)}:${group.count}`).join(' ') ?? null;
  const next = (urgent = false) => shown(scheduler.next(urgent));

  it('gives nothing when nothing waits', () => {
    assert.isNull(next());
    assert.equal(scheduler.waiting, 0);
  });

  it('serves interactive requests first, then single tasks, then bulk', () => {
    add('bulk', 'bulk', 8);
    add('single', 'single', 1);
    add('click', 'interactive', 1);
    assert.deepEqual([next(), next(), next()], ['click:1', 'single:1', 'bulk:8']);
    assert.equal(scheduler.waiting, 0);
  });

  it('puts requests of a kind together, up to MAX_BATCH tasks', () => {
    for (let index = 0; index < 10; index++) add(`s${index}`, 'single', 1);
    assert.equal(scheduler.next(false)!.parts.length, MAX_BATCH);
    assert.equal(next(), 's8:1 s9:1');
  });

  it('never makes a run of more than MAX_BATCH tasks, or of two versions', () => {
    let seed = 7;
    const random = (most: number) => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed % most;
    };
    const kinds: Priority[] = ['interactive', 'single', 'bulk'];
    let expected = 0;
    let handed = 0;
    const take = (run: Run | null) => {
      if (!run) return;
      const count = run.parts.reduce((sum, { group }) => sum + group.count, 0);
      assert.isAtMost(count, MAX_BATCH);
      for (const { job } of run.parts) assert.equal(job.key, run.key);
      handed += count;
    };
    for (let round = 0; round < 300; round++) {
      const priority = kinds[random(3)]!;
      const tasks = priority === 'bulk' ? 1 + random(30) : 1;
      try {
        add(`r${round}`, priority, tasks, `v${random(3)}`);
        expected += tasks;
      } catch (error) {
        assert.equal((error as AppError).code, 'overloaded');
      }
      take(scheduler.next(random(10) === 0));
    }
    while (scheduler.waiting > 0) take(scheduler.next(false));
    assert.equal(handed, expected);
  });

  it('cuts large requests into parts, and lets requests of a kind take turns', () => {
    add('a', 'bulk', 20);
    add('b', 'bulk', 20);
    assert.deepEqual([next(), next(), next(), next(), next()], ['a:8', 'b:8', 'a:8', 'b:8', 'a:4 b:4']);
  });

  it('fills the room of a part with what fits, also of what is more urgent', () => {
    add('bulk', 'bulk', 13);
    add('other', 'bulk', 3);
    assert.equal(next(), 'bulk:8');
    assert.equal(next(), 'other:3 bulk:5');
  });

  it('does not starve bulk, however many single tasks come', () => {
    add('bulk', 'bulk', 16);
    const runs: (string | null)[] = [];
    for (let turn = 0; turn < 8; turn++) {
      for (let index = 0; index < 4; index++) add(`s${turn}${index}`, 'single', 1);
      runs.push(next());
    }
    assert.equal(runs.filter(run => run?.includes('bulk')).length, 2);
  });

  it('does not starve a version, however many tasks of another come', () => {
    for (let turn = 0; turn < 3; turn++) {
      add(`a${turn}`, 'single', 1, 'a');
      add(`b${turn}`, 'single', 1, 'b');
    }
    assert.equal(next(), 'a0:1 a1:1 a2:1');
    add('late', 'single', 1, 'a');
    assert.equal(next(), 'b0:1 b1:1 b2:1');
    assert.equal(next(), 'late:1');
  });

  it('leaves bulk waiting for a child that is kept for what is urgent', () => {
    add('bulk', 'bulk', 8);
    for (let turn = 0; turn < 5; turn++) assert.isNull(next(true));
    add('click', 'interactive', 1);
    assert.equal(next(true), 'click:1');
    assert.equal(next(), 'bulk:8');
  });

  it('refuses a request when as many wait as may, and takes one again when one was served', () => {
    const jobs = Array.from({ length: 10 }, (_, index) => add(`b${index}`, 'bulk', 8));
    assert.throws(() => add('more', 'interactive', 1), AppError, /QUEUE_LIMIT/);
    next();
    add('more', 'single', 1);
    assert.throws(() => add('more', 'single', 1), AppError);
    // Nobody waits for these any more, whether anything has run since or not.
    for (const job of jobs.slice(1, 4)) job.fail(new AppError('client_gone', 'x'));
    for (let index = 0; index < 3; index++) add(`n${index}`, 'bulk', 8);
    assert.throws(() => add('more', 'single', 1), AppError);
  });

  it('never hands out what a client that has gone had asked for', () => {
    const gone = add('gone', 'bulk', 30);
    add('stays', 'bulk', 3);
    assert.equal(next(), 'gone:8');
    gone.fail(new AppError('client_gone', 'x'));
    assert.equal(scheduler.waiting, 3);
    assert.equal(next(), 'stays:3');
    assert.isNull(next());
  });

  it('runs what was late when nothing else is ready', () => {
    const late = scheduler.add({
      key: 'v',
      binding: { id: 'b', controls: [] },
      source: sourceOf(Array.from({ length: 20 }, (_, i) => `late${i}`)),
      priority: 'bulk',
      late: () => {},
    });
    names.set(late, 'late');
    const given = add('given up', 'bulk', 20);
    const reason = new AppError('deadline_exceeded', 'x');
    for (const job of [late, given]) scheduler.cutShort(job, reason);
    add('bulk', 'bulk', 9);
    assert.deepEqual([next(), next()], ['bulk:8', 'bulk:1']);
    assert.isNull(next(true));
    assert.deepEqual([next(), next(), next(), next()], ['late:8', 'late:8', 'late:4', null]);
    assert.equal(scheduler.waiting, 0);
  });

  describe('what is tried again', () => {
    const partOf = (job: Job): Part => {
      const part = job.hand();
      return part;
    };

    it('runs before anything else, and by itself', () => {
      const job = add('lost', 'bulk', 3);
      const part = partOf(job);
      add('click', 'interactive', 1);
      scheduler.retry(part);
      assert.equal(scheduler.waiting, 4);
      assert.equal(next(true), 'lost:3');
      assert.equal(next(), 'click:1');
    });

    it('is dropped when nobody waits for it, unless it may have ended a child', () => {
      const job = add('gone', 'bulk', 16);
      const [harmless, suspect] = [partOf(job), partOf(job)];
      suspect.losses = 1;
      scheduler.retry(harmless);
      scheduler.retry(suspect);
      job.fail(new AppError('client_gone', 'x'));
      assert.equal(scheduler.next(false)!.parts[0], suspect);
      assert.isNull(next());
    });
  });

  it('gives up everything at once', async () => {
    const jobs = (['interactive', 'single', 'bulk'] as const).map(priority => add(priority, priority, 1));
    const lost = add('lost', 'bulk', 4);
    scheduler.retry(lost.hand());
    const stopping = new AppError('shutting_down', 'x');
    scheduler.fail(stopping);
    for (const job of [...jobs, lost]) assert.equal(await job.done.catch(error => error), stopping);
    assert.equal(scheduler.waiting, 0);
    assert.isNull(next());
  });
});
