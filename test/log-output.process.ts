import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import { settings } from './support/backend.js';
import { Client } from './support/client.js';
import { temporaryFolder } from './support/folder.js';
import { freePort } from './support/free-port.js';
import { program } from './support/program.js';
import { PYTHON, ROOT } from './support/python.js';

/** Runs a program at a terminal that shows nothing, as after Ctrl-S, and tells its process id. */
const STOPPED_TERMINAL = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
print(pid, flush=True)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** A server whose output is not read, or cannot be written. */
class Muted {
  readonly process: ChildProcess;
  readonly client: Client;
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;

  private constructor(child: ChildProcess, port: number) {
    this.process = child;
    this.client = new Client(`http://127.0.0.1:${port}`);
    this.ended = once(child, 'exit') as Muted['ended'];
  }

  static async start(
    stdout: number | 'pipe',
    stderr: number | 'pipe' | 'inherit' = 'inherit',
    [command, ...args]: readonly string[] = [],
  ): Promise<Muted> {
    const port = await freePort();
    const env = {
      ...process.env,
      ...(await settings({ PORT: String(port), LOG_LEVEL: 'info', MODEL_DIR: await temporaryFolder() })),
    };
    const node = [process.execPath, ...program('cli/start')];
    const [first = '', ...rest] = command === undefined ? node : [command, ...args, ...node];
    const child = spawn(first, rest, {
      cwd: ROOT,
      env,
      stdio: ['ignore', stdout, stderr],
    });
    return new Muted(child, port);
  }

  /** Resolves when it answers; throws when it has ended. */
  async up(): Promise<void> {
    for (;;) {
      const { exitCode, signalCode } = this.process;
      assert.isTrue(exitCode === null && signalCode === null, `it ended with ${exitCode ?? signalCode}`);
      const answer = await this.client.get('/health').catch(() => null);
      if (answer?.status === 200) return;
      await setTimeout(20);
    }
  }

  /** Has it log so many lines of half a kilobyte. */
  async chatter(requests: number): Promise<void> {
    const path = `/${'x'.repeat(200)}`;
    for (let sent = 0; sent < requests; sent += 50) {
      const replies = await Promise.all(Array.from({ length: 50 }, () => this.client.get(path)));
      for (const { status } of replies) assert.equal(status, 404);
    }
    assert.equal((await this.client.get('/health')).status, 200);
  }

  async stop(): Promise<void> {
    this.client.close();
    this.process.kill('SIGTERM');
    assert.deepEqual(await this.ended, [0, null]);
  }
}

describe('a log that cannot be written', () => {
  let server: Muted;
  afterEach(async () => {
    server.client.close();
    if (server.process.exitCode !== null || server.process.signalCode !== null) return;
    server.process.kill('SIGKILL');
    await server.ended;
  });

  it('as its disk is full: the server serves on and obeys SIGTERM', async () => {
    const full = openSync('/dev/full', 'w');
    server = await Muted.start(full, full);
    closeSync(full);
    await server.up();
    await server.chatter(200);
    await server.stop();
  });

  it('as nobody is at the other end of its pipes any more: the same', async () => {
    server = await Muted.start('pipe', 'pipe');
    await once(server.process.stdout!, 'data');
    server.process.stdout!.destroy();
    server.process.stderr!.destroy();
    await server.up();
    await server.chatter(200);
    await server.stop();
  });

  it('as nobody reads it for a while: lines are lost, and are counted when it is read again', async () => {
    server = await Muted.start('pipe');
    await server.up();
    await server.chatter(2_000);
    let lost = 0;
    let requests = 0;
    for await (const line of createInterface({ input: server.process.stdout! })) {
      const { msg, level, lost: some } = JSON.parse(line);
      if (msg === 'request') requests++;
      if (some === undefined) continue;
      assert.equal(level, 40);
      assert.match(msg, /^\d+ lines of the log were lost, as it could not be written: EAGAIN/);
      lost += some;
      break;
    }
    assert.isAbove(requests, 500, 'what fits is kept');
    assert.isAbove(lost, 0);
    server.process.stdout!.resume();
    await server.stop();
  });

  it('as its terminal is stopped: the server serves on and obeys SIGTERM', async () => {
    server = await Muted.start('pipe', 'inherit', [PYTHON, '-c', STOPPED_TERMINAL]);
    await server.up();
    await server.chatter(100);
    const [line] = await once(createInterface({ input: server.process.stdout! }), 'line');
    process.kill(Number(line), 'SIGTERM');
    assert.deepEqual(await server.ended, [0, null]);
  });

  it('as nobody ever reads it: SIGTERM is obeyed', async () => {
    server = await Muted.start('pipe');
    await server.up();
    await server.chatter(2_000);
    await server.stop();
  });
});
