import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { open } from 'lmdb';
import { dataLayout } from '../src/data-folder/layout.js';
import type { Job } from '../src/training/job.js';
import { servedBy } from './registry/support.js';
import { startBackend, type TestBackend } from './support/backend.js';
import { SENTIMENT } from './support/configs.js';
import { temporaryFolder } from './support/folder.js';
import { addVersion } from './support/models.js';
import { serve, stopServers } from './task-data/servers.js';

const TRAINED = '20260101-000000-aaaaaa';
/** Half a year before that. */
const CREATED = Date.parse('2025-07-01T10:00:00.5Z');
const KEY = `4.${Math.floor(CREATED / 1_000)}`;
const TOPICS =
  '<View><Text name="text" value="$text"/><Choices name="topic" toName="text"><Choice value="A"/><Choice value="B"/></Choices></View>';

/** What a release kept that knew projects by their ids alone, entry by entry. */
function entriesOf(hostname: string): [string[], unknown][] {
  const project = { labelConfig: SENTIMENT, hostname, accessToken: 'abc', extraParams: {} };
  const job = {
    id: '0b7d1f0e-2f0f-4d5a-9c61-6a3c7f8d1c11',
    kind: 'train',
    model: 'topics',
    project: '4',
    event: 'START_TRAINING',
    status: 'queued',
    created: '2026-02-01T10:00:00.000Z',
    attempts: 0,
  };
  const input = { data: {}, labelConfig: TOPICS };
  return [
    [['project', '4'], project],
    [['project', '5'], { ...project, labelConfig: TOPICS }],
    [['last-project'], '4'],
    [['state', '4', 'my-model', 'model_version'], 'my-model:0.0.2'],
    [
      ['pending', '4', 'text-classifier'],
      { ...input, model: 'text-classifier', project: '4', count: 7, event: 'ANNOTATION_CREATED' },
    ],
    [['job', job.id], job],
    [['job-input', job.id], input],
  ];
}

async function withDatabase<T>(
  dataDir: string,
  work: (db: ReturnType<typeof open<unknown, string[]>>) => T,
): Promise<T> {
  const db = open<unknown, string[]>({ path: dataLayout(dataDir).state, encoding: 'json' });
  try {
    return work(db);
  } finally {
    await db.close();
  }
}

const entries = (dataDir: string) =>
  withDatabase(dataDir, db => [...db.getRange()].map(({ key, value }) => [key, value]));
const KNOWN = /knows 2 projects by their ids alone \(4, 5\)/;

describe('a DATA_DIR of a release that knew projects by their ids alone', () => {
  let dataDir: string;
  let backend: TestBackend;
  let hostname: string;

  before(async () => {
    // It answers nothing, so that trainings wait for it.
    ({ url: hostname } = await serve(() => {}));
    dataDir = await temporaryFolder();
    await withDatabase(dataDir, db => {
      for (const [key, value] of entriesOf(hostname)) db.putSync(key, value);
    });
    await addVersion(join(dataDir, 'projects/4/models/sentiment'), TRAINED);
    backend = await startBackend({ DATA_DIR: dataDir });
  });
  after(async () => {
    await backend.stop();
    await stopServers();
  });

  const jobs = async (project: string) =>
    (await backend.get<{ jobs: Job[] }>(`/api/jobs?project=${project}`)).body.jobs.map(({ id }) => id);

  it('is taken over at the start, with a line in the log', async () => {
    await backend.log.line(({ msg }) => KNOWN.test(msg));
    const since = new Map((await entries(dataDir)).map(([key, value]) => [String(key), value]));
    assert.deepEqual(since.get('undated,4'), { since: '2026-01-01T00:00:00.000Z' });
    assert.property(since.get('undated,5'), 'since');
  });

  it('serves as before, and keeps its job and what was counted', async () => {
    assert.equal(await servedBy(backend, '4'), `sentiment:${TRAINED}`);
    assert.lengthOf(await jobs('4'), 1);
  });

  it('is the same for a Label Studio that tells when its project was created', async () => {
    const body = { project: KEY, schema: SENTIMENT, hostname, access_token: 'abc' };
    assert.equal((await backend.setup(body)).body.model_version, `sentiment:${TRAINED}`);
    await backend.log.line(({ msg }) =>
      msg.startsWith(`project 4, which was known by its id alone, is ${KEY}`),
    );
    assert.equal(await servedBy(backend, KEY), `sentiment:${TRAINED}`);
    assert.lengthOf(await jobs(KEY), 1);
    const result = [{ type: 'choices', value: { choices: ['A'] } }];
    const project = { id: 4, created_at: new Date(CREATED).toISOString(), label_config: TOPICS };
    const event = { action: 'ANNOTATION_CREATED', project, annotation: { id: 1, result }, task: { id: 1 } };
    assert.equal((await backend.post('/models/text-classifier/webhook', event)).status, 200);
    const [pending] = (await entries(dataDir)).filter(([key]) => String(key) === 'pending,4,text-classifier');
    assert.propertyVal(pending![1], 'count', 8);
  });

  it('is none of a Label Studio that was set up anew', async () => {
    const reset = `4.${Math.floor(Date.parse('2026-03-01') / 1_000)}`;
    const { body } = await backend.setup({ project: reset, schema: SENTIMENT, hostname });
    assert.notInclude(body.model_version, TRAINED);
    assert.deepEqual(await jobs(reset), []);
    await backend.post('/delete', { project: reset });
  });

  it('is not changed by a second start', async () => {
    await backend.stop();
    const before = [await entries(dataDir), await readdir(join(dataDir, 'projects'))];
    backend = await startBackend({ DATA_DIR: dataDir });
    assert.deepEqual([await entries(dataDir), await readdir(join(dataDir, 'projects'))], before);
    assert.isFalse(backend.log.lines.some(({ msg }) => /by their ids alone/.test(msg)));
    assert.equal(await servedBy(backend, KEY), `sentiment:${TRAINED}`);
  });
});
