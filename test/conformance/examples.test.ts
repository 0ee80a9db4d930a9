import { assert } from 'chai';
import { InferenceChild } from '../../src/inference/child-process.js';
import { LoadedVersion } from '../../src/inference/loaded-version.js';
import { PROVIDERS, parseProviders } from '../../src/inference/providers/index.js';
import type { InputExample, PlainTensor } from '../../src/inputs/contract.js';
import { INPUTS } from '../../src/inputs/index.js';
import { targetOf } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { Prediction } from '../../src/model.js';
import type { RegionExample, RegionKind } from '../../src/regions/contract.js';
import { REGIONS } from '../../src/regions/index.js';
import { labelsIn } from '../../src/regions/reading.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { useFfmpeg } from '../support/ffmpeg.js';
import { temporaryFolder } from '../support/folder.js';
import { addModel, makeGraphs } from '../support/graphs.js';
import { CapturedLog } from '../support/log.js';

/** All examples of a row. */
const examplesOf = ({ example, otherExamples = [] }: RegionKind) => [example, ...otherExamples];

/** An example of a row of one table with a row of the other. */
interface Pair {
  kind: string;
  example: InputExample;
  region: RegionKind;
  shown: RegionExample;
  model: string;
  config: string;
}

function pair(kind: string, example: InputExample, region: RegionKind, shown: RegionExample): Pair {
  const name = `${kind}-${region.name ?? region.tag}-${examplesOf(region).indexOf(shown)}`;
  const model = name.toLowerCase().replace(/[^a-z0-9-]/g, '-');
  const { control, beside } = shown;
  const config = `<View>${example.object}${control}${beside?.control ?? ''}</View>`;
  return { kind, example, region, shown, model, config };
}

/** The graphs of an example beside `model.onnx`, by file name. */
async function furtherGraphs({ graphs = {} }: InputExample): Promise<Record<string, Buffer>> {
  const entries = Object.entries(graphs).filter(([name]) => name !== 'model.onnx');
  const made = await makeGraphs(entries.map(([, { feeds = {}, outputs }]) => ({ inputs: feeds, outputs })));
  return Object.fromEntries(entries.map(([name], index) => [name, made[index]!]));
}

/** The place of the result beside, and what goes with it. */
function placeOf({ result }: Prediction) {
  const {
    id: _,
    from_name: __,
    to_name: ___,
    type: ____,
    score: _____,
    ...place
  } = result.find(({ from_name }) => from_name === 'beside')!;
  return place;
}

/**
 * Every way to combine a row of one table with a row of the other; a row that needs what only some inputs know with the
 * input of its example alone, as its outputs belong to that.
 */
const pairsOf = (region: RegionKind): Pair[] =>
  examplesOf(region).flatMap(shown => {
    const { input } = shown;
    if (input !== undefined) return [pair(input.kind, input, region, shown)];
    return Object.values(INPUTS).map(({ kind, example }) => pair(kind, example, region, shown));
  });

const PAIRS = Object.values(REGIONS).flatMap(pairsOf);

/** Asks a backend that serves the pair's model for what its task gets. */
async function expectServed(backend: TestBackend, { example, region, shown, model, config }: Pair) {
  const { data, context } = example;
  const body = { tasks: [{ id: 1, data }], label_config: config, ...(context && { params: { context } }) };
  const setup = await backend.post(`/models/${model}/setup`, { project: '1', schema: config });
  assert.equal(setup.status, 200, setup.reason);
  const reply = await backend.post<{ results: Prediction[] }>(`/models/${model}/predict`, body);
  assert.equal(reply.status, 200, reply.reason);
  const { results, relations = [], score } = shown.encoded;
  const [prediction] = reply.body.results;
  const common = { from_name: 'control', to_name: 'object', type: region.tag.toLowerCase() };
  assert.isNotEmpty(results);
  const own = prediction!.result.filter(({ from_name }) => from_name === 'control');
  assert.deepEqual(
    own.map(({ id: _, ...rest }) => rest),
    results.map(({ key: _, parentKey: __, regionKey, order: ___, ...body }) => ({
      ...(regionKey !== undefined && placeOf(prediction!)),
      ...common,
      ...body,
      ...(regionKey !== undefined && { value: { ...placeOf(prediction!).value, ...body.value } }),
    })),
  );
  assert.deepEqual<unknown[]>(
    prediction!.result.filter(({ type }) => type === 'relation'),
    relations.map(({ from, to, ...rest }) => ({
      type: 'relation',
      from_id: own[from]!.id,
      to_id: own[to]!.id,
      ...rest,
    })),
  );
  assert.equal(prediction!.score, score);
  if (shown.beside) assert.lengthOf(new Set(prediction!.result.map(({ id }) => id)), results.length);
}

describe('the examples of the three tables', () => {
  const folders = new Map<string, string>();
  let backend: TestBackend;

  before(async function () {
    this.timeout(120_000);
    await useFfmpeg();
    const root = await temporaryFolder();
    const graphs = await makeGraphs(
      PAIRS.map(({ example, shown }) => ({
        inputs: example.feeds,
        outputs: { ...shown.outputs, ...example.graphs?.['model.onnx']?.outputs },
      })),
    );
    const further = new Map<InputExample, Record<string, Buffer>>();
    for (const { example } of Object.values(INPUTS)) further.set(example, await furtherGraphs(example));
    for (const [index, { kind, example, region, shown, model }] of PAIRS.entries()) {
      const { output, options, beside } = shown;
      const entries = [{ name: output.name, control: region.tag, ...options }];
      if (beside) entries.push({ name: 'beside', control: beside.tag });
      const folder = await addModel(root, model, {
        manifest: {
          input: { kind, ...example.options },
          outputs: entries,
        },
        outputs: entries.map(({ name }) => ({ ...((name === 'beside' && beside?.output) || output), name })),
        graph: graphs[index]!,
        files: example.files,
        graphs: further.get(example) ?? {},
      });
      folders.set(model, folder);
    }
    backend = await startBackend({ MODEL_DIR: root });
  });
  after(() => backend?.stop());

  for (const each of PAIRS) {
    const { kind, region, shown } = each;
    it(`serve the input '${kind}' with the control ${region.tag}, as ${shown.output.kind}`, () =>
      expectServed(backend, each));
  }

  it('must work: a row whose example gets another answer, or none, does not pass', async () => {
    const served = PAIRS.find(({ region }) => region.tag === 'Rating')!;
    await expectServed(backend, served);
    for (const results of [[{ value: { rating: 9 } }], []]) {
      const shown = { ...served.shown, encoded: { results, score: null } };
      assert.isNotNull(
        await expectServed(backend, { ...served, shown }).then(
          () => null,
          (error: Error) => error,
        ),
      );
    }
    const { example: _, ...without } = served.region;
    assert.throws(() => pairsOf(without as RegionKind), TypeError);
  });

  for (const [region, example] of Object.values(REGIONS).flatMap(each =>
    examplesOf(each).map(example => [each, example] as const),
  )) {
    const { tag, reader } = region;
    it(`teach what annotators answered with the control ${tag}, as ${example.output.kind}`, () => {
      const config = readLabelConfig(`<View><Text name="object" value="$text"/>${example.control}</View>`);
      const { labels, read } = reader(targetOf(config, 'control', 'object'), example.options);
      assert.deepEqual(read(example.encoded.results), { target: example.target, outdated: false });
      if (labels !== null) assert.includeMembers([...labels], labelsIn(example.target));
      assert.deepEqual(read([{ value: {} }]), { target: null, outdated: false });
    });
  }

  for (const { kind, example, read } of Object.values(INPUTS)) {
    it(`feed a graph what the input '${kind}' says`, async () => {
      const { model } = PAIRS.find(each => each.example === example)!;
      const place = {
        object: 'object',
        tag: 'Text',
        attributes: {},
        key: /\$(\w+)/.exec(example.object)![1]!,
        isUrl: false,
      };
      const folder = folders.get(model)!;
      const outputs: { name: string; tensor: string; kind: 'value' }[] = [];
      const input = { kind, ...example.options };
      const source = { key: kind, label: kind, folder, input, outputs };
      const version = await LoadedVersion.load(source, { name: 'cpu', device: 0 });
      const seen: PlainTensor[][] = [];
      const names = Object.keys(example.feeds);
      const failures = await version.run(
        [read(example.data, place, example.options, example.context ?? null)],
        (_, { outputs }) => {
          seen.push(names.map(name => outputs[`same_${name}`]!));
        },
      );
      await version.release();
      assert.equal(failures.size, 0);
      const plain = ({ type, data, dims }: PlainTensor) => ({
        type,
        data: Array.from(data as Float64Array),
        dims,
      });
      assert.deepEqual(
        seen.map(tensors => tensors.map(plain)),
        [Object.values(example.feeds).map(plain)],
      );
    });
  }

  for (const { name, example, hint } of Object.values(PROVIDERS)) {
    it(`run on the provider '${name}', or say what it lacks here`, async () => {
      const chosen = parseProviders(example);
      assert.deepEqual(
        chosen.map(choice => choice.name),
        [name],
      );
      // In a process of its own, as the server does it: a provider that fails writes to stderr.
      const child = new InferenceChild(new CapturedLog().logger);
      const outcome = await child.request('start', { providers: chosen, background: false }).then(
        ({ result: { provider } }) => ({ provider }),
        (error: Error) => error.message,
      );
      await child.kill();
      if (typeof outcome === 'string') {
        assert.notEqual(name, 'cpu', outcome);
        assert.include(outcome, hint);
      } else {
        assert.deepEqual(outcome, { provider: name });
      }
    });
  }

  it('belong to rows that stand under their own names', () => {
    for (const [word, { kind }] of Object.entries(INPUTS)) assert.equal(word, kind);
    for (const [word, { name, tag, type }] of Object.entries(REGIONS)) {
      assert.equal(word, name ?? tag);
      assert.equal(type, tag.toLowerCase());
    }
    for (const [word, { name }] of Object.entries(PROVIDERS)) assert.equal(word, name);
  });
});
