import { assert } from 'chai';
import { bindModel } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import { REGIONS } from '../../src/regions/index.js';
import { pairsOf } from '../support/example-models.js';
import { answered, numbers, refused } from './bound.js';
import { encoded, type Output, probabilities, refusal, value } from './encoded.js';
import { encode, metaOf, SPANS, TAGS, tensor, values } from './tagged.js';

const choices = (labels: string, attributes = '') =>
  `<Choices name="c" toName="text" ${attributes}>` +
  `${labels
    .split(' ')
    .map(label => `<Choice value="${label}"/>`)
    .join('')}</Choices>`;
const single = { choice: 'single' };
const multiple = { choice: 'multiple' };
const TOPICS = ['Food', 'Sports', 'Tech', 'Money'];
const ROW = [0.125, 0.5, 0.25, 0.125];

describe('classes that a project does not have', () => {
  it('are never answered: the best of its own is, with the probability that the model gives it', () => {
    assert.deepEqual(encoded(choices('Tech Food'), probabilities(TOPICS), ROW, single), {
      results: [{ value: { choices: ['Tech'] }, score: 0.25 }],
      score: 0.25,
    });
  });

  it('give their share to the others with `renormalise`', () => {
    const { score } = encoded(choices('Tech Food', 'renormalise="true"'), probabilities(TOPICS), ROW, single);
    assert.closeTo(score!, 0.25 / 0.375, 1e-12);
    assert.equal(encoded(choices('Tech', 'renormalise="true"'), probabilities(TOPICS), ROW, single).score, 1);
    const none = [0, 1, 0, 0];
    assert.equal(
      encoded(choices('Tech Food', 'renormalise="true"'), probabilities(TOPICS), none, single).score,
      0,
    );
    assert.match(
      refusal(choices('Tech Food', 'renormalise="please"'), probabilities(TOPICS), ROW, single),
      /takes true or false as its renormalise/,
    );
  });

  it('are not answered by the class that the graph names either', () => {
    const said = probabilities(TOPICS, { rule: 'label', tensor: 'label' });
    const of = (label: number) => encoded(choices('Tech Food'), said, ROW, single, label).results;
    assert.deepEqual(of(0), [{ value: { choices: ['Food'] }, score: 0.125 }]);
    assert.deepEqual(of(1), [{ value: { choices: ['Tech'] }, score: 0.25 }]);
    assert.match(
      refusal(choices('Tech Food'), said, ROW, single, 4),
      /^model_failed: .* the number 4 as a class/,
    );
  });

  it('count neither as answers nor for the certainty where any number of them is accepted', () => {
    const flags = probabilities(TOPICS, { rule: 'threshold', threshold: 0.5 });
    const row = [0.875, 0.9375, 0.25, 0.5];
    for (const attributes of ['choice="multiple"', 'choice="multiple" renormalise="true"'])
      assert.deepEqual(encoded(choices('Tech Food', attributes), flags, row, multiple), {
        results: [{ value: { choices: ['Food'] }, score: 0.75 }],
        score: 0.75,
      });
    assert.deepEqual(encoded(choices('Tech', 'choice="multiple"'), flags, row, multiple), {
      results: [],
      score: 0.75,
    });
  });

  it('leave independent probabilities as they are, which have no common sum', () => {
    const independent = { ...probabilities(TOPICS), activation: 'sigmoid' } as Output;
    const logits = [0, 9, Math.log(3), -9];
    const { results, score } = encoded(
      choices('Tech Food', 'renormalise="true"'),
      independent,
      logits,
      single,
    );
    assert.deepEqual(results[0]!.value, { choices: ['Tech'] });
    assert.closeTo(score!, 0.75, 1e-12);
  });

  it('may be one of the two that one column tells of', () => {
    const binary = probabilities(['No', 'Yes']);
    assert.deepEqual(encoded(choices('No'), binary, [0.75], single).results, [
      { value: { choices: ['No'] }, score: 0.25 },
    ]);
  });

  it('are left out of decision scores', () => {
    const scores: Output = { kind: 'scores', labels: TOPICS };
    assert.deepEqual(encoded(choices('Tech Food', 'renormalise="true"'), scores, [-1, 3, -2, 0], single), {
      results: [{ value: { choices: ['Food'] } }],
      score: null,
    });
  });

  it('are refused when the project has others of its own, unless it says `partial`', () => {
    assert.match(refusal(choices('Tech Food Health'), probabilities(TOPICS), ROW, single), /"partial": true/);
    const partial = choices('Tech Food Health', 'partial="true"');
    assert.deepEqual(value(partial, probabilities(TOPICS), ROW, single), ['Tech']);
  });

  it('are left out of a Taxonomy, whose nodes are answered by those above and below them as well', () => {
    const tree = (extra = '') =>
      '<Taxonomy name="c" toName="text"><Choice value="Animal"><Choice value="Cat"/><Choice value="Dog"/></Choice>' +
      `<Choice value="Plant"><Choice value="Rose"/></Choice>${extra}</Taxonomy>`;
    const species = probabilities(['Stone', 'Cat', 'Dog', 'Plant']);
    assert.deepEqual(encoded(tree(), species, [0.5, 0.25, 0.125, 0.125]), {
      results: [{ value: { taxonomy: [['Animal', 'Cat']] }, score: 0.25 }],
      score: 0.25,
    });
    assert.match(
      refusal(tree('<Choice value="Water"/>'), species, [0.5, 0.25, 0.125, 0.125]),
      /predicts Stone, .* has Animal, .*, Water\. In common: Cat, /,
    );
    assert.deepEqual(
      value(tree('<Choice value="Water"/>'), species, [0.5, 0.25, 0.125, 0.125], { partial: true }),
      [['Animal', 'Cat']],
    );
  });

  it('are no side of a Pairwise', () => {
    const xml =
      '<View><Pairwise name="c" toName="l,r"/><Text name="l" value="$a"/><Text name="r" value="$b"/></View>';
    const output = { kind: 'probabilities', tensor: 'x', labels: ['left', 'tie', 'right'] };
    const bound = { xml, input: { kind: 'tabular', columns: [] }, output };
    assert.deepEqual(answered(REGIONS.Pairwise!, bound, { x: numbers([1, 3], 0.125, 0.625, 0.25) }).results, [
      { value: { selected: 'right' }, score: 0.25 },
    ]);
  });

  it('are no bucket of a Ranker', () => {
    const xml =
      '<View><List name="l" value="$l"/><Ranker name="c" toName="l"><Bucket name="good"/><Bucket name="bad"/></Ranker></View>';
    const output = { kind: 'probabilities', tensor: 'x', labels: ['bad', 'fair', 'good'] };
    const metas = ['a', 'b'].map(item => ({ ...metaOf('x'), item }));
    const tensors = { x: numbers([2, 3], ...[0.125, 0.625, 0.25], ...[0.5, 0.25, 0.25]) };
    const bound = { xml, input: { kind: 'list' }, output };
    assert.deepEqual(answered(REGIONS.Ranker!, bound, tensors, metas), {
      results: [{ value: { ranker: { _: [], good: ['a'], bad: ['b'] } }, score: 0.25 }],
      score: 0.25,
    });
  });
});

describe('spans that a project does not ask for', () => {
  const xml = (labels: string) =>
    `<View><Text name="t" value="$text"/><Labels name="c" toName="t">${labels}</Labels></View>`;

  it('are not shown', () => {
    const row = [...[0, 1, 0, 0, 0], ...[0, 0, 0, 1, 0]];
    const config = xml('<Label value="ORG"/>');
    assert.deepEqual(values(encode({ tags: tensor(row, [1, 2, 5]) }, TAGS, [metaOf('Ada IBM')], config)), [
      [4, 7, 'IBM', 'ORG'],
    ]);
  });

  it('are not shown where the graph lists them, nor do they make a prediction less certain', () => {
    const outputs = {
      starts: numbers([1, 2], 0, 4),
      ends: numbers([1, 2], 3, 7),
      labels: numbers([1, 2], 0, 1),
      scores: numbers([1, 2], 0.25, 0.75),
    };
    const answer = encode(outputs, SPANS, [metaOf('Ada IBM')], xml('<Label value="ORG"/>'));
    assert.deepEqual(values(answer), [[4, 7, 'IBM', 'ORG']]);
    assert.equal(answer.score, 0.75);
  });

  it('fit beside labels that the model does not know, unless one of them is nearly one of its own', () => {
    const tags = { ...TAGS, labels: ['O', 'Person', 'Organization'] };
    const of = (labels: string) => () =>
      values(encode({ tags: tensor([0, 1, 0], [1, 1, 3]) }, tags, [metaOf('Ada')], xml(labels)));
    assert.deepEqual(of('<Label value="Person"/><Label value="Product"/>')(), [[0, 3, 'Ada', 'Person']]);
    assert.match(
      refused(of('<Label value="Person"/><Label value="Organisation"/>')),
      /^label_mismatch: .* has Person, Organisation: did you mean Organization by 'Organisation'\?/,
    );
  });
});

describe('what a binding leaves out', () => {
  for (const region of Object.values(REGIONS)) {
    if (!region.overridable?.includes('partial')) continue;
    const pairs = pairsOf(region);
    for (const { example, kind, shown, config, model } of pairs.filter(
      ({ kind }) => kind === pairs[0]!.kind,
    )) {
      const [label] = /<(?:Label|Choice) value="[^"]*"/.exec(shown.control) ?? [];
      if (label === undefined || shown.output.labels === undefined) continue;
      it(`is told of ${model}`, () => {
        const { output, options, beside } = shown;
        const entries = [{ name: output.name, control: region.tag, ...options }];
        const specs = [output];
        if (beside) {
          entries.push({ name: 'beside', control: beside.tag });
          specs.push({ ...(beside.output ?? output), name: 'beside' });
        }
        const manifest = {
          format: 1 as const,
          title: 'M',
          input: { kind, ...example.options },
          outputs: entries,
        };
        const more = config.replace(label, `${label.replace(/"[^"]*"/, '"Quite another"')}/>${label}`);
        const bound = bindModel({ name: 'm', manifest, outputs: specs }, readLabelConfig(more));
        assert.include(bound.leftOut.join(), 'never answers Quite another');
      });
    }
  }

  const manifest = {
    format: 1 as const,
    title: 'M',
    input: { kind: 'text' },
    outputs: [
      { name: 'topic', control: 'Choices', choice: 'single' },
      { name: 'tone', control: 'Choices', choice: 'single' },
    ],
  };
  const output = (name: string, ...labels: string[]) => ({
    name,
    tensor: name,
    kind: 'probabilities',
    labels,
  });
  const outputs = [output('topic', 'Food', 'Price'), output('tone', 'Kind', 'Rude')];
  const bind = (topic: string, tone: string, trained = false, extraParams = {}) => {
    const xml = [topic, tone].map((labels, index) =>
      choices(labels).replace('"c"', index ? '"tone"' : '"topic"'),
    );
    const config = readLabelConfig(`<View><Text name="text" value="$text"/>${xml.join('')}</View>`);
    return bindModel({ name: 'm', manifest, outputs, trained, extraParams }, config);
  };

  it('is told in sentences, and by control', () => {
    const all = bind('Food Price', 'Kind Rude');
    assert.deepEqual([all.leftOut, all.isPartial], [[], false]);
    const { leftOut, isPartial, unanswered } = bind('Food', 'Kind Rude Neutral');
    assert.deepEqual(leftOut, [
      "the model 'm' leaves out Price, which the config's Choices 'topic' does not have",
      "the model 'm' never answers Neutral of the config's Choices 'tone'",
    ]);
    assert.isFalse(isPartial);
    assert.deepEqual(
      [...unanswered],
      [
        ['topic', []],
        ['tone', ['Neutral']],
      ],
    );
  });

  it('is refused where each side has others, unless extra params say that a part is enough', () => {
    assert.match(
      refused(() => bind('Food Cost', 'Kind Rude')),
      /^label_mismatch: the model 'm' predicts Food, Price; /,
    );
    const { leftOut, isPartial } = bind('Food Cost', 'Kind Rude', false, { partial: true });
    assert.isFalse(isPartial);
    assert.deepEqual(leftOut, [
      "the model 'm' leaves out Price, which the config's Choices 'topic' does not have",
      "the model 'm' never answers Cost of the config's Choices 'topic'",
    ]);
  });

  it('never ends a version that was trained for the project, as long as something fits', () => {
    assert.isTrue(bind('Food Cost', 'Kind Rude', true).isPartial);
    const { binding, leftOut, isPartial } = bind('Dish Cost', 'Kind Rude', true);
    assert.deepEqual(
      binding.controls.map(({ control }) => control),
      ['tone'],
    );
    assert.isTrue(isPartial);
    assert.deepEqual(leftOut, [
      "the model 'm' predicts Food, Price; the config's Choices 'topic' has Dish, Cost",
    ]);
    assert.match(
      refused(() => bind('Dish Cost', 'Nice Bad', true)),
      /^label_mismatch: the model 'm' predicts /,
    );
  });

  it('is least: of several controls the one with the most of the labels is filled', () => {
    const body = [choices('Food').replace('"c"', '"x"'), choices('Food Price Other').replace('"c"', '"y"')];
    const config = readLabelConfig(`<View><Text name="text" value="$text"/>${body.join('')}</View>`);
    const one = { ...manifest, outputs: manifest.outputs.slice(0, 1) };
    const { binding } = bindModel({ name: 'm', manifest: one, outputs: outputs.slice(0, 1) }, config);
    assert.equal(binding.controls[0]!.control, 'y');
  });
});
