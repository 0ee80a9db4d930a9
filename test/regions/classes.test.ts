import { assert } from 'chai';
import { encoded, type Output, probabilities, refusal, VALUE, value } from './encoded.js';

const AB = '<Choice value="a"/><Choice value="b"/>';
const choices = (mode: string, inner = AB) => `<Choices name="c" toName="text" ${mode}>${inner}</Choices>`;
const single = { choice: 'single' };
const multiple = { choice: 'multiple' };
const flags: Output = probabilities(['a', 'b'], { rule: 'threshold', threshold: 0.5 });

describe('Choices', () => {
  it('gets the largest probability as its score, in all modes of one choice', () => {
    for (const mode of ['', 'choice="single"', 'choice="single-radio"']) {
      assert.deepEqual(encoded(choices(mode), probabilities(['a', 'b']), [0.25, 0.75], single), {
        results: [{ value: { choices: ['b'] }, score: 0.75 }],
        score: 0.75,
      });
    }
  });

  it('gets the class of the graph itself where the version says so, with the probability of that class', () => {
    const output = probabilities(['a', 'b'], { rule: 'label', tensor: 'label' });
    assert.deepEqual(encoded(choices(''), output, [0.25, 0.75], single, 0), {
      results: [{ value: { choices: ['a'] }, score: 0.25 }],
      score: 0.25,
    });
  });

  it('gets each class above the threshold, and the score of the least certain one, accepted or not', () => {
    const mode = choices('choice="multiple"');
    assert.deepEqual(encoded(mode, flags, [0.75, 0.9375], multiple), {
      results: [{ value: { choices: ['a', 'b'] }, score: 0.75 }],
      score: 0.75,
    });
    assert.deepEqual(encoded(mode, flags, [0.5, 0.9375], multiple), {
      results: [{ value: { choices: ['b'] }, score: 0.5 }],
      score: 0.5,
    });
  });

  it('gets each class above a threshold that the project sets in the place of the version', () => {
    const low = choices('choice="multiple" model_score_threshold="0.25"');
    assert.deepEqual(value(low, flags, [0.375, 0.125], multiple), ['a']);
    const own = { ...multiple, model_score_threshold: 0.875 };
    assert.deepEqual(value(choices('choice="multiple"'), flags, [0.75, 0.9375], own), ['b']);
  });

  it('gets no result rather than an empty one when no class is accepted', () => {
    assert.deepEqual(encoded(choices('choice="multiple"'), flags, [0.25, 0.125], multiple), {
      results: [],
      score: 0.75,
    });
  });

  it('gets a choice once when several classes mean it', () => {
    const both = choices('choice="multiple"', '<Choice value="x" predicted_values="a,b"/>');
    assert.deepEqual(value(both, flags, [0.75, 0.875], multiple), ['x']);
  });

  describe('whose label stands for several classes', () => {
    const two = choices('', '<Choice value="X" predicted_values="X1,X2"/><Choice value="Y"/>');
    const labels = ['X1', 'X2', 'Y'];
    const row = [0.375, 0.25, 0.375];

    it('gets what their probabilities are together', () => {
      assert.deepEqual(encoded(two, probabilities(labels), row, single), {
        results: [{ value: { choices: ['X'] }, score: 0.625 }],
        score: 0.625,
      });
      const said = probabilities(labels, { rule: 'label', tensor: 'label' });
      for (const label of [0, 1])
        assert.deepEqual(encoded(two, said, row, single, label).results, [
          { value: { choices: ['X'] }, score: 0.625 },
        ]);
      const tree =
        '<Taxonomy name="c" toName="text"><Choice value="A"><Choice value="X" predicted_values="X1,X2"/></Choice>' +
        '<Choice value="Y"/></Taxonomy>';
      assert.deepEqual(encoded(tree, probabilities(labels), row), {
        results: [{ value: { taxonomy: [['A', 'X']] }, score: 0.625 }],
        score: 0.625,
      });
      assert.equal(encoded(two, probabilities(labels), [0.75, 0.75, 0], single).score, 1);
    });

    it('gets their share with `renormalise`', () => {
      const { results, score } = encoded(
        two.replace('toName="text"', 'toName="text" renormalise="true"'),
        probabilities([...labels, 'Z']),
        [0.25, 0.125, 0.25, 0.375],
        single,
      );
      assert.deepEqual(results[0]!.value, { choices: ['X'] });
      assert.closeTo(score!, 0.6, 1e-12);
    });

    it('gets the largest of numbers that do not add up', () => {
      const scores: Output = { kind: 'scores', labels };
      assert.deepEqual(value(two, scores, [1, 2, 2.5], single), ['Y']);
      const independent = { ...probabilities(labels), activation: 'sigmoid' } as Output;
      const { results, score } = encoded(two, independent, [Math.log(3), 0, 9], single);
      assert.deepEqual(results[0]!.value, { choices: ['Y'] });
      assert.isAbove(score!, 0.99);
    });

    it('is as certain as the surest of them where any number of classes is accepted', () => {
      const many = two.replace('toName="text"', 'toName="text" choice="multiple"');
      const flag = probabilities(labels, { rule: 'threshold', threshold: 0.5 });
      assert.deepEqual(encoded(many, flag, [0.875, 0.4375, 0.125], multiple), {
        results: [{ value: { choices: ['X'] }, score: 0.875 }],
        score: 0.875,
      });
      // Exclusive ones are accepted together.
      const exclusive = { ...flag, activation: 'softmax' } as Output;
      const logits = [0.375, 0.375, 0.25].map(Math.log);
      const { results, score } = encoded(many, exclusive, logits, multiple);
      assert.deepEqual(results[0]!.value, { choices: ['X'] });
      assert.closeTo(score!, 0.75, 1e-12);
    });
  });

  it('gets no score from decision scores, which are no probabilities', () => {
    const scores: Output = { kind: 'scores', labels: ['a', 'b'] };
    assert.deepEqual(encoded(choices(''), scores, [-0.5, 0.75], single), {
      results: [{ value: { choices: ['b'] } }],
      score: null,
    });
    const each: Output = { ...scores, decision: { rule: 'threshold', threshold: 0 } };
    assert.isNull(encoded(choices('choice="multiple"'), each, [-0.5, 0.75], multiple).score);
  });

  it('keeps scores in 0..1, beyond which the validator refuses them', () => {
    assert.equal(encoded(choices(''), probabilities(['a', 'b']), [0, 1 + 2 ** -50], single).score, 1);
  });

  it('stores an alias for a class of the value that is shown', () => {
    const aliased = choices('', '<Choice value="Male" alias="M"/><Choice value="Female" alias="F"/>');
    assert.deepEqual(value(aliased, probabilities(['Female', 'Male']), [0.25, 0.75], single), ['M']);
  });

  it('reads `predicted_values` in any case, of a choice and of a node of a Taxonomy', () => {
    const odd = choices(
      '',
      '<Choice value="x" Predicted_Values="a"/><Choice value="y" PREDICTED_VALUES="b"/>',
    );
    assert.deepEqual(value(odd, probabilities(['a', 'b']), [0.25, 0.75], single), ['y']);
    const tree =
      '<Taxonomy name="c" toName="text"><Choice value="x" Predicted_values="a"/><Choice value="b"/></Taxonomy>';
    assert.deepEqual(value(tree, probabilities(['a', 'b']), [0.75, 0.25]), [['x']]);
  });

  it('refuses labels that the editor stores in other words than Label Studio expects', () => {
    const of = (control: string) => refusal(control, probabilities(['a', 'b']), [0.25, 0.75], single);
    const tree = (inner: string) => `<Taxonomy name="c" toName="text">${inner}</Taxonomy>`;
    for (const [inner, attribute] of [
      ['<Choice value="a" Alias="P"/><Choice value="b"/>', 'alias'],
      ['<Choice value="a" alias="P" ALIAS="Q"/><Choice value="b"/>', 'alias'],
      ['<Choice Value="a"/><Choice value="b"/>', 'value'],
      ['<Choice VALUE="a"/><Choice Value="b"/>', 'value'],
    ])
      for (const control of [choices('', inner), tree(inner!)])
        assert.match(
          of(control),
          new RegExp(
            `^no_model_fits: .*cannot answer 'a' of the \\w+ 'c': Label Studio's server reads ${attribute}=`,
          ),
        );
  });

  it('refuses choices that the editor fills from each task, save those with an alias', () => {
    const two = probabilities(['a', 'b']);
    for (const label of ['$a', 'Costs $price.net', '$0'])
      assert.match(
        refusal(
          choices('', `<Choice value="${label}" predicted_values="a"/><Choice value="b"/>`),
          two,
          [1, 0],
          single,
        ),
        /^no_model_fits: the model 'm' cannot answer '.*' of the Choices 'c', which the editor fills from each task/,
      );
    const aliased = '<Choice value="$a" alias="a"/><Choice value="US$"/>';
    assert.deepEqual(value(choices('', aliased), probabilities(['a', 'US$']), [1, 0], single), ['a']);
    // The editor shows what is in the task for a node, too, but stores its value as it is.
    const tree = '<Taxonomy name="c" toName="text"><Choice value="$a"/><Choice value="b"/></Taxonomy>';
    assert.deepEqual(value(tree, probabilities(['$a', 'b']), [1, 0]), [['$a']]);
  });

  it('refuses what its editor does not show, and labels that are not there', () => {
    const two = probabilities(['a', 'b']);
    const of = (control: string, output: Output, options = single) =>
      refusal(control, output, [1, 0], options);
    assert.equal(
      of(choices('perRegion="true"'), two),
      "no_model_fits: the model 'm' answers for whole tasks; the config's Choices 'c' has perRegion=\"true\": take it out",
    );
    assert.match(
      of(choices('perItem="true"'), two),
      /^no_model_fits: .*perItem="true": take it out, or show the pages of an Image with valueList$/,
    );
    assert.match(of(choices('allowNested="true"'), two), /allowNested.*use Taxonomy for nested classes$/);
    assert.match(
      of(choices('choice="multiple"'), two),
      /fills Choices with choice="single".*choice="multiple"$/,
    );
    assert.equal(
      of(choices(''), flags),
      "no_model_fits: the model 'm' chooses any number of classes for 'out'; the config's Choices 'c' holds one",
    );
    assert.equal(
      of(choices(''), VALUE),
      "no_model_fits: the model 'm' gives a value output for 'out'; the config's Choices 'c' needs probabilities or scores",
    );
    assert.equal(
      of(choices(''), probabilities(['a', 'z'])),
      "label_mismatch: the model 'm' predicts a, z; the config's Choices 'c' has a, b. " +
        'In common: a. To fill only these, set the extra params to {"partial": true}',
    );
  });

  it('fails the task, and says for which output, when a number is NaN', () => {
    assert.equal(
      refusal(choices(''), probabilities(['a', 'b']), [0.5, Number.NaN], single),
      "model_failed: the model gives NaN for 'out'",
    );
  });
});

describe('Taxonomy', () => {
  const tree =
    '<Choice value="Animal" alias="animal"><Choice value="Cat"/><Choice value="Dog" predicted_values="hund, chien"/>' +
    '<Choice value="Other"/></Choice><Choice value="Plant"><Choice value="Other"/></Choice><Choice value="Cat fish"/>';
  const taxonomy = (attributes = '') => `<Taxonomy name="c" toName="text" ${attributes}>${tree}</Taxonomy>`;
  const path = (label: string, options = {}) => value(taxonomy(), probabilities([label]), [1], options);

  it('gets no more nodes than `maxUsages` says, which the editor would not submit', () => {
    const tree = (most: string) =>
      `<Taxonomy name="c" toName="text" MaxUsages="${most}"><Choice value="a"/><Choice value="b"/><Choice value="d"/></Taxonomy>`;
    const flags = probabilities(['a', 'b', 'd'], { rule: 'threshold', threshold: 0.5 });
    const row = [0.625, 0.75, 0.875];
    assert.deepEqual(value(tree('2'), flags, row), [['b'], ['d']]);
    for (const most of ['3', '', 'many'])
      assert.deepEqual(value(tree(most), flags, row), [['a'], ['b'], ['d']]);
    assert.match(
      refusal(tree('1'), flags, row),
      /^no_model_fits: .*chooses any number of classes .* 'c' holds one$/,
    );
    assert.deepEqual(value(tree('1'), probabilities(['a', 'b', 'd']), row), [['d']]);
    assert.match(refusal(tree('0'), flags, row), /^no_model_fits: .* has maxUsages="0"$/);
  });

  it('gets whole paths, for leaves by value, predicted_values or path, and for the nodes above them', () => {
    assert.deepEqual(path('Cat'), [['animal', 'Cat']]);
    assert.deepEqual(path('chien'), [['animal', 'Dog']]);
    assert.deepEqual(path('DOG'), [['animal', 'Dog']]);
    assert.deepEqual(path('Animal/Other'), [['animal', 'Other']]);
    assert.deepEqual(path('animal/Other'), [['animal', 'Other']]);
    assert.deepEqual(path('plant/other'), [['Plant', 'Other']]);
    assert.deepEqual(path('Plant > Other', { separator: ' > ' }), [['Plant', 'Other']]);
    assert.deepEqual(path('animal'), [['animal']]);
    assert.deepEqual(path('Cat fish'), [['Cat fish']]);
  });

  it('gets each path that the decision rule accepts, once, and no empty list', () => {
    const labels = probabilities(['hund', 'chien', 'Cat'], { rule: 'threshold', threshold: 0.5 });
    assert.deepEqual(encoded(taxonomy(), labels, [0.75, 0.75, 0.875]), {
      results: [
        {
          value: {
            taxonomy: [
              ['animal', 'Dog'],
              ['animal', 'Cat'],
            ],
          },
          score: 0.75,
        },
      ],
      score: 0.75,
    });
    assert.deepEqual(encoded(taxonomy(), labels, [0, 0, 0]), { results: [], score: 1 });
  });

  it('refuses a name of several leaves, one that is not there, and nodes that it does not know', () => {
    const of = (label: string, attributes = '') => refusal(taxonomy(attributes), probabilities([label]), [1]);
    assert.equal(
      of('Other'),
      "label_mismatch: the model 'm' predicts Other, which is the name of several nodes of the config's Taxonomy 'c': " +
        'give the class its full path, such as animal/Other',
    );
    assert.equal(
      of('Cow'),
      "label_mismatch: the model 'm' predicts Cow; the config's Taxonomy 'c' has animal, animal/Cat, animal/Dog, " +
        'animal/Other, Plant, Plant/Other, Cat fish. None is in common: map them, such as with predicted_values="Cow" ' +
        'on a label, or use another model',
    );
    assert.match(of('Plant/Cat'), /^label_mismatch: .* predicts Plant\/Cat; /);
    assert.match(of('Plant', 'leafsOnly="true"'), /^label_mismatch: .* predicts Plant; /);
    assert.match(of('Cat', 'perRegion="true"'), /^no_model_fits: /);
    assert.match(of('Cat', 'labeling="true"'), /^no_model_fits: .* which does not tell where something is/);
    assert.match(
      of('Cat', 'apiUrl="https://example.com/tree"'),
      /^no_model_fits: .*'c' has them from elsewhere$/,
    );
  });
});
