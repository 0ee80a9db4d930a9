import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { ChildLost } from '../../src/inference/child-process.js';
import type { Job, Part } from '../../src/inference/job.js';
import { Poison } from '../../src/inference/poison.js';
import { afterFailure } from '../../src/inference/retry.js';
import { Scheduler } from '../../src/inference/scheduler.js';
import { CapturedLog } from '../support/log.js';
import { sourceOf } from '../support/pool.js';

const KEY = 'v';
const LABEL = 'm:1';
const LOST = new ChildLost(true);
const FAILED = new AppError('model_failed', 'the model failed', { cause: new Error('why') });

/** A request whose parts are run by a function that says what becomes of each run. */
class World {
  readonly poison = new Poison();
  readonly log = new CapturedLog();
  readonly scheduler = new Scheduler({ maxBatch: 8, queueLimit: 100, ahead: 8 }, () => {});
  /** The texts of each run, in order. */
  readonly runs: string[][] = [];

  add(texts: readonly string[]): Job {
    const binding = { id: 'b', controls: [] };
    return this.scheduler.add({ key: KEY, binding, source: sourceOf(texts), priority: 'bulk' });
  }

  /** Runs all that waits. */
  work(outcome: (texts: readonly string[]) => AppError | null): void {
    for (;;) {
      const run = this.scheduler.next(false);
      if (!run) return;
      const values = run.parts.map(part => valuesOf(part));
      this.runs.push(values.flat());
      const error = outcome(values.flat());
      run.parts.forEach((part, index) => {
        if (error) this.fail(part, error, run.parts.length === 1);
        else part.job.finish(part, answer(values[index]!));
      });
    }
  }

  fail(part: Part, error: AppError, alone: boolean): void {
    const { scheduler, poison, log } = this;
    afterFailure(part, error, { alone, label: LABEL, scheduler, poison, log: log.logger });
  }
}

const valuesOf = ({ group }: Part) => (JSON.parse(group.text.toString()) as { values: string[] }).values;
const answer = (values: readonly string[]) => ({
  count: values.length,
  text: Buffer.from(values.map(value => JSON.stringify({ value })).join(',\n')),
});

/** What became of each task: its text, or the code of its error. */
async function outcomes(job: Job): Promise<string[]> {
  const pieces = await job.done;
  const text = pieces.map(piece => ('text' in piece ? piece.text.toString() : 'missing')).join(',\n');
  const items = JSON.parse(`[${text}]`) as {
    value?: string;
    error?: { code: string };
    model_version?: string;
  }[];
  return items.map(({ value, error, model_version }) => {
    if (error) assert.equal(model_version, LABEL);
    return value ?? error!.code;
  });
}

describe('afterFailure', () => {
  it('finds the one task that ends its process, in few runs, and answers all others', async () => {
    const world = new World();
    const jobs = [['a', 'b'], ['c', 'bad', 'd'], ['e']].map(texts => world.add(texts));
    world.work(texts => (texts.includes('bad') ? LOST : null));
    assert.deepEqual(await Promise.all(jobs.map(outcomes)), [
      ['a', 'b'],
      ['c', 'task_poisonous', 'd'],
      ['e'],
    ]);
    assert.deepEqual(
      world.runs.filter(texts => texts.includes('bad')).map(texts => texts.length),
      [6, 3, 1],
    );
    assert.deepEqual(
      world.log.lines.map(({ level }) => level),
      [50],
    );
    const group = { count: 2, text: '{"binding":"b","values":["bad","good"]}' };
    assert.deepEqual(JSON.parse(world.poison.strip(KEY, group).text.toString()).values, [null, 'good']);
  });

  it('gives up a single task only when it ended its process three times', async () => {
    const world = new World();
    const job = world.add(['bad']);
    world.work(() => LOST);
    assert.deepEqual(await outcomes(job), ['task_poisonous']);
    assert.lengthOf(world.runs, 3);
  });

  it('does not blame tasks for accidents', async () => {
    const world = new World();
    const job = world.add(['a', 'b', 'c']);
    let accidents = 2;
    world.work(() => (accidents-- > 0 ? LOST : null));
    assert.deepEqual(await outcomes(job), ['a', 'b', 'c']);
    assert.isEmpty(world.log.lines);
  });

  it('never blames a run that the process had not begun', async () => {
    const world = new World();
    const job = world.add(['a']);
    let losses = 10;
    world.work(() => (losses-- > 0 ? new ChildLost(false) : null));
    assert.deepEqual(await outcomes(job), ['a']);
    assert.lengthOf(world.runs, 11);
  });

  it('finds the task that the graph fails on, and remembers nothing', async () => {
    const world = new World();
    const jobs = [['a', 'bad'], ['b']].map(texts => world.add(texts));
    world.work(texts => (texts.includes('bad') ? FAILED : null));
    assert.deepEqual(await Promise.all(jobs.map(outcomes)), [['a', 'model_failed'], ['b']]);
    const group = { count: 1, text: '{"binding":"b","values":["bad"]}' };
    assert.equal(world.poison.strip(KEY, group), group);
  });

  it('may find several', async () => {
    const world = new World();
    const job = world.add(['x', 'a', 'fail', 'b', 'y']);
    world.work(texts => {
      if (texts.some(text => text === 'x' || text === 'y')) return LOST;
      return texts.includes('fail') ? FAILED : null;
    });
    assert.deepEqual(await outcomes(job), ['task_poisonous', 'a', 'model_failed', 'b', 'task_poisonous']);
  });

  it('fails the request for anything else, and takes no further part of it', async () => {
    const world = new World();
    const job = world.add(Array.from({ length: 20 }, (_, i) => `t${i}`));
    const failure = job.done.catch(error => error);
    const fault = new AppError('internal', 'x');
    world.work(() => fault);
    assert.equal(await failure, fault);
    assert.lengthOf(world.runs, 1);
  });
});
