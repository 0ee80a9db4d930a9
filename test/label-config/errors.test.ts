import { expect } from 'chai';
import { LabelConfigError } from '../../src/label-config/error.js';
import { parseLabelConfig, readLabelConfig } from '../../src/label-config/parse.js';

function errorOf(xml: unknown): LabelConfigError {
  try {
    parseLabelConfig(xml as string);
  } catch (error) {
    if (error instanceof LabelConfigError) return error;
    throw error;
  }
  throw new Error(`no error for ${JSON.stringify(xml)?.slice(0, 200)}`);
}

/** The config with the place of the fault marked by a '‸', which is taken out before it is read. */
function expectFault(marked: string, reason: RegExp): void {
  const before = marked.slice(0, marked.indexOf('‸')).replace(/^\ufeff/, '');
  const lines = before.split(/\r\n|\r|\n/);
  const { message, line, column, reason: actual } = errorOf(marked.replace('‸', ''));
  expect([line, column], `${marked} (${message})`).to.deep.equal([lines.length, lines.at(-1)!.length + 1]);
  expect(actual).to.match(reason);
  expect(message).to.equal(`the labeling config, line ${line}, column ${column}: ${actual}`);
}

describe('label-config: errors', () => {
  const faults: Array<[string, RegExp]> = [
    ['<View>\n  <Text name="a" ‸name="b"/>\n</View>', /^the attribute 'name' is given twice$/],
    ['<View\r\n  a="1"\r\n  ‸a="2"/>', /given twice/],
    ['<View\r\ra="1" ‸a="2"/>', /given twice/],
    ['\ufeff<View a="1" ‸a="2"/>', /given twice/],
    ['<View xmlns:p="u:p" xmlns:q="u:p" p:a="" ‸q:a=""/>', /'q:a' is given twice/],
    ['<View xmlns:p="u:p" ‸xmlns:p="u:p"/>', /given twice/],
    ['<View a=‸b/>', /'a' must be in quotes/],
    ['<View ‸a/>', /'a' has no value/],
    ['<View a="1"‸b="2"/>', /white space is missing/],
    ['<View a=‸"1/>', /no closing quote/],
    ['<View>\n\n<Choice value="a ‸< b"/></View>', /'<' in the value of the attribute 'value'/],
    ['<View>\n<Choice value="R‸&D"/></View>', /bare '&' must be written as &amp;/],
    ['<View>a\n b ‸& c</View>', /bare '&'/],
    ['<View>😀‸&</View>', /bare '&'/],
    ['<View>‸&nbsp;</View>', /the entity &nbsp; is not defined/],
    ['<View>‸&AMP;</View>', /the entity &AMP; is not defined/],
    ['<View a="‸&#0;"/>', /does not allow the character &#0;/],
    ['<View a="‸&#xD800;"/>', /does not allow the character &#xD800;/],
    ['<View>‸&#X41;</View>', /bare '&'/],
    ['<View>\n<!-- ‸\u0001 --></View>', /does not allow the character U\+0001/],
    ['<View a="‸\ud800"/>', /does not allow the character U\+D800/],
    ['<View>a ‸]]> b</View>', /']]>' in a text must be written as ]]&gt;/],
    ['<View><!-- a ‸-- b --></View>', /must not contain '--'/],
    ['<View><!-- a ‸---></View>', /must not contain '--'/],
    ['<View>‸<!-- a </View>', /the comment does not end/],
    ['<View>‸<![CDATA[ a </View>', /the CDATA section does not end/],
    ['<View>‸<?a </View>', /the processing instruction does not end/],
    ['<View>‸<![cdata[ a ]]></View>', /starts with '<!\[CDATA\['/],
    ['‸<![CDATA[]]><View/>', /no CDATA section/],
    ['<View/>‸<![CDATA[]]>', /no CDATA section/],
    ['<View>‸<!ELEMENT a></View>', /'<!' may only start/],
    ['<View>‸<?1?></View>', /after '<\?' a name must follow/],
    ['<View>‸<?XML?></View>', /XML declaration/],
    [' \n‸<?xml version="1.0"?><View/>', /only stand at the very start/],
    ['‸<?xml version="2.0"?><View/>', /the XML declaration is malformed/],
    ['‸<?xml version="1.0" encoding="UTF-8"?><View/>', /must not name an encoding/],
    ['<View>‸<?a:b?></View>', /must not contain a colon/],
    ['<View><?a‸??></View>', /white space must follow/],
    ['<View>\n  <br>\n‸</View>', /'View' does not match the tag 'br' at line 2, column 3$/],
    ['<View>‸</view>', /'view' does not match the tag 'View' at line 1, column 1$/],
    ['<View/>‸</View>', /closes no tag/],
    ['<View>\n ‸<a>\n', /the tag 'a' is never closed/],
    ['<View>‸<a b="1"', /the tag 'a' does not end with '>'/],
    ['<View></View ‸a="b">', /closing tag takes nothing but its name/],
    ['<View><‸3D/></View>', /after '<' a tag name must follow/],
    ['<View>a <‸ b</View>', /write a plain '<' as &lt;/],
    ['<View ‸@click="x"/>', /'@' cannot start the name of an attribute/],
    ['<View‸\u00a0a="x"/>', /^U\+00A0 cannot start the name of an attribute/],
    ['<View><‸q:a/></View>', /the prefix 'q' has no namespace/],
    ['<View ‸v-bind:x="1"/>', /the prefix 'v-bind' has no namespace/],
    ['<View ‸a:b:c="1"/>', /not a name with at most one colon/],
    ['<View ‸xmlns:p=""/>', /the namespace of the prefix 'p' is empty/],
    ['<View ‸xmlns="a b"/>', /not a valid URI/],
    ['<View ‸xmlns:xml="u:x"/>', /prefix 'xml'/],
    ['<View ‸xml:id="a b"/>', /'xml:id', 'a b', is not a name/],
    ['‸junk<View/>', /no text may stand outside/],
    ['<View/>\n ‸junk', /no text may stand outside/],
    ['<View/>\n‸<View/>', /only one tag may stand outermost, but 'View' follows it/],
    [' \n ‸', /it contains no tag/],
    ['<!-- -->‸', /it contains no tag/],
  ];
  for (const [marked, reason] of faults) {
    it(`names the place of the fault in ${JSON.stringify(marked)}`, () => expectFault(marked, reason));
  }

  it('refuses every DOCTYPE, even one that Label Studio would pass over', () => {
    expectFault('‸<!DOCTYPE View><View/>', /^a DOCTYPE is not allowed in a labeling config$/);
    expectFault('<?xml version="1.0"?>\n‸<!DOCTYPE View [<!ENTITY a "<b/>">]><View>&a;</View>', /DOCTYPE/);
    expectFault('‸<!DOCTYPE View SYSTEM "file:///etc/passwd"><View/>', /DOCTYPE/);
    expectFault('‸<!doctype View><View/>', /DOCTYPE/);
    expectFault('<View>‸<!DOCTYPE View></View>', /DOCTYPE/);
    expectFault('<View/>‸<!DOCTYPE View [', /DOCTYPE/);
  });

  it('gives an empty result for no config, and an error for what is no string', () => {
    for (const nothing of ['', null, undefined]) expect(parseLabelConfig(nothing)).to.deep.equal({});
    for (const wrong of [0, 1, {}, [], true, Buffer.from('<View/>')]) {
      expect(errorOf(wrong).message).to.equal(
        `the labeling config, line 1, column 1: it must be a string, not a ${typeof wrong}`,
      );
    }
  });

  it('keeps messages short and on one line however long the names are', () => {
    const { message } = errorOf(`<View ${'a'.repeat(40_000)}/>`);
    expect(message.length).to.be.below(200);
    expect(errorOf(`<View><${'a'.repeat(40_000)}></View>`).message.length).to.be.below(250);
    expect(errorOf('<View xml:id="a&#10;b"/>').message).not.to.include('\n');
  });
});

describe('label-config: limits', () => {
  const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);

  it('reads 256 nested tags and refuses 257, at the 257th', () => {
    parseLabelConfig(nested(256));
    expect(errorOf(nested(257))).to.include({ line: 1, column: 256 * 3 + 1 });
    expect(errorOf(nested(100_000)).reason).to.match(/more than 256 tags/);
  });

  it('reads names of 50,000 bytes and refuses longer ones', () => {
    parseLabelConfig(`<${'é'.repeat(25_000)} ${'b'.repeat(50_000)}=""/>`);
    for (const xml of [
      `<${'é'.repeat(25_001)}/>`,
      `<a ${'b'.repeat(50_001)}=""/>`,
      `<?${'b'.repeat(50_001)}?><a/>`,
    ]) {
      expect(errorOf(xml).reason).to.equal('a name is longer than 50000 bytes');
    }
  });

  it('refuses a piece of more than 10,000,000 bytes, at its start', () => {
    const long = 'é'.repeat(5_000_001);
    for (const xml of [`<a b="${long}"/>`, `<!--${long}--><a/>`, `<?a ${long}?><a/>`]) {
      expect(errorOf(xml)).to.include({ line: 1, column: 1 });
      expect(errorOf(xml).reason).to.match(/longer than 10000000 bytes$/);
    }
    for (const content of [
      long,
      `a<![CDATA[${long}]]>`,
      `${'x'.repeat(6_000_000)}<![CDATA[${'x'.repeat(6_000_000)}]]>`,
      `${long}<b/>`,
    ]) {
      expect(errorOf(`<a>${content}</a>`).reason).to.match(/longer than 10000000 bytes$/);
    }
    parseLabelConfig(`<a>${'é'.repeat(2_600_000)}<!-- -->${'é'.repeat(2_600_000)}</a>`);
  });

  it('refuses what would multiply without a bound: index flags, and names with a long namespace', () => {
    const many = (count: number, make: (index: number) => string): string =>
      Array.from({ length: count }, (_, index) => make(index)).join('');
    const flags =
      many(20_000, i => `<R indexFlag="{{${i}}}"/>`) +
      many(20_000, i => `<C name="c${i}" toName="t{{${i}}}"/>`);
    expect(errorOf(`<a>${flags}</a>`).reason).to.match(/too many index flags/);
    const periodic = `<R indexFlag="b${'a'.repeat(500_000)}"/><C name="c" toName="${'a'.repeat(1_000_000)}"/>`;
    expect(errorOf(`<a>${periodic}</a>`).reason).to.match(/too many index flags/);
    const names = `<a xmlns:p="u:${'x'.repeat(100_000)}">${many(1_000, i => `<Label p:a${i}=""/>`)}</a>`;
    expect(errorOf(names).reason).to.match(/too many names with too long a namespace/);
  });

  it('reads hundreds of index flags', () => {
    const flags = Array.from(
      { length: 300 },
      (_, i) => `<R indexFlag="{{${i}}}"/><C name="c${i}" toName="t{{${i}}}"/>`,
    );
    expect(parseLabelConfig(`<a>${flags.join('')}</a>`).c299?.regex).to.deep.equal({ '{{299}}': '.*' });
  });
});

describe('label-config: large sources', () => {
  it('reads 80,000 attributes, 200,000 tags side by side and a text of 10 MB', () => {
    const attributes = Array.from({ length: 80_000 }, (_, index) => `a${index}=""`).join(' ');
    const { controls } = readLabelConfig(`<C name="c" toName="t" ${attributes}/>`);
    expect(Object.keys(controls.get('c')!.attributes)).to.have.length(80_002);
    expect(parseLabelConfig(`<a>${'<b/>'.repeat(200_000)}</a>`)).to.deep.equal({});
    expect(parseLabelConfig(`<a>${'x'.repeat(10_000_000)}</a>`)).to.deep.equal({});
  });
});

describe('label-config: time grows with the size of the source', function () {
  this.timeout(60_000);
  const many = (count: number, make: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => make(index)).join('');
  const shapes: Record<string, (size: number) => string> = {
    'attributes of one tag': size => `<a ${many(size, i => `a${i}="${i}" `)}/>`,
    'tags side by side': size => `<a>${many(size * 2.5, i => `<b c="${i}"/>`)}</a>`,
    'labels of one control': size => `<C name="c" toName="t">${many(size, i => `<Label value="${i}"/>`)}</C>`,
    controls: size => `<a>${many(size, i => `<C name="${i}" toName="t"/>`)}</a>`,
    'a text': size => `<a>${'x y '.repeat(size * 30)}</a>`,
    references: size => `<a b="${'&amp;'.repeat(size * 4)}">${'&#65;'.repeat(size * 4)}</a>`,
    'the value of an attribute': size => `<a b="${'x> \n'.repeat(size * 4)}"/>`,
    'comments, sections and instructions': size =>
      `<a>${many(size, () => '<!-- - --><![CDATA[]]]]><?a ??>')}</a>`,
    namespaces: size =>
      `<a ${many(size / 4, i => `xmlns:a${i}="u:${i}" `)}>${many(size / 4, i => `<a${i}:b xmlns:x="u:x"/>`)}</a>`,
    'targets of a control': size =>
      `<a><C name="c" toName="${'t,'.repeat(size)}"/><T name="t" value="$a"/></a>`,
    'tags in one another': size =>
      `<a>${many(size / 200, () => `${'<a name="x">'.repeat(200)}<Label value="1"/>${'</a>'.repeat(200)}`)}</a>`,
    'tags that never end': size => `<a>${'<b '.repeat(size * 8)}`,
    'quotes that never end': size => `<a b="${'>'.repeat(size * 8)}`,
    'comments that never end': size => `<a>${'<!--'.repeat(size * 8)}`,
    'white space in a name that must have none': size => `<a xml:id="x${' '.repeat(size * 8)}x"/>`,
    'a declaration that never ends': size => `<?xml ${'encoding="'.repeat(size * 8)}`,
  };
  /** Processor time in ms. */
  const time = (xml: string): number => {
    const start = process.cpuUsage();
    try {
      parseLabelConfig(xml);
    } catch (error) {
      if (!(error instanceof LabelConfigError)) throw error;
    }
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  // The least of three: what else the machine does counts for little.
  const TRIES = [1, 2, 3];

  for (const [name, shape] of Object.entries(shapes)) {
    it(name, () => {
      for (const _ of TRIES) time(shape(2_000));
      const [small, large] = [shape(5_000), shape(40_000)];
      // Quadratic time would be 64 times as long; what takes no time at all is not measured.
      const limit = Math.max(40 * Math.min(...TRIES.map(() => time(small))), 250);
      const seen: number[] = [];
      // One that is quick enough says that the least is.
      while (seen.length < TRIES.length && !(seen.at(-1)! < limit)) seen.push(time(large));
      expect(Math.min(...seen)).to.be.below(limit);
    });
  }
});
