import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { InferenceHost } from '../../src/inference/host.js';
import type { Binding, VersionSource } from '../../src/inference/protocol.js';
import { shippedVersion } from '../support/models.js';

const outputs: VersionSource['outputs'] = [
  { name: 'label', tensor: 'probabilities', kind: 'probabilities', labels: ['Negative', 'Positive'] },
];
const binding: Binding = {
  id: 'b',
  controls: [
    {
      control: 'c',
      row: 'Choices',
      toName: 't',
      output: 0,
      idPrefix: 'x-',
      data: { choices: ['No', 'Yes'] },
    },
  ],
};

describe('InferenceHost, without a process', () => {
  let host: InferenceHost;
  let version: VersionSource;

  before(async () => {
    version = { key: 'v', label: 'm:1', folder: await shippedVersion(), input: { kind: 'text' }, outputs };
    host = new InferenceHost();
    assert.deepEqual(await host.start([{ name: 'cpu', device: 0 }]), { provider: 'cpu', reasons: [] });
    await host.load(version);
  });
  after(() => host.unload('v'));

  const run = async (bindings: readonly Binding[], ...groups: unknown[][]) => {
    const texts = await host.run(
      'v',
      bindings,
      groups.map(values => ({ binding: 'b', values })),
    );
    return texts.map(items => items.map(text => JSON.parse(text)));
  };

  async function code(work: Promise<unknown>): Promise<string> {
    const error = await work.then(
      () => new Error('it did not fail'),
      (thrown: unknown) => thrown,
    );
    assert.instanceOf(error, AppError);
    return `${(error as AppError).code}: ${(error as AppError).message}`;
  }

  it('answers group by group, and a value that it cannot encode with an error of its own', async () => {
    const answers = await run([binding], ['I love it', 7], [], ['awful']);
    assert.deepEqual(
      answers.map(group => group.length),
      [2, 0, 1],
    );
    assert.nestedInclude(answers[0]![0], {
      'result[0].id': 'x-0',
      'result[0].from_name': 'c',
      'result[0].to_name': 't',
      'result[0].value.choices[0]': 'Yes',
    });
    assert.deepEqual(answers[0]![1], {
      error: { code: 'task_invalid', message: "'text' is not a text" },
      model_version: 'm:1',
    });
    assert.nestedInclude(answers[2]![0], { 'result[0].value.choices[0]': 'No' });
    assert.deepEqual(await run([], ['I love it', 7], [], ['awful']), answers);
  });

  it('says when something was not loaded first', async () => {
    const groups = [{ binding: 'other', values: ['x'] }];
    assert.match(await code(host.run('w', [], groups)), /^not_ready: version w /);
    assert.match(await code(host.run('v', [], groups)), /^internal: binding other /);
    assert.match(await code(new InferenceHost().load(version)), /^internal: /);
  });

  it('refuses a version that it cannot serve, naming its folder', async () => {
    const load = (more: Partial<VersionSource>) => code(host.load({ ...version, key: 'w', ...more }));
    const start = `version_invalid: ${version.folder} cannot be served: `;
    assert.equal(
      await load({ outputs: [{ ...outputs[0]!, tensor: 'scores' }] }),
      `${start}model.onnx has no output scores; it has probabilities`,
    );
    assert.equal(
      await load({ input: { kind: 'smell' } }),
      `${start}its input kind 'smell' is not known to this server`,
    );
    assert.match(
      await load({ folder: '/nowhere' }),
      /^version_invalid: \/nowhere cannot be served: .*features.json/,
    );
  });
});
