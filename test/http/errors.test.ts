import { assert } from 'chai';
import { reasonPhrase } from '../../src/http/errors.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { type ErrorBody, type Reply, refusalOf } from '../support/client.js';
import { SENTIMENT, tasksOf, UNFIT } from '../support/configs.js';
import { shippedRepository } from '../support/models.js';

describe('errors over HTTP', () => {
  let backend: TestBackend;

  before(async () => {
    backend = await startBackend({
      MODEL_DIR: await shippedRepository('sentiment', 'substring'),
      BODY_LIMIT: '100kb',
    });
  });
  after(() => backend.stop());

  function expectMessage(message: string, expected: string | RegExp): void {
    if (typeof expected === 'string') assert.equal(message, expected);
    else assert.match(message, expected);
  }

  /** What every error has in common, and what this one should be. */
  function expectError(reply: Reply<unknown>, status: number, code: string, message: string | RegExp): void {
    const body = reply.body as ErrorBody;
    assert.deepEqual(Object.keys(body), ['code', 'message', 'request_id']);
    assert.equal(body.code, code, body.message);
    expectMessage(body.message, message);
    assert.equal(reply.status, status);
    assert.equal(reply.reason, reasonPhrase(body.message));
    assert.equal(reply.headers['x-request-id'], body.request_id);
    assert.match(reply.headers['content-type']!, /^application\/json/);
    assert.notMatch(JSON.stringify(body), /\bat .*\.[jt]s:\d+|node_modules/);
  }

  afterEach('it still serves', async () => {
    const reply = await backend.predict({ tasks: tasksOf(['good']), label_config: SENTIMENT });
    assert.equal(reply.status, 200);
  });

  describe('a body that is not what it should be', () => {
    const CASES: [name: string, path: string, body: unknown, code: string, message: string | RegExp][] = [
      ['malformed JSON', '/predict', '{"tasks": [', 'json_invalid', /^the body is not JSON: /],
      ['a JSON string', '/predict', '"tasks"', 'request_invalid', 'the body must be an object'],
      ['a JSON string', '/setup', '"schema"', 'request_invalid', 'the body must be an object'],
      ['HTML', '/setup', '<html></html>', 'json_invalid', /^the body is not JSON: /],
      ['nothing', '/predict', '', 'json_invalid', /^the body is not JSON: /],
      ['nothing', '/setup', '', 'request_invalid', "the body lacks 'schema'"],
      ['a list', '/predict', [], 'request_invalid', 'the body must be an object'],
      ['no tasks', '/predict', { project: '1' }, 'request_invalid', "the body lacks 'tasks'"],
      ['tasks null', '/predict', { tasks: null }, 'request_invalid', "the body's /tasks must be an array"],
      ['tasks text', '/predict', { tasks: 'x' }, 'request_invalid', "the body's /tasks must be an array"],
      [
        'a task null',
        '/predict',
        { tasks: [{}, null] },
        'request_invalid',
        "the body's /tasks/1 must be an object",
      ],
      [
        'a task list',
        '/predict',
        { tasks: [[]] },
        'request_invalid',
        "the body's /tasks/0 must be an object",
      ],
      [
        'label_config of another type',
        '/predict',
        { tasks: [], label_config: {} },
        'request_invalid',
        "the body's /label_config must be a string or null",
      ],
      [
        'params of another type',
        '/predict',
        { tasks: [], params: 'x' },
        'request_invalid',
        "the body's /params must be an object or null",
      ],
      [
        'context of another type',
        '/predict',
        { tasks: [], params: { context: [] } },
        'request_invalid',
        "the body's /params/context must be an object or null",
      ],
      [
        'project of another type',
        '/predict',
        { tasks: [], project: true },
        'request_invalid',
        /\/project must be /,
      ],
      ['a project that is a path', '/predict', { tasks: [], project: '../x' }, 'request_invalid', /is no id/],
      ['a project that is a path', '/delete', { project: '/etc' }, 'request_invalid', /is no id/],
      ['no schema', '/setup', { project: '1' }, 'request_invalid', "the body lacks 'schema'"],
      ['an empty schema', '/setup', { schema: '' }, 'request_invalid', /\/schema must NOT have fewer than 1/],
      [
        'a schema of another type',
        '/setup',
        { schema: 1 },
        'request_invalid',
        "the body's /schema must be a string",
      ],
      ['no action', '/webhook', {}, 'request_invalid', "the body lacks 'action'"],
      ['no job', '/job_status', {}, 'request_invalid', "the body lacks 'job'"],
      ['no config', '/validate', {}, 'request_invalid', "the body lacks 'config'"],
      ['no project', '/delete', { project: null }, 'request_invalid', 'the body names no project'],
      [
        'one project',
        '/duplicate_model',
        { project_src: 1 },
        'request_invalid',
        "the body lacks 'project_dst'",
      ],
    ];
    for (const [name, path, body, code, message] of CASES) {
      it(`${path}: ${name}`, async () => {
        expectError(await backend.post(path, body), 400, code, message);
      });
    }

    it('is too large, announced or not', async () => {
      const message = 'the body is over BODY_LIMIT, which is 102400 bytes here';
      for (const length of [200_000, 20_000_000]) {
        const large = JSON.stringify({ tasks: tasksOf(['x'.repeat(length)]) });
        expectError(await backend.post('/predict', large), 413, 'body_too_large', message);
        const chunked = { headers: { 'transfer-encoding': 'chunked' } };
        expectError(await backend.post('/predict', large, chunked), 413, 'body_too_large', message);
      }
    });

    it('is compressed wrongly, or in an unknown way', async () => {
      for (const path of ['/predict', '/setup']) {
        for (const encoding of ['gzip', 'compress']) {
          const reply = await backend.post(path, '{}', { headers: { 'content-encoding': encoding } });
          expectError(reply, 400, 'request_invalid', /^the body('s content-encoding is not | cannot be )/);
        }
      }
    });
  });

  describe('extra params', () => {
    const REMEDY = 'use an object such as {"model": "<name>"}, or leave them empty';
    const CASES: [extraParams: unknown, message: string | RegExp][] = [
      ['{"model": sentiment}', `the extra params are not JSON (Unexpected token 's'): ${REMEDY}`],
      ['sentiment', `the extra params are not JSON (Unexpected token 's'): ${REMEDY}`],
      ['{model: 1}', /^the extra params are not JSON \(Expected property name or '}' in JSON at position 1/],
      ['"sentiment"', `the extra params are a text: ${REMEDY}`],
      ['["sentiment"]', `the extra params are a list: ${REMEDY}`],
      ['5', `the extra params are a number: ${REMEDY}`],
      ['true', `the extra params are a boolean: ${REMEDY}`],
      [['sentiment'], `the extra params are a list: ${REMEDY}`],
      [5, `the extra params are a number: ${REMEDY}`],
      [false, `the extra params are a boolean: ${REMEDY}`],
    ];
    for (const [extra_params, message] of CASES) {
      it(`are refused when they are ${JSON.stringify(extra_params)}`, async () => {
        const reply = await backend.setup({ project: '1', schema: SENTIMENT, extra_params });
        expectError(reply, 400, 'request_invalid', message);
      });
    }

    it('may be absent, empty, or an object as such or as text', async () => {
      for (const extra_params of [undefined, null, '', ' ', 'null', {}, '{}', '{"model": "sentiment"}']) {
        const reply = await backend.setup({ project: '1', schema: SENTIMENT, extra_params });
        assert.equal(reply.status, 200, reply.reason);
      }
    });
  });

  describe('a labeling config that does not parse or fit', () => {
    const open = 'the labeling config, line 2, column ';
    const CASES: [name: string, config: string, code: string, message: string | RegExp][] = [
      ['no XML', 'Choices', 'label_config_invalid', /^the labeling config, line 1, column 1: /],
      ['not closed', '<View>\n<Text name="a"', 'label_config_invalid', new RegExp(`^${open}`)],
      [
        'a DOCTYPE',
        `<!DOCTYPE View [<!ENTITY a "b">]>${SENTIMENT}`,
        'label_config_invalid',
        /^the labeling config, line 1, column 1: .*DOCTYPE/,
      ],
      [
        'no control that the model fills',
        UNFIT,
        'no_model_fits',
        "no model fits this labeling config, which has OcrLabels 'label' on Pdf: use a control that a model fills, or " +
          'add a model. There are Choices on Text or HyperText (sentiment); Labels on Text (substring)',
      ],
      [
        'other labels',
        SENTIMENT.replace('"Positive"', '"Ham"').replace('"Negative"', '"Späm 你"'),
        'label_mismatch',
        "the model 'sentiment' predicts Negative, Positive; the config's Choices 'sentiment' has Ham, Späm 你. " +
          'None is in common: map them, such as with predicted_values="Negative" on a label, or use another model',
      ],
      [
        'another mode',
        SENTIMENT.replace('"single"', '"multiple"'),
        'no_model_fits',
        /choice="single".*'sentiment' has choice="multiple"/,
      ],
    ];
    for (const [name, config, code, message] of CASES) {
      it(name, async () => {
        const tasks = tasksOf(['good']);
        expectError(await backend.setup({ project: '1', schema: config }), 422, code, message);
        const predict = await backend.predict({ tasks, label_config: config });
        if (code === 'label_config_invalid') expectError(predict, 422, code, message);
        else {
          const refusal = refusalOf(predict);
          assert.equal(refusal.code, code);
          expectMessage(refusal.message, message);
        }
        expectError(await backend.post('/validate', { config }), 422, code, message);
      });
    }

    it('is said in the status where the items of all tasks would be larger than a body may be', async () => {
      const reply = await backend.predict({ tasks: new Array(2_000).fill({}), label_config: UNFIT });
      expectError(reply, 422, 'no_model_fits', /Pdf/);
    });

    it('says that there is none', async () => {
      const fresh = await startBackend();
      try {
        const reply = await fresh.predict({ tasks: tasksOf(['good']), project: '1' });
        expectError(reply, 400, 'no_label_config', /send \/setup first, or label_config with the request$/);
      } finally {
        await fresh.stop();
      }
    });
  });

  it('knows no such model', async () => {
    const body = { tasks: [], schema: SENTIMENT, label_config: SENTIMENT, config: SENTIMENT };
    for (const path of ['/predict', '/setup', '/validate'])
      expectError(
        await backend.post(`/models/other${path}`, body),
        404,
        'model_unknown',
        "there is no model 'other'; there is sentiment, substring",
      );
    expectError(
      await backend.post('/models/%zz/predict', body),
      404,
      'model_unknown',
      "there is no model '%zz'; there is sentiment, substring",
    );
    expectError(
      await backend.get('/models/other/versions'),
      404,
      'model_unknown',
      "there is no model 'other'",
    );
  });

  it('names the URL to use where the path is wrong', async () => {
    const { url } = backend;
    const right = `: the backend's URL in Label Studio is ${url}, or ${url}/models/<name>; the README lists all paths`;
    // What Label Studio asks for where its URL ends in /predict, in /models/sentiment/setup, and in a long path.
    for (const path of ['/predict/health', '/models/sentiment/setup/health', '/nothing'])
      expectError(await backend.get(path), 404, 'not_found', `there is no ${path} here${right}`);
    const long = await backend.get(`/${'x'.repeat(900)}`);
    expectError(long, 404, 'not_found', `there is no /${'x'.repeat(56)}... here${right}`);
    assert.isAtMost((long.body as ErrorBody).message.length, 300);
    // And in /models, whose health is taken for that of a model.
    const taken = `/models/setup takes GET, HEAD, OPTIONS alone${right}`;
    expectError(await backend.post('/models/setup', {}), 405, 'method_not_allowed', taken);
    const strange = await backend.get('/nothing', { headers: { host: `${'x'.repeat(80)}.localhost` } });
    assert.include(
      (strange.body as ErrorBody).message,
      'is http://host:port, or http://host:port/models/<name>;',
    );
  });

  it('knows no such path, method or job', async () => {
    expectError(await backend.get('/nothing'), 404, 'not_found', /^there is no \/nothing here: /);
    expectError(await backend.post('/models', {}), 404, 'not_found', /^there is no \/models here: /);
    for (const path of ['/predict', '/setup', '/webhook'])
      expectError(await backend.get(path), 405, 'method_not_allowed', /^\/\w+ takes POST, OPTIONS alone: /);
    expectError(await backend.send('DELETE', '/health', null), 405, 'method_not_allowed', /alone/);
    expectError(await backend.send('PROPFIND', '/health', null), 405, 'method_not_allowed', /alone/);
    expectError(await backend.post('/job_status', { job: 'x' }), 410, 'job_unknown', /^there is no job 'x'/);
  });

  describe('request ids', () => {
    it('are given, and taken from the request when they are plain', async () => {
      const ids = [
        (await backend.get('/health')).headers['x-request-id'],
        (await backend.get('/health')).headers['x-request-id'],
      ];
      assert.notEqual(ids[0], ids[1]);
      const given = await backend.get('/health', { headers: { 'x-request-id': 'abc-1' } });
      assert.equal(given.headers['x-request-id'], 'abc-1');
      const strange = await backend.get('/health', { headers: { 'x-request-id': 'a"b c' } });
      assert.match(strange.headers['x-request-id'] as string, /^[\w.-]+$/);
    });

    it('are in the log, on the line of the request and on that of its error', async () => {
      const { body } = await backend.post<ErrorBody>('/predict', {});
      const line = await backend.log.line(
        each => each.request_id === body.request_id && each.msg === 'request',
      );
      assert.include(line, { path: '/predict', status: 400, method: 'POST' });
      const error = backend.log.lines.find(
        each => each.request_id === body.request_id && each.code !== undefined,
      );
      assert.include(error!, { msg: body.message, level: 40 });
    });
  });
});

describe('reasonPhrase', () => {
  it('keeps one line, and what a status line cannot hold as character references', () => {
    assert.equal(reasonPhrase('naïve\r\n  a\tb\x7f Ж 😀 \x80\ud83d'), 'naïve a b? &#1046; &#128512; ??');
    assert.equal(reasonPhrase('the config has 人, Ham'), 'the config has &#20154;, Ham');
  });

  it('keeps markup from becoming tags and references in a page', () => {
    assert.equal(reasonPhrase('/models/<name>: use {"a": \'b\'}'), '/models/&lt;name&gt;: use {"a": \'b\'}');
    assert.equal(
      reasonPhrase('Drums & Bass, R&D, &lt; &#20154;'),
      'Drums & Bass, R&amp;D, &amp;lt; &amp;#20154;',
    );
  });

  it('ends in ... beyond 300 characters, however they are written', () => {
    assert.equal(reasonPhrase('人'.repeat(300)), '&#20154;'.repeat(300));
    assert.equal(reasonPhrase('人'.repeat(301)), `${'&#20154;'.repeat(297)}...`);
    assert.equal(reasonPhrase('x'.repeat(300)), 'x'.repeat(300));
    assert.equal(reasonPhrase('x'.repeat(301)), `${'x'.repeat(297)}...`);
  });
});
