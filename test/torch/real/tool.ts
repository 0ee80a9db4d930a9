import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { assert } from 'chai';
import sharp from 'sharp';
import type { Prediction } from '../../../src/model.js';
import type { Region } from '../../../src/regions/contract.js';
import { startBackend, type TestBackend } from '../../support/backend.js';
import { temporaryFolder } from '../../support/folder.js';
import { ROOT } from '../../support/python.js';
import { TORCH } from '../python.js';
import { assertClose, compare, type Difference, type Size, worst } from './agreement.js';
import { type Found, served } from './results.js';
import { type Case, tableOf } from './table.js';

const run = promisify(execFile);
/** What the makers tell is long where there are masks. */
const LONGEST_TOLD = 2 ** 28;
/** All cases, or a sample of them. */
const ALL = process.env.REAL === 'all';

/** What a tool finds: for each model for each image file. */
type Told = Record<string, Record<string, Found[]>>;

/** Makes the models of a tool into a repository. */
export async function make(tool: string, repository: string, names: readonly string[]): Promise<Told> {
  const { stdout } = await run(TORCH, [join(ROOT, 'test/torch/real/make.py'), tool, repository, ...names], {
    env: { ...process.env, OMP_NUM_THREADS: '1' },
    maxBuffer: LONGEST_TOLD,
  });
  return JSON.parse(stdout) as Told;
}

function configOf({ controls, outputs }: Case, labels: readonly string[]): string {
  const tags = controls.map((tag, index) => {
    const names = tag === 'KeyPointLabels' ? outputs[index]!.points! : labels;
    const child = tag === 'Choices' ? 'Choice' : 'Label';
    const children = names.map(name => `<${child} value="${name}"/>`).join('');
    return `<${tag} name="control${index}" toName="image">${children}</${tag}>`;
  });
  return `<View><Image name="image" value="$image"/>${tags.join('')}</View>`;
}

async function sizeOf(path: string): Promise<Size> {
  const { width, height } = await sharp(path).metadata();
  return { width, height };
}

async function dataUri(path: string): Promise<string> {
  const type = extname(path) === '.png' ? 'png' : 'jpeg';
  return `data:image/${type};base64,${(await readFile(path)).toString('base64')}`;
}

/** Lets the server predict image files in one request, and compares with what the tool found; the worst of all. */
export async function predictAndCompare(
  backend: TestBackend,
  model: Case,
  labels: readonly string[],
  told: Record<string, Found[]>,
): Promise<Difference> {
  const paths = Object.keys(told);
  const tasks = await Promise.all(
    paths.map(async (path, id) => ({ id, data: { image: await dataUri(path) } })),
  );
  const body = { tasks, project: '1.1', label_config: configOf(model, model.labels ?? labels) };
  const reply = await backend.post<{ results: Prediction[] }>(`/models/${model.name}/predict`, body);
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  const differences: Difference[] = [];
  for (const [index, path] of paths.entries()) {
    const { result, ...rest } = reply.body.results[index]!;
    assert(result, JSON.stringify(rest));
    const expected = told[path]!;
    if (!model.controls.includes('Choices')) {
      assert.isAtLeast(expected.length, 3, `things in ${basename(path)}`);
      assert.isAtLeast(new Set(expected.map(({ label }) => label)).size, 2, `labels in ${basename(path)}`);
    }
    const found = await served(result as Region[]);
    differences.push(compare(expected, found, await sizeOf(path), model.score ?? 0));
  }
  return worst(differences);
}

/** The tests of a tool: each of its models answers as the tool's own pipeline does. */
export function describeTool(tool: string): void {
  describe(`files of ${tool}`, () => {
    const { labels, cases } = tableOf(tool);
    const chosen = cases.filter(({ sample }) => ALL || sample);
    let backend: TestBackend;
    let told: Told;

    before(async function () {
      this.timeout(0);
      const repository = await temporaryFolder();
      told = await make(
        tool,
        repository,
        chosen.map(({ name }) => name),
      );
      backend = await startBackend({ MODEL_DIR: repository });
    });
    after(() => backend.stop());

    for (const model of chosen)
      it(`are served as ${tool} answers: ${model.name}`, async () => {
        assertClose(await predictAndCompare(backend, model, labels, told[model.name]!));
      });
  });
}
