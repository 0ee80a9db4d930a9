import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { State } from '../../src/state.js';
import type { JobRequest } from '../../src/training/job.js';
import { type Clock, countAnnotations, isLearning, Triggers } from '../../src/training/triggers.js';
import { temporaryFolder } from '../support/folder.js';
import { SILENT } from './queue.js';
import { REQUEST } from './runs.js';

/** Time that passes when a test says so. */
class TestClock implements Clock {
  #now = 0;
  readonly #due = new Set<{ at: number; action: () => void }>();

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, action: () => void): () => void {
    const entry = { at: this.#now + milliseconds, action };
    this.#due.add(entry);
    return () => void this.#due.delete(entry);
  }

  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = [...this.#due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#due.delete(next);
      this.#now = next.at;
      next.action();
    }
    this.#now = end;
  }
}

const SOUND = { id: 1, was_cancelled: false, result: [{ type: 'choices' }] };
const SKIPPED = { ...SOUND, was_cancelled: true };
const EMPTY = { ...SOUND, result: [] };

describe('the events of Label Studio', () => {
  it('teach something when they are about annotations or training, singular or plural', () => {
    for (const event of [
      ...['ANNOTATION_CREATED', 'ANNOTATIONS_CREATED', 'ANNOTATION_UPDATED'],
      ...['ANNOTATION_DELETED', 'ANNOTATIONS_DELETED', 'START_TRAINING'],
    ])
      assert.isTrue(isLearning(event), event);
    for (const event of [
      'TASKS_CREATED',
      'PROJECT_UPDATED',
      'LABEL_LINK_CREATED',
      'X_ANNOTATION_CREATED',
      '',
    ])
      assert.isFalse(isLearning(event), event);
  });

  for (const [what, event, data, count] of [
    ['one', 'ANNOTATION_CREATED', { annotation: SOUND }, 1],
    ['one that is changed', 'ANNOTATION_UPDATED', { annotation: SOUND }, 1],
    ['a list', 'ANNOTATIONS_CREATED', { annotation: [SOUND, SKIPPED, EMPTY, SOUND] }, 2],
    ['a list under the plural', 'ANNOTATIONS_CREATED', { annotations: [SOUND] }, 1],
    ['a skipped one', 'ANNOTATION_CREATED', { annotation: SKIPPED }, 0],
    ['an empty one', 'ANNOTATION_CREATED', { annotation: EMPTY }, 0],
    ['deleted ones', 'ANNOTATIONS_DELETED', { annotations: [SOUND] }, 0],
    ['none', 'ANNOTATION_CREATED', {}, 0],
    ['what is none', 'ANNOTATION_CREATED', { annotation: 'x', annotations: [null, 3, { result: 'y' }] }, 0],
  ] as const) {
    it(`count ${what}: ${count}`, () => {
      assert.equal(countAnnotations(event, data as Record<string, unknown>), count);
    });
  }
});

describe('annotations start a training', () => {
  let clock: TestClock;
  let state: State;
  let triggers: Triggers;
  let jobs: JobRequest[];
  let refuse: boolean;
  let dataDir: string;
  const open = () => {
    clock = new TestClock();
    state = State.open(dataDir);
    const request = (each: JobRequest) => {
      if (refuse) throw new AppError('data_dir_unwritable', 'there is no room on its disk');
      return `job ${jobs.push(each)}`;
    };
    triggers = new Triggers({ state, request, every: 10, debounce: 1000, log: SILENT, clock });
  };
  const close = async () => {
    await triggers.stop();
    await state.close();
  };
  beforeEach(async () => {
    dataDir = await temporaryFolder();
    jobs = [];
    refuse = false;
    open();
  });
  afterEach(close);

  let id = 0;
  const configOf = (event: number) => `<View name="${event}"/>`;
  const annotate = (count: number, more: Partial<JobRequest> = {}) => {
    for (let each = 0; each < count; each++) {
      const data = { annotation: { ...SOUND, id: ++id } };
      assert.isUndefined(triggers.take({ ...REQUEST, data, labelConfig: configOf(id), ...more }).job);
    }
  };

  it('after so many new ones and a quiet period, with the newest one', () => {
    annotate(9);
    clock.pass(100_000);
    assert.isEmpty(jobs);
    annotate(1);
    clock.pass(999);
    annotate(1);
    clock.pass(999);
    assert.isEmpty(jobs);
    clock.pass(1);
    assert.lengthOf(jobs, 1);
    assert.deepEqual(jobs[0], { ...REQUEST, data: {}, labelConfig: configOf(id) });
    annotate(9);
    clock.pass(100_000);
    assert.lengthOf(jobs, 1);
    assert.deepEqual(state.pending()[0]?.count, undefined);
  });

  it('again and again while it cannot be queued, until it can be', () => {
    annotate(10);
    refuse = true;
    clock.pass(60_000);
    assert.isEmpty(jobs);
    refuse = false;
    clock.pass(10_000);
    assert.lengthOf(jobs, 1);
    clock.pass(100_000);
    assert.lengthOf(jobs, 1);
  });

  it('a handful of times when 1,000 come, the last one in the last job', async () => {
    for (let batch = 0; batch < 100; batch++) {
      annotate(10);
      clock.pass(100);
    }
    clock.pass(1000);
    assert.isAtLeast(jobs.length, 1);
    assert.isAtMost(jobs.length, 3);
    assert.equal(jobs.at(-1)!.labelConfig, configOf(id));
  });

  it('under a steady stream all the same, after six quiet periods', () => {
    annotate(10);
    for (let second = 0; second < 59; second++) {
      clock.pass(100);
      annotate(1);
    }
    assert.isEmpty(jobs);
    clock.pass(100);
    assert.lengthOf(jobs, 1);
  });

  it('not when they are skipped, empty or deleted', () => {
    for (const annotation of [SKIPPED, EMPTY]) annotate(50, { data: { annotation } });
    annotate(50, { event: 'ANNOTATIONS_DELETED', data: { annotations: [SOUND] } });
    clock.pass(100_000);
    assert.isEmpty(jobs);
    assert.isEmpty(state.pending());
  });

  it('for each project and model apart', () => {
    for (const more of [{ project: '2' }, { model: 'n' }, {}]) annotate(9, more);
    clock.pass(100_000);
    assert.isEmpty(jobs);
    annotate(1, { project: '2' });
    clock.pass(1000);
    assert.deepEqual(
      jobs.map(({ model, project }) => [model, project]),
      [['m', '2']],
    );
  });

  it('also when the server was started again in between', async () => {
    annotate(9);
    await close();
    open();
    annotate(1);
    await close();
    open();
    clock.pass(1000);
    assert.lengthOf(jobs, 1);
    assert.equal(jobs[0]!.labelConfig, configOf(id));
    await close();
    open();
    clock.pass(100_000);
    assert.lengthOf(jobs, 1);
  });

  it('at the time of TRAIN_CRON, however few they are', () => {
    triggers.trainAll();
    assert.isEmpty(jobs);
    annotate(1);
    annotate(1, { project: '2' });
    triggers.trainAll();
    assert.sameMembers(
      jobs.map(({ project }) => project),
      ['1', '2'],
    );
    triggers.trainAll();
    assert.lengthOf(jobs, 2);
  });

  it('without what the events hold, which no trainer reads', async () => {
    annotate(3, { data: { annotation: SOUND, pad: 'x'.repeat(1_000) } });
    triggers.take({ ...REQUEST, event: 'START_TRAINING', data: { pad: 'x' } });
    annotate(1, { data: { annotation: SOUND, pad: 'x'.repeat(1_000) } });
    await close();
    open();
    assert.isBelow(JSON.stringify(state.pending()).length, 500);
    assert.deepEqual(jobs[0]!.data, {});
    assert.deepEqual(triggers.take({ ...REQUEST, kind: 'fit', data: { pad: 'x' } }), { job: 'job 2' });
    assert.deepEqual(jobs[1]!.data, { pad: 'x' });
  });

  it('of as many projects as there is room for, and says of others that they are not counted', () => {
    const labelConfig = 'x'.repeat(1_000_000);
    const take = (project: number) =>
      triggers.take({ ...REQUEST, data: { annotation: SOUND }, project: String(project), labelConfig });
    for (let project = 1; project <= 63; project++) assert.isUndefined(take(project).job);
    assert.isUndefined(take(1).job);
    assert.throws(() => take(64), /64000000 characters.*project 64 are not counted/);
    triggers.forget('1');
    assert.isUndefined(take(64).job);
  });

  it('unless their project is forgotten', () => {
    annotate(10);
    triggers.forget('1');
    clock.pass(1000);
    triggers.trainAll();
    assert.isEmpty(jobs);
  });

  it('beside the button, which does at once and has them all', () => {
    annotate(9);
    assert.equal(triggers.take({ ...REQUEST, event: 'START_TRAINING' }).job, 'job 1');
    annotate(1);
    clock.pass(100_000);
    assert.lengthOf(jobs, 1);
  });

  it('of a class with a fit of its own at once, each of them', () => {
    for (const event of ['ANNOTATION_CREATED', 'ANNOTATIONS_DELETED'])
      assert.isString(triggers.take({ ...REQUEST, kind: 'fit', event }).job);
    assert.lengthOf(jobs, 2);
  });
});
