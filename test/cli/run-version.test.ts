import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { assert } from 'chai';
import { program } from '../support/program.js';

describe('run-version', () => {
  async function run(input: string) {
    const child = spawn(process.execPath, program('cli/run-version'), { stdio: 'pipe' });
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    child.stdin.end(input);
    const [code] = (await once(child, 'close')) as [number | null];
    const [stdout, stderr] = await said;
    return { code, stdout, stderr };
  }

  it('leaves input that ends inside a line without a word: who wrote it was ended, and not by that', async () => {
    const request = JSON.stringify({ folder: '/nowhere', values: ['a'.repeat(100_000)] });
    assert.deepEqual(await run(request.slice(0, 65_536)), { code: 1, stdout: '', stderr: '' });
  });

  it('tells what is wrong with a line that is whole', async () => {
    const { code, stderr } = await run('{"folder": \n');
    assert.equal(code, 1);
    assert.match(stderr, /^error: .*JSON/);
    const answered = await run(`${JSON.stringify({ folder: '/nowhere', values: [] })}\n`);
    assert.equal(answered.code, 0);
    assert.include(JSON.parse(answered.stdout).failed, '/nowhere');
  });
});
