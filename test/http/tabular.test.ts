import { assert } from 'chai';
import { INPUTS } from '../../src/inputs/index.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { type ErrorBody, type PredictBody, refusalOf } from '../support/client.js';
import { temporaryFolder } from '../support/folder.js';
import { addModel, makeGraphs } from '../support/graphs.js';
import { errorOf } from '../support/results.js';

const CONFIG =
  '<View><Image name="photo" value="$photo"/><Number name="age" toName="photo"/>' +
  '<Choices name="where" toName="photo"><Choice value="Oulu"/><Choice value="Turku"/></Choices></View>';

describe('models of columns', () => {
  let backend: TestBackend;

  before(async () => {
    const { options, files, feeds } = INPUTS.tabular!.example;
    const values = (value: number) => ({
      type: 'float64' as const,
      data: Float64Array.of(value),
      dims: [1, 1],
    });
    const probabilities = { type: 'float64' as const, data: Float64Array.of(0.25, 0.75), dims: [1, 2] };
    const [graph, broken] = await makeGraphs([
      { inputs: feeds, outputs: { values: values(41.5), probabilities } },
      { inputs: feeds, outputs: { values: values(Number.NaN), probabilities } },
    ]);
    const root = await temporaryFolder();
    for (const [name, each] of [
      ['people', graph],
      ['broken', broken],
    ] as const) {
      await addModel(root, name, {
        manifest: {
          input: { kind: 'tabular', ...options },
          outputs: [
            { name: 'where', control: 'Choices', choice: 'single' },
            { name: 'age', control: 'Number' },
          ],
        },
        outputs: [
          { name: 'where', tensor: 'probabilities', kind: 'probabilities', labels: ['Oulu', 'Turku'] },
          { name: 'age', tensor: 'values', kind: 'value' },
        ],
        graph: each!,
        files,
      });
    }
    // The graphs answer one row, so each task is a run of its own.
    backend = await startBackend({ MODEL_DIR: root, MAX_BATCH: '1' });
  });
  after(() => backend?.stop());

  const post = <T = PredictBody>(data: readonly unknown[], model = 'people') =>
    backend.post<T>(`/models/${model}/predict`, {
      tasks: data.map((each, id) => ({ id, data: each })),
      label_config: CONFIG,
    });
  const refused = async (data: Record<string, unknown>) => {
    const { status, reason, body } = await post<ErrorBody>([data]);
    assert.equal(body.message, reason);
    return `${status} ${body.code}: ${reason}`;
  };

  it('take numbers that are given as text, missing ones, and fill several controls at once', async () => {
    for (const age of [41.5, '41.5', ' 4.15e1 ', null, '', 'NaN', true]) {
      const { status, body } = await post([{ city: 'Turku', age }]);
      assert.equal(status, 200, String(age));
      const [{ result, score }] = body.results as [{ result: Record<string, unknown>[]; score: number }];
      assert.deepEqual(
        result.map(({ from_name, type, value, score: own }) => ({ from_name, type, value, own })),
        [
          { from_name: 'where', type: 'choices', value: { choices: ['Turku'] }, own: 0.75 },
          { from_name: 'age', type: 'number', value: { number: 41.5 }, own: undefined },
        ],
      );
      assert.equal(score, 0.75);
    }
  });

  it('say which column a task lacks, and which it has', async () => {
    assert.equal(
      await refused({ photo: 'p.png', Age: 3, city: 'Oulu' }),
      "422 task_invalid: the task's data has no column 'age'; it has photo, Age, city",
    );
    assert.equal(await refused({}), "422 task_invalid: the task's data has no column 'age'; it has none");
  });

  it('say which column has a value that is not of its kind', async () => {
    for (const age of ['forty', '1,5', [4], { years: 4 }]) {
      const said = await refused({ city: 'Oulu', age });
      assert.equal(
        said,
        `422 task_invalid: column 'age' has ${JSON.stringify(age)}, and the model needs a number there`,
      );
    }
    assert.match(
      await refused({ city: ['Oulu'], age: 1 }),
      /^422 task_invalid: column 'city' has \["Oulu"\]/,
    );
    assert.equal(
      await refused({ city: 'Rome', age: 1 }),
      `422 task_invalid: column 'city' has "Rome", which the model was not trained with (it knows "Oulu", "Turku")`,
    );
  });

  it('fail single tasks of a request, and answer the others', async () => {
    const { status, body } = await post([
      { city: 'Turku', age: 1 },
      { city: 'Turku' },
      { city: 'Rome', age: 1 },
      { city: 'Oulu', age: '7' },
    ]);
    assert.equal(status, 200);
    const [first, second, third, fourth] = body.results;
    for (const good of [first, fourth]) assert.property(good, 'result');
    assert.match(errorOf(second).message, /has no column 'age'; it has city$/);
    assert.match(errorOf(third).message, /^column 'city' has "Rome"/);
  });

  it('are refused where the model gives no number whatever it gets', async () => {
    const { code, message } = refusalOf(await post([{ city: 'Turku', age: 1 }], 'broken'));
    assert.equal(code, 'version_unusable');
    assert.match(message, /^broken:\S+ cannot be served: the model gives NaN for 'age'$/);
  });
});
