import { expect } from 'chai';
import { type LabelNode, parseLabelConfig, readLabelConfig } from '../../src/label-config/parse.js';

/** The values of a tree of labels, each with those below it. */
const values = (nodes: LabelNode[] | undefined): unknown[] =>
  (nodes ?? []).map(({ value, children }) => (children.length > 0 ? [value, ...values(children)] : value));

describe('label-config: readLabelConfig', () => {
  it('keeps the source, and parses it as parseLabelConfig does', () => {
    const xml =
      '<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="a"/></Choices></View>';
    const config = readLabelConfig(xml);
    expect(config.xml).to.equal(xml);
    expect(config.parsed).to.deep.equal(parseLabelConfig(xml));
    expect(readLabelConfig(null)).to.deep.equal({
      xml: '',
      parsed: {},
      controls: new Map(),
      objects: new Map(),
      others: [],
    });
  });

  it('keeps the tags that are neither controls nor objects nor labels, with the control that they are in', () => {
    const { others } = readLabelConfig(`<View><Relations><Relation value="next to"/></Relations>
      <Ranker name="r" toName="l"><View><Bucket name="a" title="A"/></View></Ranker><List name="l" value="$l"/>
      <Choices name="c" toName="l"><Choice value="a"/></Choices></View>`);
    expect(others.map(({ tag, attributes, control }) => [tag, { ...attributes }, control])).to.deep.equal([
      ['View', {}, undefined],
      ['Relations', {}, undefined],
      ['Relation', { value: 'next to' }, undefined],
      ['View', {}, 'r'],
      ['Bucket', { name: 'a', title: 'A' }, 'r'],
    ]);
  });

  it('keeps them with the object that they are in, however deep', () => {
    const { others } = readLabelConfig(`<View><TimeSeries name="walk" value="$walk"><Channel column="x"/>
      <MultiChannel><Channel column="y"/></MultiChannel></TimeSeries><Channel column="z"/></View>`);
    expect(others.map(({ tag, attributes, object }) => [tag, attributes.column, object])).to.deep.equal([
      ['View', undefined, undefined],
      ['Channel', 'x', 'walk'],
      ['MultiChannel', undefined, 'walk'],
      ['Channel', 'y', 'walk'],
      ['Channel', 'z', undefined],
    ]);
  });

  it('gives the tag and all attributes of controls and objects, in the order of the source', () => {
    const { controls, objects } = readLabelConfig(`<View>
      <Header value="no name"/>
      <Text name="t" value="$text" granularity="word" xml:lang="en"/>
      <Choices name="c" toName="t" choice="multiple" showInline="true"/>
    </View>`);
    expect([...controls]).to.deep.equal([
      [
        'c',
        {
          name: 'c',
          tag: 'Choices',
          attributes: { name: 'c', toName: 't', choice: 'multiple', showInline: 'true' },
        },
      ],
    ]);
    expect([...objects.keys()]).to.deep.equal(['t']);
    expect(Object.entries(objects.get('t')!.attributes)).to.deep.equal([
      ['name', 't'],
      ['value', '$text'],
      ['granularity', 'word'],
      ['{http://www.w3.org/XML/1998/namespace}lang', 'en'],
    ]);
  });

  it('keeps what is between the tags of an object where the editor shows it: text alone, and any document of a HyperText', () => {
    const contents = (xml: string) =>
      [...readLabelConfig(`<View>${xml}</View>`).objects.values()].map(({ content }) => content);
    expect(
      contents('<HyperText name="a" value="$x">\n <p class="b">Hi <b>$x</b> &amp; <br/></p> </HyperText>'),
    ).to.deep.equal(['<p class="b">Hi <b>$x</b> &amp; <br/></p>']);
    expect(contents('<Text name="a" value="$x"> some $y </Text>')).to.deep.equal(['some $y']);
    expect(contents('<TimeSeries name="a" value="$x"> <Channel column="c"/> </TimeSeries>')).to.deep.equal([
      undefined,
    ]);
    expect(contents('<Text name="a" value="$x"> </Text><Text name="b" value="$y"/>')).to.deep.equal([
      undefined,
      undefined,
    ]);
  });

  it('lets the last tag of a name win at the place of the first, as in parsed', () => {
    const { parsed, controls, objects } = readLabelConfig(`<View>
      <Text name="t" value="$a"/><Text name="u" value="$u"/><Image name="t" value="$b" zoom="true"/>
      <Choices name="c" toName="t" choice="single"><Choice value="1"/></Choices>
      <Choices name="d" toName="t"/>
      <Labels name="c" toName="u"><Label value="2"/></Labels>
    </View>`);
    expect([...controls.keys()]).to.deep.equal(['c', 'd']);
    expect(controls.get('c')).to.deep.include({ tag: 'Labels', attributes: { name: 'c', toName: 'u' } });
    expect(values(controls.get('c')?.labelTree)).to.deep.equal(['1', '2']);
    expect(parsed.c?.labels).to.deep.equal(['1', '2']);
    expect([...objects.keys()]).to.deep.equal(['t', 'u']);
    expect(objects.get('t')).to.deep.equal({
      name: 't',
      tag: 'Image',
      attributes: { name: 't', value: '$b', zoom: 'true' },
    });
  });

  it('keeps the order of controls whose names are numbers', () => {
    const { controls } = readLabelConfig(
      '<a><C name="10" toName="t"/><C name="9" toName="t"/><C name="x" toName="t"/></a>',
    );
    expect([...controls.keys()]).to.deep.equal(['10', '9', 'x']);
  });

  it('is safe from names that objects inherit', () => {
    const { parsed, controls } =
      readLabelConfig(`<View><C name="__proto__" toName="t" __proto__="x" hasOwnProperty="y">
      <Label value="__proto__" constructor="z"/><Label value="constructor"/></C></View>`);
    expect(Object.keys(parsed)).to.deep.equal(['__proto__']);
    expect(parsed.constructor).to.equal(undefined);
    const control = Object.entries(parsed)[0]![1];
    expect(Object.keys(control.labels_attrs)).to.deep.equal(['__proto__', 'constructor']);
    expect(Object.entries(controls.get('__proto__')!.attributes)).to.deep.include.members([
      ['__proto__', 'x'],
      ['hasOwnProperty', 'y'],
    ]);
    for (const record of [parsed, control.labels_attrs, controls.get('__proto__')!.attributes]) {
      expect(Object.getPrototypeOf(record)).to.equal(null);
    }
    expect(({} as Record<string, unknown>).x).to.equal(undefined);
  });
});

describe('label-config: labelTree', () => {
  it('nests the labels of a taxonomy, duplicates included, with their attributes', () => {
    const { controls, parsed } = readLabelConfig(`<View><Taxonomy name="x" toName="t">
      <Choice value="A"><Choice value="A1"><Choice value="B" alias="b"/></Choice></Choice>
      <Choice value="B"/><Choice value="A" hint="again"/>
    </Taxonomy></View>`);
    const tree = controls.get('x')?.labelTree;
    expect(values(tree)).to.deep.equal([['A', ['A1', 'b']], 'B', 'A']);
    expect(tree?.[2]).to.deep.equal({ value: 'A', attributes: { value: 'A', hint: 'again' }, children: [] });
    expect(parsed.x?.labels).to.deep.equal(['A', 'A1', 'b', 'B']);
  });

  it('looks through tags that are no labels, and through labels without a value', () => {
    const { controls } = readLabelConfig(`<View><Taxonomy name="x" toName="t"><View>
      <Choice value="A"><View><Choice><Choice value="A1"/></Choice></View></Choice>
    </View></Taxonomy></View>`);
    expect(values(controls.get('x')?.labelTree)).to.deep.equal([['A', 'A1']]);
  });

  it('goes by the nearest control around a label, as parse_config does', () => {
    const { controls } = readLabelConfig(`<View><Labels name="outer" toName="t">
      <Label value="o1"><Choices name="inner" toName="t"><Choice value="i1"/></Choices><Label value="o2"/></Label>
      <Label name="both" toName="t" value="o3"><Label value="b1"/></Label>
    </Labels><Choices name="none" toName="t"/></View>`);
    expect(values(controls.get('outer')?.labelTree)).to.deep.equal([['o1', 'o2'], 'o3']);
    expect(values(controls.get('inner')?.labelTree)).to.deep.equal(['i1']);
    expect(values(controls.get('both')?.labelTree)).to.deep.equal(['b1']);
    const same =
      '<View><C name="c" toName="t"><Label value="a"><View name="c"><Label value="b"/></View></Label></C></View>';
    expect(values(readLabelConfig(same).controls.get('c')?.labelTree)).to.deep.equal([['a', 'b']]);
    expect(controls.get('none')).to.not.have.property('labelTree');
  });
});
