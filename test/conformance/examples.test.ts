import { assert } from 'chai';
import { InferenceChild } from '../../src/inference/child-process.js';
import { LoadedVersion } from '../../src/inference/host.js';
import { PROVIDERS, parseProviders } from '../../src/inference/providers/index.js';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { INPUTS } from '../../src/inputs/index.js';
import { targetOf } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { Prediction } from '../../src/model.js';
import { REGIONS } from '../../src/regions/index.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { temporaryFolder } from '../support/folder.js';
import { addModel, makeGraphs } from '../support/graphs.js';
import { CapturedLog } from '../support/log.js';

/** Every way to combine a row of one table with a row of the other. */
const PAIRS = Object.values(INPUTS).flatMap(input =>
  Object.values(REGIONS).map(region => ({
    input,
    region,
    model: `${input.kind}-${region.tag}`.toLowerCase().replace(/[^a-z0-9-]/g, '-'),
    config: `<View>${input.example.object}${region.example.control}</View>`,
  })),
);

describe('the examples of the three tables', () => {
  const folders = new Map<string, string>();
  let backend: TestBackend;

  before(async () => {
    const root = await temporaryFolder();
    const graphs = await makeGraphs(
      PAIRS.map(({ input, region }) => ({ inputs: input.example.feeds, outputs: region.example.outputs })),
    );
    for (const [index, { input, region, model }] of PAIRS.entries()) {
      const { output, options } = region.example;
      const folder = await addModel(root, model, {
        manifest: {
          input: { kind: input.kind, ...input.example.options },
          outputs: [{ name: output.name, control: region.tag, ...options }],
        },
        outputs: [output],
        graph: graphs[index]!,
        files: input.example.files,
      });
      folders.set(model, folder);
    }
    backend = await startBackend({ MODEL_DIR: root });
  });
  after(() => backend?.stop());

  for (const { input, region, model, config } of PAIRS) {
    it(`serve the input '${input.kind}' with the control ${region.tag}`, async () => {
      const body = { tasks: [{ id: 1, data: input.example.data }], label_config: config };
      const setup = await backend.post(`/models/${model}/setup`, { project: '1', schema: config });
      assert.equal(setup.status, 200, setup.reason);
      const reply = await backend.post<{ results: Prediction[] }>(`/models/${model}/predict`, body);
      assert.equal(reply.status, 200, reply.reason);
      const { results, score } = region.example.encoded;
      const [prediction] = reply.body.results;
      const common = { from_name: 'control', to_name: 'object', type: region.tag.toLowerCase() };
      assert.isNotEmpty(results);
      assert.deepEqual(
        prediction!.result.map(({ id: _, ...rest }) => rest),
        results.map(body => ({ ...common, ...body })),
      );
      assert.equal(prediction!.score, score);
    });
  }

  for (const { tag, example, reader } of Object.values(REGIONS)) {
    it(`teach what annotators answered with the control ${tag}`, () => {
      const config = readLabelConfig(`<View><Text name="object" value="$text"/>${example.control}</View>`);
      const { labels, read } = reader(targetOf(config, 'control', 'object'), example.options);
      const [result] = example.encoded.results;
      assert.deepEqual(read(result!.value), { target: example.target, outdated: false });
      if (labels !== null) assert.includeMembers([...labels], [example.target].flat());
      else assert.isNumber(example.target);
      assert.deepEqual(read({}), { target: null, outdated: false });
    });
  }

  for (const { kind, example, read } of Object.values(INPUTS)) {
    it(`feed a graph what the input '${kind}' says`, async () => {
      const { model } = PAIRS.find(({ input }) => input.kind === kind)!;
      const place = { object: 'object', tag: 'Text', key: /\$(\w+)/.exec(example.object)![1]!, isUrl: false };
      const folder = folders.get(model)!;
      const outputs: { name: string; tensor: string; kind: 'value' }[] = [];
      const input = { kind, ...example.options };
      const source = { key: kind, label: kind, folder, input, outputs };
      const version = await LoadedVersion.load(source, { name: 'cpu', device: 0 });
      const seen: PlainTensor[][] = [];
      const names = Object.keys(example.feeds);
      const failures = await version.run([read(example.data, place, example.options)], (_rows, tensors) => {
        seen.push(names.map(name => tensors[`same_${name}`]!));
      });
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
    for (const [word, { tag, type }] of Object.entries(REGIONS)) {
      assert.equal(word, tag);
      assert.equal(type, tag.toLowerCase());
    }
    for (const [word, { name }] of Object.entries(PROVIDERS)) assert.equal(word, name);
    for (const table of [INPUTS, REGIONS, PROVIDERS]) assert.isFrozen(table);
  });
});
