import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody, PredictBody, Reply } from '../support/client.js';
import { SENTIMENT, sentences, tasksOf } from '../support/configs.js';
import { addVersion, flipByte, shippedVersion } from '../support/models.js';

const [OLD, REJECTED, NEW] = [
  '20260101-000000-aaaaaa',
  '20260102-000000-bbbbbb',
  '20260103-000000-cccccc',
] as const;
const PATH = '/api/models/sentiment/versions';

interface Listed {
  project: string | null;
  model: string;
  versions: { version: string; active: boolean; problem: string | null; [field: string]: unknown }[];
}

/** The verdict on a version. */
function verdict(accepted: boolean): Record<string, unknown> {
  return {
    format: 1,
    job: 'j',
    project: '7',
    parent: null,
    created: '2026-01-01T00:00:00Z',
    seconds: 12.5,
    counts: { tasks: 100, held_out: 20 },
    gate: {
      metric: 'accuracy',
      rows: 20,
      candidate: 0.5,
      serving: 0.75,
      tolerance: 0.02,
      outputs: [{ name: 'label', metric: 'accuracy', candidate: 0.5, serving: 0.75 }],
    },
    accepted,
    reason: 'accuracy 0.5, against 0.75',
  };
}

describe("a project's versions over HTTP", () => {
  let backend: TestBackend;
  let model: string;

  beforeEach(async () => {
    backend = await startBackend();
    model = join(backend.dataDir, 'projects/7/models/sentiment');
    await addVersion(model, OLD);
    for (const [name, accepted] of [
      [REJECTED, false],
      [NEW, true],
    ] as const) {
      await addVersion(model, name, folder =>
        writeFile(join(folder, 'training.json'), JSON.stringify(verdict(accepted))),
      );
    }
    await backend.backend.reload();
    await backend.setup({ project: '7', schema: SENTIMENT });
  });
  afterEach(() => backend.stop());

  const list = async (query = '?project=7') => (await backend.get<Listed>(PATH + query)).body;
  const activate = (version: string, project = '?project=7') =>
    backend.post<Listed['versions'][number]>(`${PATH}/${version}/activate${project}`, '');
  const remove = (version: string, project = '?project=7') =>
    backend.send('DELETE', `${PATH}/${version}${project}`, null);
  const serving = async () => {
    const { body } = await backend.predict({
      tasks: tasksOf(['good']),
      project: '7',
      label_config: SENTIMENT,
    });
    return body.model_version.split(':')[1];
  };
  const problems = async () => ((await backend.get('/api/models')).body as { problems: object[] }).problems;
  function refused(reply: Reply<unknown>, status: number, code: string, message: string | RegExp): void {
    const { code: given, message: said } = reply.body as ErrorBody;
    assert.deepEqual([reply.status, given], [status, code], said);
    if (typeof message === 'string') assert.equal(said, message);
    else assert.match(said, message);
  }

  it('are listed with what is known of each, newest first', async () => {
    const { versions, ...slot } = await list();
    assert.deepEqual(slot, { project: '7', model: 'sentiment' });
    assert.deepEqual(
      versions.map(({ version, active, accepted }) => [version, active, accepted]),
      [
        [NEW, true, true],
        [REJECTED, false, false],
        [OLD, false, true],
      ],
    );
    const [newest, , oldest] = versions;
    const { format: _, project: __, ...known } = verdict(true);
    const { metrics, ...rest } = newest!;
    assert.deepEqual<unknown>(rest, {
      version: NEW,
      label: `sentiment:${NEW}`,
      active: true,
      problem: null,
      ...known,
    });
    assert.property(metrics, 'accuracy');
    assert.deepInclude(oldest, { gate: null, seconds: null, job: null, reason: null, counts: null });
    const { models } = (await backend.get<{ models: { name: string; projects: string[] }[] }>('/api/models'))
      .body;
    assert.isTrue(models.some(({ name, projects }) => name === 'sentiment' && projects.join() === '7'));
    const shipped = await list('');
    assert.deepEqual(
      shipped.versions.map(({ version, active }) => [version, active]),
      [[basename(await shippedVersion()), true]],
    );
    assert.deepEqual((await list('?project=8.5')).versions, []);
  });

  it('serve by being the newest that was not rejected, or by being chosen, back and forth and after a restart', async () => {
    assert.equal(await serving(), NEW);
    await rm(join(model, 'versions', NEW), { recursive: true });
    await backend.backend.reload();
    assert.equal(await serving(), OLD);
    for (const version of [REJECTED, OLD, REJECTED]) {
      const { status, body } = await activate(version);
      assert.equal(status, 200);
      assert.deepInclude(body, { version, active: true });
      assert.equal(await serving(), version);
      assert.equal(await readFile(join(model, 'active'), 'utf8'), `${version}\n`);
      assert.deepEqual((await list()).versions.filter(({ active }) => active).length, 1);
    }
    await backend.backend.reload();
    assert.equal(await serving(), REJECTED);
    await backend.stop();
    backend = await startBackend({ DATA_DIR: backend.dataDir });
    assert.equal(await serving(), REJECTED);
    await rm(join(model, 'active'));
    await backend.backend.reload();
    assert.equal(await serving(), OLD);
  });

  it('that cannot be loaded are not chosen: nothing changes, and the list says why', async () => {
    await activate(NEW);
    await flipByte(join(model, 'versions', OLD, 'idf.f64'));
    refused(
      await activate(OLD),
      422,
      'version_unusable',
      /^nothing has changed: \S+idf\.f64 was changed after/,
    );
    assert.equal(await serving(), NEW);
    assert.equal(await readFile(join(model, 'active'), 'utf8'), `${NEW}\n`);
    assert.match((await list()).versions[2]!.problem!, /idf\.f64 was changed after/);
    await flipByte(join(model, 'versions', OLD, 'idf.f64'));
    assert.equal((await activate(OLD)).status, 200);
    assert.isNull((await list()).versions[2]!.problem);
  });

  it('with a verdict that is none serve only when they are chosen, and are reported', async () => {
    for (const spoilt of ['{', '{}', JSON.stringify({ ...verdict(true), accepted: 'yes' })]) {
      await writeFile(join(model, 'versions', REJECTED, 'training.json'), spoilt);
      await rm(join(model, 'versions', NEW), { recursive: true, force: true });
      await backend.backend.reload();
      assert.equal(await serving(), OLD);
      assert.lengthOf(await problems(), 1);
      const [first] = (await list()).versions;
      assert.match(first!.problem!, /training\.json/);
      assert.isFalse(first!.accepted);
    }
    await activate(REJECTED);
    assert.equal(await serving(), REJECTED);
    assert.deepEqual(await problems(), []);
  });

  it('are removed, but for the one that serves', async () => {
    refused(
      await remove(NEW),
      409,
      'version_in_use',
      `sentiment:${NEW} serves the project 7, or a request in flight holds it: let another one serve first`,
    );
    assert.equal((await remove(REJECTED)).status, 200);
    refused(await remove(REJECTED), 404, 'version_unknown', /there is no version .* there is /);
    await activate(OLD);
    await backend.log.line(({ msg }) => msg === `sentiment:${NEW} is unloaded`);
    assert.equal((await remove(NEW)).status, 200);
    assert.deepEqual(await readdir(join(model, 'versions')), [OLD]);
    assert.equal(await serving(), OLD);
    await backend.backend.reload();
    assert.deepEqual(await problems(), []);
  });

  it('are neither chosen nor removed where they were shipped, and not by names that are none', async () => {
    const shipped = basename(await shippedVersion());
    for (const project of ['', '?project=']) {
      refused(
        await activate(shipped, project),
        403,
        'version_read_only',
        /name a project with \?project=<id>$/,
      );
      refused(await remove(shipped, project), 403, 'version_read_only', /cannot be removed here/);
    }
    refused(await activate(shipped), 404, 'version_unknown', /of the project 7 there is 2026/);
    for (const version of ['..', '..%2f..%2f..', OLD.slice(1), '%00', `${OLD}%2f..`]) {
      for (const reply of [await activate(version), await remove(version)])
        assert.include([404, 405], reply.status, version);
    }
    for (const path of [
      '/api/models/other/versions?project=7',
      '/api/models/..%2fsentiment/versions?project=7',
      '/api/models/%00/versions',
    ])
      refused(
        await backend.get(path),
        404,
        'model_unknown',
        /^there is no model '.*'; there is .*sentiment/s,
      );
    for (const project of ['..', '../7', 'a/b', '%00'])
      refused(await backend.get(`${PATH}?project=${project}`), 400, 'request_invalid', /is no id/);
    assert.lengthOf((await list()).versions, 3);
  });

  it('change under load without a request that fails, and no answer is of two versions', async () => {
    const bulk = tasksOf(sentences(300));
    let swapping = true;
    const seen = new Set<string>();
    let requests = 0;
    const load = async (tasks: object[]) => {
      // As text: the predictions are too many to be validated as well.
      const sent = JSON.stringify({ tasks, project: '7' });
      while (swapping) {
        const { status, reason, body } = await backend.post<PredictBody>('/predict', sent);
        assert.equal(status, 200, reason);
        assert.lengthOf(body.results, tasks.length);
        const versions = new Set(body.results.map(item => (item as { model_version: string }).model_version));
        assert.deepEqual([...versions], [body.model_version]);
        seen.add(body.model_version);
        requests++;
      }
    };
    const loads = [load(bulk), load(bulk), ...sentences(4).map(text => load(tasksOf([text])))];
    for (let swap = 0; swap < 9; swap++) {
      const version = [OLD, REJECTED, NEW][swap % 3]!;
      assert.equal((await activate(version)).status, 200);
      assert.equal(await serving(), version);
    }
    swapping = false;
    await Promise.all(loads);
    assert.lengthOf([...seen], 3);
    assert.isAbove(requests, 24);
  });
});
