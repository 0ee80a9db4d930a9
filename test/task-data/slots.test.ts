import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { Slots } from '../../src/task-data/slots.js';

describe('task-data/slots', () => {
  it('let so much be done at once, in the order in which it came, however it ends', async () => {
    const slots = new Slots(2);
    const began: number[] = [];
    const ends: ((error?: Error) => void)[] = [];
    const works = [0, 1, 2, 3, 4].map(index =>
      slots
        .run(() => {
          began.push(index);
          return new Promise<void>((resolve, reject) => {
            ends[index] = error => (error ? reject(error) : resolve());
          });
        }, undefined)
        .catch((error: Error) => error.message),
    );
    const after = async (index: number, error?: Error): Promise<number[]> => {
      ends[index]!(error);
      await setImmediate();
      return began;
    };
    await setImmediate();
    expect(began).to.deep.equal([0, 1]);
    expect(await after(1)).to.deep.equal([0, 1, 2]);
    expect(await after(2, new Error('failed'))).to.deep.equal([0, 1, 2, 3]);
    expect(await after(0)).to.deep.equal([0, 1, 2, 3, 4]);
    await after(3);
    await after(4);
    expect(await Promise.all(works)).to.deep.equal([undefined, undefined, 'failed', undefined, undefined]);
  });

  it('lose none to those who give up while they wait, in whichever moment', async () => {
    const slots = new Slots(1);
    const outcomes = new Set<string>();
    for (let ticks = 0; ticks < 10; ticks++) {
      const controller = new AbortController();
      let end!: () => void;
      const first = slots.run(() => new Promise<void>(resolve => (end = resolve)), undefined);
      const waiting = slots.run(async () => 'done', controller.signal).catch(() => 'given up');
      await setImmediate();
      end();
      for (let tick = 0; tick < ticks; tick++) await undefined;
      controller.abort();
      outcomes.add(await waiting);
      await first;
      expect(await slots.run(async () => 'free', undefined)).to.equal('free');
    }
    expect(outcomes).to.deep.equal(new Set(['given up', 'done']));
  });

  it('are taken several at once, all of them at most, and by none out of turn', async () => {
    const slots = new Slots(10);
    const events: string[] = [];
    const take = async (name: string, count: number, signal?: AbortSignal) => {
      const leave = await slots.take(count, signal);
      events.push(name);
      return leave;
    };
    const [six, three] = await Promise.all([take('six', 6), take('three', 3)]);
    const all = take('all', 1_000);
    const controller = new AbortController();
    const seven = take('seven', 7, controller.signal).catch(() => events.push('given up'));
    const one = take('one', 1);
    six!();
    six!();
    await setImmediate();
    expect(events).to.deep.equal(['six', 'three']);
    three!();
    const leave = await all;
    controller.abort();
    await seven;
    expect(events).to.deep.equal(['six', 'three', 'all', 'given up']);
    leave();
    await one;
    expect(events.at(-1)).to.equal('one');
    (await slots.take(9, undefined))();
  });

  it('are not taken by who has given up before', async () => {
    const slots = new Slots(1);
    const gone = slots.run(async () => 'done', AbortSignal.abort(new Error('gone')));
    expect(await gone.catch((error: Error) => error.message)).to.equal('gone');
    expect(await slots.run(async () => 'free', undefined)).to.equal('free');
  });
});
