import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { assert } from 'chai';
import { freePort } from '../support/free-port.js';
import type { LabelStudio } from './label-studio.js';
import type { Job } from './trainings.js';
import {
  type Backend,
  folder,
  modelDir,
  SENTIMENT_CONFIG,
  shippedVersion,
  startBackend,
  startLabelStudio,
  stopAll,
} from './world.js';

const RECIPE = fileURLToPath(new URL('../../models/text-classifier', import.meta.url));
const URL_CONFIG = SENTIMENT_CONFIG.replace('value="$text"', 'value="$text" valueType="url"');
const SITES_CONFIG =
  '<View><Text name="text" value="$text"/><Choices name="site" toName="text">' +
  '<Choice value="Amazon"/><Choice value="Yelp"/></Choices></View>';
const REVIEWS = {
  a: 'I love this phone, it works great and the battery is excellent.',
  b: 'Worst food ever, the service was terrible and rude.',
} as const;
const NAMES = ['a', 'b'] as const;
type Name = (typeof NAMES)[number];
const TRAINED = '20990101-000000-abcdef';
/** Making a database takes a minute, of two at a time two. */
const START_MS = 400_000;

interface Project {
  id: number;
  created_at: string;
}

describe('two Label Studios with projects of the same ids', () => {
  let backend: Backend;
  let dataDir: string;
  const studios = {} as Record<Name, LabelStudio>;
  const folders = {} as Record<Name, string>;
  const keys = {} as Record<Name, string>;
  /** The key of a project whose Label Studio has forgotten it. */
  let gone: string;
  const tasks = {} as Record<Name, number>;

  before(async function () {
    this.timeout(START_MS);
    const models = await modelDir('sentiment');
    await cp(RECIPE, join(models, 'text-classifier'), { recursive: true });
    dataDir = await folder('data');
    backend = await startBackend({ DATA_DIR: dataDir, MODEL_DIR: models, RELOAD_CRON: '* * * * * *' });
    const open = async (name: Name) => {
      folders[name] = await folder(`label-studio-${name}`);
      const port = await freePort();
      studios[name] = await startLabelStudio(folders[name], { port, host: `http://127.0.0.1:${port}` });
    };
    await Promise.all(NAMES.map(open));
    for (const name of NAMES) {
      keys[name] = await connected(name);
      // The time of creation is told in whole seconds.
      await setTimeout(1_100);
    }
  });
  after(stopAll);

  const get = async <T>(path: string) => {
    const response = await fetch(backend.url + path);
    return { status: response.status, body: (await response.json()) as T };
  };
  const post = (path: string, body: object) =>
    fetch(backend.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  /** Makes the first project of a Label Studio, with a review that was uploaded. @returns its key */
  async function connected(name: Name): Promise<string> {
    const studio = studios[name];
    const id = await studio.createProject(URL_CONFIG);
    assert.equal(id, 1);
    const text = await studio.upload(id, 'review.txt', new Blob([REVIEWS[name]], { type: 'text/plain' }));
    [tasks[name]] = (await studio.importTasks(id, [{ text }])) as [number];
    const { status, body } = await studio.connect(id, backend.url);
    assert.equal(status, 201, JSON.stringify(body));
    const { created_at } = await studio.ask<Project>('GET', `/projects/${id}`);
    return `${id}.${Math.floor(Date.parse(created_at) / 1_000)}`;
  }
  const version = async (name: Name) => (await studios[name].backends(1))[0]!.model_version!;
  const predicted = async (name: Name) => {
    await studios[name].retrievePredictions(1);
    const [prediction] = await studios[name].predictions(tasks[name]);
    return [prediction?.result[0]?.value.choices?.join(), prediction?.model_version];
  };

  it('get predictions of their own files, by their own versions', async () => {
    const models = join(dataDir, 'projects', keys.b, 'models', 'sentiment', 'versions');
    await mkdir(models, { recursive: true });
    const shipped = await shippedVersion();
    const source = fileURLToPath(new URL(`../../models/sentiment/versions/${shipped}`, import.meta.url));
    await cp(source, join(models, TRAINED), { recursive: true });
    while (!(await version('b')).endsWith(TRAINED)) await setTimeout(200);
    assert.equal(await version('a'), `sentiment:${shipped}`);
    assert.deepEqual(await predicted('a'), ['Positive', `sentiment:${shipped}`]);
    assert.deepEqual(await predicted('b'), ['Negative', `sentiment:${TRAINED}`]);
  });

  it('are asked for their annotations each with its own token, in jobs of their own', async () => {
    for (const name of NAMES) {
      await studios[name].ask('PATCH', '/projects/1', { label_config: SITES_CONFIG });
      const [connection] = await studios[name].backends(1);
      assert.equal(connection!.model_version, 'text-classifier:untrained');
      await studios[name].ask('POST', `/ml/${connection!.id}/train`, {});
    }
    const jobs = async () => (await get<{ jobs: Job[] }>('/api/jobs')).body.jobs;
    while (!(await jobs()).every(({ status }) => status === 'failed')) await setTimeout(200);
    const all = (await jobs()) as (Job & { project: string })[];
    assert.sameMembers(
      all.map(({ project }) => project),
      NAMES.map(name => keys[name]),
    );
    // Both were read; nothing is annotated in either.
    for (const { error } of all) assert.match(error!, /needs annotated tasks of two labels or more/);
    for (const name of NAMES) {
      const { body } = await get<{ jobs: Job[] }>(`/api/jobs?project=${keys[name]}`);
      assert.lengthOf(body.jobs, 1);
      await studios[name].ask('PATCH', '/projects/1', { label_config: URL_CONFIG });
    }
  });

  it('must be told apart by whoever names an id alone', async () => {
    const { status, body } = await get<{ code: string; message: string }>('/versions?project=1');
    assert.equal(status, 409);
    assert.equal(body.code, 'project_ambiguous');
    for (const name of NAMES) assert.include(body.message, `${keys[name]} of ${studios[name].url}`);
  });

  it('have nothing of before after one of them was set up anew', async function () {
    this.timeout(START_MS);
    gone = keys.b;
    await studios.b.stop();
    await rm(folders.b, { recursive: true });
    await mkdir(folders.b);
    const { port, origin } = new URL(studios.b.url);
    studios.b = await startLabelStudio(folders.b, { port: Number(port), host: origin });
    keys.b = await connected('b');
    assert.notEqual(keys.b, gone);
    assert.equal(await version('b'), `sentiment:${await shippedVersion()}`);
    assert.deepEqual(await predicted('b'), ['Negative', await version('b')]);
    const jobs = (await get<{ jobs: Job[] }>(`/api/jobs?project=${keys.b}`)).body.jobs;
    assert.isEmpty(jobs);
  });

  it('lose what is theirs alone', async () => {
    assert.equal((await post('/delete', { project: keys.b })).status, 200);
    assert.equal((await get(`/api/projects/${keys.b}`)).status, 404);
    assert.equal((await get(`/api/projects/${keys.a}`)).status, 200);
    const event = { action: 'PROJECT_DELETED', project: { id: 1 } };
    // Which one is meant is not known, and afterwards it is one that its Label Studio still has.
    assert.equal((await post('/webhook', event)).status, 409);
    await post('/delete', { project: gone });
    assert.equal((await post('/webhook', event)).status, 200);
    assert.equal((await get(`/api/projects/${keys.a}`)).status, 200);
    assert.deepEqual(await predicted('a'), ['Positive', `sentiment:${await shippedVersion()}`]);
  });
});
