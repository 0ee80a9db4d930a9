import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { PYTHON } from '../support/python.js';
import { failure, isRunning, testRun, written } from './runs.js';

/** Runs lines of Python as a trainer. */
const python = (...lines: string[]) => ['-c', lines.join('\n')];

/** A process in a session of its own, as one that is to outlive its parent. */
const DAEMON = `
import subprocess, sys
child = subprocess.Popen(["sleep", "1000"], start_new_session=True, stdout=subprocess.DEVNULL)
plain = subprocess.Popen(["sleep", "1000"])
open("pids", "w").write(f"{child.pid} {plain.pid}\\n")
`;

describe("a trainer's process", () => {
  it('reports lines of JSON, and everything that it writes is in the log', async () => {
    const test = await testRun();
    await test.run.spawn(
      PYTHON,
      python(
        'import sys, json',
        'print(json.dumps({"progress": 0.25, "message": "reading\\n\\u00e4"}), flush=True)',
        'print("plain"); print("{not json"); print("{}"); print(json.dumps({"progress": 7}))',
        'sys.stderr.write("a warning\\n")',
      ),
    );
    assert.deepEqual(test.reports, [{ progress: 0.25, message: 'reading ä' }, { progress: 1 }]);
    const log = await test.log();
    for (const line of ['"reading\\n\\u00e4"', 'plain\n{not json\n{}\n', 'a warning\n'])
      assert.include(log, line);
  });

  it('has a group, a low priority and a folder of its own, and no secrets', async () => {
    const secrets = {
      BASIC_AUTH_PASS: 'x',
      LABEL_STUDIO_API_KEY: 'x',
      LABEL_STUDIO_URL: 'x',
      WEBHOOK_SECRET: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
    };
    const passed = { PATH: process.env.PATH, LANG: 'C.UTF-8', PYTHONHASHSEED: '3', HOME: '/tmp' };
    const test = await testRun({ environment: { ...secrets, ...passed } });
    await test.run.spawn(
      PYTHON,
      python(
        'import os, json',
        'names = dict(os.environ); names.pop("LC_CTYPE", None)',
        'json.dump([names, os.getpgid(0) == os.getpid(), os.nice(0), os.getcwd()], open("seen", "w"))',
      ),
      { env: { EXTRA: '1' } },
    );
    const [environment, leads, nice, folder] = JSON.parse(
      await readFile(join(test.run.folder, 'seen'), 'utf8'),
    );
    const { TRAINING_JOB, ...rest } = environment;
    assert.deepEqual(rest, { ...passed, EXTRA: '1', ORT_DISABLE_TELEMETRY: '1' });
    assert.match(TRAINING_JOB, /^test-/);
    assert.deepEqual([leads, nice, folder], [true, 10, test.run.folder]);
  });

  it('that fails tells why: its own error, else how it ended and its last words', async () => {
    const { run } = await testRun();
    const told = failure(run.spawn(PYTHON, python('print(\'{"error": "too few\\\\nrows"}\'); exit(1)')));
    assert.equal(await told, 'too few rows');
    const raised = python('import sys', 'print("fine")', 'raise ValueError("no such column")');
    assert.equal(
      await failure(run.spawn(PYTHON, raised, { name: 'train.py' })),
      'train.py ended with exit code 1: ValueError: no such column',
    );
    assert.equal(
      await failure(run.spawn('sh', ['-c', 'kill -9 $$'], { name: 'it' })),
      'it was ended by SIGKILL',
    );
    assert.match(
      await failure(run.spawn('/no/such/python', [])),
      /^\/no\/such\/python cannot be started: .*ENOENT/,
    );
  });

  it('is ended with everything that it started, also what does not want to', async () => {
    const { run, abort, processes } = await testRun();
    const stubborn = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)';
    const ended = failure(run.spawn(PYTHON, ['-c', `${DAEMON}\n${stubborn}`]));
    const pids = (await written(join(run.folder, 'pids'))).trim().split(' ').map(Number);
    abort.abort(new AppError('training_failed', 'cancelled by somebody'));
    assert.equal(await ended, 'cancelled by somebody');
    for (const pid of [...pids, processes[0]!.pid]) assert.isFalse(await isRunning(pid), String(pid));
    assert.equal(await failure(run.spawn('true', [])), 'cancelled by somebody');
  });

  it('leaves nothing running behind when it ends well', async () => {
    const { run } = await testRun();
    await run.spawn(PYTHON, ['-c', DAEMON]);
    const pids = (await readFile(join(run.folder, 'pids'), 'utf8')).trim().split(' ').map(Number);
    assert.lengthOf(pids, 2);
    for (const pid of pids) assert.isFalse(await isRunning(pid));
  });

  it('that grows past TRAIN_MEMORY is ended, what it started counted in', async () => {
    const { run } = await testRun({ memory: 150 * 2 ** 20 });
    const eat = 'import time; kept = bytearray(90 * 2**20); open("full", "a").write("x")';
    const rest = 'time.sleep(1000)';
    // The second one starts when the first is full, which alone is not too much.
    const start = `import subprocess, sys; subprocess.Popen([sys.executable, "-c", ${JSON.stringify(`${eat}; ${rest}`)}])`;
    const two = [eat, start, rest].join('\n');
    assert.equal(
      await failure(run.spawn(PYTHON, ['-c', two], { name: 'train.py' })),
      'train.py needed more memory than TRAIN_MEMORY, 150 MB, and was ended',
    );
    assert.isTrue(existsSync(join(run.folder, 'full')));
  });

  it('may print garbage: lines without end, bytes that are no text, more than the log keeps', async () => {
    const test = await testRun();
    await test.run.spawn(
      PYTHON,
      python(
        'import os',
        'os.write(1, b"\\xff\\xfe\\x00" + b"x" * 200_000 + b"\\n" + b\'{"progress": 0.5}\\n\')',
        'os.write(1, b\'{"message": "\' + b"y" * 100_000 + b\'"}\\n\')',
        'os.write(2, b"z" * 100_000)',
      ),
    );
    assert.deepEqual(test.reports, [{ progress: 0.5 }]);
    await test.log();
    assert.isAbove((await stat(join(test.run.folder, 'log.txt'))).size, 400_000);
  });
});
