import { assert } from 'chai';
import { type Backend, classDirectory, type Directory, pick } from '../src/directory.js';
import { AppError, type ErrorCode, LabelStudioMLBase, readLabelConfig } from '../src/index.js';
import { NoControlError } from '../src/label-config/bind.js';
import { LabelMismatchError } from '../src/label-config/fit-labels.js';
import { CHOICES } from './class-backend.js';

const CONFIG = readLabelConfig(CHOICES);

type Fit = ReturnType<Backend['fit']> | Error;

function directory(fits: Record<string, Fit>): Directory {
  const list = Object.entries(fits).map(
    ([name, fit]): Backend => ({
      name,
      fit() {
        if (fit instanceof Error) throw fit;
        return fit;
      },
      create: () => assert.fail('nothing is made'),
      learns: () => null,
      versions: () => [],
    }),
  );
  return { generation: 0, list: () => list };
}

function refusal(fits: Record<string, Fit>, wanted: string | null = null): [ErrorCode, string] {
  try {
    pick(directory(fits), wanted, CONFIG, '1');
  } catch (error) {
    assert.instanceOf(error, AppError);
    return [(error as AppError).code, (error as AppError).message];
  }
  return assert.fail('a model was picked');
}

const misfit = (model: string) => new AppError('no_model_fits', `the model '${model}' fills Rating`);

describe('the choice of a model', () => {
  it('is the one that is named, whether it fits or not: its setup() tells why', () => {
    const all = directory({ a: 'trained', b: misfit('b') });
    assert.equal(pick(all, 'b', CONFIG, '1').name, 'b');
    assert.deepEqual(refusal({ a: 'trained', b: 'code' }, 'c'), [
      'model_unknown',
      "there is no model 'c'; there is a, b",
    ]);
    assert.deepEqual(refusal({}, 'c'), ['model_unknown', "there is no model 'c'; there is none"]);
  });

  it('is trained before shipped before a recipe before what fits partly before code before what has nothing to answer with', () => {
    const fits: [string, Fit][] = [
      ['absent', 'absent'],
      ['code', 'code'],
      ['partly', 'partly'],
      ['recipe', 'recipe'],
      ['shipped', 'shipped'],
      ['trained', 'trained'],
    ];
    for (let count = 1; count <= fits.length; count++) {
      const some = Object.fromEntries([...fits.slice(0, count), ['other', misfit('other')]]);
      assert.equal(pick(directory(some), null, CONFIG, '1').name, fits[count - 1]![0]);
    }
  });

  it('is an error that names the candidates and says how to choose when two are equally good', () => {
    const [code, message] = refusal({ a: 'shipped', b: 'shipped', c: 'recipe' });
    assert.equal(code, 'model_ambiguous');
    assert.equal(
      message,
      'several models fit this labeling config: a, b; choose one with /models/<name> at the end of the ' +
        'backend\'s URL, or {"model": "<name>"} in its extra params',
    );
  });

  it('is an error with the reasons of those that come nearest when none fits', () => {
    const mismatch = new AppError('label_mismatch', "the model 'a' predicts Ham, Spam; …");
    assert.deepEqual(refusal({ a: mismatch }), ['label_mismatch', mismatch.message]);
    assert.deepEqual(refusal({ a: mismatch, b: misfit('b') }), ['label_mismatch', mismatch.message]);
    const near = new LabelMismatchError("the model 'b' predicts Positive; … did you mean Positive?", true);
    assert.deepEqual(refusal({ a: mismatch, b: near, c: mismatch }), ['label_mismatch', near.message]);
    const elsewhere = (name: string) =>
      new NoControlError(`the model '${name}' fills Choices`, "Number 'n' on Text");
    assert.deepEqual(refusal({ a: misfit('a'), b: elsewhere('b'), c: misfit('c') }), [
      'no_model_fits',
      "no model fits this labeling config: the model 'a' fills Rating; the model 'c' fills Rating",
    ]);
    assert.deepEqual(refusal({ a: elsewhere('a'), b: elsewhere('b') }), [
      'no_model_fits',
      "no model fits this labeling config, which has Number 'n' on Text: the model 'a' fills Choices; " +
        "the model 'b' fills Choices",
    ]);
    assert.deepEqual(refusal({}), ['no_model_fits', 'this server has no model: put one into its MODEL_DIR']);
  });

  it('hides no error of the program itself', () => {
    const bug = new TypeError('bug');
    assert.throws(() => pick(directory({ a: 'shipped', b: bug }), null, CONFIG, '1'), bug);
  });
});

describe('classes as models', () => {
  abstract class Model extends LabelStudioMLBase {
    override predict() {
      return [];
    }
  }

  it('are called by their class name in kebab case', () => {
    class MyModel extends Model {}
    class NERModel extends Model {}
    class Bert2Tagger extends Model {}
    class $Über_Model extends Model {}
    const names = classDirectory([MyModel, NERModel, Bert2Tagger, $Über_Model, class extends Model {}], {
      live: () => [],
      stored: () => [],
    });
    assert.deepEqual(
      names.list().map(({ name }) => name),
      ['my-model', 'ner-model', 'bert2-tagger', 'ber-model', 'model'],
    );
  });

  it('answer the versions of their instances and those that were set, each once, or the first version', () => {
    class MyModel extends Model {}
    const instance = (projectId: string, modelVersion: string) =>
      ({ projectId, modelVersion }) as LabelStudioMLBase;
    const live = [instance('1', 'a'), instance('1', 'a'), instance('2', 'b')];
    const versionsOf = (instances: LabelStudioMLBase[], project: string | null) =>
      classDirectory([MyModel], {
        live: () => instances,
        stored: () =>
          instances.length === 0
            ? []
            : [
                { project: '2', version: 'b' },
                { project: '4', version: 'c' },
              ],
      })
        .list()[0]!
        .versions(project);
    assert.deepEqual(versionsOf([], null), ['my-model:0.0.1']);
    assert.deepEqual(versionsOf(live, null), ['a', 'b', 'c']);
    assert.deepEqual(versionsOf(live, '2'), ['b']);
    assert.deepEqual(versionsOf(live, '3'), ['my-model:0.0.1']);
    assert.deepEqual(versionsOf(live, '4'), ['c']);
  });
});
