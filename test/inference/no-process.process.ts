import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { assert } from 'chai';
import type { TestBackend } from '../support/backend.js';
import type { ErrorBody } from '../support/client.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { shippedVersion } from '../support/models.js';
import { startPool } from '../support/pool.js';
import { type ServerProcess, startProcess } from '../support/process.js';
import { inferenceProcesses } from '../support/processes.js';

const run = promisify(execFile);

/** Limits the descriptors of a running process. */
const limitFiles = (pid: number, most: number) => run('prlimit', ['--pid', String(pid), `--nofile=${most}:`]);

describe('a process that cannot be started', () => {
  const ask = (server: ServerProcess | TestBackend) =>
    server.predict({ tasks: tasksOf(['I love it']), label_config: SENTIMENT });

  it('for lack of descriptors is told to those who wait, tried again, and ends nothing', async function () {
    if (process.platform !== 'linux') return this.skip();
    const server = await startProcess({ REQUEST_DEADLINE: '2s', RESULT_CACHE: 'off' });
    try {
      assert.equal((await ask(server)).status, 200);
      const open = (await readdir(`/proc/${server.pid}/fd`)).length;
      await limitFiles(server.pid, open);
      process.kill((await inferenceProcesses(server.pid))[0]!, 'SIGKILL');
      await server.log.line(({ msg }) => /^no inference process could be started: .*EMFILE/.test(msg));
      // On the connection that is there: another one would need a descriptor.
      const { status, body, headers } = await ask(server);
      const { code, message } = body as unknown as ErrorBody;
      assert.deepEqual([status, code, headers['retry-after']], [503, 'not_ready', '1']);
      assert.match(
        message,
        /^no inference process could be started within 2 s \(REQUEST_DEADLINE\): .*EMFILE/,
      );
      await limitFiles(server.pid, 4096);
      const up = server.log.lines.length;
      let answer = await ask(server);
      // The next try, and the start of the process, may take longer than a request waits.
      while (answer.status === 503) answer = await ask(server);
      assert.equal(answer.status, 200, JSON.stringify(server.log.lines.slice(up)));
    } finally {
      await server.stop();
    }
    assert.equal(await server.ended, 0);
  });

  it('as its program is gone is tried again until it is back', async () => {
    const { pool, log, ask: askPool } = await startPool(await shippedVersion());
    const { execPath } = process;
    try {
      process.execPath = '/no/such/node';
      process.kill(pool.pids[0]!, 'SIGKILL');
      await log.line(({ msg }) => /^no inference process could be started: .*ENOENT/.test(msg));
      const waiting = askPool(['good']);
      process.execPath = execPath;
      assert.property((await waiting)[0], 'result');
    } finally {
      process.execPath = execPath;
      await pool.stop();
    }
  });
});
