import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { assert } from 'chai';
import { pino } from 'pino';
import { SETTINGS } from '../src/config.js';
import { ERRORS } from '../src/errors.js';
import type { EventStreams } from '../src/http/job-routes.js';
import { type RouteDeps, routes } from '../src/http/routes.js';
import { LabelStudioMLBase, parseLabelConfig, type Server, serve } from '../src/index.js';
import { INPUTS } from '../src/inputs/index.js';
import { CONTROL_TAGS } from '../src/regions/index.js';
import { readManifest, readVersion } from '../src/registry/manifest.js';
import type { Body } from './class-backend.js';
import { Markdown, ROOT } from './markdown.js';

/** Commands that need more than a test has: how they are held true is beside each. */
const NOT_RUN: Record<string, (command: string, packageJson: { name: string }) => void | Promise<void>> = {
  'git clone': (command, { name }) => assert.match(command, new RegExp(` ${name} && cd ${name}$`)),
  // Label Studio's own tests of this project start it with these switches.
  ML_BLOCK_LOCAL_IP: command =>
    assert.match(command, /=false SSRF_PROTECTION_ENABLED=false label-studio start$/),
  'npm install': (command, { name }) => assert.equal(command, `npm install ../${name} tsx`),
  // The example is run below, from a file of this name.
  'npx tsx': command => assert.equal(command, 'npx tsx my-model.ts'),
  'python3 -m venv': command => assert.equal(command, 'python3 -m venv .venv-export'),
  '.venv-export/bin/pip install': command => {
    const [, file] = /^\S+ install --require-hashes -r (\S+)$/.exec(command)!;
    assert.isTrue(existsSync(`${ROOT}${file}`), file);
  },
  '.venv-export/bin/python': exportsAsShown,
};

/** Runs the export with the Python of the tests, on a pipeline made here, into a repository of its own. */
async function exportsAsShown(command: string): Promise<void> {
  const folder = await mkdtemp(`${ROOT}.cache/readme-`);
  try {
    const python = process.env.PYTHON ?? `${ROOT}.venv/bin/python`;
    await promisify(execFile)(python, ['-c', FIT_SPAM], { cwd: folder });
    const words = command.split(' ').slice(1);
    const [script, ...options] = words;
    const { stdout } = await promisify(execFile)(
      python,
      [`${ROOT}${script}`, ...options, '--repository', 'models'],
      {
        cwd: folder,
      },
    );
    assert.include(stdout, 'spam');
    const [version] = await readdir(join(folder, 'models/spam/versions'));
    const { outputs } = await readVersion(join(folder, 'models/spam/versions', version!, 'version.json'));
    assert.deepEqual(outputs[0]!.labels, ['Ham', 'Spam']);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const FIT_SPAM = `
import csv, joblib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
texts = ["win a free prize now", "lunch at noon?", "free money, click here", "see you at the meeting"]
joblib.dump(make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1, 0]), "spam.joblib")
csv.writer(open("rows.csv", "w", newline="")).writerows([["text"], *[[text] for text in texts]])
`;

describe('README.md', () => {
  let readme: Markdown;
  let folder: string;
  let server: Server;

  before(async () => {
    readme = await Markdown.read('README.md');
    // Inside of the project, where `label-studio-onnx` is the project itself.
    await mkdir(`${ROOT}.cache`, { recursive: true });
    folder = await mkdtemp(`${ROOT}.cache/readme-`);
    server = await serve([], {
      env: { PORT: '0', WORKERS: '1', MODEL_DIR: `${ROOT}models`, DATA_DIR: join(folder, 'server') },
      log: pino({ level: 'silent' }),
    });
  });

  after(async () => {
    await server?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('has commands that exist', async () => {
    const makefile = await readFile(`${ROOT}Makefile`, 'utf8');
    const packageJson = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8'));
    const contributing = await Markdown.read('CONTRIBUTING.md');
    const commands = [...readme.blocks('bash'), ...contributing.blocks('bash')]
      .filter(block => !block.startsWith('curl'))
      .flatMap(block => block.trim().split('\n'));
    assert.include(commands, 'make serve');
    assert.include(commands, 'make test');
    for (const command of commands) {
      const target = /^make ([\w-]+)$/.exec(command)?.[1];
      if (target !== undefined) {
        assert.match(makefile, new RegExp(`^${target}:.* ## `, 'm'), command);
        continue;
      }
      const known = Object.keys(NOT_RUN).find(start => command.startsWith(start));
      assert.isDefined(
        known,
        `'${command}' is new: run it in this test, or say in NOT_RUN how it is held true`,
      );
      await NOT_RUN[known!]!(command, packageJson);
    }
    assert.include(readme.text, `Node ${packageJson.engines.node.replace('>=', '')} or newer`);
  });

  it('has curl examples that answer as it shows', async () => {
    const shown = readme.blocks('json').map(block => JSON.parse(block));
    const examples = readme
      .blocks('bash')
      .flatMap(block => [...block.matchAll(/^curl '?([^\s']+)'?(?: -d '([^']*)')?$/gm)])
      .map(([, url, body]) => ({ url: url!, body }));
    assert.equal(examples.length, [...readme.text.matchAll(/^curl /gm)].length);
    for (const { url, body } of examples) {
      // What curl sends for -d, the type of the content included.
      const response = await fetch(url.replace('http://localhost:9090', server.url), {
        ...(body === undefined
          ? {}
          : { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
      });
      assert.equal(response.status, 200, url);
      const answer = (await response.json()) as Body;
      if (!url.endsWith('/predict')) continue;
      const expected = shown.find(each => each.results);
      assert.approximately(expected.results[0].score, answer.results[0]!.score, 0.05);
      // Training the model again makes another version, and others scores.
      const comparable = (value: unknown) =>
        JSON.parse(JSON.stringify(value, (key, each) => (/score|version/.test(key) ? typeof each : each)));
      assert.deepEqual(comparable(answer), comparable(expected));
    }
  });

  it('shows labeling configs that parse and that the shipped model serves, also by predicted_values', async () => {
    const configs = readme.blocks('xml');
    const own = /<Choice value="Gut" .*?\/>/.exec(readme.text)![0];
    configs.push(configs[0]!.replace('<Choice value="Positive"/>', own));
    for (const schema of configs) {
      assert.isNotEmpty(parseLabelConfig(schema));
      const response = await fetch(`${server.url}/setup`, {
        method: 'POST',
        body: JSON.stringify({ project: '1', schema }),
      });
      assert.equal(response.status, 200, await response.text());
    }
  });

  it('shows a model.json and a version.json that the server takes', async () => {
    let manifests = 0;
    for (const [index, block] of readme.blocks('json').entries()) {
      const value = JSON.parse(block);
      if (value.results) continue;
      const path = join(folder, `${index}.json`);
      await writeFile(path, block);
      if (value.files) await readVersion(path);
      else {
        await readManifest(path);
        manifests++;
      }
    }
    assert.equal(manifests, 1);
  });

  it('has an example of at most 15 lines that type-checks, runs, and answers My Label with 0.42', async () => {
    assert.isTrue(
      existsSync(`${ROOT}dist/index.js`),
      'the example imports what is compiled: run `make setup`',
    );
    const [code = ''] = readme.blocks('ts');
    assert.isAtMost(code.trim().split('\n').length, 15);
    await writeFile(join(folder, 'my-model.ts'), code);
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', compilerOptions: { types: [] }, include: ['*.ts'] }),
    );
    await promisify(execFile)(process.execPath, [`${ROOT}node_modules/.bin/tsc`, '-p', folder]);

    const child = spawn(process.execPath, ['--import', 'tsx', 'my-model.ts'], {
      cwd: folder,
      env: { ...process.env, PORT: '0', DATA_DIR: join(folder, 'example') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const url = await announced(child);
      const [schema] = readme.blocks('xml');
      const ask = async (path: string, body: object) =>
        (await (await fetch(url + path, { method: 'POST', body: JSON.stringify(body) })).json()) as Body;
      const { model_version } = await ask('/setup', { project: '1', schema });
      const tasks = [{ id: 1, data: { text: 'a' } }];
      const answer = await ask('/predict', { project: '1', tasks });
      const result = {
        from_name: 'sentiment',
        to_name: 'text',
        type: 'choices',
        value: { choices: ['My Label'] },
      };
      assert.deepEqual<unknown>(answer.results, [{ result: [result], score: 0.42, model_version }]);
      assert.include(readme.text, `\`${model_version}\` until you set it`);
      assert.equal(
        (await ask('/models/my-model/predict', { project: '1', tasks })).model_version,
        model_version,
      );
    } finally {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
    }
  });

  it('has the settings of src/config.ts, all of them and no other', () => {
    const expected = Object.entries<{ shown?: string; meaning: string }>(SETTINGS).map(
      ([name, { shown, meaning }]) => [name, shown || 'none', meaning],
    );
    sameRows(readme.table('Settings'), [['setting', 'default', 'meaning'], ...expected]);
  });

  it('has the errors of src/errors.ts, all of them and no other', () => {
    const expected = Object.entries(ERRORS).map(([code, { status, meaning }]) => [
      code,
      String(status),
      meaning,
    ]);
    sameRows(readme.table('Errors'), [['code', 'status', 'meaning'], ...expected]);
  });

  it('has the routes of the server, all of them and no other', () => {
    const rows = routes({} as RouteDeps, {} as EventStreams, () => ({ json: null }));
    const expected = rows.flatMap(({ method, path, meaning }) =>
      meaning === undefined ? [] : [[`${method} ${path.replace(/\{(\w+)\}/g, '<$1>')}`, meaning]],
    );
    sameRows(readme.table('Paths'), [['path', 'what it does'], ...expected]);
    // The others are further paths of these.
    for (const { meaning, path } of rows)
      if (meaning === undefined) assert.match(path, /^\/(models\/\{model\}(\/health)?)?$/);
  });

  it('has the members of the class, all of them and no other', () => {
    const shown = readme
      .table('Write your own backend')
      .slice(1)
      .flatMap(([names]) => [...names!.matchAll(/`(\w+)[^`]*`/g)].map(([, name]) => name!));
    const members = Object.getOwnPropertyNames(LabelStudioMLBase.prototype).filter(
      name => name !== 'constructor',
    );
    assert.sameMembers(shown, [...members, 'predict']);
  });

  it('says what the model repository takes, and how well the shipped model does', async () => {
    const list = (names: string[]) => names.map(name => `\`${name}\``).join(', ');
    assert.include(
      readme.text.replace(/\s+/g, ' '),
      `Input kinds: ${list(Object.keys(INPUTS))}. Controls: ${list([...CONTROL_TAGS])}.`,
    );
    assert.include(readme.text, `accuracy ${(await shippedAccuracy()).toFixed(2)} on`);
  });

  for (const name of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md']) {
    it(`${name} links to and names only what there is`, async () => {
      const markdown = await Markdown.read(name);
      for (const target of markdown.links) {
        if (target.startsWith('#')) assert.include(markdown.anchors, target.slice(1));
        else if (!target.startsWith('https://'))
          assert.isTrue(existsSync(`${ROOT}${target.split('#', 1)[0]}`), target);
      }
      for (const span of markdown.spans) {
        if (!/^(src|test|scripts|models)\/[\w./-]+$/.test(span)) continue;
        assert.isTrue(existsSync(`${ROOT}${span}`), `${span} is not there`);
      }
    });
  }
});

/** Compares tables row by row, so that a failure shows the row to write. */
function sameRows(shown: string[][], expected: string[][]): void {
  const line = (cells: string[]) => cells.map(cell => cell.replaceAll('`', '')).join(' | ');
  assert.deepEqual(shown.map(line), expected.map(line));
}

/** The address that a server's log tells. */
async function announced(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /serving my-model on (http:\S+?)"/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error('the example ended without serving');
}

/** The accuracy that the newest shipped version was measured with. */
async function shippedAccuracy(): Promise<number> {
  const versions = `${ROOT}models/sentiment/versions`;
  const newest = (await readdir(versions)).sort().at(-1)!;
  return JSON.parse(await readFile(join(versions, newest, 'version.json'), 'utf8')).metrics.accuracy;
}
