import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { REGIONS } from '../../src/regions/index.js';
import { temporaryFolder } from '../support/folder.js';
import { addModel, makeGraphs } from '../support/graphs.js';
import { program } from '../support/program.js';

const MODEL = 'models/sentiment';

function run(command: string, args: string[], input = '') {
  const done = spawnSync(process.execPath, [...program(`cli/${command}`), ...args], {
    encoding: 'utf8',
    input,
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

describe('npm run parity', () => {
  let model: string;
  let version: string;

  beforeEach(async () => {
    model = await mkdtemp(join(tmpdir(), 'parity-'));
    await cp(MODEL, model, { recursive: true });
    const [name] = await readdir(join(model, 'versions'));
    version = join(model, 'versions', name!);
  });
  afterEach(() => rm(model, { recursive: true }));

  /** Changes a file of the version and its hash in the record, as if it had been exported so. */
  async function change(name: string, edit: (text: string) => string) {
    const text = edit(await readFile(join(version, name), 'utf8'));
    await writeFile(join(version, name), text);
    const record = JSON.parse(await readFile(join(version, 'version.json'), 'utf8'));
    record.files[name] = createHash('sha256').update(text).digest('hex');
    await writeFile(join(version, 'version.json'), JSON.stringify(record));
  }

  it('passes on the shipped model, named by its folder or by that of a version', () => {
    const { code, out } = run('parity', [model, version]);
    expect(code).to.equal(0);
    expect(out.trim().split('\n')).to.have.length(2);
    expect(out).to.match(/: \d+ rows, largest difference \d\.\de-\d+ \(tolerance 1\.0e-6\): passed\n/);
  });

  it('fails with the worst rows when the version answers otherwise', async () => {
    await change('vocabulary.json', text => text.replace('"great"', '"grate"'));
    const { code, out } = run('parity', [model]);
    expect(code).to.equal(1);
    expect(out).to.match(/failed on \d+\n {2}off by 0\.\d|failed on \d+\n {2}off by \d\.\de-\d/);
  });

  it('refuses a file that was changed after the export, to the byte', async () => {
    const graph = await readFile(join(version, 'model.onnx'));
    graph[graph.length >> 1]! ^= 1;
    await writeFile(join(version, 'model.onnx'), graph);
    const { code, err } = run('parity', [model]);
    expect(code).to.equal(1);
    expect(err).to.contain('model.onnx was changed after its export');
  });

  it('says what to give it', () => {
    expect(run('parity', []).err).to.equal('error: usage: npm run parity -- models/<name> ...\n');
    expect(run('parity', ['src']).err).to.equal('error: src is no model with a version, and no version\n');
  });

  describe('run-version', () => {
    it('answers values of one version, a line each', () => {
      const { code, out } = run(
        'run-version',
        [version],
        '"Great film"\n{"text": "\\ud83d"}\n{"text": {}}\n',
      );
      expect(code).to.equal(0);
      const [great, lone, number] = out
        .trim()
        .split('\n')
        .map(line => JSON.parse(line));
      expect(great.chosen).to.deep.equal({ label: [1] });
      expect(great.values.label[0] + great.values.label[1]).to.be.closeTo(1, 1e-15);
      expect(lone.values.label).to.have.length(2);
      expect(number.error.code).to.equal('task_invalid');
    });

    it('tells the numbers of an output of several tensors one after the other', async () => {
      const { output, outputs, input } = REGIONS.RectangleLabels!.example;
      const [graph] = await makeGraphs([{ inputs: input!.feeds, outputs }]);
      const root = await temporaryFolder();
      const folder = await addModel(root, 'boxes', {
        manifest: { input: { kind: 'image', ...input!.options }, outputs: [] },
        outputs: [output],
        graph: graph!,
        files: {},
      });
      const record = JSON.parse(await readFile(join(folder, 'version.json'), 'utf8'));
      record.input = { kind: 'image', ...input!.options };
      await writeFile(join(folder, 'version.json'), JSON.stringify(record));
      const { out } = run('run-version', [folder], `${JSON.stringify(input!.data.image)}\n`);
      expect(JSON.parse(out)).to.deep.equal({
        values: { objects: [0.5, 0, 1.5, 2, 0, 0, 1, 1, 0.875, 0.25, 1, 0] },
        chosen: {},
      });
    });

    it('answers requests, each for its folder', () => {
      const requests = [
        { folder: version, values: ['a', 'b'] },
        { folder: 'nowhere', values: ['a'] },
      ];
      const { out } = run(
        'run-version',
        [],
        requests.map(request => `${JSON.stringify(request)}\n`).join(''),
      );
      const [first, second] = out
        .trim()
        .split('\n')
        .map(line => JSON.parse(line));
      expect(first.answers).to.have.length(2);
      expect(second.failed).to.contain('nowhere');
    });
  });
});
