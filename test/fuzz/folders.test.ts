import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import fc from 'fast-check';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody, PredictBody } from '../support/client.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { temporaryFolder } from '../support/folder.js';
import { shippedRepository } from '../support/models.js';
import { ROOT } from '../support/python.js';
import { mulberry32, pick, type Random } from '../support/random.js';
import { expectSame } from '../support/results.js';
import { apply, type Edit, edit } from './bodies.js';
import { damaged } from './damage.js';
import { checkError, checkMessage, Faults, inputsOr, SEED, timeFor } from './inputs.js';

const INPUTS = inputsOr(40);
const AT_ONCE = 20;
/** What garbage collection and caches may differ by, in bytes. */
const GROWTH = 400 * 2 ** 20;
const MODELS = ['sentiment', 'wine', 'digits'];

interface Listed {
  models: { name: string; versions: string[] }[];
  problems: { model: string; message: string }[];
}

/** An error is the answer's, or the item's where the model cannot answer. */
type Answered = ErrorBody & { results?: { error?: ErrorBody }[] };

type Spoil = (folder: string, random: Random) => Promise<unknown>;

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter(each => each.isFile()).map(each => join(each.parentPath, each.name));
}

async function versionOf(folder: string): Promise<string> {
  const [name] = await readdir(join(folder, 'versions'));
  return join(folder, 'versions', name!);
}

/** Files that an export would have hashed so. */
async function rehash(folder: string): Promise<void> {
  const path = join(folder, 'version.json');
  const value = JSON.parse(await readFile(path, 'utf8'));
  for (const name of Object.keys(value.files))
    value.files[name] = createHash('sha256')
      .update(await readFile(join(folder, name)))
      .digest('hex');
  await writeFile(path, JSON.stringify(value));
}

const editJson =
  (pathOf: (folder: string, random: Random) => Promise<string>): Spoil =>
  async (folder, random) => {
    const path = await pathOf(folder, random);
    const root = { body: JSON.parse(await readFile(path, 'utf8')) as unknown };
    const edits = fc.sample(fc.array(edit, { minLength: 1, maxLength: 2 }), {
      numRuns: 1,
      seed: Math.floor(random() * 2 ** 31),
    })[0] as Edit[];
    for (const each of edits) apply(root, each);
    await writeFile(path, JSON.stringify(root.body) ?? 'null');
  };

const jsonOf = (name: string) => async (folder: string) => join(folder, name);

const SPOILS: readonly Spoil[] = [
  editJson(jsonOf('model.json')),
  editJson(jsonOf('model.json')),
  editJson(async folder => join(await versionOf(folder), 'version.json')),
  editJson(async folder => join(await versionOf(folder), 'version.json')),
  // The files of a version, as another export would write them.
  async (folder, random) => {
    const version = await versionOf(folder);
    const names = (await readdir(version)).filter(name => name !== 'version.json');
    const path = join(version, random() < 0.5 ? 'model.onnx' : pick(random, names));
    await writeFile(path, damaged(await readFile(path), random));
    await rehash(version);
  },
  async (folder, random) => {
    const version = await versionOf(folder);
    const names = (await readdir(version)).filter(name => /^(?!version).*\.json$/.test(name));
    if (names.length === 0) return;
    await editJson(async () => join(version, pick(random, names)))(folder, random);
    await rehash(version);
  },
  async (folder, random) => {
    const path = pick(random, await filesOf(folder));
    await writeFile(path, damaged(await readFile(path), random));
  },
  async (folder, random) => rm(pick(random, await filesOf(folder))),
  async (folder, random) => {
    const path = pick(random, await filesOf(folder));
    await rm(path);
    await (random() < 0.5 ? mkdir(path) : symlink(pick(random, ['.', '/dev/zero', '/nowhere', path]), path));
  },
  async (folder, random) => {
    const text = pick(random, [
      '',
      '\n',
      '../x',
      '\0',
      'x'.repeat(5_000),
      '20990101-000000-abcdef',
      '__proto__',
    ]);
    await writeFile(join(folder, 'active'), text);
  },
  async (folder, random) => {
    const place = pick(random, [folder, join(folder, 'versions'), await versionOf(folder)]);
    const name = pick(random, [
      '.DS_Store',
      '__proto__',
      'x\ny',
      '20990101-000000-abcdef',
      '.nfs0001',
      'ü😀',
      'a b',
    ]);
    const path = join(place, name);
    await (random() < 0.5 ? writeFile(path, 'x') : mkdir(path)).catch(() => {});
  },
  async folder => {
    const version = await versionOf(folder);
    await rename(version, join(folder, 'versions', '20990101-000000-abcdef'));
  },
];

describe(`${INPUTS} damaged model folders (FUZZ_SEED=${SEED})`, function () {
  this.timeout(timeFor(INPUTS));
  let root: string;
  let backend: TestBackend;
  before(async () => {
    root = await shippedRepository('sentiment');
    backend = await startBackend({ MODEL_DIR: root, LOG_LEVEL: 'warn' });
  });
  after(() => backend?.stop());

  it('are served or named with what is wrong, and the other models serve on', async () => {
    const good = { tasks: tasksOf(['I love it', 'awful']), label_config: SENTIMENT };
    const ask = () => backend.post<PredictBody>('/models/sentiment/predict', good);
    const expected = (await ask()).body.results;
    const faults = new Faults();
    const random = mulberry32(SEED);
    const before = process.memoryUsage().rss;
    let served = 0;
    for (let count = 0; count < INPUTS; count += AT_ONCE) {
      const names: string[] = [];
      const spoils = new Map<string, number>();
      for (let at = 0; at < AT_ONCE; at++) {
        const staged = join(await temporaryFolder(), 'model');
        await cp(join(ROOT, 'models', pick(random, MODELS)), staged, { recursive: true });
        const name = `m${count + at}`;
        const chosen = Math.floor(random() * SPOILS.length);
        spoils.set(name, chosen);
        await SPOILS[chosen]!(staged, random);
        await rename(staged, join(root, name));
        names.push(name);
      }
      await backend.backend.reload();
      const { status, body } = await backend.get<Listed>('/api/models');
      assert.equal(status, 200);
      for (const name of names) {
        const told = `${name}, spoilt by ${spoils.get(name)}`;
        const model = body.models.find(each => each.name === name);
        const problems = body.problems.filter(each => each.message.includes(join(root, name)));
        faults.see(() =>
          assert.isTrue(model !== undefined || problems.length > 0, `${told}: nothing is said`),
        );
        for (const { message } of problems) faults.see(() => checkMessage(message, `${told}: ${message}`));
        if (!model) continue;
        served++;
        const reply = await backend.post<Answered>(`/models/${name}/predict`, good);
        faults.see(() => {
          const error = reply.body.results ? reply.body.results[0]?.error : reply.body;
          if (error) checkError(error, `${told}: ${JSON.stringify(reply.body)}`);
        });
      }
      const reply = await ask();
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      expectSame(reply.body.results, expected);
      for (const name of names) await rm(join(root, name), { recursive: true, force: true });
    }
    await backend.backend.reload();
    assert.deepEqual((await backend.get<Listed>('/api/models')).body.problems, []);
    faults.expectNone();
    assert.isAbove(served, 0);
    assert.isBelow(process.memoryUsage().rss - before, GROWTH);
  });
});
