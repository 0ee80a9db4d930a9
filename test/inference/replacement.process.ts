import { execFileSync } from 'node:child_process';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import type { AppError } from '../../src/errors.js';
import { processTree } from '../bench/processes.js';
import type { CapturedLog } from '../support/log.js';
import { poisonousModel } from '../support/poison.js';
import { startChildPool, startPool, type TestPool } from '../support/pool.js';

const ERROR = 50;
/** A file of a version that is read while the version is loaded. */
const FILE = 'vocabulary.json';
const LOOK_MS = 2;

/** Has whoever loads a version wait, until its file is put back. */
async function holdBack(
  folder: string,
): Promise<{ reader(): Promise<FileHandle>; putBack(): Promise<void> }> {
  const [file, kept] = [join(folder, FILE), join(folder, 'kept')];
  await rename(file, kept);
  execFileSync('mkfifo', [file]);
  return {
    // A pipe opens for writing when there is a reader, which waits for as long as it is open.
    reader: () => open(file, 'w'),
    putBack: () => rename(kept, file),
  };
}

/** A process of this one that is none of those. */
async function another(known: readonly number[]): Promise<number> {
  for (;;) {
    const pid = processTree(process.pid).find(each => !known.includes(each));
    if (pid !== undefined) return pid;
    await setTimeout(LOOK_MS);
  }
}

const errorsOf = ({ lines }: CapturedLog) =>
  lines.filter(({ level }) => level >= ERROR).map(({ msg }) => msg);

describe('an inference process that is killed before it is ready', () => {
  let test: Pick<TestPool, 'pool' | 'log'>;
  afterEach(() => test?.pool.stop());

  const kill = (pid: number) => process.kill(pid, 'SIGKILL');
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => assert.fail('it did not fail'),
      (error: AppError) => error,
    );

  /** A pool of one process, whose end is told as an error. */
  async function started(version: string): Promise<TestPool> {
    const pool = await startPool(version);
    test = pool;
    return pool;
  }

  /** The process that follows the one that serves, as it starts. */
  async function successor({ pool }: Pick<TestPool, 'pool'>): Promise<number> {
    const known = processTree(process.pid);
    kill(pool.pids[0]!);
    return another(known);
  }

  it('is replaced like any other while it starts, and only a warning tells of it', async () => {
    const { version } = await poisonousModel();
    const { pool, log, ask } = await started(version);
    const expected = await ask(['good']);
    const pid = await successor({ pool });
    kill(pid);
    assert.deepEqual(await ask(['good']), expected);
    assert.deepEqual(errorsOf(log), ['an inference process ended; starting another']);
    const line = log.lines.find(
      each => each.pid === pid && each.msg.startsWith('an inference process ended'),
    );
    assert.include(line!, { level: 40, how: 'it started: signal SIGKILL' });
  });

  it('is so while it loads what serves', async () => {
    const { version } = await poisonousModel();
    const { pool, log, ask } = await started(version);
    const expected = await ask(['good']);
    const held = await holdBack(version);
    const reader = held.reader();
    const pid = await successor({ pool });
    const file = await reader;
    await held.putBack();
    kill(pid);
    await file.close();
    assert.deepEqual(await ask(['good']), expected);
    assert.deepEqual(errorsOf(log), ['an inference process ended; starting another']);
    const line = log.lines.find(
      each => each.pid === pid && each.msg.startsWith('an inference process ended'),
    );
    assert.include(line!, { level: 40, how: 'it loaded m:1: signal SIGKILL' });
  });

  it('is an error when the next one is killed as well, which says what happened', async () => {
    const { version } = await poisonousModel();
    const { pool, log, ask } = await started(version);
    const expected = await ask(['good']);
    const known = processTree(process.pid);
    kill(pool.pids[0]!);
    for (let round = 0; round < 2; round++) {
      const pid = await another(known);
      known.push(pid);
      kill(pid);
    }
    assert.deepEqual(await ask(['good']), expected);
    assert.deepEqual(errorsOf(log), [
      'an inference process ended; starting another',
      'no inference process could be started: an inference process ended before it was ready, while it started: signal SIGKILL',
    ]);
  });

  it('does not keep a server from starting', async () => {
    const known = processTree(process.pid);
    const starting = startChildPool();
    kill(await another(known));
    test = await starting;
    assert.lengthOf(test.pool.pids, 1);
    assert.isEmpty(errorsOf(test.log));
  });

  it('does so when it ends again, in words for whoever starts the server', async () => {
    const known = processTree(process.pid);
    const starting = failure(startChildPool());
    for (let round = 0; round < 2; round++) {
      const pid = await another(known);
      known.push(pid);
      kill(pid);
    }
    const { code, message } = await starting;
    assert.equal(code, 'provider_unavailable');
    assert.match(
      message,
      /^an inference process ended before it was ready, while it started: signal SIGKILL/,
    );
  });
});
