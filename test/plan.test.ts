import { assert } from 'chai';
import type { Backend, Directory, Rank } from '../src/directory.js';
import { AppError, type ErrorCode, readLabelConfig } from '../src/index.js';
import { NoControlError } from '../src/label-config/bind.js';
import { LabelMismatchError } from '../src/label-config/fit-labels.js';
import { makePlan, tieSentence } from '../src/plan.js';

/** What a fake model is: its class, and for each of its outputs the controls that it fits, of which it fills the first free one. */
type Fake = [rank: Rank, ...outputs: string[][]] | 'code' | Error;

const CONFIG = readLabelConfig(
  '<View><Text name="text" value="$text"/>' +
    ['a', 'b', 'c'].map(name => `<Rating name="${name}" toName="text"/>`).join('') +
    '</View>',
);

function directory(fakes: Record<string, Fake>): Directory {
  const list = Object.entries(fakes).map(
    ([name, fake]): Backend => ({
      name,
      fit(_config, _project, { among, first } = {}) {
        if (fake instanceof Error) throw fake;
        if (fake === 'code') return { rank: 'code', controls: null };
        const [rank, ...outputs] = fake;
        const controls: string[] = [];
        for (const each of outputs) {
          const free = each.filter(control => (among?.has(control) ?? true) && !controls.includes(control));
          const control = free.find(one => first?.has(one)) ?? free[0];
          if (control !== undefined) controls.push(control);
        }
        if (controls.length === 0) throw new NoControlError(`the model '${name}' fills Rating`, 'others');
        return { rank, controls };
      },
      create: () => assert.fail('nothing is made'),
      learns: () => null,
      versions: () => [],
    }),
  );
  return { generation: 0, list: () => list };
}

const plan = (fakes: Record<string, Fake>, models?: unknown, model: string | null = null) =>
  makePlan(directory(fakes), { model, models }, CONFIG, '1');

/** The parts as `<model>: <control>, <control>`; `any` for a model that is alone. */
function parts(...input: Parameters<typeof plan>): string[] {
  return plan(...input).parts.map(
    ({ backend, controls }) => `${backend.name}: ${controls?.join(', ') ?? 'any'}`,
  );
}

function refusal(...input: Parameters<typeof plan>): [ErrorCode, string] {
  try {
    plan(...input);
  } catch (error) {
    assert.instanceOf(error, AppError);
    return [(error as AppError).code, (error as AppError).message];
  }
  return assert.fail('there is a plan');
}

const misfit = (model: string) => new AppError('no_model_fits', `the model '${model}' fills Choices`);

describe('the choice of models', () => {
  it('is the one that is named, whether it fits or not: its setup() tells why', () => {
    const all: Record<string, Fake> = { one: ['trained', ['a']], two: misfit('two') };
    assert.deepEqual(parts(all, undefined, 'two'), ['two: any']);
    assert.deepEqual(parts(all, { a: 'one' }, 'two'), ['two: any']);
    assert.deepEqual(refusal(all, undefined, 'three'), [
      'model_unknown',
      "there is no model 'three'; there is one, two",
    ]);
    assert.deepEqual(refusal({}, undefined, 'one'), [
      'model_unknown',
      "there is no model 'one'; there is none",
    ]);
  });

  it('is trained before shipped before a recipe before what fits partly before code before what has nothing to answer with', () => {
    const ranks: Rank[] = ['absent', 'code', 'partly', 'recipe', 'shipped', 'trained'];
    for (let count = 1; count <= ranks.length; count++) {
      const some = ranks.slice(0, count).map((rank): [string, Fake] => [rank, [rank, ['a']]]);
      const all = Object.fromEntries([...some, ['other', misfit('other')]]);
      assert.deepEqual(parts(all), [`${ranks[count - 1]}: any`]);
    }
  });

  it('gives each control to the best model that fills it, in the order of their names', () => {
    const all: Record<string, Fake> = {
      tagger: ['shipped', ['b']],
      recipe: ['recipe', ['a', 'b', 'c']],
      code: ['code', ['b'], ['c']],
      mood: ['trained', ['a']],
    };
    assert.deepEqual(parts(all), ['mood: a', 'recipe: c', 'tagger: b']);
    assert.deepEqual(parts({ two: ['shipped', ['b'], ['a']], one: ['recipe', ['a', 'c']] }), [
      'one: c',
      'two: b, a',
    ]);
  });

  it('tells of a model whose labels are nearly those of the config, unless one that knows the project answers', () => {
    const near = new LabelMismatchError("the model 'mood' predicts Positive; … did you mean Positive?", true);
    const other = new LabelMismatchError("the model 'topics' predicts Food; …", false);
    const notes = (rank: Rank) => plan({ one: [rank, ['a']], mood: near, topics: other }).notes;
    for (const rank of ['recipe', 'partly', 'absent'] as const) assert.deepEqual(notes(rank), [near.message]);
    for (const rank of ['trained', 'shipped'] as const) assert.deepEqual(notes(rank), []);
    assert.deepEqual(refusal({ mood: near, topics: other }), ['label_mismatch', near.message]);
  });

  it('leaves out what was not fetched as soon as anything else fits', () => {
    assert.deepEqual(parts({ gone: ['absent', ['a']], code: ['code', ['b']] }), ['code: any']);
    assert.deepEqual(parts({ gone: ['absent', ['a']], away: ['absent', ['b']] }), ['away: b', 'gone: a']);
    assert.deepEqual(parts({ gone: ['absent', ['a']], code: ['code', ['b']] }, { a: 'gone' }), [
      'code: b',
      'gone: a',
    ]);
  });

  it('leaves a control on which two tie to nobody, not to a lesser one either, and says how to choose', () => {
    const all: Record<string, Fake> = {
      one: ['shipped', ['a'], ['c']],
      two: ['shipped', ['a']],
      tagger: ['shipped', ['b']],
      recipe: ['recipe', ['a']],
    };
    assert.deepEqual(parts(all), ['one: c', 'tagger: b']);
    const { ties } = plan(all);
    assert.deepEqual(ties, [{ control: 'a', models: ['one', 'two'] }]);
    assert.equal(
      tieSentence(ties[0]!),
      `no model fills 'a', which one and two fit equally well: choose one with {"models":{"a":"one"}} in the ` +
        "backend's extra params",
    );
    assert.deepEqual(parts(all, { a: 'two' }), ['one: c', 'tagger: b', 'two: a']);
    assert.deepEqual(plan(all, { a: 'two' }).ties, []);
    // What is left to one of two that tie elsewhere is not its alone either.
    const either: Fake = ['shipped', ['a', 'b']];
    assert.deepEqual(plan({ one: either, two: either, three: ['recipe', ['c']] }).ties, [
      { control: 'a', models: ['one', 'two'] },
      { control: 'b', models: ['one', 'two'] },
    ]);
  });

  it('restricts a model that is alone where another control is left out on purpose', () => {
    assert.deepEqual(parts({ one: ['shipped', ['a'], ['b']] }), ['one: any']);
    assert.deepEqual(parts({ one: ['shipped', ['a'], ['b']] }, { a: null }), ['one: b']);
    assert.deepEqual(parts({ one: ['shipped', ['a'], ['b']] }, null), ['one: any']);
  });

  it('is an error that names the candidates and says how to choose when two are equally good for all', () => {
    assert.deepEqual(
      refusal({ one: ['shipped', ['a']], two: ['shipped', ['a']], three: ['recipe', ['a']] }),
      [
        'model_ambiguous',
        'several models fit this labeling config: one, two; choose one with /models/<name> at the end of the ' +
          'backend\'s URL, or {"model": "<name>"} in its extra params',
      ],
    );
  });

  it('is an error with the reasons of those that come nearest when none fits', () => {
    const mismatch = new AppError('label_mismatch', "the model 'a' predicts Ham, Spam; …");
    assert.deepEqual(refusal({ a: mismatch }), ['label_mismatch', mismatch.message]);
    assert.deepEqual(refusal({ a: mismatch, b: misfit('b') }), ['label_mismatch', mismatch.message]);
    const elsewhere = (name: string) =>
      new NoControlError(`the model '${name}' fills Choices`, "Rating 'a' on Text");
    assert.deepEqual(refusal({ a: misfit('a'), b: elsewhere('b'), c: misfit('c') }), [
      'no_model_fits',
      "no model fits this labeling config: the model 'a' fills Choices; the model 'c' fills Choices",
    ]);
    assert.deepEqual(refusal({ a: elsewhere('a'), b: elsewhere('b') }), [
      'no_model_fits',
      "no model fits this labeling config, which has Rating 'a' on Text: the model 'a' fills Choices; " +
        "the model 'b' fills Choices",
    ]);
    assert.deepEqual(refusal({}), ['no_model_fits', 'this server has no model: put one into its MODEL_DIR']);
  });

  it('hides no error of the program itself', () => {
    const bug = new TypeError('bug');
    assert.throws(() => plan({ one: ['shipped', ['a']], two: bug }), bug);
  });
});

describe('extra_params.models', () => {
  const all: Record<string, Fake> = {
    one: ['trained', ['a', 'b'], ['c']],
    two: ['recipe', ['a']],
    three: ['shipped', ['b']],
  };

  it('fixes the model of a control, whatever its class; what else that fills goes on', () => {
    assert.deepEqual(parts(all), ['one: a, c', 'three: b']);
    assert.deepEqual(parts(all, { a: 'two' }), ['one: b, c', 'two: a']);
    assert.deepEqual(parts(all, { b: 'one' }), ['one: b, c', 'two: a']);
    assert.deepEqual(parts(all, { b: 'three', c: null }), ['one: a', 'three: b']);
  });

  it('are refused where they name what is not there', () => {
    assert.deepEqual(refusal(all, { d: 'one' }), [
      'no_model_fits',
      "the extra params name a model for the control 'd', which the labeling config lacks; its controls are a, b, c",
    ]);
    assert.deepEqual(refusal(all, { a: 'four' }), [
      'model_unknown',
      "there is no model 'four'; there is one, two, three",
    ]);
    for (const models of ['one', ['one'], { a: 1 }])
      assert.match(
        refusal(all, models)[1],
        /^the extra params have "models": .*; it must be an object of controls/,
      );
  });

  it('are refused where a model does not fill what it is given', () => {
    assert.deepEqual(refusal(all, { c: 'two' }), [
      'no_model_fits',
      "the model 'two' fills Rating; the labeling config has others",
    ]);
    assert.deepEqual(refusal(all, { a: 'two', b: 'two' }), [
      'no_model_fits',
      "the extra params give the model 'two' the controls a, b; it cannot fill b beside the others",
    ]);
  });

  it('are refused where they leave nothing to fill', () => {
    assert.deepEqual(refusal(all, { a: null, b: null, c: null }), [
      'no_model_fits',
      'the extra params leave no control of the labeling config to a model',
    ]);
  });

  it('divide a config among models that are code, which fill what they are given', () => {
    assert.equal(refusal({ one: 'code', two: 'code' })[0], 'model_ambiguous');
    assert.deepEqual(parts({ one: 'code' }), ['one: any']);
    const divided = plan({ one: 'code', two: 'code' }, { a: 'one', b: 'two' });
    assert.deepEqual(divided.ties, [{ control: 'c', models: ['one', 'two'] }]);
    assert.deepEqual(parts({ one: 'code', two: 'code' }, { a: 'one', b: 'two' }), ['one: a', 'two: b']);
  });
});
