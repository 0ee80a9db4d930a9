import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { assert } from 'chai';
import { dataLayout } from '../src/data-folder/layout.js';
import { State } from '../src/state.js';
import { temporaryFolder } from './support/folder.js';
import { poisonousModel, WARM_UP } from './support/poison.js';
import { type StartingProcess, spawnProcess, startProcess } from './support/process.js';
import { inferenceProcesses } from './support/processes.js';
import { program } from './support/program.js';
import { RawConnection } from './support/raw.js';
import { isRunning, written } from './training/runs.js';

const SCRIPT = ['--import', 'tsx', 'test/training/fit-entry.ts'];
const CHOICES =
  '<View><Text name="t" value="$t"/><Choices name="c" toName="t"><Choice value="A"/></Choices></View>';
/** A server is process 1 of its own numbering, as in a container: signals without a handler are ignored there. */
const AS_PROCESS_1 = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];

/** Resolves once an inference process of a server is at its first version. */
async function loads(pid: number): Promise<number> {
  for (;;) {
    const [child] = await inferenceProcesses(pid).catch(() => []);
    if (child !== undefined) return child;
    await setTimeout(20);
  }
}

describe('a server that is stopped while it starts', function () {
  this.timeout(60_000);
  let server: StartingProcess | undefined;
  afterEach(async () => {
    server?.signal('SIGKILL');
    await server?.ended;
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`obeys ${signal} while a model loads that never gets ready`, async () => {
      const { root } = await poisonousModel({ hang: WARM_UP });
      const DATA_DIR = await temporaryFolder();
      server = await spawnProcess({ MODEL_DIR: root, DATA_DIR });
      const child = await loads(server.pid);
      server.signal(signal);
      assert.equal(await server.ended, 0);
      assert.equal(await server.stderr, '');
      assert.equal(server.log.lines.at(-1)?.msg, 'stopped while it started');
      assert.isFalse(await isRunning(child));
      // The folder is free at once, also for another machine's server.
      const { lock } = dataLayout(DATA_DIR);
      assert.equal(JSON.parse(await readFile(join(lock, '1'), 'utf8')).state, 'released');
    });
  }

  it('obeys a signal that comes while the handlers change', async () => {
    // It is told of at the next turn of the event loop, as any that comes while modules are loaded.
    const late = `const { off } = process;
      process.off = function (name, handler) {
        if (name === 'SIGTERM') { process.off = off; process.kill(process.pid, name); }
        return off.call(process, name, handler);
      };`;
    const script = ['--import', `data:text/javascript,${encodeURIComponent(late)}`, ...program('cli/start')];
    server = await spawnProcess({}, script);
    assert.equal(await server.ended, 0);
  });

  it('obeys SIGTERM while it waits for the server that has the folder', async () => {
    const DATA_DIR = await temporaryFolder();
    const { lock } = dataLayout(DATA_DIR);
    await mkdir(lock, { recursive: true });
    const claim = {
      token: 'x',
      state: 'stopping',
      beat: 0,
      host: 'elsewhere',
      pid: 1,
      since: '',
      process: null,
    };
    await writeFile(join(lock, '1'), JSON.stringify(claim));
    server = await spawnProcess({ DATA_DIR });
    await server.log.line(({ msg }) => msg.includes('waiting for the server that uses it'));
    server.signal('SIGTERM');
    assert.equal(await server.ended, 0);
    assert.equal(await server.stderr, '');
  });

  it('obeys SIGTERM while it copies its state', async () => {
    const DATA_DIR = await temporaryFolder();
    const state = State.open(DATA_DIR);
    // As long to copy as it takes to see it.
    for (let id = 0; id < 200; id++) state.model('m', String(id)).set('key', 'x'.repeat(100_000));
    await state.close();
    server = await spawnProcess({ DATA_DIR });
    const copies = async () => {
      const list = await readFile(`/proc/${server!.pid}/task/${server!.pid}/children`, 'utf8').catch(
        () => '',
      );
      const commands = list.split(' ').map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
      return (await Promise.all(commands)).some(command => command.includes('state-copy'));
    };
    while (!(await copies())) await setTimeout(5);
    server.signal('SIGTERM');
    assert.equal(await server.ended, 0);
    assert.equal(await server.stderr, '');
    const kept = State.open(DATA_DIR);
    assert.lengthOf(kept.modelValues('m', 'key'), 200);
    await kept.close();
  });

  it('obeys SIGTERM as process 1 before it is loaded', async function () {
    try {
      await promisify(execFile)(AS_PROCESS_1[0]!, [...AS_PROCESS_1.slice(1), 'true']);
    } catch {
      // Root alone may number processes anew.
      return this.skip();
    }
    server = await spawnProcess({}, program('cli/start'), AS_PROCESS_1);
    const processes = `/proc/${server.pid}/task/${server.pid}/children`;
    let first = '';
    while (first === '') first = (await readFile(processes, 'utf8')).trim();
    // Node itself loses a signal in its first moment.
    while (await isRunning(Number(first))) {
      process.kill(Number(first), 'SIGTERM');
      await setTimeout(100);
    }
    assert.oneOf(await server.ended, [0, 1, 143]);
    assert.include([undefined, 'stopped while it started'], server.log.lines[0]?.msg);
  });
});

describe('a server that stops', function () {
  this.timeout(25_000);

  it('takes one DRAIN_TIMEOUT for all: requests and what learns', async () => {
    const server = await startProcess({ DRAIN_TIMEOUT: '2s' }, SCRIPT);
    try {
      const path = join(await temporaryFolder(), 'pid');
      const webhook = {
        action: 'START_TRAINING',
        project: { id: 1, label_config: CHOICES },
        do: 'spin',
        path,
      };
      assert.equal((await server.post('/models/learner/webhook', webhook)).status, 200);
      const pid = Number(await written(path));
      const half = await RawConnection.open(server.url);
      half.send('POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
      await server.get('/health');
      const begin = performance.now();
      server.signal('SIGTERM');
      assert.equal(await server.ended, 0);
      const took = performance.now() - begin;
      // Requests and jobs had it one after the other, and then programs had 5 s to end.
      assert.isBelow(took, 2_000 + 1_500);
      assert.isFalse(await isRunning(pid));
    } finally {
      server.signal('SIGKILL');
    }
  });

  it('ends although code of its user goes on', async () => {
    const server = await startProcess({}, ['--import', 'tsx', 'test/support/busy-entry.ts']);
    try {
      server.signal('SIGTERM');
      assert.equal(await server.ended, 0);
    } finally {
      server.signal('SIGKILL');
    }
  });
});
