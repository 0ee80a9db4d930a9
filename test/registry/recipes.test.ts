import { join } from 'node:path';
import { assert } from 'chai';
import { INPUTS } from '../../src/inputs/index.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { type ErrorBody, type PredictBody, refusalOf } from '../support/client.js';
import { SENTIMENT } from '../support/configs.js';
import { addModel, makeGraphs } from '../support/graphs.js';
import { editJson } from '../support/models.js';
import { errorOf } from '../support/results.js';
import { models } from './support.js';

const LABELS = '<Choice value="Sport"/><Choice value="Art"/>';
const ON_TEXT = `<View><Text name="t" value="$text"/><Choices name="c" toName="t">${LABELS}</Choices></View>`;
const ON_TABLE = ON_TEXT.replace('<Text name="t" value="$text"/>', '<Table name="t" value="$row"/>');
const ON_IMAGE = ON_TEXT.replace('<Text name="t" value="$text"/>', '<Image name="t" value="$url"/>');

describe('the shipped recipes', () => {
  let backend: TestBackend;

  before(async () => {
    backend = await startBackend();
  });
  after(() => backend.stop());

  const setUp = async (schema: string, name?: string) => {
    const path = name === undefined ? '/setup' : `/models/${name}/setup`;
    const reply = await backend.post<{ model_version: string } & ErrorBody>(path, { project: '1', schema });
    return reply.status === 200 ? reply.body.model_version : reply.body.code;
  };

  it('fit configs of their own, so that none has to be named, and come after a model that knows the labels', async () => {
    assert.equal(await setUp(ON_TEXT), 'text-classifier:untrained');
    assert.equal(
      await setUp(ON_TEXT.replace('toName', 'choice="multiple" toName')),
      'text-multilabel-classifier:untrained',
    );
    assert.equal(await setUp(ON_TABLE), 'tabular-classifier:untrained');
    const number = '<View><Table name="t" value="$row"/><Number name="n" toName="t"/></View>';
    assert.equal(await setUp(number), 'tabular-regressor:untrained');
    assert.match(await setUp(SENTIMENT), /^sentiment:\d/);
  });

  it('of columns fill controls on any object when they are named', async () => {
    assert.notInclude(await setUp(ON_IMAGE), 'tabular-classifier');
    assert.equal(await setUp(ON_IMAGE, 'tabular-classifier'), 'tabular-classifier:untrained');
    assert.equal(await setUp(ON_TEXT, 'tabular-classifier'), 'tabular-classifier:untrained');
    assert.equal(await setUp(ON_IMAGE, 'tabular-regressor'), 'no_model_fits');
    const reply = await backend.post('/models/tabular-classifier/predict', {
      tasks: [{ id: 1, data: { url: 'a.png', age: 3 } }],
      label_config: ON_IMAGE,
    });
    assert.equal(refusalOf(reply).code, 'untrained');
  });

  it('are listed as versions that are not trained', async () => {
    const { versions } = (await backend.get<{ versions: string[] }>('/versions')).body;
    assert.includeMembers(versions, [
      'text-classifier:untrained',
      'text-multilabel-classifier:untrained',
      'tabular-classifier:untrained',
      'tabular-regressor:untrained',
    ]);
  });
});

describe('a version of a recipe of columns', () => {
  let backend: TestBackend;
  let graph: Buffer;

  before(async () => {
    const probabilities = { type: 'float64' as const, data: Float64Array.of(0.25, 0.75), dims: [1, 2] };
    const { feeds } = INPUTS.tabular!.example;
    graph = (await makeGraphs([{ inputs: feeds, outputs: { probabilities } }]))[0]!;
    // The graph answers one row, so each task is a run of its own.
    backend = await startBackend({ MAX_BATCH: '1' });
  });
  after(() => backend.stop());

  /** Writes a version of tabular-classifier for a project. */
  const addVersion = async (project: string, input?: object) => {
    const folder = await addModel(
      join(backend.dataDir, 'projects', project, 'models'),
      'tabular-classifier',
      {
        manifest: { input: { kind: 'tabular' }, outputs: [] },
        outputs: [
          { name: 'label', tensor: 'probabilities', kind: 'probabilities', labels: ['Sport', 'Art'] },
        ],
        graph,
        files: INPUTS.tabular!.example.files,
      },
    );
    if (input) {
      await editJson(join(folder, 'version.json'), record => {
        record.input = input;
      });
    }
    return folder;
  };

  it('brings its columns, which serve on any object, also from within what a Table shows', async () => {
    const [age, city] = INPUTS.tabular!.example.options.columns as object[];
    await addVersion('7', { kind: 'tabular', columns: [{ ...age, optional: true }, city] });
    await backend.backend.reload();
    for (const [label_config, data] of [
      [ON_IMAGE, { url: 'a.png', city: 'Turku' }],
      [ON_TABLE, { row: { city: 'Turku', age: '41' } }],
      [ON_TABLE, { row: { city: 'Turku', age: '41' }, city: 'Oulu', age: 'x' }],
    ] as const) {
      const tasks = [data, { url: 'b.png' }].map((each, id) => ({ id, data: each }));
      const { body } = await backend.post<PredictBody>('/predict', { tasks, label_config, project: '7' });
      assert.equal(body.model_version, 'tabular-classifier:20260101-000000-abcdef');
      assert.nestedPropertyVal(body.results[0], 'result[0].value.choices[0]', 'Art');
      assert.match(errorOf(body.results[1]).message, /has no column 'city'; it has url$/);
    }
    const other = await backend.setup({ project: '8', schema: ON_TABLE });
    assert.equal(other.body.model_version, 'tabular-classifier:untrained');
  });

  it('is loaded once, not at each reload', async () => {
    await backend.backend.reload();
    const loads = backend.log.lines.filter(({ msg }) => /^tabular-classifier:.* serves now$/.test(msg));
    assert.lengthOf(loads, 1);
  });

  it('is reported, not served, when it has no input, or one of another kind', async () => {
    const [without, other] = [await addVersion('9'), await addVersion('10', { kind: 'text' })];
    await backend.backend.reload();
    assert.sameMembers(
      (await models(backend)).problems.map(({ message }) => message),
      [
        `${without}/version.json has no input, and that of model.json lacks columns`,
        `${other}/version.json has an input of the kind 'text', and model.json one of the kind 'tabular'`,
      ],
    );
  });
});
