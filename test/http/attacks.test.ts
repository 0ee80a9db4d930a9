import { readdir } from 'node:fs/promises';
import { Agent } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody, Reply } from '../support/client.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { type ServerProcess, startProcess } from '../support/process.js';
import { RawConnection, rawPost } from '../support/raw.js';

const MEGA = 1_000_000;
/** A second or so on a quiet machine, and minutes or hours where the work grows with the square of the input. */
const LONG_MS = 10_000;
const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);
const quoted = JSON.stringify(SENTIMENT);
const codeOf = ({ body }: Reply<unknown>) => (body as ErrorBody).code;

describe('attacks on the server process', () => {
  let server: ServerProcess;
  const own = new Agent({ keepAlive: true });
  before(async () => {
    server = await startProcess();
  });
  after(async () => {
    own.destroy();
    await server.stop();
  });
  afterEach('it still serves', async () => {
    const { status } = await server.predict({ tasks: tasksOf(['good']), label_config: SENTIMENT });
    assert.equal(status, 200);
    assert.isEmpty(server.log.lines.filter(({ level }) => level >= 50));
  });

  /** Sends a body while /health is asked; gives the reply and the longest that /health took. */
  async function attack(
    path: string,
    body: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<{ reply: Reply<unknown>; milliseconds: number; stall: number }> {
    let over = false;
    let stall = 0;
    const begin = performance.now();
    const answered = server.post(path, body, { headers }).finally(() => {
      over = true;
    });
    while (!over) {
      const asked = performance.now();
      assert.equal((await server.get('/health', { agent: own })).status, 200);
      stall = Math.max(stall, performance.now() - asked);
      await setTimeout(5);
    }
    return { reply: await answered, milliseconds: performance.now() - begin, stall };
  }

  /** The same in no long time, tried again where a busy machine may have been what took it. */
  async function within(
    what: 'milliseconds' | 'stall',
    path: string,
    body: string | Buffer,
  ): Promise<Reply<unknown>> {
    let last = await attack(path, body);
    for (let tries = 1; tries < 4 && last[what] >= LONG_MS; tries++) last = await attack(path, body);
    assert.isBelow(last[what], LONG_MS);
    return last.reply;
  }

  const quick = (path: string, body: string | Buffer) => within('milliseconds', path, body);
  const unstalled = (path: string, body: string | Buffer) => within('stall', path, body);

  describe('JSON that is nested 100,000 levels deep', () => {
    for (const [size, depth] of [
      ['small', 20_000],
      ['large', 100_000],
    ] as const) {
      const predict = (tasks: string, more = '') =>
        attack('/predict', `{"label_config": ${quoted}, "tasks": [${tasks}]${more}}`);
      it(`in a task of a ${size} body`, async () => {
        const { reply } = await predict(
          `{"data": {"text": ${nested(depth)}}}, {"data": {"text": "good"}, "id": ${nested(depth)}}`,
        );
        const { results } = reply.body as { results: Record<string, unknown>[] };
        assert.equal(reply.status, 200);
        assert.nestedPropertyVal(results[0], 'error.code', 'task_invalid');
        assert.property(results[1], 'result');
      });

      it(`in what a ${size} body has beside its tasks`, async () => {
        for (const more of [
          `, "params": {"context": {"result": ${nested(depth)}}}`,
          `, "project": {"id": ${nested(depth)}}`,
          `, "project": ${nested(depth, '{"id":', '}').replace(':}', ':1}')}`,
        ]) {
          const { reply } = await predict('{"data": {"text": "good"}}', more);
          assert.oneOf(reply.status, [200, 400], JSON.stringify(reply.body));
        }
      });

      it(`in a task of a ${size} body whose values are addresses`, async () => {
        const config = JSON.stringify(SENTIMENT.replace('<Text ', '<Text valueType="url" '));
        const { reply } = await attack(
          '/predict',
          `{"label_config": ${config}, "tasks": [{"data": {"text": ${nested(depth)}}}, {}]}`,
        );
        assert.oneOf(reply.status, [200, 400], JSON.stringify(reply.body));
      });
    }

    it('in other calls', async () => {
      const deep = nested(100_000);
      const text = JSON.stringify(`{"model": ${deep}}`);
      for (const [path, body] of [
        ['/setup', `{"schema": ${quoted}, "project": "1", "extra_params": {"model": ${deep}}}`],
        ['/setup', `{"schema": ${quoted}, "project": "1", "extra_params": ${text}}`],
        ['/setup', `{"schema": ${quoted}, "project": {"id": ${deep}}}`],
        ['/webhook', `{"action": "ANNOTATION_CREATED", "project": {"id": 1}, "annotation": ${deep}}`],
        ['/webhook', `{"action": "PROJECT_UPDATED", "project": {"id": 1, "label_config": ${deep}}}`],
        ['/train', `{"project": "1", "annotations": ${deep}, "label_config": ${quoted}}`],
        ['/delete', `{"project": ${deep}}`],
      ] as const) {
        const { reply } = await attack(path, body);
        assert.isBelow(reply.status, 500, `${path} ${JSON.stringify(reply.body)}`);
      }
    });
  });

  it('texts of a megabyte that patterns could stumble over take no long time', async () => {
    const texts = {
      letters: 'a'.repeat(MEGA),
      marks: `e${'\u0301'.repeat(MEGA)}`,
      spaces: ' '.repeat(MEGA),
      boundaries: 'a '.repeat(MEGA / 2),
      punctuation: 'a-_'.repeat(MEGA / 3),
      surrogates: '\ud83d'.repeat(MEGA),
      expanding: 'İ'.repeat(MEGA),
      terms: 'good bad '.repeat(MEGA / 9),
    };
    for (const [name, text] of Object.entries(texts)) {
      const reply = await quick(
        '/predict',
        JSON.stringify({ label_config: SENTIMENT, tasks: tasksOf([text]) }),
      );
      assert.equal(reply.status, 200, name);
    }
  });

  it('labeling configs that patterns or entities could blow up take no long time', async () => {
    const entities = Array.from({ length: 30 }, (_, i) => `<!ENTITY e${i + 1} "&e${i};&e${i};">`).join('');
    const configs: Record<string, string> = {
      entities: `<!DOCTYPE x [<!ENTITY e0 "x">${entities}]><View>&e30;</View>`,
      external: '<!DOCTYPE x SYSTEM "file:///etc/passwd"><View/>',
      parameter: '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:1/"> %a;]><View/>',
      unknown: '<View a="&nothing;"/>',
      spaces: `<View${' '.repeat(900_000)}/>`,
      references: `<View a="${'&amp;'.repeat(180_000)}"/>`,
      brackets: '<'.repeat(900_000),
      depth: '<View>'.repeat(150_000),
      comments: `<View>${'<!--'.repeat(200_000)}</View>`,
      namespaces: `<View ${Array.from({ length: 20_000 }, (_, i) => `xmlns:n${i}="u"`).join(' ')}/>`,
      dollars: `<View><Text name="t" value="${'$'.repeat(900_000)}"/></View>`,
      names: SENTIMENT.replaceAll('sentiment', 'n'.repeat(9_000)).replaceAll('Choices', 'OcrLabels'),
      characters: SENTIMENT.replaceAll('sentiment', '\u0001'),
    };
    for (const [name, config] of Object.entries(configs)) {
      const reply = await quick('/validate', JSON.stringify({ config }));
      assert.equal(reply.status, 422, name);
      assert.isBelow((reply.body as ErrorBody).message.length, 2_001);
    }
    const tooLong = await quick('/setup', JSON.stringify({ schema: `<View>${' '.repeat(MEGA)}</View>` }));
    assert.equal(codeOf(tooLong), 'label_config_invalid');
  });

  it('the worst of JSON holds nothing back for long', async () => {
    const objects = `[${'{},'.repeat(3 * MEGA)}{}]`;
    const keys = Array.from({ length: MEGA / 2 }, (_, i) => `"k${i}":1`).join(',');
    assert.equal(codeOf(await unstalled('/predict', `{"tasks": ${objects}}`)), 'body_too_large');
    for (const worst of [`[${'{},'.repeat(MEGA)}{}]`, `{${keys}}`]) {
      const { status } = await unstalled('/webhook', `{"action": "X", "x": ${worst}}`);
      assert.equal(status, 200);
    }
    const { reply } = await attack('/webhook', `{"action": "X", "x": "${'x'.repeat(11 * 2 ** 20)}"}`);
    assert.equal(codeOf(reply), 'body_too_large');
  });

  it('bodies that grow when they are unpacked are cut at the limit', async () => {
    const zeros = Buffer.alloc(100 * 2 ** 20, ' ');
    const quickly = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
    for (const path of ['/predict', '/setup', '/webhook']) {
      for (const [encoding, bomb] of [
        ['gzip', gzipSync(zeros)],
        ['br', brotliCompressSync(zeros, quickly)],
      ] as const) {
        const { reply, stall } = await attack(path, bomb, { 'content-encoding': encoding });
        assert.equal(reply.status, 413, `${path} ${encoding}`);
        assert.isBelow(stall, LONG_MS);
      }
    }
  });

  it('messages do not repeat whatever the request said', async () => {
    const model = 'x'.repeat(90_000);
    const { reply } = await attack(
      '/setup',
      JSON.stringify({ schema: SENTIMENT, project: '1', extra_params: { model } }),
    );
    assert.equal(reply.status, 404);
    assert.isBelow((reply.body as ErrorBody).message.length, 2_001);
    const config = SENTIMENT.replace('$text', 'k'.repeat(9_000));
    const items = await attack(
      '/predict',
      JSON.stringify({ label_config: config, tasks: tasksOf(['a', 'b']) }),
    );
    assert.isBelow(JSON.stringify(items.reply.body).length, 2_000);
    assert.isTrue(server.log.lines.every(line => JSON.stringify(line).length < 20_000));
  });
});

describe('names that are more than names', () => {
  let backend: TestBackend;
  before(async () => {
    backend = await startBackend();
  });
  after(() => backend.stop());

  const folders = async () => (await readdir(backend.dataDir, { recursive: true })).sort();

  it('as keys: __proto__, constructor, toString', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      const config = `<View><Text name="${key}" value="$${key}"/><Choices name="${key}x" toName="${key}" choice="single">
        <Choice value="${key}" predicted_values="Positive"/><Choice value="Negative"/></Choices></View>`;
      const body = `{"label_config": ${JSON.stringify(config)}, "${key}": {"polluted": 1}, "tasks": [
        {"${key}": {"polluted": 1}, "data": {"${key}": "I love it"}}, {"data": {"text": "x"}}, {"data": {}}]}`;
      const predicted = await backend.post<{ results: Record<string, unknown>[] }>('/predict', body);
      assert.equal(predicted.status, 200, JSON.stringify(predicted.body));
      const choice = 'result[0].value.choices[0]';
      assert.nestedPropertyVal(predicted.body.results[0], choice, key);
      for (const item of predicted.body.results.slice(1))
        assert.nestedPropertyVal(item, 'error.code', 'task_invalid');
      const setup = await backend.post(
        '/setup',
        `{"project": "7", "schema": ${JSON.stringify(config)}, "extra_params": "{\\"${key}\\": {\\"polluted\\": 1}}"}`,
      );
      assert.equal(setup.status, 200, JSON.stringify(setup.body));
      const hook = await backend.post(
        '/webhook',
        `{"action": "${key}", "${key}": {"polluted": 1}, "project": {"id": 7, "${key}": {"polluted": 1}}}`,
      );
      assert.oneOf(hook.status, [200, 400]);
      for (const path of [`/${key}`, `/models/${key}`, `/models/${key}/versions`, `/webhook/${key}`])
        assert.isBelow((await backend.get(path)).status, 500);
      assert.equal((await backend.post(`/models/${key}/predict`, body)).status, 404);
    }
    assert.notProperty({}, 'polluted');
  });

  it('as paths, wherever a name may stand', async () => {
    const before = await folders();
    for (const name of [
      '../x',
      '..',
      '.',
      '/etc/passwd',
      '..\\x',
      '\0',
      'a/../../b',
      '%2e%2e',
      'x'.repeat(65),
    ]) {
      for (const [path, body] of [
        ['/setup', { project: name, schema: SENTIMENT }],
        ['/predict', { project: name, label_config: SENTIMENT, tasks: [] }],
        ['/webhook', { action: 'PROJECT_DELETED', project: { id: name } }],
        ['/webhook', { action: 'PROJECT_UPDATED', project: { id: name, label_config: SENTIMENT } }],
        ['/train', { project: name, label_config: SENTIMENT }],
        ['/delete', { project: name }],
        ['/duplicate_model', { project_src: name, project_dst: '1' }],
        ['/duplicate_model', { project_src: '1', project_dst: name }],
      ] as const) {
        const reply = await backend.post(path, body);
        assert.oneOf(reply.status, [400], `${path} ${name} ${JSON.stringify(reply.body)}`);
      }
      const part = encodeURIComponent(name);
      const project = await backend.get(`/versions?project=${part}`);
      assert.equal(project.status, 400, name);
      const body = { label_config: SENTIMENT, tasks: [], schema: SENTIMENT, config: SENTIMENT };
      for (const call of ['predict', 'setup', 'validate']) {
        // A client would resolve `..` itself.
        const raw = await RawConnection.open(backend.url);
        raw.send(rawPost(`/models/${part}/${call}`, JSON.stringify(body)));
        assert.equal((await raw.count(1))[0]!.status, 404, `${call} ${name}`);
        raw.socket.destroy();
      }
      const job = await backend.post('/job_status', { job: name });
      assert.equal(job.status, 410, name);
      const model = { project: '1', schema: SENTIMENT, extra_params: { model: name } };
      assert.equal(codeOf(await backend.post('/setup', model)), 'model_unknown', name);
    }
    assert.deepEqual(await folders(), before);
  });
});
