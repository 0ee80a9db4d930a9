import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { linearVersions, type VersionContent } from '../support/linear.js';
import { colours, failure, rows } from './colours.js';
import { type Orders, TOPICS, World } from './world.js';

describe('a training that goes wrong', () => {
  let world: World;
  let good: VersionContent;

  before(async () => {
    [good] = await linearVersions([colours(4)]);
  });
  beforeEach(async () => {
    world = await World.open({ name: 'topic', control: 'Choices', choice: 'single' }, TOPICS);
  });
  afterEach(() => world.pool.stop());

  it('fails with one sentence when the trainer does, or leaves something else, and leaves nothing behind', async () => {
    const { name: first } = await world.trainOn(good, { rows: rows(40) });
    const { name: a, folder } = await world.prepare(good);
    const { name: b } = await world.prepare(good);
    const copy = { [a]: folder };
    const cases: [Orders, string | RegExp][] = [
      [{ exit: 1 }, 'the trainer ended with exit code 1'],
      [{ exit: 1, say: [{ error: 'annotate more' }] }, 'annotate more'],
      [{ copy, exit: 3 }, 'the trainer ended with exit code 3'],
      [{}, 'the trainer ended without an error, and left no version'],
      [{ copy: { ...copy, [b]: folder } }, `the trainer left ${a}, ${b}, where one version should be`],
      [{ copy, write: { 'log.txt': 'x' } }, `the trainer left ${a}, log.txt, where one version should be`],
      [{ write: { [a]: 'x' } }, `the trainer left '${a}', which is no folder`],
      [{ link: { [a]: folder } }, `the trainer left '${a}', which is no folder`],
      [{ copy: { latest: folder } }, /^the trainer left a folder 'latest', and a version's name matches /],
      [
        { copy, link: { [`${a}/more`]: '/etc/passwd' } },
        `the new version ${a} has 'more', which is no plain file`,
      ],
      [
        { copy, write: { [`${a}/training.json`]: '{}' } },
        `the new version ${a} has a training.json, which only the server writes`,
      ],
      [
        { copy, write: { [`${a}/notes.txt`]: 'x' } },
        `the new version ${a} is broken: notes.txt is not listed in version.json: take it away, or export again`,
      ],
      [
        { copy, write: { [`${a}/model.onnx`]: 'x' } },
        `the new version ${a} is broken: model.onnx was changed after its export: its SHA-256 is not the one in version.json; export it again`,
      ],
      [
        { copy, write: { [`${a}/version.json`]: '{' } },
        new RegExp(`^the new version ${a} is broken: version.json is not readable JSON: `),
      ],
    ];
    for (const [orders, message] of cases) {
      const failed = await failure(world.train(orders, { rows: rows(40) }));
      assert.equal(failed.code, 'training_failed');
      if (typeof message === 'string') assert.equal(failed.message, message);
      else assert.match(failed.message, message);
      assert.equal(world.serving, first);
      assert.isFalse(existsSync(join(world.folder, 'out')), failed.message);
    }
    assert.deepEqual(await readdir(world.path('')), [first]);
  });

  it('fails when a graph is none, though its hash holds', async () => {
    const broken = new Map(good);
    const text = good.get('version.json')!.toString();
    const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    const graph = Buffer.from('<html>not found</html>');
    broken.set('model.onnx', graph);
    broken.set('version.json', Buffer.from(text.replace(hash(good.get('model.onnx')!), hash(graph))));
    const { code, message } = await failure(world.trainOn(broken, { rows: rows(40) }));
    assert.equal(code, 'training_failed');
    assert.match(message, /^the new version \S+ is broken: it cannot be served: /);
    assert.isUndefined(world.serving);
  });

  it('ends when it is cancelled, at any step, and leaves nothing behind', async () => {
    const { name, folder } = await world.prepare(good);
    for (const step of ['reading', 'training', 'comparing']) {
      const abort = new AbortController();
      const reason = new AppError('training_failed', `cancelled while ${step}`);
      const reports: object[] = [];
      const job = world.train({ copy: { [name]: folder } }, { rows: rows(40), signal: abort.signal });
      world.reports.push = (report: { message: string }) => {
        if (report.message.startsWith(step)) abort.abort(reason);
        return reports.push(report);
      };
      assert.deepInclude(await failure(job), { message: reason.message });
      assert.isUndefined(world.serving);
      assert.isFalse(existsSync(world.path('')), step);
      assert.isFalse(existsSync(join(world.folder, 'out')));
    }
  });

  it('asks again when the inference processes have no room, and says when they never have', async () => {
    const { run } = world.pool;
    let refusals = 1;
    world.pool.run = job =>
      refusals-- > 0 ? Promise.reject(new AppError('overloaded', 'no room')) : run.call(world.pool, job);
    const { name } = await world.trainOn(good, { rows: rows(40) });
    assert.equal(world.serving, name);
    world.pool.run = () => Promise.reject(new AppError('internal', 'no way'));
    const { name: other, folder } = await world.prepare(good);
    assert.deepEqual(await failure(world.train({ copy: { [other]: folder } }, { rows: rows(40) })), {
      code: 'internal',
      message: 'no way',
    });
    assert.equal(world.serving, name);
  });

  it("takes the trainer of the model's folder first, and says when there is none", async () => {
    const own = join(world.modelDir, 'topics/trainer.py');
    await writeFile(own, 'raise SystemExit(9)');
    assert.equal(
      (await failure(world.train({}, { rows: [] }))).message,
      'the trainer ended with exit code 9',
    );
    const manifest = world.registry.manifest('topics')!;
    const { train, ...untrained } = manifest;
    Object.assign(train!, { script: 'nowhere.py' });
    const { message } = await failure(world.train({}, { rows: [] }));
    assert.match(
      message,
      /^the trainer 'nowhere.py' of the model 'topics' is neither in \S+ nor in \S+training$/,
    );
    const { registry } = world;
    Object.assign(registry, { manifest: () => untrained });
    assert.equal(
      (await failure(world.train({}, { rows: [] }))).message,
      "the model 'topics' cannot be trained: its model.json has no 'train'",
    );
  });
});
