import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { PredictBody } from '../support/client.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { temporaryFolder } from '../support/folder.js';
import { addVersion, modelRepository } from '../support/models.js';
import { program } from '../support/program.js';
import { ROOT } from '../support/python.js';
import { models } from './support.js';

const NEWER = '20990101-000000-abcdef';
const NEWEST = '20990101-000001-abcdef';

/** Makes folders in folders, whose path is longer than the system takes. */
const makeDeep = (path: string) =>
  promisify(execFile)('sh', [
    '-c',
    'deep=$(printf "deeper/%.0s" $(seq 500)); mkdir -p "$0/$deep" && cd -P "$0/$deep" && mkdir -p "$deep"',
    path,
  ]);
const makePipe = (path: string) => promisify(execFile)('mkfifo', [path]);

describe('what is wrong with one folder of the repository', () => {
  let root: string;
  let backend: TestBackend;
  /** A second model. */
  let mood: string;
  let undo: (() => Promise<unknown>)[] = [];

  before(async () => {
    root = await modelRepository('sentiment', 'mood');
    mood = join(root, 'mood');
    backend = await startBackend({ MODEL_DIR: root });
  });
  after(() => backend.stop());
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
    undo = [];
    await backend.backend.reload();
    assert.deepEqual((await models(backend)).problems, []);
  });

  /** Puts something in the place of a path, until the test ends. */
  async function inPlaceOf(path: string, put: (path: string) => Promise<unknown>): Promise<void> {
    const aside = join(await temporaryFolder(), 'aside');
    const was = await rename(path, aside).then(
      () => true,
      () => false,
    );
    await put(path);
    undo.push(async () => {
      await rm(path, { recursive: true, force: true });
      if (was) await rename(aside, path);
    });
  }

  /** A version beside the others of the second model, until the test ends. */
  async function withVersion(spoil?: (folder: string) => Promise<unknown>): Promise<string> {
    const folder = join(mood, 'versions', NEWER);
    await addVersion(mood, NEWER);
    undo.push(() => rm(folder, { recursive: true, force: true }));
    await spoil?.(folder);
    return folder;
  }

  /** Other models have new versions, and projects are removed; what is wrong is told with its path. */
  async function expectTold(path: string, reason: RegExp): Promise<void> {
    const sentiment = join(root, 'sentiment');
    await addVersion(sentiment, NEWEST);
    try {
      await addVersion(join(backend.dataDir, 'projects/7/models/sentiment'), NEWER);
      await backend.backend.reload();
      assert.equal(await serving('7'), `sentiment:${NEWER}`);
      assert.equal(await serving(null), `sentiment:${NEWEST}`);
      assert.equal((await backend.post('/delete', { project: '7' })).status, 200);
      const { problems } = await models(backend);
      assert.lengthOf(problems, 1, JSON.stringify(problems));
      assert.include(problems[0]!.message, path);
      assert.match(problems[0]!.message, reason);
    } finally {
      await rm(join(sentiment, 'versions', NEWEST), { recursive: true, force: true });
      await rm(join(backend.dataDir, 'projects/7'), { recursive: true, force: true });
    }
  }

  async function serving(project: string | null): Promise<string> {
    const request = { tasks: tasksOf(['good']), project, label_config: SENTIMENT };
    const { body } = await backend.post<PredictBody>('/models/sentiment/predict', request);
    return body.model_version;
  }

  const listen = async (path: string) => {
    const server = createServer();
    await once(server.listen(path), 'listening');
    undo.push(async () => server.close());
  };

  const PLACES: [what: string, at: string, put: (path: string) => Promise<unknown>, reason: RegExp][] = [
    ['`active` is a folder', 'active', mkdir, /active names no version: it is a folder and should be a file/],
    ['`active` is a pipe', 'active', makePipe, /active names no version: it is a pipe, a socket or a device/],
    ['`active` is a socket', 'active', listen, /active names no version: it is a pipe, a socket or a device/],
    [
      '`active` never ends',
      'active',
      path => symlink('/dev/zero', path),
      /active names no version: it is a pipe, a socket or a device/,
    ],
    [
      '`active` is a link to itself',
      'active',
      path => symlink(path, path),
      /active names no version: its links lead round in a circle/,
    ],
    [
      '`active` is huge',
      'active',
      path => writeFile(path, '').then(() => truncate(path, 2 ** 40)),
      /active names no version: it is larger than 4096 bytes/,
    ],
    [
      '`versions` is a file',
      'versions',
      path => writeFile(path, 'x'),
      /versions: it is no folder: remove it, or put a folder in its place/,
    ],
    [
      '`versions` is a link to nowhere in a circle',
      'versions',
      path => symlink(path, path),
      /versions: its links lead round in a circle/,
    ],
    ['`model.json` is a pipe', 'model.json', makePipe, /model\.json is not readable JSON: it is a pipe/],
    ['`model.json` is a folder', 'model.json', mkdir, /model\.json is not readable JSON: it is a folder/],
    [
      '`model.json` never ends',
      'model.json',
      path => symlink('/dev/random', path),
      /model\.json is not readable JSON: it is a pipe, a socket or a device/,
    ],
    [
      '`model.json` is nested deeply',
      'model.json',
      path => writeFile(path, `{"title": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
      /model\.json: .*\/title must be string, not a value that is nested too deeply/,
    ],
    [
      '`model.json` has a million faults',
      'model.json',
      path => writeFile(path, JSON.stringify({ outputs: new Array(1_000_000).fill(1) })),
      /model\.json: the top level lacks/,
    ],
  ];
  for (const [what, at, put, reason] of PLACES) {
    it(`is told, and nothing else is held up: ${what}`, async () => {
      await inPlaceOf(join(mood, at), put);
      await expectTold(join(mood, at), reason);
    });
  }

  const FILES: [what: string, spoil: (folder: string) => Promise<unknown>, reason: RegExp][] = [
    ['a pipe', folder => replace(folder, makePipe), /idf\.f64 .*cannot be read: it is a pipe/],
    [
      'a link to a device that never ends',
      folder => replace(folder, path => symlink('/dev/zero', path)),
      /idf\.f64 .*cannot be read: it is a pipe, a socket or a device/,
    ],
    ['a link to itself', folder => replace(folder, path => symlink(path, path)), /idf\.f64 .*in a circle/],
    ['a folder', folder => replace(folder, mkdir), /idf\.f64 .*cannot be read: it is a folder/],
    [
      'a name that is no UTF-8',
      folder => writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0xff, 0xfe)]), ''),
      /is not listed in version\.json: take it away/,
    ],
    [
      'many files that nobody lists',
      folder =>
        Promise.all(Array.from({ length: 10_100 }, (_, index) => symlink('x', join(folder, `x${index}`)))),
      /holds more than 10000 files: take away what version\.json does not list/,
    ],
    [
      'a training.json that is a pipe',
      folder => makePipe(join(folder, 'training.json')),
      /training\.json is not readable JSON: it is a pipe/,
    ],
  ];
  async function replace(folder: string, put: (path: string) => Promise<unknown>): Promise<void> {
    await rm(join(folder, 'idf.f64'));
    await put(join(folder, 'idf.f64'));
  }
  for (const [what, spoil, reason] of FILES) {
    it(`is told, and nothing else is held up: a version with ${what}`, async () => {
      const folder = await withVersion(spoil);
      await expectTold(folder, reason);
    });
  }

  it('is nothing, where programs leave files of their own', async () => {
    await withVersion(async folder => {
      await writeFile(join(folder, '.DS_Store'), 'x');
      await writeFile(join(folder, '.nfs0000000000000001'), 'x');
      await mkdir(join(folder, '__pycache__'));
    });
    await writeFile(join(root, '.DS_Store'), 'x');
    undo.push(() => rm(join(root, '.DS_Store')));
    await backend.backend.reload();
    const mine = (await models(backend)).models.find(({ name }) => name === 'mood')!;
    assert.deepEqual(mine.versions, [`mood:${NEWER}`]);
  });

  it('is told of links among the models: those that lead somewhere are followed', async () => {
    await symlink(mood, join(root, 'linked'));
    await symlink(join(root, 'nowhere'), join(root, 'lost'));
    undo.push(
      () => rm(join(root, 'linked')),
      () => rm(join(root, 'lost')),
    );
    await expectTold(
      join(root, 'lost'),
      /lost: it is a link that cannot be followed, because there is no such file or folder/,
    );
    const names = (await models(backend)).models.map(({ name }) => name);
    assert.deepEqual(names, ['linked', 'mood', 'sentiment']);
  });

  it('is told where a project has a file in the place of its models', async () => {
    const path = join(backend.dataDir, 'projects/8/models');
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, 'x');
    undo.push(() => rm(join(path, '..'), { recursive: true }));
    await expectTold(path, /projects\/8\/models: it is no folder/);
  });

  it('is nothing to a deletion: what lies deeper than a path can say is removed as well, and pipes are not copied', async () => {
    const own = join(backend.dataDir, 'projects/9/models/sentiment');
    await addVersion(own, NEWER);
    await makePipe(join(own, 'pipe'));
    assert.equal(
      (await backend.post('/duplicate_model', { project_src: '9', project_dst: '10' })).status,
      200,
    );
    await makeDeep(join(own, 'deep'));
    for (const project of ['9', '10'])
      assert.equal((await backend.post('/delete', { project })).status, 200, project);
    assert.deepEqual(await readdir(join(backend.dataDir, 'projects')), []);
  });

  it('does not take away what serves, while the folder cannot be listed', async () => {
    const before = (await models(backend)).models;
    await inPlaceOf(join(mood, 'versions'), path => writeFile(path, 'x'));
    await backend.backend.reload();
    assert.deepEqual((await models(backend)).models, before);
  });

  it('is seen when files of the version that serves are written over, and that one serves on', async () => {
    const folder = await withVersion();
    await backend.backend.reload();
    const path = join(folder, 'idf.f64');
    const bytes = await readFile(path);
    await writeFile(path, Buffer.concat([bytes, Buffer.of(0)]));
    await expectTold(path, /was changed after its export/);
    const mine = (await models(backend)).models.find(({ name }) => name === 'mood')!;
    assert.deepEqual(mine.versions, [`mood:${NEWER}`]);
    // A process that starts now would have to load it.
    const [pid] = backend.backend.pids();
    process.kill(pid!, 'SIGKILL');
    await backend.log.line(({ level, msg, err }) => level === 50 && err !== undefined && msg.includes(path));
    await writeFile(path, bytes);
  });
});

describe('a folder that the user of the server may not read', () => {
  it('is told, and all others are served', async function () {
    if (process.getuid?.() !== 0) this.skip();
    const root = await modelRepository('sentiment', 'mood', 'other');
    await chmod(join(root, 'mood'), 0o000);
    await chmod(join(root, 'other', 'versions'), 0o000);
    const data = await temporaryFolder();
    const foreign = join(data, 'projects/7/models');
    await mkdir(foreign, { recursive: true });
    await mkdir(join(data, 'jobs/x/out'), { recursive: true });
    await makeDeep(join(data, 'jobs/x/out/deep'));
    await chmod(foreign, 0o000);
    await promisify(execFile)('chown', ['-R', '65534', data, root]);
    for (const path of [join(root, 'mood'), join(root, 'other', 'versions'), foreign])
      await chown(path, 0, 0);
    const child = spawn(process.execPath, program('cli/start'), {
      cwd: ROOT,
      uid: 65534,
      env: { ...process.env, MODEL_DIR: root, DATA_DIR: data, PORT: '0', WORKERS: '1', HOME: data },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      let text = '';
      for await (const piece of child.stdout.setEncoding('utf8')) {
        text += piece;
        if (text.includes(' on http://')) break;
      }
      assert.match(
        text,
        /mood\/model\.json is not readable JSON: the user of this server \(uid 65534\) may not/,
      );
      assert.match(text, /other\/versions: the user of this server \(uid 65534\) may not read it: allow it/);
      assert.match(
        text,
        /projects\/7\/models: the user of this server \(uid 65534\) may not read it: allow it/,
      );
      assert.match(text, /sentiment:\S+ serves now/);
      assert.notInclude(await readdir(join(data, 'jobs')), 'x');
    } finally {
      child.kill('SIGKILL');
    }
  });
});
