import { assert } from 'chai';
import sharp from 'sharp';
import type { PredictionItem } from '../../src/model.js';
import type { InputSpec, OutputSpec } from '../../src/registry/version.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { type ErrorBody, type PredictBody, type Reply, refusalOf } from '../support/client.js';
import { temporaryFolder } from '../support/folder.js';
import { addModel } from '../support/graphs.js';
import { runPython } from '../support/python.js';

/** A region of an answer; of a mask `bits` says of each pixel whether it is in. */
interface ExpectedRegion {
  label: string;
  score: number | null;
  place?: number[];
  bits?: string;
}

interface Expected {
  labels?: string[];
  number?: number;
  regions?: ExpectedRegion[];
  score?: number | null;
}

/** A model, see `property/make.py`. */
interface RandomModel {
  name: string;
  family: string;
  batching: string;
  fault: string | null;
  says: string;
  sometimes: boolean;
  graph: string;
  files: Record<string, unknown>;
  input: InputSpec;
  output: Omit<OutputSpec, 'name'>;
  control: { control: string };
  config: string;
  tasks: string[];
  answers: (Expected | null)[];
}

/** How many models there are, and with which seed they are made beside the one that is always the same. */
const COUNT = Number(process.env.PROPERTY_MODELS ?? 250);
const SEED = Number(process.env.PROPERTY_SEED ?? 0);
const FIXED_SEED = 15;
/** Of models that have nothing wrong, and with those whose numbers are wrong for some tasks only. */
const LEAST_ACCEPTED = 0.4;
/** What an error of the program would say rather than of the model. */
const UNSPECIFIC = /not trained|untrained|undefined|null|\[object|TypeError|RangeError|Cannot |\n\s+at /;

const half = ({ graph }: RandomModel) => Buffer.from(graph, 'base64').includes('float16');

describe('random models', () => {
  for (const seed of SEED === 0 ? [FIXED_SEED] : [FIXED_SEED, SEED]) {
    describe(`of the seed ${seed}`, () => {
      let models: RandomModel[];
      let backend: TestBackend;
      let problems: Map<string, string>;

      before(async function () {
        this.timeout(60_000 + 300 * COUNT);
        models = await runPython<RandomModel>('test/inference/property/make.py', [{ seed, count: COUNT }]);
        const root = await temporaryFolder();
        for (const { name, graph, files, input, output, control } of models) {
          await addModel(root, name, {
            manifest: { input, outputs: [{ name: 'out', ...control }] },
            outputs: [{ ...output, name: 'out' } as OutputSpec],
            graph: Buffer.from(graph, 'base64'),
            files,
          });
        }
        backend = await startBackend({ MODEL_DIR: root });
        const { body } = await backend.get<{ problems: { model: string; message: string }[] }>('/api/models');
        problems = new Map(body.problems.map(({ model, message }) => [model, message]));
      });
      after(() => backend?.stop());

      it('are accepted in many cases', () => {
        const accepted = models.filter(({ name }) => !problems.has(name));
        assert.isAtLeast(accepted.length / models.length, LEAST_ACCEPTED);
      });

      it('answer what a few lines of NumPy say, or are refused with the reason', async function () {
        this.timeout(60_000 + 300 * COUNT);
        const wrong: string[] = [];
        for (const model of models) {
          const told = await judged(backend, model, problems.get(model.name));
          if (told !== undefined) wrong.push(`${described(model)}: ${told}`);
        }
        assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} of ${models.length} models`);
      });
    });
  }
});

function described({ name, family, batching, fault, input, output, control }: RandomModel): string {
  const parts = { batching, fault, input, output, control };
  return `${name} (${family}) ${JSON.stringify(parts)}`;
}

/** What is wrong with how a model is served; undefined: nothing. */
async function judged(
  backend: TestBackend,
  model: RandomModel,
  problem: string | undefined,
): Promise<string | undefined> {
  const { name, config, tasks, fault, says, sometimes } = model;
  const setup = await backend.post<ErrorBody>(`/models/${name}/setup`, { project: '1', schema: config });
  const reply: Reply<PredictBody & ErrorBody> = await backend.post(`/models/${name}/predict`, {
    tasks: tasks.map((shown, id) => ({ id, data: { shown } })),
    label_config: config,
  });
  if (problem !== undefined) {
    if (fault === null) return `is refused: ${problem}`;
    const reason = problem.replace(/^.*cannot be served: /s, '');
    if (UNSPECIFIC.test(reason) || !new RegExp(says).test(reason)) return `is refused with '${reason}'`;
    for (const { code, message } of [setup.body, refusalOf(reply)]) {
      if (code !== 'version_unusable' || !message.includes(reason)) return `answers ${code}: ${message}`;
    }
    return undefined;
  }
  if (fault !== null && !sometimes) return `is served: ${JSON.stringify(reply.body).slice(0, 300)}`;
  if (setup.status !== 200) return `answers ${setup.status} to /setup: ${setup.body.message}`;
  if (reply.status !== 200) return `answers ${reply.status}: ${reply.body.message}`;
  for (const [index, item] of reply.body.results.entries()) {
    const difference = await differenceOf(item, model.answers[index]!, model);
    if (difference !== undefined)
      return `task ${index}: ${difference}: ${JSON.stringify(item).slice(0, 400)} for ${JSON.stringify(model.answers[index]).slice(0, 400)}`;
  }
  return undefined;
}

type Result = { value: Record<string, unknown>; score?: number };

async function differenceOf(
  item: PredictionItem,
  expected: Expected | null,
  model: RandomModel,
): Promise<string | undefined> {
  if (expected === null) {
    const { error } = item as { error?: { code: string; message: string } };
    if (error?.code !== 'model_failed') return 'it does not fail';
    return new RegExp(model.says).test(error.message) ? undefined : `it says '${error.message}'`;
  }
  if (!('result' in item)) return 'it fails';
  const results = item.result as unknown as Result[];
  // What rounds to half precision may round to its other neighbour.
  const near = (
    a: number | null | undefined,
    b: number | null | undefined,
    most = half(model) ? 1e-3 : 1e-4,
  ) => (a == null || b == null ? (a ?? null) === (b ?? null) : Math.abs(a - b) <= most);
  if (expected.number !== undefined) {
    const given = results[0]?.value.number as number;
    const most = 1e-3 * Math.max(1, Math.abs(expected.number));
    return results.length === 1 && near(given, expected.number, most) ? undefined : 'another number';
  }
  if (!near(item.score, expected.score)) return 'another score';
  if (expected.labels !== undefined) {
    const given = (results[0]?.value.choices ?? []) as string[];
    if (results.length !== (expected.labels.length === 0 ? 0 : 1)) return 'another number of results';
    return given.join() === expected.labels.join() ? undefined : 'other labels';
  }
  const given = await Promise.all(results.map(regionOf));
  if (given.length !== expected.regions!.length) return 'another number of regions';
  for (const region of expected.regions!) {
    const found = given.findIndex(
      each =>
        each.label === region.label &&
        near(each.score, region.score) &&
        each.bits === region.bits &&
        (region.place ?? []).every((place, at) => near(each.place![at], place, half(model) ? 0.2 : 0.01)),
    );
    if (found < 0) return `no ${JSON.stringify(region).slice(0, 200)}`;
    given.splice(found, 1);
  }
  return undefined;
}

async function regionOf({ value, score = null as unknown as number }: Result): Promise<ExpectedRegion> {
  const labels = Object.values(value).find(Array.isArray) as string[];
  const { x, y, width, height, rotation, imageDataURL } = value as Record<string, number>;
  const region = { label: labels.length === 1 ? labels[0]! : '', score };
  if (imageDataURL !== undefined) {
    const bytes = Buffer.from(String(imageDataURL).split(',')[1]!, 'base64');
    const { data } = await sharp(bytes)
      .ensureAlpha()
      .extractChannel(3)
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { ...region, bits: Array.from(data, each => (each > 0 ? '1' : '0')).join('') };
  }
  return { ...region, place: rotation === undefined ? [x!, y!] : [x!, y!, width!, height!, rotation] };
}
