import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { assert } from 'chai';
import { pino } from 'pino';
import { AppError, createApp, createBackend, LabelStudioMLBase, readConfig, serve } from '../src/index.js';
import { CHOICES, gate, stopAll, temporaryFolder } from './class-backend.js';
import { ROOT } from './markdown.js';
import { CapturedLog } from './support/log.js';
import { program } from './support/program.js';

const log = pino({ level: 'silent' });

class MyModel extends LabelStudioMLBase {
  override predict() {
    return [{ result: [] }];
  }
}

const started: ChildProcess[] = [];

/** Runs what `make serve` runs. */
function start(env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, program('cli/start'), {
    cwd: ROOT,
    env: { PATH: process.env.PATH, WORKERS: '1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  return child;
}

async function lines(child: ChildProcess, last: string): Promise<Record<string, unknown>[]> {
  const seen: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    seen.push(JSON.parse(line));
    if (String(seen.at(-1)!.msg).startsWith(last)) return seen;
  }
  throw new Error(`it ended without '${last}': ${JSON.stringify(seen)}`);
}

describe('serve()', () => {
  afterEach(stopAll);

  it('listens where it says, leaves nothing behind, and may be closed twice', async () => {
    const signals = () => ['SIGTERM', 'SIGINT', 'SIGHUP'].map(signal => process.listenerCount(signal));
    const before = signals();
    const server = await serve(MyModel, { env: { PORT: '0', DATA_DIR: await temporaryFolder() }, log });
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await fetch(`${server.url}/ready`)).status, 200);
    assert.deepEqual((await (await fetch(`${server.url}/api/models`)).json()) as unknown, {
      models: [{ name: 'my-model', versions: ['my-model:0.0.1'] }],
      problems: [],
    });
    await Promise.all([server.close(), server.close()]);
    assert.deepEqual(signals(), before);
    const refused = await fetch(`${server.url}/health`).catch((error: Error) => error);
    assert.instanceOf(refused, Error);
  });

  it('says in words that the port is taken, and has closed what it had opened', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const PORT = String((other.address() as AddressInfo).port);
    const DATA_DIR = await temporaryFolder();
    const failure = await serve(MyModel, { env: { PORT, DATA_DIR }, log }).catch((error: unknown) => error);
    assert.instanceOf(failure, AppError);
    assert.equal(
      (failure as AppError).message,
      `PORT=${PORT}: another server listens on 127.0.0.1:${PORT}; stop it or set PORT`,
    );
    const closed = once(other, 'close');
    other.close();
    await closed;
    await (await serve(MyModel, { env: { PORT, DATA_DIR }, log })).close();
  });

  it('tries the port before it loads models, which takes long', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const PORT = String((other.address() as AddressInfo).port);
    // Most machines have no such provider: looking for it is the first thing that is done for the models.
    const env = { PORT, DATA_DIR: await temporaryFolder(), EXECUTION_PROVIDER: 'cuda' };
    const failure = await serve([], { env, log }).catch((error: unknown) => error);
    assert.match(String((failure as Error).message), /^PORT=\d+: another server listens/);
    const closed = once(other, 'close');
    other.close();
    await closed;
  });

  it('warns of variables that look like a misspelt setting, without their values', async () => {
    const captured = new CapturedLog();
    const env = { PORT: '0', DATA_DIR: await temporaryFolder(), WEBHOOK_SECRT: 'of mine', HOME: '/root' };
    await (await serve(MyModel, { env, log: captured.logger })).close();
    const warnings = captured.lines.filter(({ level }) => level === 40).map(({ msg }) => msg);
    assert.deepEqual(warnings, [
      'WEBHOOK_SECRT is not a setting of this server and changes nothing: WEBHOOK_SECRET is, if that was meant',
    ]);
  });

  it('says which setting is wrong when it cannot listen there', async () => {
    const env = { HOST: '203.0.113.1', PORT: '0', DATA_DIR: await temporaryFolder() };
    const failure = await serve(MyModel, { env, log }).catch((error: unknown) => error);
    assert.instanceOf(failure, AppError);
    assert.match(
      (failure as AppError).message,
      /^HOST=203\.0\.113\.1, PORT=0: this server cannot listen there/,
    );
  });

  it('finishes the request in flight before it stops', async () => {
    const asked = gate();
    const answer = gate();
    class Slow extends MyModel {
      override async setup() {
        asked.open();
        await answer.opened;
      }
    }
    const server = await serve(Slow, { env: { PORT: '0', DATA_DIR: await temporaryFolder() }, log });
    const sent = fetch(`${server.url}/setup`, {
      method: 'POST',
      body: JSON.stringify({ project: 1, schema: CHOICES }),
    });
    await asked.opened;
    const closed = server.close();
    const begin = performance.now();
    answer.open();
    assert.equal((await sent).status, 200);
    await closed;
    assert.isBelow(
      performance.now() - begin,
      2000,
      'the client, which keeps its connection, held the stop back',
    );
  });

  it('waits no longer than DRAIN_TIMEOUT for a client that does not finish its request', async () => {
    const server = await serve(MyModel, {
      env: { PORT: '0', DRAIN_TIMEOUT: '50ms', DATA_DIR: await temporaryFolder() },
      log,
    });
    const half = request(`${server.url}/setup`, { method: 'POST', headers: { 'content-length': 100 } });
    const cut = once(half, 'error');
    half.write('{');
    await (await fetch(`${server.url}/health`)).text();
    await server.close();
    await cut;
  });
});

describe('createBackend() and createApp()', () => {
  afterEach(stopAll);

  it('make an app that does not listen and can be put into any server', async () => {
    const config = readConfig({ DATA_DIR: await temporaryFolder() });
    const backend = await createBackend({ config, log, models: [MyModel] });
    assert.isNull(backend.provider);
    assert.deepEqual(backend.pids(), []);
    assert.isFunction(createApp);
    const server = createServer(backend.app.callback());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/health`);
    assert.deepEqual((await response.json()) as unknown, { status: 'UP' });
    server.close();
    server.closeAllConnections();
    await backend.close();
  });
});

describe('make serve', () => {
  afterEach(async () => {
    // Those of a test that failed are still there.
    for (const child of started.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    await stopAll();
  });

  it('tells in its log what it serves and where, and ends quietly on SIGTERM', async () => {
    const MODEL_DIR = await temporaryFolder();
    for (const name of ['sentiment', 'substring', 'text-classifier', 'ocr', 'speech'])
      await cp(join(ROOT, 'models', name), join(MODEL_DIR, name), { recursive: true });
    // As before `make models`.
    for (const name of ['ocr', 'speech'])
      await rm(join(MODEL_DIR, name, 'versions'), { recursive: true, force: true });
    const child = start({ MODEL_DIR, DATA_DIR: await temporaryFolder() });
    const ended = once(child, 'exit');
    const seen = await lines(child, 'without a version');
    assert.include(String(seen.at(-1)!.msg), 'ocr, speech');
    const { models, provider, msg } = seen.at(-2)!;
    assert.deepEqual(
      { models, provider },
      { models: ['sentiment', 'substring', 'text-classifier'], provider: 'cpu' },
    );
    assert.match(String(msg), /^serving sentiment, substring, text-classifier on http:\/\/127\.0\.0\.1:\d+$/);
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
    assert.equal(await text(child.stderr!), '');
  });

  it('serves on without a model, and takes one that is put there on SIGHUP', async () => {
    const MODEL_DIR = await temporaryFolder();
    const child = start({ MODEL_DIR, DATA_DIR: await temporaryFolder(), RELOAD_CRON: '0 0 29 2 *' });
    const ended = once(child, 'exit');
    const warned = await lines(child, 'there is no model');
    const url = / on (http:\S+)$/.exec(String(warned.at(-2)!.msg))![1]!;
    assert.include(String(warned.at(-1)!.msg), MODEL_DIR);
    const ready = await fetch(`${url}/ready`);
    assert.equal(ready.status, 503);
    assert.equal(((await ready.json()) as { code: string }).code, 'not_ready');
    await mkdir(`${MODEL_DIR}/Not A Model`);
    child.kill('SIGHUP');
    const told = async () => ((await (await fetch(`${url}/api/models`)).json()) as { problems: [] }).problems;
    while ((await told()).length === 0);
    assert.deepEqual(
      (await told()).map(({ model }) => model),
      ['Not A Model'],
    );
    child.kill('SIGINT');
    assert.deepEqual(await ended, [0, null]);
  });

  for (const [what, env, message] of [
    ['a wrong setting', { PORT: 'http' }, /^setting_invalid: PORT=http: PORT is a whole number/],
    ['a provider that is none', { EXECUTION_PROVIDER: 'tpu' }, /^setting_invalid: EXECUTION_PROVIDER=tpu: /],
    ['hosts that are none', { ALLOW_HOSTS: 'http://x' }, /^setting_invalid: ALLOW_HOSTS: /],
  ] as const) {
    it(`ends with one line for ${what}`, async () => {
      const child = start({ DATA_DIR: await temporaryFolder(), ...env });
      const [[code], error] = await Promise.all([once(child, 'exit'), text(child.stderr!)]);
      assert.equal(code, 1);
      assert.match(error, message);
      assert.equal(error.trim().split('\n').length, 1, error);
    });
  }
});
