import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { assert } from 'chai';
import type { AppError } from '../../src/errors.js';
import { INPUTS } from '../../src/inputs/index.js';
import { CONTROL_TAGS, REGIONS } from '../../src/regions/index.js';
import { readManifest, readVersion } from '../../src/registry/manifest.js';
import { temporaryFolder } from '../support/folder.js';

const MANIFEST = {
  format: 1,
  title: 'A model',
  input: { kind: 'text' },
  outputs: [{ name: 'label', control: 'Choices', choice: 'single' }],
};
const HASH = '0'.repeat(64);
const VERSION = {
  format: 1,
  created: '2026-11-24T13:33:48Z',
  files: { 'model.onnx': HASH },
  outputs: [{ name: 'label', tensor: 'p', kind: 'probabilities', labels: ['a', 'b'] }],
  metrics: {},
  parity: {},
  tools: {},
};

type Case = [name: string, value: unknown, message: string];

/** Each value in a file of its own must be refused with the file's path and this message. */
function refused(code: string, read: (path: string) => Promise<unknown>, hint: string, cases: Case[]): void {
  for (const [name, value, message] of cases) {
    it(name, async () => {
      const path = join(await temporaryFolder(), 'file.json');
      await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
      const error = await read(path).then(
        () => null,
        (thrown: AppError) => thrown,
      );
      assert.equal(error?.message.replace(path, 'FILE'), `FILE${message}${hint}`);
      assert.equal(error?.code, code);
    });
  }
}

describe('model.json', () => {
  it('is read', async () => {
    const path = join(await temporaryFolder(), 'model.json');
    await writeFile(path, JSON.stringify(MANIFEST));
    assert.deepEqual(await readManifest(path), MANIFEST as never);
  });

  it('may leave what is learnt to the training', async () => {
    const path = join(await temporaryFolder(), 'model.json');
    const recipe = {
      ...MANIFEST,
      input: { kind: 'tabular' },
      train: { script: 'train_tabular.py', min: 3, options: { depth: [1, null] } },
    };
    await writeFile(path, JSON.stringify(recipe));
    assert.deepEqual(await readManifest(path), recipe as never);
  });

  it('says when it is missing', async () => {
    const error = await readManifest('/nowhere/model.json').catch((thrown: AppError) => thrown);
    assert.match((error as AppError).message, /^\/nowhere\/model.json .*no such file/i);
  });

  it('says when it is no JSON', async () => {
    const path = join(await temporaryFolder(), 'model.json');
    await writeFile(path, '{"format": 1,');
    const error = await readManifest(path).catch((thrown: AppError) => thrown);
    assert.include((error as AppError).message, `${path} is not readable JSON: `);
  });

  it('has a bounded number of outputs', async () => {
    const path = join(await temporaryFolder(), 'model.json');
    await writeFile(path, JSON.stringify({ ...MANIFEST, outputs: Array(101).fill(MANIFEST.outputs[0]) }));
    const error = (await readManifest(path).catch((thrown: AppError) => thrown)) as AppError;
    assert.include(error.message, `${path}: /outputs must NOT have more than 100 items`);
    assert.isBelow(error.message.length, 500);
  });

  const { title: _, ...untitled } = MANIFEST;
  const inputs = `inputs: ${Object.keys(INPUTS).join(', ')}`;
  const controls = `controls: ${CONTROL_TAGS.join(', ')}`;
  refused('manifest_invalid', readManifest, '', [
    ['a missing field', untitled, ": the top level lacks 'title'"],
    ['an empty title', { ...MANIFEST, title: '' }, ': /title must NOT have fewer than 1 characters, not ""'],
    ['an extra field', { ...MANIFEST, labels: [] }, ": the top level has 'labels', which is not known there"],
    ['another format', { ...MANIFEST, format: 2 }, ': /format must be 1, not 2'],
    ['a list', [], ': the top level must be object, not []'],
    [
      'an unknown input',
      { ...MANIFEST, input: { kind: 'smell' } },
      `: /input/kind is "smell", which is not known (${inputs})`,
    ],
    ['an input without kind', { ...MANIFEST, input: {} }, ": /input lacks 'kind'"],
    [
      'an unknown option of an input',
      { ...MANIFEST, input: { kind: 'text', size: 1 } },
      ": /input has 'size', which is not known there",
    ],
    ['no outputs', { ...MANIFEST, outputs: [] }, ': /outputs must NOT have fewer than 1 items, not []'],
    [
      'an unknown control',
      { ...MANIFEST, outputs: [{ name: 'x', control: 'Shapes' }] },
      `: /outputs/0/control is "Shapes", which is not known (${controls})`,
    ],
    [
      'an unknown input and an unknown control',
      { ...MANIFEST, input: { kind: 'smell' }, outputs: [{ name: 'x', control: 'Shapes' }] },
      `: /input/kind is "smell", which is not known; /outputs/0/control is "Shapes", which is not known (${inputs}; ${controls})`,
    ],
    [
      'a wrong option of a control',
      { ...MANIFEST, outputs: [{ name: 'x', control: 'Choices', choice: 'many' }] },
      ': /outputs/0/choice must be one of single, multiple, not "many"',
    ],
    [
      'an output without a name',
      { ...MANIFEST, outputs: [{ control: 'Choices', choice: 'single' }] },
      ": /outputs/0 lacks 'name'",
    ],
    [
      'an input without its options and no training',
      { ...MANIFEST, input: { kind: 'tabular' } },
      ": /input lacks 'columns'",
    ],
    ['a training without a script', { ...MANIFEST, train: { min: 2 } }, ": /train lacks 'script'"],
    [
      'a training of no annotation',
      { ...MANIFEST, train: { script: 'a.py', min: 0 } },
      ': /train/min must be >= 1, not 0',
    ],
    [
      'a training with packages that no list has',
      { ...MANIFEST, train: { script: 'a.py', requirements: 'jax' } },
      ': /train/requirements must be one of base, torch, not "jax"',
    ],
    ...['../train.py', 'scripts/train.py', 'train.sh', '.py', '-c.py', 'a b.py'].map(
      (script): Case => [
        `the script ${script}`,
        { ...MANIFEST, train: { script } },
        `: /train/script must match pattern "^[A-Za-z0-9_][A-Za-z0-9._-]*\\.py$", not "${script}"`,
      ],
    ),
  ]);
});

describe('version.json', () => {
  it('is read', async () => {
    const path = join(await temporaryFolder(), 'version.json');
    await writeFile(path, JSON.stringify(VERSION));
    assert.deepEqual(await readVersion(path), VERSION as never);
  });

  it('may have an input of its own', async () => {
    const path = join(await temporaryFolder(), 'version.json');
    const columns = [{ name: 'age', kind: 'number', optional: true }];
    const version = { ...VERSION, input: { kind: 'tabular', columns } };
    await writeFile(path, JSON.stringify(version));
    assert.deepEqual(await readVersion(path), version as never);
  });

  const { metrics: _, ...unmeasured } = VERSION;
  const output = VERSION.outputs[0]!;
  refused('version_invalid', readVersion, '', [
    ['a missing field', unmeasured, ": the top level lacks 'metrics'"],
    ['an extra field', { ...VERSION, note: 1 }, ": the top level has 'note', which is not known there"],
    ['no graph', { ...VERSION, files: {} }, ": /files lacks 'model.onnx'"],
    [
      'an unknown kind of output',
      { ...VERSION, outputs: [{ ...output, kind: 'logits' }] },
      ': /outputs/0/kind is "logits", which is not known',
    ],
    [
      'an unknown rule',
      { ...VERSION, outputs: [{ ...output, decision: { rule: 'dice' } }] },
      ': /outputs/0/decision/rule is "dice", which is not known',
    ],
    [
      'an input that still leaves something open',
      { ...VERSION, input: { kind: 'tabular' } },
      ": /input lacks 'columns'",
    ],
    [
      'an unknown input',
      { ...VERSION, input: { kind: 'smell' } },
      ': /input/kind is "smell", which is not known',
    ],
  ]);
});

describe('the schemas of the tables', () => {
  it('are schemas, which the server takes for granted when it starts', () => {
    const ajv = new Ajv();
    const rows = [...Object.values(INPUTS), ...Object.values(REGIONS)].map(
      ({ optionsSchema }) => optionsSchema,
    );
    const outputs = Object.values(REGIONS).flatMap(({ outputKinds }) => Object.values(outputKinds));
    for (const schema of [...rows, ...outputs])
      assert.isTrue(ajv.validateSchema(schema), `${JSON.stringify(schema)}: ${ajv.errorsText()}`);
    assert.isFalse(ajv.validateSchema({ properties: { a: { type: 'text' } } }));
  });
});
