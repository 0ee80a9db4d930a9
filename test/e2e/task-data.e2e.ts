import { assert } from 'chai';
import type { StoredPrediction } from './label-studio.js';
import { Storage } from './storage.js';
import { labelStudio, record, SENTIMENT_CONFIG, startBackend, stopAll } from './world.js';

const URL_CONFIG = SENTIMENT_CONFIG.replace('value="$text"', 'value="$text" valueType="url"');
const REVIEWS = {
  'good.txt': 'I love this phone, it works great and the battery is excellent.',
  'bad.txt': 'Worst food ever, the service was terrible and rude.',
} as const;
const BUCKET = 'reviews';

describe("files that tasks point to, behind Label Studio's own login", () => {
  after(stopAll);

  /** A project with a task for each review, uploaded as a file. */
  async function projectOfUploads(
    url: string,
  ): Promise<{ project: number; backend: number; tasks: number[] }> {
    const project = await labelStudio().createProject(URL_CONFIG);
    const files: { text: string }[] = [];
    for (const [name, text] of Object.entries(REVIEWS))
      files.push({
        text: await labelStudio().upload(project, name, new Blob([text], { type: 'text/plain' })),
      });
    const tasks = await labelStudio().importTasks(project, files);
    const { status, body } = await labelStudio().connect(project, url);
    assert.equal(status, 201, JSON.stringify(body));
    return { project, backend: body.id, tasks };
  }

  async function choices(tasks: readonly number[]): Promise<(string | undefined)[]> {
    const predictions = await Promise.all(tasks.map(task => labelStudio().predictions(task)));
    return predictions.map(([prediction]: StoredPrediction[]) =>
      prediction?.result[0]?.value.choices?.join(),
    );
  }

  it('are read with the token that Label Studio sends with the setup', async () => {
    const { url } = await startBackend();
    const { project, tasks } = await projectOfUploads(url);
    await labelStudio().retrievePredictions(project);
    assert.deepEqual(await choices(tasks), ['Positive', 'Negative']);
  });

  it('are read with a personal access token, when the legacy tokens are switched off', async () => {
    const settings = { api_tokens_enabled: true, api_token_ttl_days: 1, legacy_api_tokens_enabled: true };
    await labelStudio().ask('POST', '/jwt/settings', settings);
    const token = await labelStudio().personalToken();
    const bearer = await labelStudio().bearer(token);

    const without = await startBackend();
    const recorder = await record(labelStudio().url);
    const withToken = await startBackend({ LABEL_STUDIO_URL: recorder.url, LABEL_STUDIO_API_KEY: token });
    const refused = await projectOfUploads(without.url);
    const served = await projectOfUploads(withToken.url);

    const switched = { ...settings, legacy_api_tokens_enabled: false };
    await labelStudio().ask('POST', '/jwt/settings', switched);
    await labelStudio().authorizedBy(bearer, async () => {
      const { errors } = await labelStudio().annotateInteractively(refused.backend, refused.tasks[0]!);
      assert.match(errors!.join(), /cannot read '\/data\/upload\/.*HTTP 401; check LABEL_STUDIO_API_KEY/);

      await labelStudio().retrievePredictions(served.project);
      assert.deepEqual(await choices(served.tasks), ['Positive', 'Negative']);
      await labelStudio().ask('POST', '/jwt/settings', settings);
    });
    assert.lengthOf(recorder.of('/api/token/refresh/'), 1);
    const reads = recorder.calls.filter(({ path }) => path.startsWith('/data/upload/'));
    assert.lengthOf(reads, 2);
    for (const { headers } of reads) assert.match(headers.authorization!, /^Bearer /);
  });

  it('are read from a cloud storage through the signed URL that Label Studio makes', async () => {
    const storage = await Storage.start(BUCKET, REVIEWS);
    try {
      const allowed = await startBackend({ ALLOW_HOSTS: storage.host });
      const strict = await startBackend();
      const project = await labelStudio().createProject(URL_CONFIG);
      await labelStudio().ask('POST', '/storages/s3', {
        project,
        bucket: BUCKET,
        s3_endpoint: storage.url,
        region_name: 'eu-central-1',
        aws_access_key_id: 'key',
        aws_secret_access_key: 'secret',
        presign: true,
      });
      const uris = Object.keys(REVIEWS).map(key => ({ text: `s3://${BUCKET}/${key}` }));
      const tasks = await labelStudio().importTasks(project, uris);
      const { status, body } = await labelStudio().connect(project, strict.url);
      assert.equal(status, 201, JSON.stringify(body));
      const { errors } = await labelStudio().annotateInteractively(body.id, tasks[0]!);
      assert.include(errors!.join(), `set ALLOW_HOSTS=${storage.host}`);
      assert.lengthOf(storage.requests, 0);

      await labelStudio().ask('PATCH', `/ml/${body.id}`, { url: allowed.url, project });
      await labelStudio().retrievePredictions(project);
      assert.deepEqual(await choices(tasks), ['Positive', 'Negative']);
      for (const { searchParams } of storage.requests)
        assert.isTrue(searchParams.has('X-Amz-Signature') || searchParams.has('Signature'));
    } finally {
      await storage.stop();
    }
  });
});
