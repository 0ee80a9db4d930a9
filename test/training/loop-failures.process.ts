import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import type { Job } from '../../src/training/job.js';
import type { Annotated } from '../label-studio/server.js';
import { temporaryFolder } from '../support/folder.js';
import { linearVersions, type VersionContent, writeVersion } from '../support/linear.js';
import { editJson, replaceFile } from '../support/models.js';
import { ROOT } from '../support/python.js';
import { stopServers } from '../task-data/servers.js';
import { colours, OUTPUT, rows } from './colours.js';
import { keyOf, Loop } from './loop.js';
import { type Orders, TOPICS } from './world.js';

const PROJECT = '7';

function annotated(text: string | null, ...labels: string[]): Annotated {
  const value = { choices: labels };
  return { data: { text }, result: [{ from_name: 'topic', to_name: 'text', type: 'choices', value }] };
}
const reds = (count: number) => Array.from({ length: count }, (_, index) => annotated(`red ${index}`, 'Red'));

describe('a training that fails', function () {
  this.timeout(60_000);
  let loop: Loop;
  let modelDir: string;
  let first: string;
  let contents: Record<'good' | 'blind' | 'others', VersionContent>;
  let prepared = 0;

  /** Puts a version where the trainer can copy it from. */
  async function prepare(
    content: VersionContent,
    spoil: (folder: string) => Promise<void> = async () => {},
  ): Promise<{ name: string; copy: Record<string, string> }> {
    const name = `20260101-${String(++prepared).padStart(6, '0')}-abcdef`;
    const folder = join(await temporaryFolder(), name);
    await writeVersion(folder, content);
    await spoil(folder);
    return { name, copy: { [name]: folder } };
  }
  const order = (orders: Orders) => writeFile(join(modelDir, 'topics/orders.json'), JSON.stringify(orders));

  /** What the project is answered, byte by byte, and which version serves it. */
  async function answers(): Promise<string[]> {
    const tasks = rows(20).map(({ text }, id) => ({ id, data: { text } }));
    const body = JSON.stringify({ tasks, project: PROJECT });
    const predicted = await fetch(`${loop.backend.url}/predict`, { method: 'POST', body });
    const active = (await loop.versions('topics', PROJECT)).find(each => each.active);
    return [await predicted.text(), active!.label, await loop.setUp(PROJECT, TOPICS)];
  }

  /** The sentence that a training fails with; what serves is looked at before and after. */
  async function failure(orders: Orders): Promise<string> {
    await order(orders);
    const before = await answers();
    const job = await loop.train(PROJECT);
    assert.equal(job.status, 'failed', job.message);
    assert.deepEqual(await answers(), before);
    assert.equal(before[1], `topics:${first}`);
    const { body } = await loop.backend.post<object>('/job_status', { job: job.id });
    assert.deepInclude(body, { job_status: 'failed', error: job.error });
    const line = await loop.backend.log.line(each => each.job === job.id && each.level > 30);
    assert.equal(line.msg, `training of topics for project ${keyOf(PROJECT)} failed: ${job.error}`);
    assert.notInclude(job.error, loop.backend.dataDir);
    return job.error!;
  }

  function annotate(all: readonly Annotated[]): void {
    loop.labelStudio.clear(PROJECT);
    loop.labelStudio.annotate(PROJECT, all);
  }

  before(async () => {
    const [good, blind, others] = await linearVersions([
      colours(4),
      colours(0),
      colours(4, 0, { ...OUTPUT, labels: ['Amazon', 'Yelp'] }),
    ]);
    contents = { good, blind, others };
    modelDir = await temporaryFolder();
    await mkdir(join(modelDir, 'topics'));
    await cp(join(ROOT, 'test/training/trainer.py'), join(modelDir, 'topics/trainer.py'));
    await cp(join(ROOT, 'models/text-classifier/model.json'), join(modelDir, 'topics/model.json'));
    await editJson(join(modelDir, 'topics/model.json'), manifest => {
      manifest.outputs = [{ name: 'topic', control: 'Choices', choice: 'single' }];
      manifest.train = { script: 'trainer.py' };
    });
    loop = await Loop.start({ MODEL_DIR: modelDir, TRAIN_MEMORY: '300mb', RESULT_CACHE: 'off' });
    await loop.setUp(PROJECT, TOPICS);
  });
  beforeEach(() => {
    loop.labelStudio.answer = null;
    annotate(rows(60).map(({ text, target }) => annotated(text, target as string)));
  });
  after(async () => {
    await loop.backend.stop();
    await stopServers();
  });

  it('follows one that went well', async () => {
    const { name, copy } = await prepare(contents.good);
    first = name;
    await order({ copy });
    const job = await loop.train(PROJECT);
    assert.equal(job.status, 'finished', job.error);
    assert.equal(await loop.setUp(PROJECT, TOPICS), `topics:${first}`);
  });

  it('says why the trainer ended, in its own sentence if it has one', async () => {
    const sentence = 'the texts are in two languages: annotate more tasks of each';
    assert.equal(await failure({ say: [{ progress: 0.5 }, { error: sentence }], exit: 1 }), sentence);
    assert.equal(
      await failure({ throw: 'no space left' }),
      'the trainer ended with exit code 1: RuntimeError: no space left',
    );
    assert.equal(await failure({ abort: true }), 'the trainer was ended by SIGABRT');
  });

  it('says that the trainer took more memory than it may', async () => {
    assert.equal(
      await failure({ eat: 500 * 2 ** 20 }),
      'the trainer needed more memory than TRAIN_MEMORY, 300 MB, and was ended',
    );
  });

  it('says what is wrong with the version that came out', async () => {
    const broken = await prepare(contents.good, folder =>
      replaceFile(folder, 'model.onnx', Buffer.from('<html>not found</html>')),
    );
    assert.match(
      await failure({ copy: broken.copy }),
      new RegExp(`^the new version ${broken.name} is broken: it cannot be served: .*model.onnx failed`),
    );
    const others = await prepare(contents.others);
    assert.equal(
      await failure({ copy: others.copy }),
      `the new version topics:${others.name} was rejected: the model 'topics' predicts Amazon, Yelp; ` +
        "the config's Choices 'topic' has Red, Blue. None is in common: map them, such as with predicted_values=\"Amazon\" on a label, or use another model",
    );
    const worse = await prepare(contents.blind);
    assert.match(
      await failure({ copy: worse.copy }),
      new RegExp(
        `^the new version topics:${worse.name} was rejected: accuracy 0\\.\\d+ on \\d+ held-out tasks, ` +
          `against 1 of topics:${first} \\(at most 0\\.\\d+ less is accepted\\)$`,
      ),
    );
    const listed = await loop.versions('topics', PROJECT);
    assert.deepEqual(
      listed.map(({ version, accepted, active }) => [version, accepted, active]),
      [
        [worse.name, false, false],
        [others.name, false, false],
        [first, true, true],
      ],
    );
    assert.isAbove(listed[0]!.gate!.serving!, listed[0]!.gate!.candidate);
  });

  it('says which annotations are missing, and starts no trainer', async () => {
    const two = "'topic' needs annotated tasks of two labels or more, at least 2 tasks of each; ";
    const cases: [Annotated[], string][] = [
      [[], `${two}there are none`],
      [reds(20), `${two}all 20 are of Red`],
      [
        [...reds(20), annotated('blue', 'Blue')],
        "'topic' needs at least 2 tasks of each label that was used; Blue has 1; enough of Red",
      ],
      [
        [...reds(3), annotated('green', 'Green'), annotated('lime', 'Green'), annotated(null, 'Blue')],
        `${two}all 3 are of Red (left out: 2 answers name what the labeling config no longer has; ` +
          'the data of 1 task cannot be read)',
      ],
    ];
    for (const [tasks, sentence] of cases) {
      annotate(tasks);
      assert.equal(await failure({ exit: 9 }), sentence);
    }
  });

  it('says what to do where Label Studio does not tell of the annotations', async () => {
    const { url } = loop.labelStudio;
    const cases: [status: number, body: string, sentence: string][] = [
      [503, '<html>', `Label Studio at ${url} answers HTTP 503; check that it works, and try again`],
      [
        401,
        '{"detail":"Invalid token."}',
        `Label Studio at ${url} does not take the token; set LABEL_STUDIO_URL to its ` +
          'address, and LABEL_STUDIO_API_KEY to an access token of it (Invalid token)',
      ],
    ];
    for (const [status, body, sentence] of cases) {
      // It is asked again at once, not after pauses.
      loop.labelStudio.answer = (_, response) => response.writeHead(status, { 'retry-after': '0' }).end(body);
      assert.equal(await failure({ exit: 9 }), sentence);
      const { jobs } = (await loop.backend.get<{ jobs: Job[] }>('/api/jobs')).body;
      const message = status === 503 ? `trying again: ${sentence}` : 'reading the annotations';
      assert.equal(jobs[0]!.message, message);
    }
  });

  it('says that the trainer took too long, after a restart of the server too', async () => {
    const before = await answers();
    await loop.restart({ TRAIN_TIMEOUT: '1s' });
    assert.deepEqual(await answers(), before);
    assert.equal(
      await failure({ hang: true }),
      'the training took longer than TRAIN_TIMEOUT, 1 s, and was ended',
    );
  });
});
