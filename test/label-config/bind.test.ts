import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { bindModel } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { OutputSpec } from '../../src/registry/version.js';

/** A model's outputs as `name: control`, with the labels of the classes, none for a value. */
type Outputs = Record<string, readonly [control: string, ...labels: string[]]>;

const TEXT = '<Text name="text" value="$text"/>';

/** Which control each output fills, as `<output>: <control> on <object>`; and the key that is read. */
function bound(
  body: string,
  outputs: Outputs,
  input: string = 'text',
  isRecipe = false,
  { among, first }: { among?: string[]; first?: string[] } = {},
): string[] {
  const entries = Object.entries(outputs);
  const manifest = {
    format: 1 as const,
    title: 'M',
    input: { kind: input },
    outputs: entries.map(([name, [control]]) => ({
      name,
      control,
      ...(control === 'Choices' && { choice: 'single' }),
      ...(name.endsWith('?') && { optional: true }),
    })),
  };
  const specs = entries.map(
    ([name, [, ...labels]]): OutputSpec =>
      labels.length === 0
        ? { name, tensor: name, kind: 'value' }
        : { name, tensor: name, kind: 'probabilities', labels },
  );
  const config = readLabelConfig(`<View>${body}</View>`);
  const controls = { among: among && new Set(among), first: first && new Set(first) };
  const model = bindModel({ name: 'm', manifest, outputs: isRecipe ? null : specs, ...controls }, config);
  const filled = model.binding.controls.map(
    ({ output, control, toName }) => `${entries[output]![0]}: ${control} on ${toName}`,
  );
  return [...filled, model.place.shown.source.slice(1)];
}

function refusal(...input: Parameters<typeof bound>): string {
  try {
    bound(...input);
  } catch (error) {
    assert.instanceOf(error, AppError);
    return `${(error as AppError).code}: ${(error as AppError).message}`;
  }
  return assert.fail('it was bound');
}

const control = (tag: string, name: string, to = 'text', ...choices: string[]) =>
  `<${tag} name="${name}" toName="${to}">${choices.map(each => `<Choice value="${each}"/>`).join('')}</${tag}>`;
const choices = (name: string, to = 'text') => control('Choices', name, to, 'a', 'b');

describe('binding classes', () => {
  const bind = (perRegion: string, ofRegions: boolean) =>
    bindModel(
      {
        name: 'm',
        manifest: {
          format: 1,
          title: 'M',
          input: { kind: 'image' },
          outputs: [{ name: 'state', control: 'Choices', choice: 'single' }],
        },
        outputs: [{ name: 'state', kind: 'probabilities', tensor: 'x', labels: ['a', 'b'], ofRegions }],
      },
      readLabelConfig(
        `<View><Image name="i" value="$i"/><Choices name="c" toName="i" ${perRegion}><Choice value="a"/><Choice value="b"/></Choices></View>`,
      ),
    );

  it('of regions fills no control of the whole task, and the reverse', () => {
    bind('', false);
    assert.throws(() => bind('perRegion="true"', true), 'it needs an output for them');
    assert.throws(
      () => bind('', true),
      `gives classes of each region for 'state'; the config's Choices 'c' has no perRegion="true"`,
    );
    assert.throws(
      () => bind('perRegion="true"', false),
      `gives classes of the whole task for 'state'; the config's Choices 'c' has perRegion="true": take it out`,
    );
  });
});

describe('a config of many objects that a model does not fill', () => {
  it('is told once what it has, in a bounded number of characters', () => {
    const many = Array.from({ length: 300 }, (_, at) => control('Rating', `r${at}`, `t${at}`));
    const objects = many.map((_, at) => `<Text name="t${at}" value="$a"/>`);
    const config = readLabelConfig(`<View>${objects.join('')}${many.join('')}</View>`);
    let looks = 0;
    const parsed = new Proxy(config.parsed, {
      get(target, key) {
        looks++;
        return Reflect.get(target, key);
      },
    });
    const manifest = {
      format: 1 as const,
      title: 'M',
      input: { kind: 'text' },
      outputs: [{ name: 'c', control: 'Choices' }],
    };
    assert.throws(
      () => bindModel({ name: 'm', manifest, outputs: null }, { ...config, parsed }),
      AppError,
      /^the model 'm' fills Choices on Text or HyperText; the labeling config has Rating 'r0' on Text; .{50,90}\.\.\.: change it, or use another model$/,
    );
    assert.isBelow(looks, 10 * many.length);
  });
});

describe('binding a text of many places', () => {
  const text = (places: number) => `<Text name="text" value="${'$a, '.repeat(places)}"/>${choices('c')}`;

  it('is refused where each task would be', () => {
    assert.equal(bound(text(100), { c: ['Choices', 'a', 'b'] })[0], 'c: c on text');
    assert.equal(
      refusal(text(101), { c: ['Choices', 'a', 'b'] }),
      "no_model_fits: the model 'm' cannot read the Text 'text': its value names 101 places of the task, and at most 100 are put into a text; shorten it",
    );
  });
});

describe('binding a model of several outputs', () => {
  it('fills the control of an output with its name, wherever it stands', () => {
    const config = TEXT + control('Number', 'x') + control('Number', 'y') + control('Number', 'z');
    assert.deepEqual(bound(config, { z: ['Number'], y: ['Number'] }), [
      'z: z on text',
      'y: y on text',
      'text',
    ]);
  });

  it('does not give the control of one output to another', () => {
    const config = TEXT + control('Number', 'quality') + control('Number', 'other');
    assert.deepEqual(bound(config, { alcohol: ['Number'], quality: ['Number'] }), [
      'alcohol: other on text',
      'quality: quality on text',
      'text',
    ]);
  });

  it('fills controls in their order without names, each once, and those whose labels fit', () => {
    const config = TEXT + control('Choices', 'x', 'text', 'c', 'd') + choices('y') + choices('z');
    assert.deepEqual(
      bound(config, { one: ['Choices', 'a', 'b'], two: ['Choices', 'b', 'a'], three: ['Choices', 'c', 'd'] }),
      ['one: y on text', 'two: z on text', 'three: x on text', 'text'],
    );
    const two = { one: ['Choices', 'a', 'b'], two: ['Choices', 'a', 'b'] } as const;
    assert.equal(
      refusal(TEXT + choices('y'), two),
      "no_model_fits: the model 'm' fills Choices on Text or HyperText; the labeling config has Choices 'y' on Text: change it, or use another model",
    );
  });

  it('fills another control when the labels of the one with its name differ', () => {
    const config = TEXT + control('Choices', 'one', 'text', 'c', 'd') + choices('two');
    assert.deepEqual(bound(config, { one: ['Choices', 'a', 'b'] }), ['one: two on text', 'text']);
  });

  it('fills the control of its tag among others on the same image, those for smart tools included', () => {
    const shapes = ['Brush', 'KeyPoint', 'Rectangle'].map(
      (shape, index) =>
        `<${shape}Labels name="tag${index}" toName="image"${index > 0 ? ' smart="true"' : ''}><Label value="Plant"/></${shape}Labels>`,
    );
    const config = `<Header value="x"/><Image name="image" value="$image"/>${shapes.join('')}`;
    for (const [index, tag] of ['BrushLabels', 'KeyPointLabels', 'RectangleLabels'].entries())
      assert.deepEqual(bound(config, { out: [tag] }, 'image', true), [`out: tag${index} on image`, 'image']);
  });

  it('fills controls of different tags at once', () => {
    const config =
      TEXT +
      control('Rating', 'r') +
      choices('c') +
      control('Number', 'n') +
      control('Taxonomy', 't', 'text', 'a');
    assert.deepEqual(
      bound(config, { w: ['Number'], x: ['Taxonomy', 'a'], y: ['Rating', '1', '5'], z: ['Choices', 'b'] }),
      ['w: n on text', 'x: t on text', 'y: r on text', 'z: c on text', 'text'],
    );
  });

  it('leaves out what is optional where there is no such control, but not all', () => {
    const outputs: Outputs = { 'a?': ['Number'], 'b?': ['Rating'] };
    assert.deepEqual(bound(TEXT + control('Rating', 'x'), outputs), ['b?: x on text', 'text']);
    assert.deepEqual(bound(TEXT + control('Number', 'x'), outputs), ['a?: x on text', 'text']);
    assert.match(
      refusal(TEXT + control('TextArea', 'x'), outputs),
      /^no_model_fits: .* has TextArea 'x' on Text/,
    );
    const classes: Outputs = { 'a?': ['Choices', 'a', 'z'], b: ['Number'] };
    assert.match(refusal(TEXT + choices('x') + control('Number', 'y'), classes), /^label_mismatch/);
  });

  it('speaks of the one object that it reads', () => {
    const config = `${TEXT}<Text name="reply" value="$reply"/>`;
    const both = { c: ['Choices', 'a', 'b'], n: ['Number'] } as const;
    assert.deepEqual(
      bound(config + choices('x') + choices('y', 'reply') + control('Number', 'z', 'reply'), both),
      ['c: y on reply', 'n: z on reply', 'reply'],
    );
    assert.match(
      refusal(config + choices('x') + control('Number', 'z', 'reply'), both),
      /^no_model_fits: the model 'm' fills Number on Text or HyperText; the labeling config has /,
    );
    assert.deepEqual(bound(config + choices('x') + choices('c', 'reply'), { c: ['Choices', 'a', 'b'] }), [
      'c: c on reply',
      'reply',
    ]);
  });

  it('reads the second object of a control where the first is none of its kind', () => {
    const config = `<Image name="image" value="$image"/>${TEXT}${choices('x', 'image,text')}`;
    assert.deepEqual(bound(config, { c: ['Choices', 'a', 'b'] }), ['c: x on text', 'text']);
  });

  it('fills controls on any object when it reads columns', () => {
    const config = `<Image name="image" value="$image"/>${TEXT}${choices('x', 'image')}${control('Number', 'y')}`;
    assert.deepEqual(bound(config, { c: ['Choices', 'a', 'b'], n: ['Number'] }, 'tabular'), [
      'c: x on image',
      'n: y on text',
      'image',
    ]);
  });

  it('names the labels that differ rather than the control that is missing elsewhere', () => {
    const config = `${TEXT}<Text name="reply" value="$reply"/>${choices('x', 'reply')}`;
    assert.match(refusal(config, { c: ['Choices', 'q'] }), /^label_mismatch: the model 'm' predicts q; /);
  });

  it('asks a recipe, which has no labels yet, for its controls and their modes', () => {
    assert.deepEqual(bound(TEXT + choices('x'), { c: ['Choices'] }, 'text', true), ['c: x on text', 'text']);
    const multiple = TEXT + choices('x').replace('toName', 'choice="multiple" toName');
    assert.match(
      refusal(multiple, { c: ['Choices'] }, 'text', true),
      /^no_model_fits: the model 'm' fills Choices with choice="single"/,
    );
  });
});

describe('binding a model beside others', () => {
  const config = TEXT + choices('x') + choices('y') + control('Number', 'n');
  const label: Outputs = { label: ['Choices', 'a', 'b'] };
  const both: Outputs = { ...label, value: ['Number'] };

  it('fills only what it may', () => {
    assert.deepEqual(bound(config, label, 'text', false, { among: ['y', 'n'] }), [
      'label: y on text',
      'text',
    ]);
    assert.deepEqual(bound(config, { x: label.label! }, 'text', false, { among: ['y'] }), [
      'x: y on text',
      'text',
    ]);
    assert.equal(
      refusal(config, label, 'text', false, { among: ['n'] }),
      "no_model_fits: the model 'm' fills Choices on Text or HyperText; the labeling config has Number 'n' on Text: change it, or use another model",
    );
    assert.match(
      refusal(config, label, 'text', false, { among: [] }),
      /the labeling config has no other control tag: change it, or use another model$/,
    );
  });

  it('fills first what it is told to, on another object too', () => {
    assert.deepEqual(bound(config, { x: label.label! }, 'text', false, { first: ['y'] }), [
      'x: y on text',
      'text',
    ]);
    const two = `${config}<Text name="other" value="$other"/>${choices('z', 'other')}`;
    assert.deepEqual(bound(two, label, 'text', false, { first: ['z'] }), ['label: z on other', 'other']);
  });

  it("leaves out an output whose control is another model's, but not one that the config lacks", () => {
    assert.deepEqual(bound(config, both, 'text', false, { among: ['n'] }), ['value: n on text', 'text']);
    assert.deepEqual(bound(config, both, 'text', false, { among: ['y'] }), ['label: y on text', 'text']);
    assert.match(
      refusal(TEXT + choices('x') + choices('y'), both, 'text', false, { among: ['y'] }),
      /^no_model_fits: the model 'm' fills Number/,
    );
  });

  it("does not fill what is said of regions where those are another model's", () => {
    const image =
      '<Image name="image" value="$image"/>' +
      '<RectangleLabels name="box" toName="image"><Label value="a"/></RectangleLabels>' +
      '<TextArea name="said" toName="image" perRegion="true"/>';
    const read: Outputs = { boxes: ['RectangleLabels'], texts: ['TextArea'] };
    assert.deepEqual(bound(image, read, 'ocr', true, { among: ['box', 'said'] }), [
      'boxes: box on image',
      'texts: said on image',
      'image',
    ]);
    assert.deepEqual(bound(image, read, 'ocr', true, { among: ['box'] }), ['boxes: box on image', 'image']);
    assert.equal(
      refusal(image, read, 'ocr', true, { among: ['said'] }),
      "no_model_fits: the model 'm' fills TextArea on Image beside its regions; the labeling config has TextArea 'said' on Image: change it, or use another model",
    );
  });
});

describe('the labels of a version that was trained for the project', () => {
  const choice = (name: string, means: string) => `<Choice value="${name}" predicted_values="${means}"/>`;
  const text = '<Text name="t" value="$text"/>';
  const cases = [
    {
      control: 'Choices',
      input: 'text',
      options: { choice: 'single' },
      labels: ['Food', 'Price', 'Service'],
      of: (means: string[]) =>
        `${text}<Choices name="c" toName="t">${choice('Food', means[0]!)}${choice('Price', means[1]!)}${choice('Service', means[2]!)}</Choices>`,
    },
    {
      control: 'Taxonomy',
      input: 'text',
      options: {},
      labels: ['Food', 'Food/Price', 'Service'],
      of: (means: string[]) =>
        `${text}<Taxonomy name="c" toName="t"><Choice value="Food" predicted_values="${means[0]}">${choice('Price', means[1]!)}</Choice>` +
        `${choice('Service', means[2]!)}</Taxonomy>`,
    },
    {
      control: 'Ranker',
      input: 'list',
      options: {},
      labels: ['Food', 'Price', 'Service'],
      of: (means: string[]) =>
        `<List name="t" value="$l"/><Ranker name="c" toName="t">${['Food', 'Price', 'Service'].map((name, index) => `<Bucket name="${name}" predicted_values="${means[index]}"/>`).join('')}</Ranker>`,
    },
    {
      control: 'RectangleLabels',
      input: 'image',
      options: {},
      labels: ['Food', 'Price', 'Service'],
      of: (means: string[]) =>
        `<Image name="t" value="$i"/><RectangleLabels name="c" toName="t">${['Food', 'Price', 'Service'].map((name, index) => `<Label value="${name}" predicted_values="${means[index]}"/>`).join('')}</RectangleLabels>`,
    },
  ];
  for (const { control, input, options, labels, of } of cases) {
    it(`are those of a ${control}, whatever other models call them`, () => {
      const manifest = {
        format: 1 as const,
        title: 'M',
        input: { kind: input },
        outputs: [{ name: 'c', control, ...options }],
      };
      const output =
        control === 'RectangleLabels'
          ? { name: 'c', kind: 'boxes', tensors: { boxes: 'b', scores: 's' }, labels }
          : { name: 'c', kind: 'probabilities', tensor: 'x', labels };
      const data = (means: string[], trained: boolean) =>
        bindModel(
          { name: 'm', manifest, outputs: [output as never], trained },
          readLabelConfig(`<View>${of(means)}</View>`),
        ).binding.controls[0]!.data;
      const plain = data(['', '', ''], true);
      const [first, second, third] = labels as [string, string, string];
      for (const means of [
        [second, first, ''],
        [third, '', ''],
        [`${first},${second}`, third, second],
      ])
        assert.deepEqual(data(means, true), plain, means.join());
      // Of any other model they are the names.
      assert.notDeepEqual(data([second, first, ''], false), plain);
    });
  }

  it('are found by `predicted_values` where they are called otherwise since', () => {
    const manifest = {
      format: 1 as const,
      title: 'M',
      input: { kind: 'text' },
      outputs: [{ name: 'c', control: 'Choices', choice: 'single' }],
    };
    const output = { name: 'c', kind: 'probabilities', tensor: 'x', labels: ['Food', 'Price'] };
    const config = `<View>${text}<Choices name="c" toName="t">${choice('Meals', 'Food')}${choice('Price', '')}</Choices></View>`;
    const { binding } = bindModel(
      { name: 'm', manifest, outputs: [output], trained: true },
      readLabelConfig(config),
    );
    assert.deepEqual(binding.controls[0]!.data, { choices: ['Meals', 'Price'] });
  });
});

describe('a control of regions', () => {
  const manifest = {
    format: 1 as const,
    title: 'M',
    input: { kind: 'image' },
    outputs: [
      { name: 'r', control: 'RectangleLabels' },
      { name: 'w', control: 'TextArea' },
    ],
  };
  const outputs = [
    { name: 'r', kind: 'boxes', tensors: { boxes: 'b', scores: 's' }, labels: ['Text'] },
    { name: 'w', kind: 'texts', tensor: 't' },
  ];
  const regions = (attributes: string) => {
    const config =
      '<View><Image name="i" value="$i"/><RectangleLabels name="r" toName="i"><Label value="Text"/><Label value="Stamp"/></RectangleLabels>' +
      `<TextArea name="w" toName="i" perRegion="true" ${attributes}/></View>`;
    const { binding } = bindModel({ name: 'm', manifest, outputs }, readLabelConfig(config));
    return binding.controls.map(each => each.regions);
  };

  it('is for the regions that the editor shows it for', () => {
    for (const [attributes, expected] of [
      ['', undefined],
      ['whenLabelValue="Stamp"', { label: 'Stamp' }],
      ['WhenLabelValue="Stamp" whenTagName="r"', { label: 'Stamp' }],
      ['visibleWhen="region-selected" whenTagName="r"', { control: 'r' }],
      ['visibleWhen="region-selected" whentagname="r" whenlabelvalue="A,B"', { control: 'r', label: 'A,B' }],
      ['visibleWhen="choice-selected" whenTagName="c" whenChoiceValue="x"', undefined],
    ] as const)
      assert.deepEqual(regions(attributes), [undefined, expected], attributes);
  });
});
