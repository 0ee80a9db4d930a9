import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import { freePort } from '../support/free-port.js';
import { type ProxyServer, startProxy } from '../support/proxy.js';
import { LabelStudio, type StoredPrediction } from './label-studio.js';
import { type PrefixServer, startPrefix } from './prefix.js';
import { folder, labelStudio, record, SENTIMENT_CONFIG, startBackend, stopAll } from './world.js';

const URL_CONFIG = SENTIMENT_CONFIG.replace('value="$text"', 'value="$text" valueType="url"');
const GOOD = 'I love this phone, it works great and the battery is excellent.';
const BAD = 'Worst food ever, the service was terrible and rude.';
const PREFIX = '/ls';
/** What the proxy alone knows the shared Label Studio by. */
const PROXIED = 'http://studio.example.org';
const START_MS = 300_000;

/** Uploads texts to a new project of a certain id, with a task for each; every other one holds the whole address. */
async function projectOf(studio: LabelStudio, texts: readonly string[], outer: string, id = 0) {
  let project: number;
  do project = await studio.createProject(URL_CONFIG);
  while (project < id);
  const data: { text: string }[] = [];
  for (const [at, text] of texts.entries()) {
    const path = await studio.upload(project, 'review.txt', new Blob([text], { type: 'text/plain' }));
    const { pathname, origin } = new URL(outer);
    const shown = (pathname === '/' ? '' : pathname) + path;
    data.push({ text: at % 2 === 0 ? shown : origin + shown });
  }
  return { project, tasks: await studio.importTasks(project, data), data };
}

/** What Label Studio stores when it retrieves predictions from a backend. */
async function predicted(studio: LabelStudio, project: number, tasks: readonly number[], url: string) {
  const { status, body } = await studio.connect(project, url);
  assert.equal(status, 201, JSON.stringify(body));
  await studio.retrievePredictions(project);
  const all = await Promise.all(tasks.map(task => studio.predictions(task)));
  return all.map(([prediction]: StoredPrediction[]) => prediction?.result[0]?.value.choices?.join());
}

describe('addresses of Label Studio', function () {
  this.timeout(START_MS);
  let prefixed: LabelStudio;
  let nginx: PrefixServer;
  let proxy: ProxyServer;
  let outer: string;

  before(async () => {
    const port = await freePort();
    outer = `http://127.0.0.1:${port}${PREFIX}`;
    prefixed = await LabelStudio.start(await folder('prefixed'), { host: outer });
    nginx = await startPrefix(await folder('nginx'), { port, prefix: PREFIX, target: prefixed.url });
    proxy = await startProxy({ [new URL(PROXIED).host]: new URL(labelStudio().url).host });
  });
  after(async () => {
    await stopAll();
    await nginx?.stop();
    await prefixed?.stop();
    await proxy?.stop();
  });

  it('may be inner ones, while tasks hold those of nginx with a path', async () => {
    const recorder = await record(prefixed.url);
    const { url } = await startBackend({
      LABEL_STUDIO_URL: recorder.url,
      LABEL_STUDIO_API_KEY: LabelStudio.TOKEN,
    });
    const { project, tasks, data } = await projectOf(prefixed, [GOOD, BAD], outer);
    assert.isTrue(data[0]!.text.startsWith(`${PREFIX}/data/upload/`), data[0]!.text);
    assert.isTrue(data[1]!.text.startsWith(`${outer}/data/upload/`), data[1]!.text);
    assert.deepEqual(await predicted(prefixed, project, tasks, url), ['Positive', 'Negative']);
    const reads = recorder.calls.filter(({ path }) => path.startsWith('/data/upload/'));
    assert.lengthOf(reads, 2);
    for (const { headers } of reads) assert.equal(headers.authorization, `Token ${LabelStudio.TOKEN}`);
  });

  it('may be those of nginx, with the path', async () => {
    const { url } = await startBackend({ LABEL_STUDIO_URL: outer, LABEL_STUDIO_API_KEY: LabelStudio.TOKEN });
    const { project, tasks } = await projectOf(prefixed, [BAD, GOOD], outer);
    assert.deepEqual(await predicted(prefixed, project, tasks, url), ['Negative', 'Positive']);
  });

  it('may be behind a proxy and behind nginx, and of one that was reset, of projects with one id for one backend', async () => {
    const backend = await startBackend({
      HTTP_PROXY: proxy.url,
      NO_PROXY: '127.0.0.1',
      LABEL_STUDIO_URL: PROXIED,
      LABEL_STUDIO_API_KEY: LabelStudio.TOKEN,
    });
    const expectPredictions = async (
      studio: LabelStudio,
      { project, tasks }: Awaited<ReturnType<typeof projectOf>>,
      ...choices: string[]
    ) => assert.deepEqual(await predicted(studio, project, tasks, backend.url), choices);

    const id =
      Math.max(await labelStudio().createProject(URL_CONFIG), await prefixed.createProject(URL_CONFIG)) + 1;
    const one = await projectOf(labelStudio(), [GOOD, BAD], PROXIED, id);
    // Projects are told apart by the second of their creation.
    await setTimeout(1_000);
    const other = await projectOf(prefixed, [BAD, GOOD], outer, id);
    assert.deepEqual([one.project, other.project], [id, id]);
    await expectPredictions(labelStudio(), one, 'Positive', 'Negative');
    await expectPredictions(prefixed, other, 'Negative', 'Positive');

    const { port } = new URL(prefixed.url);
    await prefixed.stop();
    prefixed = await LabelStudio.start(await folder('reset'), { host: outer, port: Number(port) });
    const anew = await projectOf(prefixed, [GOOD, GOOD, BAD], outer, id);
    await expectPredictions(prefixed, anew, 'Positive', 'Positive', 'Negative');
    assert.isNotEmpty(proxy.asked);
    for (const asked of proxy.asked) assert.include(asked, ` ${PROXIED}/`);

    const known = await fetch(`${backend.url}/api/projects/${id}`);
    const { code, message } = (await known.json()) as { code: string; message: string };
    assert.equal(code, 'project_ambiguous');
    assert.lengthOf([...message.matchAll(new RegExp(`\\b${id}\\.\\d{10}\\b`, 'g'))], 3, message);
  });
});
