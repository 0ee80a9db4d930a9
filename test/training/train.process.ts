import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { readTraining } from '../../src/registry/training-record.js';
import { failed } from '../../src/training/process.js';
import { linearVersions, type VersionContent } from '../support/linear.js';
import { editJson } from '../support/models.js';
import { colours, failure, OUTPUT, rows } from './colours.js';
import { counts, PROJECT, TOPICS, World } from './world.js';

describe('a training', () => {
  let world: World;
  let good: VersionContent;
  let equal: VersionContent;
  let odd: VersionContent;
  let blind: VersionContent;
  let nothing: VersionContent;
  let others: VersionContent;

  before(async () => {
    [good, equal, odd, blind, nothing, others] = await linearVersions([
      colours(4),
      colours(5),
      colours(4, 9),
      colours(0),
      // Of a text with a word that it knows it makes no number; when it is loaded it gets none.
      { ...colours(1.7e308), bias: [1.7e308, 1.7e308] },
      colours(4, 0, { ...OUTPUT, labels: ['Amazon', 'Yelp'] }),
    ]);
  });
  beforeEach(async () => {
    world = await World.open({ name: 'topic', control: 'Choices', choice: 'single' }, TOPICS);
  });
  afterEach(() => world.pool.stop());

  it('asks for the Python with the packages that model.json names', async () => {
    const asked: unknown[] = [];
    const python = async (_run: unknown, requirements: string) => {
      asked.push(requirements);
      throw failed('no Python');
    };
    await failure(world.trainOn(good, { rows: rows(40), python }));
    await editJson(join(world.modelDir, 'topics/model.json'), manifest => {
      manifest.train = { script: 'trainer.py', requirements: 'torch' };
    });
    await world.registry.reload();
    await failure(world.trainOn(good, { rows: rows(40), python }));
    assert.deepEqual(asked, ['base', 'torch']);
  });

  it('makes a first version, which has nothing to beat, and it serves when the job has ended', async () => {
    const { name, outcome } = await world.trainOn(good, { job: 'first', rows: rows(40) });
    assert.equal(world.serving, name);
    assert.equal(outcome.version, name);
    assert.equal(
      outcome.message,
      `topics:${name} serves: accuracy 1 on 20 held-out tasks, with nothing to compare it with`,
    );
    const { created, seconds, ...record } = (await readTraining(world.path(name)))!;
    assert.deepEqual(record, {
      format: 1,
      job: 'first',
      project: PROJECT,
      parent: null,
      counts: counts(40, 20, { Red: 20, Blue: 20 }),
      controls: ['topic'],
      gate: {
        metric: 'accuracy',
        rows: 20,
        candidate: 1,
        serving: null,
        tolerance: 0.02,
        outputs: [{ name: 'topic', metric: 'accuracy', candidate: 1, serving: null }],
      },
      accepted: true,
      reason: 'accuracy 1 on 20 held-out tasks, with nothing to compare it with',
    });
    assert.approximately(Date.parse(created), Date.now(), 20_000);
    assert.isAbove(seconds, 0);
    assert.isFalse(existsSync(join(world.folder, 'out')));
    assert.equal(await readFile(join(world.registry.folder(world.slot), 'active'), 'utf8'), `${name}\n`);
    assert.deepEqual(
      world.reports.map(({ message }) => message),
      [
        'reading the annotations',
        'training on 20 tasks',
        'comparing the new version on 20 tasks that it has not seen',
        `topics:${name} is about to serve`,
      ],
    );
  });

  it('gives the trainer the config, and what it is to learn', async () => {
    const { name } = await world.trainOn(good, { job: 'first', rows: rows(4) });
    assert.equal(await readFile(join(world.folder, 'label_config.xml'), 'utf8'), TOPICS);
    assert.deepInclude(world.context, { job: 'first', parent: null });
    await world.trainOn(equal, { job: 'second', rows: rows(4) });
    assert.deepEqual(world.context, {
      format: 1,
      job: 'second',
      model: 'topics',
      project: PROJECT,
      manifest: world.registry.manifest('topics'),
      options: {},
      parent: `topics:${name}`,
      input: { kind: 'text', shown: "under 'text'" },
      outputs: [
        {
          name: 'topic',
          control: 'Choices',
          choice: 'single',
          from_name: 'topic',
          to_name: 'text',
          labels: ['Red', 'Blue'],
        },
      ],
      counts: counts(4, 2, { Red: 2, Blue: 2 }),
    });
  });

  it('reads what tasks point to, as it is read when they are predicted', async () => {
    world.config = TOPICS.replace('value="$text"', 'value="$text" valueType="url"');
    const some = rows(8).map(row => ({ ...row, text: `https://example.com/${row.text!.split(' ')[0]}` }));
    const { outcome } = await world.trainOn(good, { rows: some });
    assert.include(outcome.message, 'accuracy 1 on 4 held-out tasks');
    const [first] = (await readFile(join(world.folder, 'tasks.jsonl'), 'utf8')).split('\n');
    assert.deepInclude(JSON.parse(first!), { data: { text: some[0]!.text }, value: 'red' });
  });

  it('lets a better or an equal version serve, with the one before as its parent', async () => {
    const { name: first } = await world.trainOn(blind, { rows: rows(40) });
    const { name: better, outcome } = await world.trainOn(good, { rows: rows(40) });
    assert.equal(
      outcome.message,
      `topics:${better} serves: accuracy 1 on 20 held-out tasks, against 0.5 of topics:${first}`,
    );
    assert.equal(world.serving, better);
    const { name: same } = await world.trainOn(equal, { rows: rows(40) });
    assert.equal(world.serving, same);
    assert.equal((await readTraining(world.path(same)))!.parent, `topics:${better}`);
  });

  it('counts tasks that it cannot answer as wrong', async () => {
    const some = rows(40).map((row, index) => (index < 10 ? { ...row, text: null } : row));
    const { outcome } = await world.trainOn(good, { rows: some });
    assert.include(outcome.message, 'accuracy 0.75 on 20 held-out tasks');
  });

  it('keeps a worse version as rejected, says both scores, and what served before serves on', async () => {
    const { name: first } = await world.trainOn(good, { rows: rows(40) });
    const { name, folder } = await world.prepare(blind);
    assert.deepEqual(await failure(world.train({ copy: { [name]: folder } }, { rows: rows(40) })), {
      code: 'version_rejected',
      message:
        `the new version topics:${name} was rejected: accuracy 0.5 on 20 held-out tasks, ` +
        `against 1 of topics:${first} (at most 0.115 less is accepted)`,
    });
    assert.equal(world.serving, first);
    await world.registry.reload();
    assert.equal(world.serving, first);
    const record = (await readTraining(world.path(name)))!;
    assert.isFalse(record.accepted);
    assert.deepInclude(record.gate, { candidate: 0.5, serving: 1 });
  });

  it('accepts what is worse within the tolerance, or within one standard error on few rows', async () => {
    const { name: first } = await world.trainOn(good, { rows: rows(40) });
    const cases: [count: number, wrong: number, tolerance: number, accepted: boolean][] = [
      [20, 1, 0, true],
      [20, 2, 0, false],
      [20, 2, 0.2, true],
      [400, 3, 0.02, true],
      [400, 6, 0.02, false],
    ];
    for (const [count, wrong, tolerance, accepted] of cases) {
      await world.versions.activate(world.slot, first);
      const { name, folder } = await world.prepare(odd);
      const job = world.train({ copy: { [name]: folder } }, { rows: rows(count, wrong), tolerance });
      if (accepted) await job;
      else assert.equal((await failure(job)).code, 'version_rejected');
      assert.equal(world.serving, accepted ? name : first, `${wrong} of ${count / 2}, ${tolerance}`);
    }
  });

  it('accepts whatever loads and runs with GATE=off, and without annotations to compare on', async () => {
    await world.trainOn(good, { rows: rows(40) });
    const { name: off, outcome } = await world.trainOn(blind, { rows: rows(40), gate: 'off' });
    assert.equal(world.serving, off);
    assert.match(outcome.message, /accuracy 0\.5 on 20 .* against 1 of .*, which GATE=off lets pass$/);
    for (const few of [1, 2]) {
      const { name: unscored, outcome } = await world.trainOn(blind, { rows: rows(few) });
      assert.equal(world.serving, unscored);
      assert.include(
        outcome.message,
        `too few annotations to compare it: ${few - 1} held out, and 2 are needed`,
      );
      assert.isNull((await readTraining(world.path(unscored)))!.gate);
    }
  });

  it('rejects a version of other labels, and one that answers nothing, whatever GATE is', async () => {
    const { name: first } = await world.trainOn(good, { rows: rows(40) });
    const cases: [VersionContent, RegExp][] = [
      [
        others,
        /was rejected: the model 'topics' predicts Amazon, Yelp; the config's Choices 'topic' has Red, Blue. None is in common: /,
      ],
      [nothing, /was rejected: it answers none of the 20 held-out tasks$/],
    ];
    for (const [content, message] of cases) {
      const { name, folder } = await world.prepare(content);
      const job = world.train({ copy: { [name]: folder } }, { rows: rows(40), gate: 'off' });
      const { code, message: said } = await failure(job);
      assert.equal(code, 'version_rejected');
      assert.match(said, message);
      assert.equal(world.serving, first);
      assert.isFalse((await readTraining(world.path(name)))!.accepted);
    }
  });

  it('goes on from the version that it had made, when the server died after that', async () => {
    const { name } = await world.trainOn(blind, { job: 'again', rows: rows(40) });
    const { name: other } = await world.trainOn(good, { rows: rows(40) });
    assert.equal(world.serving, other);
    const outcome = await world.train({ exit: 1 }, { job: 'again', rows: [] });
    assert.equal(outcome.version, name);
    assert.equal(world.serving, name);
    assert.deepEqual(world.reports, [{ progress: 1, message: `topics:${name} is about to serve` }]);
  });

  it('keeps KEEP_VERSIONS, and the one that serves', async () => {
    const names: string[] = [];
    const train = async (content: VersionContent) => {
      const { name, folder } = await world.prepare(content);
      names.push(name);
      await world.train({ copy: { [name]: folder } }, { rows: rows(40), keep: 2 }).catch(() => {});
    };
    await train(good);
    for (let time = 0; time < 3; time++) await train(blind);
    assert.equal(world.serving, names[0]);
    assert.deepEqual((await readdir(world.path(''))).sort(), [names[0], names[2], names[3]]);
    const lease = world.registry.lease('topics', PROJECT)!;
    await train(good);
    assert.sameMembers(await readdir(world.path('')), [names[0], names[3], names[4]]);
    lease.release();
    await train(good);
    assert.sameMembers(await readdir(world.path('')), [names[4], names[5]]);
  });
});
