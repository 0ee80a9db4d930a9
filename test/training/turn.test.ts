import { setImmediate } from 'node:timers/promises';
import { assert } from 'chai';
import { Turns } from '../../src/training/turns.js';

describe('the turns of jobs', () => {
  it('are not lost when who waits for one cannot be told that it has come', async () => {
    const turns = new Turns(1, () => {});
    const signal = new AbortController().signal;
    const first = turns.begin({ project: '1', host: 'a' })!;
    let read!: () => void;
    const waiting = first.aside(
      () => new Promise<void>(resolve => (read = resolve)),
      signal,
      waits => {
        if (!waits) throw new Error('it cannot be kept');
      },
    );
    const failed = waiting.catch((error: Error) => error.message);
    await setImmediate();
    const second = turns.begin({ project: '2', host: 'b' })!;
    read();
    await setImmediate();
    second.end();
    assert.equal(await failed, 'it cannot be kept');
    first.end();
    assert.isNotNull(turns.begin({ project: '3', host: 'c' }));
  });
});
