import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { checkOptions } from '../../src/inputs/image/options.js';
import type { TensorOptions } from '../../src/inputs/image/tensor.js';
import { INPUTS } from '../../src/inputs/index.js';
import { parseLabelConfig } from '../../src/label-config/parse.js';
import type { Prediction } from '../../src/model.js';
import { CONTROL_TAGS } from '../../src/regions/index.js';
import { nearest } from '../../src/regions/numbers.js';
import { type Manifest, readManifest, readVersion } from '../../src/registry/manifest.js';
import { Markdown } from '../markdown.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { useFfmpeg } from '../support/ffmpeg.js';
import { temporaryFolder } from '../support/folder.js';
import {
  buildExamples,
  comparable,
  type Example,
  readExamples,
  readPages,
  shippedManifests,
  type Told,
} from './examples.js';

const examples = await readExamples();

describe('models/README.md', function () {
  this.timeout(120_000);
  const manifests = new Map<Example, Manifest>();
  let told: Told[];
  let backend: TestBackend;

  before(async () => {
    await useFfmpeg();
    const root = await temporaryFolder();
    told = await buildExamples(examples, root, await temporaryFolder());
    for (const example of examples)
      manifests.set(example, JSON.parse(await readFile(join(root, example.name, 'model.json'), 'utf8')));
    backend = await startBackend({ MODEL_DIR: root });
  });
  after(() => backend?.stop());

  const predict = async ({ name, config, context }: Example, tasks: readonly unknown[]) => {
    const reply = await backend.post<{ results: Prediction[] }>(`/models/${name}/predict`, {
      tasks: tasks.map((data, id) => ({ id, data })),
      label_config: config,
      ...(context !== undefined && { params: { context } }),
    });
    assert.equal(reply.status, 200, reply.reason);
    return reply.body.results;
  };

  it('has an example of each input, and tables of all inputs and controls', async () => {
    const all = [...manifests.values(), ...(await shippedManifests())];
    assert.sameMembers([...new Set(all.map(({ input }) => input.kind))], Object.keys(INPUTS));
    const texts = await readPages();
    for (const word of [...Object.keys(INPUTS), ...CONTROL_TAGS])
      assert.include(texts.join('\n'), `\n| \`${word}\` |`);
  });

  for (const [index, example] of examples.entries()) {
    const [model, task, shown] = example.json;

    it(`${example.title}: what is shown writes the model.json that is shown`, () => {
      assert.deepEqual(manifests.get(example), JSON.parse(model!));
    });

    it(`${example.title}: the task gets the prediction that is shown`, async () => {
      const setup = await backend.post(`/models/${example.name}/setup`, {
        project: String(index),
        schema: example.config,
      });
      assert.equal(setup.status, 200, setup.reason);
      const [prediction] = await predict(example, [JSON.parse(task!)]);
      assert.deepEqual(comparable(prediction), comparable(JSON.parse(shown!)));
      const { score } = JSON.parse(shown!);
      if (score === null) assert.isNull(prediction!.score);
      else assert.approximately(prediction!.score!, score, 0.02);
    });

    if (example.options === null) continue;
    it(`${example.title}: rows get what the model's own predict() says`, async () => {
      const { tasks, predicted, classes } = told[index]!;
      const [control] = Object.values(parseLabelConfig(example.config));
      const key = control!.inputs[0]!.value!;
      const predictions = await predict(
        example,
        tasks.map(data => ('text' in data ? { [key]: data.text } : data)),
      );
      for (const [row, { result }] of predictions.entries()) {
        const expected = valuesOf(example, manifests.get(example)!, classes, predicted[row]);
        const values = Object.fromEntries(
          result.map(({ from_name, value }) => [from_name as string, Object.values(value as object)[0]]),
        );
        assert.deepEqual(values, expected, `${example.title}, row ${row}`);
      }
    });
  }
});

/** The values of the controls for what a model's `predict` gave for one row. */
function valuesOf(
  { options, config }: Example,
  { outputs }: Manifest,
  classes: readonly unknown[][],
  predicted: unknown,
): Record<string, unknown> {
  const named = options!.includes('--labels') ? options![options!.indexOf('--labels') + 1]!.split(',') : null;
  const [only] = Object.keys(parseLabelConfig(config));
  const values = outputs.map(({ name, control, choice }, index): [string, unknown] => {
    const target = outputs.length === 1 ? only! : name;
    const answer = outputs.length === 1 ? predicted : (predicted as unknown[])[index];
    const label = named?.[classes[index]!.indexOf(answer)] ?? String(answer);
    if (control === 'Taxonomy') return [target, [label.split('/')]];
    if (control === 'Rating') return [target, answer];
    if (control === 'Number')
      return [target, nearest(answer as number, { min: 0, max: 400, step: 5, decimals: 0 })];
    if (choice === 'multiple') return [target, named!.filter((_, flag) => (answer as number[])[flag] === 1)];
    // One config has a German name for what its model calls Delivery.
    return [target, [label === 'Delivery' ? 'Lieferung' : label]];
  });
  return Object.fromEntries(values);
}

describe('the tables of models/images.md', () => {
  /** The cells of a table's rows that follow its head. */
  const rowsOf = (text: string, head: string) => {
    const [, rest] = text.split(`${head}\n|---|---|\n`);
    const [table] = rest!.split('\n\n');
    return table!.split('\n').map(row => row.split(' | ').map(cell => cell.replace(/^\| | \|$/g, '')));
  };

  it('have inputs that serve as they stand', async () => {
    const { text } = await Markdown.read('models/images.md');
    const rows = rowsOf(text, '| trained with | `input`, beside `"kind": "image"` |');
    assert.isAbove(rows.length, 10);
    const path = join(await temporaryFolder(), 'model.json');
    for (const [name, cell] of rows) {
      const options: TensorOptions = JSON.parse(`{${cell!.match(/^`(.*)`$/)![1]}}`);
      const kind = name!.match(/"kind": "(.*?)"/)?.[1] ?? 'image';
      const control = kind === 'image' ? 'RectangleLabels' : 'BrushLabels';
      const input = { kind, ...options };
      await writeFile(
        path,
        JSON.stringify({ format: 1, title: name, input, outputs: [{ name: 'a', control }] }),
      );
      await readManifest(path);
      checkOptions(options);
      const isFixed = /^(Ultralytics|YOLOX)/.test(name!);
      if (isFixed) assert.propertyVal(input, 'tensor', 'images', name);
    }
  });

  it('have entries of version.json that are valid', async () => {
    const { text } = await Markdown.read('models/images.md');
    const rows = rowsOf(text, '| output | entry |');
    assert.deepEqual(
      rows.map(([kind]) => kind),
      ['`yolo`', '`detections`'],
    );
    const path = join(await temporaryFolder(), 'version.json');
    for (const [, entry] of rows) {
      const version = {
        format: 2,
        created: '2026-11-24T13:33:48Z',
        files: { 'model.onnx': '0'.repeat(64) },
        outputs: [JSON.parse(entry!.slice(1, -1))],
        metrics: {},
        parity: {},
        tools: {},
      };
      await writeFile(path, JSON.stringify(version));
      assert.deepEqual(await readVersion(path), version as never);
    }
  });
});
