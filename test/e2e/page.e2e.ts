import { appendFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from 'chai';
import { Markdown } from '../markdown.js';
import { freePort } from '../support/free-port.js';
import { Browser } from './browser.js';
import {
  type Backend,
  labelStudio,
  modelDir,
  SENTIMENT_CONFIG,
  shippedVersion,
  startBackend,
  stopAll,
} from './world.js';

/** Every word that `docs/troubleshooting.md` says Label Studio shows, or this server logs, is looked for there. */

const MODELS = fileURLToPath(new URL('../../models', import.meta.url));
const CONFIG =
  '<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text" choice="single">' +
  '<Choice value="Positive"/><Choice value="Negative"/></Choices></View>';
const NEAR_CONFIG = CONFIG.replace('"Positive"', '"Postive"').replace('"Negative"', '"Negativ"');
const OTHER_CONFIG = CONFIG.replace('"Positive"', '"Spam"').replace('"Negative"', '"Ham"');
const RANKER_CONFIG = '<View><List name="list" value="$items"/><Ranker name="rank" toName="list"/></View>';
const TOPIC_CONFIG = SENTIMENT_CONFIG.replace('"sentiment"', '"topic"').replaceAll('tive"', 'tron"');
const LABELS_CONFIG =
  '<View><Labels name="part" toName="text"><Label value="Dish"/><Label value="Price"/></Labels>' +
  '<Text name="text" value="$text"/></View>';
const URL_CONFIG = CONFIG.replace('<Text ', '<Text valueType="url" ');
/** The addresses, versions and folders of the page's examples. */
const EXAMPLE = {
  url: 'http://localhost:9090',
  labelStudio: 'http://localhost:8080',
  models: 'models',
  version: '20260501-101500-3fa94c',
};

describe('what a user sees', () => {
  let browser: Browser;
  let docs: Markdown;
  let backend: Backend;
  const compared = new Set<string>();

  before(async () => {
    docs = await Markdown.read('docs/troubleshooting.md');
    browser = await Browser.open(labelStudio());
    backend = await startBackend();
  });
  after(async () => {
    await browser?.stop();
    await stopAll();
  });

  const plain = (text: string) => text.replace(/\s+/g, ' ').trim();

  /** What was shown, with the names of the examples in the place of the real ones. */
  function asInDocs(shown: string, real: Partial<typeof EXAMPLE>): string {
    let text = plain(shown);
    for (const [name, value] of Object.entries({ url: backend.url, ...real })) {
      text = text.replaceAll(value, EXAMPLE[name as keyof typeof EXAMPLE]);
    }
    return text;
  }

  function blocksOf(heading: string, language: string): string[] {
    const blocks = docs.blocks(language, docs.section(heading));
    assert.isNotEmpty(blocks, heading);
    for (const block of blocks) compared.add(block);
    return blocks.map(plain);
  }

  /** The words of a section must stand in what was shown. */
  function assertShown(heading: string, shown: readonly string[], real: Partial<typeof EXAMPLE> = {}): void {
    const all = shown.map(text => asInDocs(text, real)).join('\n');
    for (const block of blocksOf(heading, 'text')) {
      assert.isTrue(all.includes(block), `${heading}: '${block}' is not in\n${all}`);
    }
  }

  /** Waits until the server has logged what a section says. */
  async function logged(heading: string, server: Backend, real: Partial<typeof EXAMPLE> = {}): Promise<void> {
    for (const block of blocksOf(heading, 'log')) {
      await server.process.line(line => asInDocs(line, real).includes(block) || undefined);
    }
  }

  /** A project with one task. */
  async function newProject(config = CONFIG, data: Record<string, unknown> = { text: 'I love it' }) {
    const project = await labelStudio().createProject(config);
    await labelStudio().importTasks(project, [data]);
    return project;
  }

  async function connected(
    config: string,
    { url }: Backend,
    data?: Record<string, unknown>,
  ): Promise<number> {
    const project = await newProject(config, data);
    assert.equal(await browser.connect(project, url), '');
    assert.equal(await browser.state(project), 'Connected');
    return project;
  }

  /** A server with the shipped model and a recipe. */
  async function startRecipe(): Promise<Backend> {
    const models = await modelDir('sentiment');
    await cp(join(MODELS, 'text-classifier'), join(models, 'text-classifier'), { recursive: true });
    return startBackend({ MODEL_DIR: models });
  }

  /** Presses Start Training, and waits for the end. @returns what was shown */
  async function trained(project: number, { url }: Backend): Promise<string> {
    const shown = await browser.startTraining(project);
    const { jobs } = (await (await fetch(`${url}/api/jobs`)).json()) as { jobs: { id: string }[] };
    // They end with the job.
    await (await fetch(`${url}/api/jobs/${jobs[0]!.id}/events`)).text();
    return shown;
  }

  /** What Send Test Request shows; quotes within JSON as the docs write them. */
  async function tested(project: number): Promise<string> {
    return (await browser.testRequest(project)).replaceAll('\\"', '"');
  }

  it('when no server answers', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    assertShown('The server cannot be reached', [await browser.connect(await newProject(), url)], { url });
  });

  it('when the path is wrong', async () => {
    const shown = await browser.connect(await newProject(), `${backend.url}/predict`);
    assertShown('The URL has a wrong path', [shown]);
  });

  it('when the URL names no model', async () => {
    const shown = await browser.connect(await newProject(), `${backend.url}/models/sentimnt`);
    assertShown('The URL names a model that is not there', [shown]);
  });

  it('when the password is missing or wrong', async () => {
    const { url } = await startBackend({ BASIC_AUTH_USER: 'me', BASIC_AUTH_PASS: 'secret' });
    const project = await newProject();
    assertShown('The password is missing', [await browser.connect(project, url)]);
    const wrong = await browser.connect(project, url, { user: 'me', pass: 'secrte' });
    assertShown('The password is wrong', [wrong]);
  });

  it('when no model fits', async () => {
    const items = [{ id: 'a', title: 'a' }];
    const shown = await browser.connect(await newProject(RANKER_CONFIG, { items }), backend.url);
    assertShown('No model fits', [shown]);
  });

  it('when two models fit', async () => {
    const { url } = await startBackend({ MODEL_DIR: await modelDir('reviews', 'sentiment') });
    assertShown('Two models fit', [await browser.connect(await newProject(), url)]);
  });

  it('when labels are misspelt', async () => {
    const shown = await browser.connect(await newProject(NEAR_CONFIG), backend.url);
    assertShown('The labels are nearly those of the model', [shown]);
  });

  it('when a version is broken', async () => {
    const models = await modelDir('sentiment');
    const version = await shippedVersion();
    await appendFile(join(models, 'sentiment', 'versions', version, 'model.onnx'), 'damaged');
    const { url } = await startBackend({ MODEL_DIR: models });
    const shown = await browser.connect(await newProject(), url);
    assertShown('The version of the model is broken', [shown], { models, version });
  });

  it('when the labels change later', async () => {
    const project = await connected(CONFIG, backend);
    await labelStudio().ask('PATCH', `/projects/${project}/`, { label_config: OTHER_CONFIG });
    const shown = [await browser.state(project), await browser.saveAgain(project)];
    assertShown('The card says Error', shown);
    assert.include(await tested(project), '"code": "label_mismatch"');
    await labelStudio().ask('PATCH', `/projects/${project}/`, { label_config: CONFIG });
    assert.equal(await browser.state(project), 'Connected');
  });

  it('when the server is down', async () => {
    const down = await startBackend();
    const project = await connected(CONFIG, down);
    await down.process.stop();
    const shown = [await browser.state(project), await tested(project)];
    assertShown('The card says Disconnected', shown);
    assert.include(await browser.saveAgain(project), 'Connection refused');
  });

  it('when the model is not trained yet, and when its training failed', async () => {
    const server = await startRecipe();
    const project = await connected(TOPIC_CONFIG, server);
    assertShown('Connected, but there are no predictions yet', [await tested(project)]);
    const shown = [await trained(project, server), await tested(project)];
    assertShown('A training failed', shown);
  });

  it('when a model cannot answer Auto-Annotation', async () => {
    const models = await modelDir();
    await cp(join(MODELS, 'token-tagger'), join(models, 'token-tagger'), { recursive: true });
    const server = await startBackend({ MODEL_DIR: models });
    const text = 'The soup was wonderful and cheap.';
    const project = await labelStudio().createProject(LABELS_CONFIG);
    const [task] = await labelStudio().importTasks(project, [{ text }]);
    await labelStudio().connect(project, server.url, { is_interactive: true });
    const shown = await browser.markWithAutoAnnotation(project, task!, text, 'Dish');
    assert.notInclude(shown, 'not trained');
    await logged('Auto-Annotation adds nothing', server);
  });

  it('when a file cannot be read', async () => {
    const project = await connected(URL_CONFIG, backend, { text: 'http://10.0.0.5:9000/review.txt' });
    const heading = 'A file of a task cannot be read';
    assertShown(heading, [await tested(project)]);
    await logged(heading, backend);
  });

  it('when webhooks are refused', async () => {
    const auth = { user: 'me', pass: 'secret' };
    const server = await startBackend({ BASIC_AUTH_USER: auth.user, BASIC_AUTH_PASS: auth.pass });
    const project = await newProject();
    assert.equal(await browser.connect(project, server.url, auth), '');
    assert.equal(await browser.state(project), 'Connected');
    const [task] = await labelStudio().importTasks(project, [{ text: 'I hate it' }]);
    await labelStudio().ask('POST', `/tasks/${task}/annotations/`, { result: [], was_cancelled: true });
    const heading = 'Webhooks are refused';
    assertShown(heading, await browser.webhooks(project), { url: server.url });
    await logged(heading, server);
  });

  it('when Label Studio refuses its own token', async () => {
    const settings = { api_tokens_enabled: true, api_token_ttl_days: 1, legacy_api_tokens_enabled: true };
    await labelStudio().ask('POST', '/jwt/settings', settings);
    const token = await labelStudio().personalToken();
    const bearer = await labelStudio().bearer(token);
    const server = await startRecipe();
    await labelStudio().ask('POST', '/jwt/settings', { ...settings, legacy_api_tokens_enabled: false });
    await labelStudio().authorizedBy(bearer, async () => {
      try {
        const project = await connected(TOPIC_CONFIG, server);
        await trained(project, server);
        const heading = 'Label Studio refuses its own token';
        // As it names itself to backends.
        const real = { labelStudio: `http://localhost:${new URL(labelStudio().url).port}` };
        assertShown(heading, [await tested(project)], real);
        await logged(heading, server, real);
      } finally {
        await labelStudio().ask('POST', '/jwt/settings', settings);
      }
    });
  });

  it('is all that the page says', () => {
    const all = [...docs.blocks('text'), ...docs.blocks('log')];
    assert.sameMembers([...compared], [...new Set(all)]);
  });
});
