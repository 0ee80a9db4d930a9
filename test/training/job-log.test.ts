import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { JobLog, readEnd } from '../../src/training/job-log.js';
import { temporaryFolder } from '../support/folder.js';

describe("a job's log", () => {
  let path: string;
  beforeEach(async () => {
    path = join(await temporaryFolder(), 'log.txt');
  });

  it('keeps everything, and goes on behind what an earlier attempt wrote', async () => {
    for (const text of ['first\n', 'second\n']) {
      const log = await JobLog.open(path);
      await log.write(text);
      await log.close();
    }
    assert.equal(await readFile(path, 'utf8'), 'first\nsecond\n');
  });

  it('keeps the beginning and the end of what has no end', async () => {
    const log = await JobLog.open(path, { head: 40, tail: 40 });
    for (let line = 0; line < 1000; line++) await log.write(`line ${line}\n`);
    assert.equal(await log.end(20), 'line 998\nline 999\n');
    await log.close();
    const text = await readFile(path, 'utf8');
    assert.match(text, /^line 0\nline 1\n[^.]*\n\.\.\. \d+ bytes are left out here \.\.\.\nline 99/);
    assert.isTrue(text.endsWith('line 998\nline 999\n'));
    assert.isBelow(text.length, 150);
  });

  it('writes nothing once another server has the folder', async () => {
    let isLost = false;
    const log = await JobLog.open(path, { head: 10, tail: 10 }, () => {
      if (isLost) throw new Error('lost');
    });
    await log.write('before\n');
    isLost = true;
    for (const text of ['at\n', 'long after\n']) await log.write(text);
    await log.close();
    assert.equal(await readFile(path, 'utf8'), 'before\n');
  });

  it('shows whole lines of its end', async () => {
    const log = await JobLog.open(path);
    await log.write('one\ntwo\nthree\n');
    for (const [bytes, shown] of [
      [100, 'one\ntwo\nthree\n'],
      [10, 'two\nthree\n'],
      [9, 'three\n'],
      [3, 'ee\n'],
    ] as const) {
      assert.equal(await log.end(bytes), shown, String(bytes));
      assert.equal(await readEnd(path, bytes), shown, String(bytes));
    }
    await log.close();
    assert.equal(await readEnd(`${path}.none`, 10), '');
  });
});
