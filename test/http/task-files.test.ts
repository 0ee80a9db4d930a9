import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { assert } from 'chai';
import { image } from '../../src/inputs/image.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { temporaryFolder } from '../support/folder.js';
import { addModel, makeGraphs } from '../support/graphs.js';
import { hugePng } from '../support/png.js';
import { choiceOf, errorOf } from '../support/results.js';
import { serve, stopServers, type TestServer } from '../task-data/servers.js';

const CONFIG = `<View>${image.example.object}<Choices name="kind" toName="object"><Choice value="cat"/></Choices></View>`;
const TOKEN = 't0ken-of-label-studio';

describe('tasks that point to files', () => {
  let backend: TestBackend;
  let models: string;
  let labelStudio: TestServer;
  /** Allowed, as a storage is; anybody may have put there what it holds. */
  let storage: TestServer;
  /** Not allowed: within the network that the server stands in. */
  let inner: TestServer;
  let answer: RequestListener;
  const picture = Buffer.from((image.example.data.image as string).split(',')[1]!, 'base64');
  const taskOf = (value: string, index: number) => ({ id: index + 1, data: { image: value } });
  const predict = (values: readonly string[], project = '1') =>
    backend.predict({ tasks: values.map(taskOf), label_config: CONFIG, project });
  const files = () => readdir(join(backend.dataDir, 'cache', 'files')).catch(() => []);
  const metric = async (name: string) => {
    const { body } = await backend.get<string>('/metrics');
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(body)![1]);
  };

  before(async () => {
    labelStudio = await serve((_, response) => response.end(picture));
    storage = await serve((request, response) => answer(request, response));
    inner = await serve((_, response) => response.end(picture));
    const root = await temporaryFolder();
    models = await temporaryFolder();
    await mkdir(join(root, 'root'));
    await writeFile(join(root, 'root', 'a.png'), picture);
    await writeFile(join(root, 'secret.png'), picture);
    await symlink('../secret.png', join(root, 'root', 'link.png'));
    const outputs = {
      probabilities: { type: 'float32' as const, data: Float32Array.of(1), dims: [1, 1] },
    };
    const [graph] = await makeGraphs([{ inputs: image.example.feeds, outputs }]);
    const labels = ['cat'];
    await addModel(models, 'cats', {
      manifest: {
        input: { kind: 'image', batch: 1, ...image.example.options },
        outputs: [{ name: 'kind', control: 'Choices', choice: 'single' }],
      },
      outputs: [
        {
          name: 'kind',
          tensor: 'probabilities',
          kind: 'probabilities',
          labels,
          decision: { rule: 'argmax' },
        },
      ],
      graph: graph!,
      files: {},
    });
    backend = await startBackend({
      MODEL_DIR: models,
      ALLOW_HOSTS: storage.host,
      LABEL_STUDIO_URL: labelStudio.url,
      LABEL_STUDIO_API_KEY: TOKEN,
      LOCAL_FILES_DOCUMENT_ROOT: join(root, 'root'),
    });
  });
  beforeEach(() => {
    answer = (_, response) => response.end(picture);
    for (const server of [labelStudio, storage, inner]) server.requests.length = 0;
  });
  after(async () => {
    await backend?.stop();
    await stopServers();
  });

  it('are answered, wherever the files lie, and read once', async () => {
    const values = [
      'upload/1/a.png',
      '/data/local-files/?d=a.png',
      's3://bucket/a.png',
      `${storage.url}/a.png`,
      image.example.data.image as string,
    ];
    for (let time = 0; time < 2; time++) {
      const { status, body, reason } = await predict(values);
      assert.equal(status, 200, reason);
      for (const result of body.results) assert.equal(choiceOf(result).choice, 'cat');
    }
    assert.lengthOf(labelStudio.requests, 2);
    for (const { headers } of labelStudio.requests) assert.equal(headers.authorization, `Token ${TOKEN}`);
    assert.lengthOf(storage.requests, 1);
    assert.isUndefined(storage.requests[0]!.headers.authorization);
    assert.lengthOf(await files(), 3);
    assert.deepEqual([await metric('file_cache_misses'), await metric('file_cache_hits')], [3, 3]);
    assert.equal((await predict(['upload/1/a.png'], '2')).status, 200);
    assert.lengthOf(labelStudio.requests, 3);
    await backend.post('/delete', { project: '1' });
    while ((await files()).length > 1) await setImmediate();
  });

  it('refuse, each by itself, what leads out of where it may', async () => {
    const port = inner.host.split(':')[1];
    const member = gzipSync(Buffer.alloc(2 ** 20));
    answer = (request, response) => {
      const { pathname } = new URL(request.url!, storage.url);
      if (pathname === '/inner') response.writeHead(302, { location: `${inner.url}/a` });
      if (pathname === '/file') response.writeHead(302, { location: 'file:///etc/passwd' });
      if (pathname === '/own') response.writeHead(302, { location: `${labelStudio.url}/data/a` });
      if (pathname === '/length') response.writeHead(200, { 'content-length': '999999999999' });
      if (pathname === '/bomb') {
        response.writeHead(200, { 'content-encoding': 'gzip' });
        const more = (): void => {
          while (!response.destroyed && response.write(member));
        };
        response.on('drain', more);
        return more();
      }
      if (pathname === '/pixels') response.write(hugePng(30_000, 30_000));
      response.end(pathname === '/length' || pathname === '/pixels' ? undefined : picture);
    };
    const cases: [string, RegExp][] = [
      [`${inner.url}/a`, /is not public; if it may be read, set ALLOW_HOSTS=/],
      [`http://2130706433:${port}/a`, /is not public/],
      [`http://[::ffff:127.0.0.1]:${port}/a`, /is not public/],
      [`http://localhost:${port}/a`, /is not public/],
      ['http://169.254.169.254/latest/meta-data/', /is not public/],
      [`${storage.url}/inner`, /is not public/],
      [`${storage.url}/file`, /redirects to file:/],
      [`${storage.url}/length`, /larger than \d+ bytes/],
      [`${storage.url}/bomb`, /larger than \d+ bytes/],
      [`${storage.url}/pixels`, /pixel/],
      ['/data/local-files/?d=../secret.png', /lies outside of LOCAL_FILES_DOCUMENT_ROOT/],
      ['/data/local-files/?d=link.png', /lies outside of LOCAL_FILES_DOCUMENT_ROOT/],
      ['file:///etc/passwd', /is not the address of a file/],
      [`http://u:pa55word@127.0.0.1:${port}/a`, /is not public/],
    ];
    const { status, body } = await predict([...cases.map(([value]) => value), `${storage.url}/good`]);
    assert.equal(status, 200);
    for (const [index, [value, reason]] of cases.entries()) {
      const error = errorOf(body.results[index]);
      assert.equal(error.code, 'task_unreadable', value);
      assert.match(error.message, reason, value);
    }
    assert.equal(choiceOf(body.results.at(-1)).choice, 'cat');
    assert.notInclude(JSON.stringify(body), 'pa55word');
    assert.isEmpty(inner.requests);
    assert.equal((await predict([`${storage.url}/own`])).status, 200);
    assert.isUndefined(labelStudio.requests[0]!.headers.authorization);
    for (const { headers } of storage.requests) assert.isUndefined(headers.authorization);
  });

  it("do not get Label Studio's API read with its token", async () => {
    for (const value of [`${labelStudio.url}/api/users/`, 'upload/1/../../../api/users/'])
      assert.equal((await predict([value])).status, 200);
    assert.deepEqual(
      labelStudio.requests.map(({ url, headers }) => [url, headers.authorization]),
      Array(2).fill(['/api/users/', undefined]),
    );
  });

  it('open a few connections at once, of one request and of all together', async () => {
    const waiting: ServerResponse[] = [];
    answer = (_, response) => void waiting.push(response);
    const replies = Promise.all(
      [1, 2, 3, 4, 5].map(request =>
        predict(Array.from({ length: 30 }, (_, index) => `${storage.url}/${request}/${index}`)),
      ),
    );
    let most = 0;
    for (let answered = 0; answered < 150; ) {
      // Five requests want forty, and one host gets less than half of what is free.
      while (waiting.length < (answered === 0 ? 11 : 1)) await setImmediate();
      for (let turn = 0; turn < 20; turn++) await setImmediate();
      most = Math.max(most, waiting.length);
      const now = waiting.splice(0);
      for (const response of now) response.end(picture);
      answered += now.length;
    }
    assert.equal(most, 11);
    for (const { status, body } of await replies) {
      assert.equal(status, 200);
      assert.lengthOf(body.results, 30);
    }
  });

  it('are read once and kept no longer than they are needed with FILE_CACHE=off', async () => {
    const without = await startBackend({ MODEL_DIR: models, ALLOW_HOSTS: storage.host, FILE_CACHE: 'off' });
    try {
      const tasks = Array.from({ length: 20 }, (_, index) => taskOf(`${storage.url}/${index}`, index));
      const { body } = await without.predict({ tasks, label_config: CONFIG });
      for (const result of body.results) assert.equal(choiceOf(result).choice, 'cat');
      assert.lengthOf(storage.requests, 20);
      while ((await readdir(join(without.dataDir, 'cache', 'files'))).length > 0) await setImmediate();
    } finally {
      await without.stop();
    }
  });
});
