import { cp, mkdir } from 'node:fs/promises';
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
  labelStudio,
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
/** Making a database takes a minute. */
const START_MS = 300_000;

interface Project {
  id: number;
  created_at: string;
}

describe('two Label Studios with projects of the same ids', () => {
  let backend: Backend;
  let dataDir: string;
  const studios = {} as Record<Name, LabelStudio>;
  const keys = {} as Record<Name, string>;
  const tasks = {} as Record<Name, number>;
  /** The id of both projects. */
  let id: number;

  before(async function () {
    this.timeout(START_MS);
    const models = await modelDir('sentiment');
    await cp(RECIPE, join(models, 'text-classifier'), { recursive: true });
    dataDir = await folder('data');
    backend = await startBackend({ DATA_DIR: dataDir, MODEL_DIR: models, RELOAD_CRON: '* * * * * *' });
    const port = await freePort();
    const host = `http://127.0.0.1:${port}`;
    studios.a = labelStudio();
    studios.b = await startLabelStudio(await folder('another'), { port, host });
    id = (await studios.a.createProject(URL_CONFIG)) + 1;
    while ((await studios.b.createProject(URL_CONFIG)) < id - 1);
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

  /** Makes the next project of a Label Studio, with a review that was uploaded. @returns its key */
  async function connected(name: Name): Promise<string> {
    const studio = studios[name];
    assert.equal(await studio.createProject(URL_CONFIG), id);
    const text = await studio.upload(id, 'review.txt', new Blob([REVIEWS[name]], { type: 'text/plain' }));
    [tasks[name]] = (await studio.importTasks(id, [{ text }])) as [number];
    const { status, body } = await studio.connect(id, backend.url);
    assert.equal(status, 201, JSON.stringify(body));
    const { created_at } = await studio.ask<Project>('GET', `/projects/${id}`);
    return `${id}.${Math.floor(Date.parse(created_at) / 1_000)}`;
  }
  const version = async (name: Name) => (await studios[name].backends(id))[0]!.model_version!;
  const predicted = async (name: Name) => {
    await studios[name].retrievePredictions(id);
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
      await studios[name].ask('PATCH', `/projects/${id}`, { label_config: SITES_CONFIG });
      const [connection] = await studios[name].backends(id);
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
      await studios[name].ask('PATCH', `/projects/${id}`, { label_config: URL_CONFIG });
    }
  });

  it('must be told apart by whoever names an id alone', async () => {
    const { status, body } = await get<{ code: string; message: string }>(`/versions?project=${id}`);
    assert.equal(status, 409);
    assert.equal(body.code, 'project_ambiguous');
    for (const name of NAMES) assert.include(body.message, `${keys[name]} of http://`);
  });

  it('lose what is theirs alone', async () => {
    assert.equal((await post('/delete', { project: keys.b })).status, 200);
    assert.equal((await get(`/api/projects/${keys.b}`)).status, 404);
    assert.equal((await get(`/api/projects/${keys.a}`)).status, 200);
    const event = { action: 'PROJECT_DELETED', project: { id } };
    // Of its Label Studio, which still has it, it is not told.
    assert.equal((await post('/webhook', event)).status, 200);
    assert.equal((await get(`/api/projects/${keys.a}`)).status, 200);
    assert.deepEqual(await predicted('a'), ['Positive', `sentiment:${await shippedVersion()}`]);
  });
});
