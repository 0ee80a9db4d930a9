import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { assert } from 'chai';
import type { KindsModule } from '../../src/kinds.js';
import type { Prediction } from '../../src/model.js';
import { Markdown, ROOT } from '../markdown.js';
import { settings } from '../support/backend.js';
import { Client, type ErrorBody } from '../support/client.js';
import { addModel } from '../support/graphs.js';
import { runPython } from '../support/python.js';

const CONFIG = '<View><Text name="text" value="$text"/><Number name="stars" toName="text"/></View>';

/** Beyond what the server's thread parses itself: a thread of its own reads the tasks. */
const MANY = 3000;

describe('the recipe of CONTRIBUTING.md for a kind of your own', () => {
  let folder: string;
  let server: ChildProcess;
  let client: Client;
  let kinds: KindsModule;

  before(async function () {
    this.timeout(60_000);
    assert.isTrue(existsSync(`${ROOT}dist/kinds.js`), 'it imports what is compiled: run `make setup`');
    const recipe = await Markdown.read('CONTRIBUTING.md');
    // Inside of the project, where `label-studio-onnx` is the project itself.
    await mkdir(`${ROOT}.cache`, { recursive: true });
    folder = await mkdtemp(`${ROOT}.cache/kinds-`);
    for (const code of recipe.blocks('js')) {
      const name = /^\/\/ ([\w-]+\.js)\n/.exec(code)![1]!;
      await writeFile(join(folder, name), code);
    }
    kinds = (await import(pathToFileURL(join(folder, 'vector.js')).href)) as KindsModule;
    const [manifest] = recipe.blocks('json').map(block => JSON.parse(block));
    const { files } = kinds.inputs![0]!.example;
    // The answer is the first number that the graph got.
    const [text] = await runPython<string>('test/support/onnx-text.py', [
      `g (float[rows, 3] vector) => (float[rows, 1] stars) {
        zero = Constant<value_ints = [0]>() one = Constant<value_ints = [1]>() stars = Slice(vector, zero, one, one)
      }`,
    ]);
    const outputs = [{ name: 'stars', kind: 'value', tensor: 'stars' }];
    const graph = Buffer.from(text!, 'base64');
    await addModel(join(folder, 'models'), 'stars', { manifest, outputs, graph, files });

    const env = await settings({ MODEL_DIR: join(folder, 'models') });
    server = spawn(process.execPath, ['serve.js'], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    client = new Client(await announced(server));
  });

  after(async () => {
    client?.close();
    if (server?.exitCode === null) {
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
    }
    if (folder) await rm(folder, { recursive: true });
  });

  it('has code that type-checks', async () => {
    const options = { extends: '../../tsconfig.json', include: ['*.js'] };
    const compilerOptions = { allowJs: true, checkJs: true, types: [] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ ...options, compilerOptions }));
    await promisify(execFile)(process.execPath, [`${ROOT}node_modules/.bin/tsc`, '-p', folder]);
  });

  it('gets its example a prediction over HTTP, and other tasks their own errors', async () => {
    const { data, feeds } = kinds.inputs![0]!.example;
    const setup = await client.post('/setup', { project: '1', schema: CONFIG });
    assert.equal(setup.status, 200, setup.reason);
    const tasks = [data, { text: 'a', embedding: [1] }].map((each, id) => ({ id, data: each }));
    const { status, body } = await client.post<{
      results: [Prediction, { error: Pick<ErrorBody, 'code' | 'message'> }];
    }>('/predict', {
      tasks,
      label_config: CONFIG,
    });
    assert.equal(status, 200);
    assert.deepEqual(body.results[0].result[0]!.value, { number: feeds.vector!.data[0] });
    assert.deepEqual(body.results[1].error, {
      code: 'task_invalid',
      message: "the task's data needs 3 numbers under 'embedding'",
    });
  });

  it('reaches the thread that reads large bodies', async () => {
    const tasks = Array.from({ length: MANY }, (_, id) => ({
      id,
      data: { text: 'x'.repeat(40), embedding: [id, 0, 0] },
    }));
    const { body } = await client.post<{ results: Prediction[] }>('/predict', {
      tasks,
      label_config: CONFIG,
    });
    assert.deepEqual(
      body.results.map(({ result }) => result[0]!.value),
      tasks.map(({ id }) => ({ number: id })),
    );
  });
});

/** The address that a server's log tells. */
async function announced(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /serving stars on (http:\S+?)"/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error('the recipe ended without serving');
}
