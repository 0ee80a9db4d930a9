import { assert } from 'chai';
import type { Backend, Directory, Rank } from '../src/directory.js';
import { AppError, type ErrorCode, readLabelConfig } from '../src/index.js';
import { UnfillableError } from '../src/label-config/fillable.js';
import { LabelMismatchError } from '../src/label-config/fit-labels.js';
import { NoControlError } from '../src/label-config/no-control.js';
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
      readsAny: typeof fake === 'object' && 'readsAny' in fake,
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
        if (controls.length === 0) throw new NoControlError(name, 'Rating', 'others');
        return { rank, controls };
      },
      create: () => assert.fail('nothing is made'),
      options: () => (fake === 'code' ? null : ['partial', 'renormalise']),
      learns: () => null,
      versions: () => [],
    }),
  );
  return { generation: 0, list: () => list };
}

const plan = (
  fakes: Record<string, Fake>,
  models?: unknown,
  model: string | null = null,
  extraParams: Record<string, unknown> = {},
) => makePlan(directory(fakes), { model, models, extraParams }, CONFIG, '1');

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

  it('is trained before shipped before a recipe before what fits partly before code', () => {
    const ranks: Rank[] = ['code', 'partly', 'recipe', 'shipped', 'trained'];
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

  it('tells of models that have labels in common, where none answers that knows the project', () => {
    const near = new LabelMismatchError("the model 'mood' predicts …: did you mean …?", 'near miss', 'a');
    const part = new LabelMismatchError("the model 'stars' predicts …. In common: …", 'part', 'a');
    const other = new LabelMismatchError("the model 'topics' predicts Food; …", 'none', 'a');
    const all = { mood: near, stars: part, topics: other };
    const told = [near.message, part.message];
    for (const rank of ['recipe', 'partly', 'code'] as const)
      assert.deepEqual(plan({ ...all, one: [rank, ['a']] }).notes, told);
    for (const rank of ['trained', 'shipped'] as const) {
      assert.deepEqual(plan({ ...all, one: [rank, ['a']] }).notes, []);
      assert.deepEqual(plan({ ...all, one: [rank, ['b']] }).notes, told);
    }
    assert.deepEqual(refusal(all), ['label_mismatch', near.message]);
    assert.deepEqual(refusal({ stars: part, topics: other }), ['label_mismatch', part.message]);
  });

  it('tells of a model that knows some of the labels which a recipe learns', () => {
    const some: Fake = ['partly', ['a']];
    assert.deepEqual(plan({ tagger: some, learner: ['recipe', ['a', 'b']] }).notes, [
      "the model 'tagger' knows some of the labels of 'a', which the recipe 'learner' learns: to have 'tagger' answer, set " +
        'the extra params to {"partial": true}',
    ]);
    assert.deepEqual(plan({ tagger: some, learner: ['recipe', ['b']] }).notes, []);
    assert.deepEqual(plan({ tagger: some, mood: ['shipped', ['a']] }).notes, []);
  });

  it('tells of extra params that no model reads, with the nearest that one does', () => {
    const notes = (
      extraParams: Record<string, unknown>,
      fakes: Record<string, Fake> = { one: ['shipped', ['a']] },
    ) => plan(fakes, undefined, null, extraParams).notes;
    assert.deepEqual(notes({ partial: true, renormalise: true, model: null, models: {} }), []);
    assert.deepEqual(notes({ renormalize: true, partail: true }), [
      'the extra params have "renormalize", which the models of the project do not read: did you mean "renormalise"?',
      'the extra params have "partail", which the models of the project do not read: did you mean "partial"?',
    ]);
    assert.deepEqual(plan({ one: ['shipped', ['a']] }, undefined, 'one', { foo: 1 }).notes, [
      'the extra params have "foo", which the models of the project do not read: they read model, models, partial, renormalise',
    ]);
    assert.deepEqual(notes({ foo: 1 }, { one: 'code' }), []);
    assert.deepEqual(notes({ foo: 1 }, { two: ['shipped', ['a']], one: 'code' }), []);
  });

  it('tells of the controls that no model fills', () => {
    const { unfilled } = plan({ one: ['shipped', ['a']] }, { b: null });
    assert.deepEqual(unfilled, [
      { control: 'c', message: "no model fills the Rating 'c'" },
      { control: 'b', message: "no model fills the Rating 'b': the extra params have null for it" },
    ]);
    assert.deepEqual(plan({ one: ['shipped', ['a'], ['b']] }, undefined, 'one').unfilled, [
      { control: 'c', message: "no model fills 'c': the model 'one' was named, and does not fill it" },
    ]);
    assert.deepEqual(plan({ one: 'code' }).unfilled, []);
    assert.deepEqual(plan({ one: 'code' }, undefined, 'one').unfilled, []);
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
        'several models fit this labeling config: one, two; choose one for each control with {"models":{"a":"one"}} in the ' +
          "backend's extra params",
      ],
    );
    const single = readLabelConfig(
      '<View><Text name="text" value="$text"/><Rating name="a" toName="text"/></View>',
    );
    const two = directory({ one: ['shipped', ['a']], two: ['shipped', ['a']] });
    assert.throws(
      () => makePlan(two, { model: null, models: undefined }, single, '1'),
      'one, two; choose one with /models/<name> at the end of the backend\'s URL, or {"model": "<name>"} in its extra params',
    );
  });

  it('is an error with the reasons of those that come nearest when none fits', () => {
    const mismatch = new AppError('label_mismatch', "the model 'a' predicts Ham, Spam; …");
    assert.deepEqual(refusal({ a: mismatch }), ['label_mismatch', mismatch.message]);
    assert.deepEqual(refusal({ a: mismatch, b: misfit('b') }), ['label_mismatch', mismatch.message]);
    const elsewhere = (name: string, fills = 'Choices', nearness = 0) =>
      new NoControlError(name, fills, "Rating 'a' on Text", nearness);
    assert.deepEqual(refusal({ a: misfit('a'), b: elsewhere('b'), c: misfit('c') }), [
      'no_model_fits',
      'no model fits this labeling config: each of the models a, c fills Choices',
    ]);
    const other = new AppError('no_model_fits', "the model 'd' fills Rating");
    assert.deepEqual(refusal({ a: misfit('a'), c: misfit('c'), d: other }), [
      'no_model_fits',
      "no model fits this labeling config: each of the models a, c fills Choices; the model 'd' fills Rating",
    ]);
    assert.deepEqual(
      refusal({
        a: elsewhere('a', 'Choices on Image'),
        b: elsewhere('b', 'Choices on Text', 2),
        c: elsewhere('c', 'Rating on List', 1),
        d: elsewhere('d', 'Choices on Text', 2),
      }),
      [
        'no_model_fits',
        "no model fits this labeling config, which has Rating 'a' on Text: use a control that a model fills, or add a model. " +
          'There are Choices on Text (b, d); Rating on List (c); Choices on Image (a)',
      ],
    );
    const many = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [
        `m${index}`,
        elsewhere(`m${index}`, `Choices on Tag${index % 20}`),
      ]),
    );
    const [, told] = refusal({ ...many, near: elsewhere('near', 'Rating on Image', 3) });
    assert.match(told, /There are Rating on Image \(near\); Choices on Tag0 \(m0, m20\); .*; and 1\d more$/);
    assert.isAtMost(told.length, 300);
    const unusable = new AppError('version_unusable', "the model 'gone' has nothing to answer with");
    assert.deepEqual(refusal({ a: misfit('a'), gone: unusable }), ['version_unusable', unusable.message]);
    assert.deepEqual(refusal({}), ['no_model_fits', 'this server has no model: put one into its MODEL_DIR']);
  });

  it('names first the model that was likely meant', () => {
    const all: Record<string, Fake> = { alpha: ['shipped', ['a']], reviews: ['shipped', ['b']] };
    assert.deepEqual(refusal(all, undefined, 'review'), [
      'model_unknown',
      "there is no model 'review'; there is reviews, alpha",
    ]);
    const columns = Object.assign(misfit('columns'), { readsAny: true });
    const other = new AppError('no_model_fits', "the model 'texts' fills Rating");
    assert.deepEqual(refusal({ columns, texts: other }), [
      'no_model_fits',
      "no model fits this labeling config: the model 'texts' fills Rating; the model 'columns' fills Choices",
    ]);
  });

  it('is an error about the tag that no model can read or fill, whichever labels the models have', () => {
    const reason = 'cannot follow resolver="csv" of the Text \'text\': import the texts';
    const mismatch = new LabelMismatchError("the model 'wine' predicts Barolo; …", 'none', 'a');
    const unfillable = new UnfillableError(reason);
    assert.deepEqual(refusal({ a: unfillable.of('a'), b: unfillable.of('b'), wine: mismatch }), [
      'no_model_fits',
      `this server ${reason}`,
    ]);
    assert.equal(unfillable.of('a').message, `the model 'a' ${reason}`);
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
      "the model 'two' fills Rating; the labeling config has others: change it, or use another model",
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
