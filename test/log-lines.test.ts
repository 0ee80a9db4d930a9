import { assert } from 'chai';
import { LogLines, type Output } from '../src/log-lines.js';

/** What an output does with the next bytes: an error's code, or how many it takes. */
type Next = string | number;

/** A place that takes what a test lets it take. */
class Place implements Output {
  sync: Next[] = [];
  readonly #taken: Buffer[] = [];
  #done: ((next: Next) => void) | undefined;
  #begun: (() => void) | undefined;

  write(bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void): void {
    assert.isUndefined(this.#done, 'two writes at once');
    this.#done = next => {
      this.#done = undefined;
      if (typeof next === 'string') return done(failure(next), 0);
      this.#taken.push(Buffer.from(bytes.subarray(0, next)));
      done(null, Math.min(next, bytes.length));
    };
    this.#begun?.();
  }

  writeSync(bytes: Buffer): number {
    const next = this.sync.shift() ?? bytes.length;
    if (typeof next === 'string') throw failure(next);
    this.#taken.push(Buffer.from(bytes.subarray(0, next)));
    return next;
  }

  /** Ends the write that runs, or the next one. */
  async does(next: Next): Promise<void> {
    if (!this.#done) {
      await new Promise<void>(resolve => {
        this.#begun = resolve;
      });
      this.#begun = undefined;
    }
    this.#done!(next);
  }

  get text(): string {
    return Buffer.concat(this.#taken).toString();
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: why, write`), { code });
}

const ALL = Number.POSITIVE_INFINITY;
const line = (index: number) => `${index} ${'x'.repeat(1_000)}\n`;

describe('LogLines', () => {
  let place: Place;
  let lines: LogLines;
  beforeEach(() => {
    place = new Place();
    lines = new LogLines(place);
  });

  it('writes lines together, in their order, whatever part of them is taken at a time', async () => {
    for (const text of ['a\n', 'b\n', 'ä\n']) lines.write(text);
    for (const part of [1, 2, 0, 2, 1]) await place.does(part);
    lines.write('d\n');
    await place.does(ALL);
    await place.does(ALL);
    assert.equal(place.text, 'a\nb\nä\nd\n');
    assert.equal(lines.bytes, 0);
  });

  for (const code of ['ENOSPC', 'EAGAIN']) {
    it(`loses nothing that it can keep while it gets ${code}`, async () => {
      lines.write('a\n');
      for (const next of [1, code, code]) await place.does(next);
      lines.write('b\n');
      await place.does(ALL);
      await place.does(ALL);
      assert.equal(place.text, 'a\nb\n');
    });
  }

  it('keeps a megabyte, counts what it drops, and tells it when writing works again', async () => {
    for (let index = 0; index < 5_000; index++) lines.write(line(index));
    await place.does('ENOSPC');
    assert.isAtMost(lines.bytes, 2 ** 20);
    for (let index = 5_000; index < 10_000; index++) lines.write(line(index));
    assert.isAtMost(lines.bytes, 2 ** 20);
    await place.does(500_000);
    while (lines.bytes > 0) await place.does(ALL);
    const { level, msg, lost, time } = JSON.parse(place.lines.at(-1)!);
    const kept = place.lines.length - 1;
    assert.equal(lost, 10_000 - kept);
    assert.equal(msg, `${lost} lines of the log were lost, as it could not be written: ENOSPC: why, write`);
    assert.equal(level, 40);
    assert.approximately(time, Date.now(), 60_000);
    assert.deepEqual(
      place.lines.slice(0, -1),
      Array.from({ length: kept }, (_, index) => line(index).trim()),
    );
    lines.write('after\n');
    await place.does(ALL);
    assert.equal(place.lines.at(-1), 'after');
  });

  it('writes what waits when the process ends, and waits a moment for a slow reader', () => {
    lines.write('a\n');
    place.sync = ['EAGAIN', 1, 'EAGAIN'];
    lines.end();
    assert.equal(place.text, 'a\n');
  });

  it('does not write twice what is being written when the process ends', async () => {
    lines.write('a\n');
    lines.flush();
    lines.write('b\n');
    lines.end();
    await place.does(ALL);
    assert.equal(place.text, 'b\na\n');
  });

  for (const code of ['ENOSPC', 'EAGAIN', 'EPIPE']) {
    it(`gives up with ${code} when the process ends`, () => {
      lines.write('a\n');
      place.sync = new Array(1_000).fill(code);
      lines.end();
      assert.equal(place.text, '');
    });
  }
});
