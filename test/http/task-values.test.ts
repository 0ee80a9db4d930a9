import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody } from '../support/client.js';
import { choiceOf, errorOf } from '../support/results.js';
import { serve, stopServers, type TestServer } from '../task-data/servers.js';

const BAD = 'The food was awful and the service terrible.';
const GOOD = 'The food was wonderful and the service great, I love it.';

const CHOICES = '<Choices name="s" toName="t"><Choice value="Positive"/><Choice value="Negative"/></Choices>';
const configOf = (attributes: string, tag = 'Text') =>
  `<View><${tag} name="t" ${attributes}/>${CHOICES}</View>`;

describe('what a task shows, over HTTP', () => {
  let backend: TestBackend;
  let files: TestServer;
  let projects = 0;

  before(async () => {
    files = await serve((request, response) => {
      const path = decodeURIComponent(request.url!);
      response.statusCode = path.endsWith('bad review.txt') ? 200 : 404;
      response.end(BAD);
    });
    backend = await startBackend({ ALLOW_HOSTS: files.host });
  });
  after(async () => {
    await backend.stop();
    await stopServers();
  });

  async function predict(config: string, ...data: object[]): Promise<readonly unknown[]> {
    const project = String(++projects);
    const setup = await backend.setup({
      project,
      schema: config,
      hostname: files.url,
      access_token: 'token',
    });
    assert.equal(setup.status, 200, setup.reason);
    const tasks = [...data, { t: 'x' }].map((each, id) => ({ id, data: each }));
    const { status, body } = await backend.predict({ tasks, project, label_config: config });
    assert.equal(status, 200);
    return body.results.slice(0, -1);
  }

  /** The choices of each task. */
  async function chosen(config: string, ...data: object[]): Promise<string[]> {
    return (await predict(config, ...data)).map(item => choiceOf(item as never).choice);
  }

  it('is found by a key, a path, or a text with such in it', async () => {
    for (const [value, good, bad] of [
      ['$review.body', { review: { body: GOOD } }, { review: { body: BAD } }],
      ['$reviews[0].body', { reviews: [{ body: GOOD }] }, { reviews: [{ body: BAD }] }],
      ['$title $body', { title: 'Meal', body: GOOD }, { title: 'Meal', body: BAD }],
      ['Review: $body', { body: GOOD }, { body: BAD }],
      ['$技术支持', { 技术支持: GOOD }, { 技术支持: BAD }],
      ['$Review Text', { 'Review Text': GOOD }, { 'Review Text': BAD }],
      ['$a.b', { 'a.b': GOOD }, { 'a.b': BAD }],
      ['$text', { $undefined$: GOOD }, { $undefined$: [BAD] }],
    ] as const)
      assert.deepEqual(
        await chosen(configOf(`value="${value}"`), good, bad),
        ['Positive', 'Negative'],
        value,
      );
  });

  it('is the words of a document', async () => {
    const pages = [
      {
        html: `<head><style>.great,.best{}</style></head><p class="lead love">${BAD}</p><a href="best-great-wonderful">more</a>`,
      },
      { html: 'The food was aw<b>ful</b> and the service ter<wbr>rible.' },
      { html: `<p class="bad awful">${GOOD}</p>` },
    ];
    const config = configOf('value="$html"', 'HyperText');
    assert.deepEqual(await chosen(config, ...pages), ['Negative', 'Negative', 'Positive']);
    const plain = await predict(configOf('value="$html"'), {
      html: 'The food was awful and the service terrible.',
    });
    const marked = await predict(config, pages[1]!);
    assert.equal((marked[0] as { score: number }).score, (plain[0] as { score: number }).score);
  });

  it('is decoded as the tag says', async () => {
    const encoded = [GOOD, BAD].map(text => ({ text: Buffer.from(text).toString('base64') }));
    for (const encoding of ['base64', 'base64unicode'])
      assert.deepEqual(await chosen(configOf(`value="$text" encoding="${encoding}"`), ...encoded), [
        'Positive',
        'Negative',
      ]);
    const [item] = await predict(configOf('value="$text" encoding="base64"'), { text: 'Not base64!' });
    assert.equal(errorOf(item as never).code, 'task_invalid');
  });

  it('is a number or a list as the editor writes it', async () => {
    const [five, words, list] = await predict(
      configOf('value="$text"'),
      { text: 5 },
      { text: '5' },
      { text: [BAD] },
    );
    assert.deepEqual((five as { score: number }).score, (words as { score: number }).score);
    assert.equal(choiceOf(list as never).choice, 'Negative');
  });

  it('is fetched, in each spelling of its address, and an address is never a text', async () => {
    for (const name of ['valueType', 'valuetype']) {
      const config = configOf(`value="$text" ${name}="url"`);
      const addresses = [
        `${files.url}/bad review.txt`,
        `${files.url}/bad%20review.txt\n`,
        '/data/upload/4/bad review.txt',
        '/label-studio/data/upload/4/bad review.txt',
        '/static/bad review.txt',
      ];
      const items = await predict(config, ...addresses.map(text => ({ text })));
      for (const [index, item] of items.slice(0, 5).entries())
        assert.equal(choiceOf(item as never).choice, 'Negative', addresses[index]);
      for (const item of await predict(
        config,
        ...[BAD, 'gone.txt', `${files.url}/gone`, '/data/x'].map(text => ({ text })),
      ))
        assert.equal(errorOf(item as never).code, 'task_unreadable');
    }
  });

  it('is refused at setup where it cannot be known or read', async () => {
    for (const [config, message] of [
      [
        '<View><Repeater on="$reviews" indexFlag="{{idx}}"><Text name="t_{{idx}}" value="$reviews[{{idx}}].body"/>' +
          '<Choices name="s_{{idx}}" toName="t_{{idx}}"><Choice value="Positive"/><Choice value="Negative"/></Choices></Repeater></View>',
        "the model 'sentiment' cannot fill the Choices 's_{{idx}}', which stands in a Repeater: take it out of there, and " +
          "import each of the Repeater's items as a task",
      ],
      [
        '<View><Text name="t" value="$text"/><Choices name="s" toName="t" value="$options"/></View>',
        "the model 'sentiment' needs labels that stand in the config; those of the Choices 's' come from value=\"$options\": " +
          'write a <Choice value="..."/> for each in it',
      ],
      [
        '<View><Text name="t" value="$text"/><Choices name="s" toName="t" apiUrl="https://example.com/x"/></View>',
        "the model 'sentiment' needs labels that stand in the config; those of the Choices 's' come from apiUrl=",
      ],
      [
        configOf('value="$text" resolver="csv|column=a"'),
        'the model \'sentiment\' cannot follow resolver="csv|column=a" of the Text \'t\': import the texts themselves, or use valueType="url"',
      ],
      [
        configOf('value="$text" encoding="gzip"'),
        "the model 'sentiment' cannot decode encoding=\"gzip\" of the Text 't'",
      ],
      [
        configOf('valueList="$texts"'),
        "the model 'sentiment' cannot read the Text 't': it has no value; an Image alone has a valueList",
      ],
    ] as const) {
      const body = { project: '900', schema: config };
      const { status, body: error } = await backend.post<ErrorBody>('/models/sentiment/setup', body);
      assert.equal(status, 422, config);
      assert.equal(error.message.slice(0, message.length), message);
    }
  });
});
