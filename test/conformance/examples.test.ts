import { assert } from 'chai';
import { InferenceChild } from '../../src/inference/child-process.js';
import { LoadedVersion } from '../../src/inference/loaded-version.js';
import { PROVIDERS, parseProviders } from '../../src/inference/providers/index.js';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { INPUTS } from '../../src/inputs/index.js';
import { parseShown } from '../../src/inputs/shown/value.js';
import { targetOf } from '../../src/label-config/bind-control.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { Prediction } from '../../src/model.js';
import type { RegionKind } from '../../src/regions/contract.js';
import { REGIONS } from '../../src/regions/index.js';
import { labelsIn } from '../../src/regions/reading.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { addExampleModels, examplesOf, PAIRS, type Pair, pairsOf } from '../support/example-models.js';
import { useFfmpeg } from '../support/ffmpeg.js';
import { temporaryFolder } from '../support/folder.js';
import { CapturedLog } from '../support/log.js';

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
  let folders: Map<string, string>;
  let backend: TestBackend;

  before(async function () {
    this.timeout(120_000);
    await useFfmpeg();
    const root = await temporaryFolder();
    folders = await addExampleModels(root, PAIRS);
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
        shown: parseShown(/\$\w+/.exec(example.object)![0]),
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
      const child = await InferenceChild.start(new CapturedLog().logger);
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
